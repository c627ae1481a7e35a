//! What has to be changed in a group's entry, and what the server's answer to it means.
//!
//! Sources: RFC 4511 (4.6 modify, appendix A result codes), draft-howard-rfc2307bis (a
//! `groupOfNames` must keep a member). The attribute that is in use in a group counts, whatever its
//! object class says; the schema counts for an empty one. Pure.

use super::listed::{ListedGroup, ListedPerson};
use super::settings::{Schema, Settings};
use crate::ldap::code;
use crate::providers::admin::Done;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// To list somebody in a group.
    Add,
    /// To list somebody no longer.
    Remove,
    /// To set a description.
    Describe,
    /// To make a group.
    Create,
}

/// The attribute and value that make a person a member of a group that does not list them yet.
///
/// # Errors
/// When no attribute is configured in which it could stand.
pub(super) fn added(
    group: &ListedGroup,
    human: &ListedPerson,
    settings: &Settings,
) -> Result<(String, Vec<u8>), String> {
    let names = &settings.names;
    let in_use = |attribute: &str| {
        group
            .values
            .iter()
            .any(|value| value.attribute == attribute)
    };
    let login = Some(names.member_login.as_str()).filter(|name| !name.is_empty());
    let mut by_name: Vec<&str> = names
        .member
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    let class = |name: &str| group.classes.iter().any(|class| class == name);
    if class("groupofuniquenames") && !class("groupofnames") {
        by_name.sort_by_key(|name| !name.eq_ignore_ascii_case("uniqueMember"));
    }
    let mut choices: Vec<&str> = by_name;
    match settings.schema {
        Schema::Rfc2307 => choices.splice(0..0, login).for_each(drop),
        Schema::Rfc2307bis | Schema::Ad | Schema::Ds389 => choices.extend(login),
    }
    let chosen = choices
        .iter()
        .find(|attribute| in_use(attribute))
        .or(choices.first());
    let attribute = *chosen.ok_or("no attribute for members is configured")?;
    let value = if Some(attribute) == login {
        human.person.login.raw()
    } else {
        &human.dn
    };
    Ok((attribute.to_owned(), value.as_bytes().to_vec()))
}

/// The values, exactly as they stand, that list a person: for each attribute that has any.
pub(super) fn removed(group: &ListedGroup, human: &ListedPerson) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut out: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for value in group.values.iter().filter(|value| value.means(human)) {
        match out
            .iter_mut()
            .find(|(attribute, _)| *attribute == value.attribute)
        {
            Some((_, values)) => values.push(value.raw.clone()),
            None => out.push((value.attribute.clone(), vec![value.raw.clone()])),
        }
    }
    out
}

/// What a result code says about a change; `text` is what the server adds, to be shown only as
/// foreign text.
///
/// # Errors
/// Why it was refused.
pub(super) fn fate(code: u32, text: &str, tried: Tried) -> Result<Done, String> {
    use Tried::{Add, Create, Remove};
    let why = match (code, tried) {
        (0, _) => return Ok(Done::Changed),
        // Active Directory says entryAlreadyExists for a value, too.
        (20 | 68, Add) | (16, Remove) => return Ok(Done::Already),
        (65, Remove) => "a group of this kind must keep at least one member, and this is the last".to_owned(),
        (68, Create) => "there is an entry of this name".to_owned(),
        (65 | 21, Create) => {
            return Err(told(&format!("{}; see `new_group_classes`", code::name(code)), text));
        }
        (10, _) => "it refers to another server for changes, which is not followed: `url` must name the server that \
                    takes them"
            .to_owned(),
        (32, Create) => "there is no entry `group_base`".to_owned(),
        (32, _) => "the group is not there any more".to_owned(),
        (8 | 13 | 48 | 50, _) => {
            return Err(told(&format!("we may not do that, {}", code::name(code)), text));
        }
        _ => return Err(told(&code::name(code), text)),
    };
    Err(format!("{why}, {}", code::name(code)))
}

