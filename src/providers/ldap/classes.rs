//! Which object classes a new group has, and what they demand of it.
//!
//! The server's own schema says so (RFC 4512, 4.1.1 and 4.2); where it cannot be read, the classes
//! of RFC 2307, RFC 2307bis and RFC 4519 are known. Numbers are given out so that none is given
//! twice. Pure.

use std::collections::BTreeSet;

use super::settings::{Names, Schema, Settings};
use crate::ldap::request::Attributes;
use crate::model::IdRange;
use crate::providers::admin::NewGroup;

/// The object classes that a server knows.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<Class>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Class {
    /// Names and object identifier, in small letters.
    names: Vec<String>,
    sup: Vec<String>,
    must: Vec<String>,
}

/// What a new group is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    /// Object classes.
    pub classes: Vec<String>,
    /// The attribute of the number that it must have.
    pub number: Option<String>,
    /// The attribute that must list somebody from the beginning.
    pub holder: Option<String>,
}

impl Known {
    /// Reads the values of `objectClasses`; those that are not well-formed are left out.
    pub(super) fn new(values: Vec<Vec<u8>>) -> Self {
        let texts = values
            .into_iter()
            .filter_map(|value| String::from_utf8(value).ok());
        Self(texts.filter_map(|text| class(&text)).collect())
    }

    fn get(&self, name: &str) -> Option<&Class> {
        let name = name.to_ascii_lowercase();
        self.0.iter().find(|class| class.names.contains(&name))
    }

    /// What an entry of these classes must have, in small letters.
    fn must(&self, classes: &[String]) -> BTreeSet<String> {
        let mut must = BTreeSet::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = classes.iter().map(String::as_str).collect();
        while let Some(name) = next.pop() {
            if let Some(class) = self.get(name).filter(|_| seen.insert(name)) {
                must.extend(class.must.iter().cloned());
                next.extend(class.sup.iter().map(String::as_str));
            }
        }
        must
    }
}

/// Reads `( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST gidNumber MAY ( userPassword $
/// memberUid ) )`.
fn class(text: &str) -> Option<Class> {
    let mut words = words(text).into_iter().peekable();
    (words.next()? == "(").then_some(())?;
    let mut class = Class {
        names: vec![words.next()?],
        ..Class::default()
    };
    while let Some(word) = words.next() {
        let into = match word.as_str() {
            "name" => &mut class.names,
            "sup" => &mut class.sup,
            "must" => &mut class.must,
            // Flags have no value; and what stands in lists that are of no use here does no harm
            // either.
            _ => continue,
        };
        if words.next_if(|word| word == "(").is_some() {
            let list = words
                .by_ref()
                .take_while(|word| word != ")")
                .filter(|word| word != "$");
            into.extend(list.map(|word| word.trim_start_matches('\'').to_owned()));
        } else {
            into.extend(
                words
                    .next()
                    .map(|word| word.trim_start_matches('\'').to_owned()),
            );
        }
    }
    Some(class)
}

/// The words of a definition in small letters. A quoted text is one word that begins with a quote,
/// so that it is none of ours.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (i, part) in text.split('\'').enumerate() {
        if i % 2 == 1 {
            out.push(format!("'{}", part.to_ascii_lowercase()));
            continue;
        }
        for word in part.split_ascii_whitespace() {
            let mut rest = word;
            while let Some(at) = rest.find(['(', ')', '$']) {
                let (head, tail) = rest.split_at(at);
                out.extend((!head.is_empty()).then(|| head.to_ascii_lowercase()));
                out.push(tail[..1].to_owned());
                rest = &tail[1..];
            }
            out.extend((!rest.is_empty()).then(|| rest.to_ascii_lowercase()));
        }
    }
    out
}

/// What a new group is made of. `known`: what the server's schema says, if it could be read.
///
/// # Errors
/// Which object class the server does not have.
pub(super) fn template(settings: &Settings, known: Option<&Known>) -> Result<Template, String> {
    let owned = |classes: &[&str]| {
        classes
            .iter()
            .map(|class| (*class).to_owned())
            .collect::<Vec<_>>()
    };
    let classes = match (&settings.new_group_classes, settings.schema) {
        (Some(classes), _) => classes.clone(),
        (None, Schema::Rfc2307) => owned(&["top", "posixGroup"]),
        (None, Schema::Rfc2307bis)
            if known.is_some_and(|known| known.get("groupOfMembers").is_some()) =>
        {
            owned(&["top", "groupOfMembers", "posixGroup"])
        }
        (None, Schema::Rfc2307bis | Schema::Ds389) => owned(&["top", "groupOfNames", "posixGroup"]),
        (None, Schema::Ad) => owned(&["top", "group"]),
    };
    let must = match known {
        Some(known) => {
            if let Some(class) = classes.iter().find(|class| known.get(class).is_none()) {
                return Err(format!(
                    "the server has no object class `{class}`; see `new_group_classes`"
                ));
            }
            known.must(&classes)
        }
        None => usual(&classes, settings.schema),
    };
    let first = |names: &[&str]| {
        names
            .iter()
            .find(|n| must.contains(&n.to_ascii_lowercase()))
            .map(|n| (*n).to_owned())
    };
    let number = first(&[&settings.names.group_gid, "gidNumber"]).filter(|name| !name.is_empty());
    Ok(Template {
        classes,
        number,
        holder: first(&["member", "uniqueMember"]),
    })
}

/// What the usual classes demand.
fn usual(classes: &[String], schema: Schema) -> BTreeSet<String> {
    let demand = |class: &String| match class.to_ascii_lowercase().as_str() {
        "posixgroup" => Some("gidnumber"),
        // 389 Directory Server lets such a group be empty.
        "groupofnames" if schema != Schema::Ds389 => Some("member"),
        "groupofuniquenames" if schema != Schema::Ds389 => Some("uniquemember"),
        _ => None,
    };
    classes
        .iter()
        .filter_map(demand)
        .map(str::to_owned)
        .collect()
}

/// The attributes of a new group's entry.
pub(super) fn attributes(
    template: &Template,
    names: &Names,
    group: &NewGroup,
    number: Option<u32>,
    holder: Option<&str>,
) -> Attributes {
    let bytes = |text: &str| vec![text.as_bytes().to_vec()];
    let classes = template
        .classes
        .iter()
        .map(|class| class.as_bytes().to_vec())
        .collect();
    let mut out: Attributes = vec![
        ("objectClass".to_owned(), classes),
        ("cn".to_owned(), bytes(&group.name)),
    ];
    if !names.group_name.eq_ignore_ascii_case("cn") {
        out.push((names.group_name.clone(), bytes(&group.name)));
    }
    if let (Some(attribute), Some(number)) = (&template.number, number) {
        out.push((attribute.clone(), bytes(&number.to_string())));
    }
    if let (Some(attribute), Some(holder)) = (&template.holder, holder) {
        out.push((attribute.clone(), bytes(holder)));
    }
    // An attribute without a value is none.
    if !group.description.is_empty() && !names.group_description.is_empty() {
        out.push((names.group_description.clone(), bytes(&group.description)));
    }
    out
}

/// The number of a new group: above all of the range that are there, so that the number of a group
/// that was deleted is given out again as late as possible; `None` if the range has come to its
/// end.
pub(super) fn next_number(there: &[u32], range: IdRange) -> Option<u32> {
    let (first, _) = range.into();
    let highest = there.iter().copied().filter(|n| range.contains(*n)).max();
    let next = highest.map_or(Some(first), |n| n.checked_add(1));
    next.filter(|n| range.contains(*n))
}

#[cfg(test)]
mod tests {
    use super::super::listed::tests::settings;
    use super::*;

    const NAMES: &str = "( 2.5.6.9 NAME 'groupOfNames' DESC 'RFC2256: a group (of names), MUST know' SUP top STRUCTURAL \
                         MUST ( member $ cn ) MAY ( businessCategory $ description ) )";
    const MEMBERS: &str =
        "( 1.2.3 NAME ( 'x' 'groupOfMembers' ) SUP top STRUCTURAL MUST cn MAY member)";
    const POSIX: &str = "(1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST(gidNumber)MAY(memberUid$description))";
    const TOP: &str = "( 2.5.6.0 NAME 'top' DESC 'top of the chain' ABSTRACT MUST objectClass )";
    const LAB: &str =
        "( 1.2.4 NAME 'lab' SUP ( posixGroup $ GroupOfNames ) X-ORIGIN ( 'a' 'MUST' ) )";