fn told(ours: &str, text: &str) -> String {
    if text.is_empty() {
        ours.to_owned()
    } else {
        format!("{ours}: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::listed::tests::{group, human, settings};
    use super::*;

    /// What is added to a group that has these values.
    fn chosen(schema: Schema, given: &[(&str, &str)]) -> (String, String) {
        let bytes: Vec<[&[u8]; 1]> = given.iter().map(|(_, value)| [value.as_bytes()]).collect();
        let given: Vec<(&str, &[&[u8]])> = given
            .iter()
            .zip(&bytes)
            .map(|((name, _), v)| (*name, &v[..]))
            .collect();
        let (attribute, value) = added(&group(&given), &human("ann"), &settings(schema)).unwrap();
        (attribute, String::from_utf8(value).unwrap())
    }

    #[test]
    fn the_attribute_in_use_counts_and_else_the_schema() {
        let dn = "uid=ann,ou=people,dc=x";
        let (login, name, unique) = (
            ("memberUid", "bob"),
            ("member", "cn=x,dc=x"),
            ("uniqueMember", "cn=x,dc=x"),
        );
        for (schema, given, attribute, value) in [
            (Schema::Rfc2307, &[][..], "memberUid", "ann"),
            (Schema::Rfc2307bis, &[], "member", dn),
            (Schema::Ds389, &[], "member", dn),
            (Schema::Ad, &[], "member", dn),
            (Schema::Rfc2307, &[name], "member", dn),
            (Schema::Rfc2307, &[unique], "uniqueMember", dn),
            (Schema::Rfc2307bis, &[login], "memberUid", "ann"),
            (
                Schema::Rfc2307bis,
                &[("objectClass", "groupOfUniqueNames")],
                "uniqueMember",
                dn,
            ),
            // In both: what the schema prefers.
            (Schema::Rfc2307, &[login, name], "memberUid", "ann"),
            (Schema::Rfc2307bis, &[login, name], "member", dn),
        ] {
            assert_eq!(
                chosen(schema, given),
                (attribute.to_owned(), value.to_owned()),
                "{schema:?} {given:?}"
            );
        }
        let mut none = settings(Schema::Ad);
        none.names.member = vec![String::new()];
        assert!(added(&group(&[]), &human("ann"), &none).is_err());
    }

    #[test]
    fn every_value_that_lists_somebody_goes_as_it_stands() {
        let group = group(&[
            ("memberUid", &[b"ann", b"bob"]),
            (
                "uniqueMember",
                &[
                    b"UID=ann, ou=people,dc=x#'1'B",
                    b"uid=bob,ou=people,dc=x",
                    b"uid=ann,ou=people,dc=x",
                ],
            ),
        ]);
        let changes = removed(&group, &human("ann"));
        assert_eq!(changes[0], ("memberUid".to_owned(), vec![b"ann".to_vec()]));
        assert_eq!(
            changes[1].1,
            [
                &b"UID=ann, ou=people,dc=x#'1'B"[..],
                b"uid=ann,ou=people,dc=x"
            ]
        );
        assert!(removed(&group, &human("cy")).is_empty());
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(fate(0, "", Tried::Describe), Ok(Done::Changed));
        assert_eq!(
            fate(20, "modify/add: value exists", Tried::Add),
            Ok(Done::Already)
        );
        assert_eq!(fate(16, "", Tried::Remove), Ok(Done::Already));
        for (code, tried, part) in [
            (16, Tried::Add, "noSuchAttribute (16)"),
            (20, Tried::Remove, "attributeOrValueExists (20)"),
            (65, Tried::Remove, "at least one member"),
            (65, Tried::Add, "objectClassViolation (65): diagnosis"),
            (65, Tried::Create, "`new_group_classes`: diagnosis"),
            (68, Tried::Create, "an entry of this name"),
            (10, Tried::Add, "not followed"),
            (32, Tried::Create, "group_base"),
            (32, Tried::Add, "not there any more"),
            (50, Tried::Add, "insufficientAccessRights (50): diagnosis"),
            (53, Tried::Add, "unwillingToPerform (53): diagnosis"),
            (123, Tried::Add, "result code 123: diagnosis"),
        ] {
            let reason = fate(code, "diagnosis", tried).unwrap_err();
            assert!(reason.contains(part), "{code}: {reason}");
        }
    }
}