    fn known(texts: &[&str]) -> Known {
        Known::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn definitions_are_taken_apart() {
        let class = class(MEMBERS).unwrap();
        assert_eq!(
            (class.names, class.must),
            (words("1.2.3 x groupofmembers"), words("cn"))
        );
        let all = known(&[NAMES, MEMBERS, POSIX, TOP, LAB]);
        let must = |classes: &str| {
            all.must(&words(classes))
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(must("groupOfNames"), "cn member objectclass");
        assert_eq!(must("POSIXGROUP 1.2.3"), "cn gidnumber objectclass");
        assert_eq!(must("lab"), "cn gidnumber member objectclass");
        assert_eq!(must("stranger"), "");
        let mut endless = known(&["( 1 NAME 'a' SUP b MUST x )", "( 2 NAME 'b' SUP a )"]);
        assert_eq!(endless.must(&words("a")).len(), 1);
        endless.0.clear();
        assert!(known(&["", "(", "x", "1 NAME 'a'", "\u{0}''"]).0.is_empty());
    }

    #[test]
    fn the_schema_of_the_server_decides() {
        let bis = settings(Schema::Rfc2307bis);
        let both = template(&bis, Some(&known(&[NAMES, MEMBERS, POSIX, TOP]))).unwrap();
        assert_eq!(both.classes, ["top", "groupOfMembers", "posixGroup"]);
        assert_eq!(
            (both.number.as_deref(), both.holder),
            (Some("gidNumber"), None)
        );
        let without = template(&bis, Some(&known(&[NAMES, POSIX, TOP]))).unwrap();
        assert_eq!(without.classes, ["top", "groupOfNames", "posixGroup"]);
        assert_eq!(without.holder.as_deref(), Some("member"));
        assert_eq!(template(&bis, None).unwrap(), without);
        assert!(
            template(&bis, Some(&known(&[NAMES, TOP])))
                .unwrap_err()
                .contains("posixGroup")
        );
        let ds389 = template(&settings(Schema::Ds389), None).unwrap();
        assert_eq!((ds389.classes, ds389.holder), (without.classes, None));
        let ad = template(&settings(Schema::Ad), None).unwrap();
        assert_eq!((ad.number, ad.holder), (None, None));
        let mut own = settings(Schema::Rfc2307);
        assert_eq!(template(&own, None).unwrap().classes, ["top", "posixGroup"]);
        own.new_group_classes = Some(words("groupOfUniqueNames"));
        let own = template(&own, None).unwrap();
        assert_eq!(
            (own.number, own.holder.as_deref()),
            (None, Some("uniqueMember"))
        );
    }

    #[test]
    fn an_entry_has_what_it_must_and_nothing_empty() {
        let group = |description: &str| NewGroup {
            name: "lab".to_owned(),
            description: description.to_owned(),
            parent: None,
        };
        let made = |schema, description: &str| -> Vec<String> {
            let settings = settings(schema);
            let template = template(&settings, None).unwrap();
            let all = attributes(
                &template,
                &settings.names,
                &group(description),
                Some(7),
                Some("cn=us"),
            );
            all.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(
            made(Schema::Rfc2307, ""),
            ["objectClass", "cn", "gidNumber"]
        );
        assert_eq!(
            made(Schema::Rfc2307bis, "x"),
            ["objectClass", "cn", "gidNumber", "member", "description"]
        );
        assert_eq!(
            made(Schema::Ad, "x"),
            ["objectClass", "cn", "sAMAccountName", "description"]
        );
    }

    #[test]
    fn numbers_go_up_and_stay_in_the_range() {
        let range = IdRange::new(60_000, 60_003).unwrap();
        assert_eq!(next_number(&[], range), Some(60_000));
        assert_eq!(
            next_number(&[100, 60_001, 65_534, u32::MAX], range),
            Some(60_002)
        );
        assert_eq!(next_number(&[60_000, 60_002], range), Some(60_003));
        assert_eq!(next_number(&[60_003], range), None);
    }
}
