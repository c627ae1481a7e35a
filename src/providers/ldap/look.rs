//! A look at a server, for the doctor: the first page of people and of groups, by the filters of a sync, and what else
//! stands there where they find nobody. Rules: RFC 4512, 5.1 (the root DSE); MS-ADTS 3.1.1.3.2.

use std::collections::{BTreeMap, BTreeSet};

use super::people::{self, Extent, People};
use super::settings::{Schema, Settings};
use super::{Ldap, active, groups};
use crate::ldap::Error;
use crate::ldap::connect::Session;
use crate::ldap::entry::{Entry, text};
use crate::ldap::search::{self, Request};
use crate::model::remedy::Remedy;
use crate::model::{Completeness, Directory, Now, RejectedRecord, Snapshot};
use crate::providers::look::{Look, LookFor, Unseen};

/// Places below which people are looked for where the configured base has none.
const CONTEXTS: usize = 3;
/// What finds people, and groups, of most servers; each with the filter that a section then needs, if it is another than
/// that of the schema.
const PEOPLE: [(&str, Option<&str>); 3] = [
    ("(objectClass=posixAccount)", None),
    (
        "(&(objectCategory=person)(objectClass=user)(!(objectClass=computer)))",
        None,
    ),
    (
        "(objectClass=inetOrgPerson)",
        Some("(objectClass=inetOrgPerson)"),
    ),
];
const GROUPS: [(&str, Option<&str>); 3] = [
    ("(objectClass=posixGroup)", None),
    ("(objectClass=group)", None),
    (
        "(objectClass=groupOfNames)",
        Some("(objectClass=groupOfNames)"),
    ),
];

/// Which attributes came, in small letters.
type Came = BTreeSet<String>;

/// A page of people and a page of groups.
///
/// # Errors
/// When the server does not answer, or a base is not there.
pub(super) fn look(ldap: &Ldap, asked: &LookFor) -> Result<Look, Error> {
    let settings = &ldap.settings;
    let mut session = Session::open(&ldap.server, asked.deadline)?;
    let mut came = Came::new();
    let people = people_page(&mut session, settings, &ldap.now, &mut came)?;
    let groups = groups_page(&mut session, settings, &mut came)?;
    // Entries that came and cannot be used were found: neither base nor filter is at fault then.
    let empty = [&people, &groups].map(|snapshot| {
        let Directory { users, groups } = &snapshot.directory;
        users.is_empty() && groups.is_empty() && snapshot.rejected.is_empty()
    });
    let proposals = match empty.contains(&true) {
        true => proposals(&mut session, settings, empty),
        false => Vec::new(),
    };
    let any = !empty[0];
    session.close();
    Ok(Look {
        unseen: unseen(settings, &came, empty),
        hidden: hidden(settings, &came).filter(|_| any),
        people,
        groups,
        proposals,
    })
}

/// One page below a base; whether there are more, and why it ended early.
fn page(
    session: &mut Session,
    (key, request): (&str, &Request<'_>),
    came: &mut Came,
    take: &mut dyn FnMut(&Entry<'_>),
) -> Result<Completeness, Error> {
    let mut sink = |entry: &Entry<'_>| {
        let names = entry.iter().filter(|(_, values)| !values.is_empty());
        came.extend(names.map(|(name, _)| {
            let plain = name.split(';').next().unwrap_or(name);
            plain.to_ascii_lowercase()
        }));
        take(entry);
    };
    let (outcome, more) = search::first(session, request, &mut sink);
    if outcome.no_base() && outcome.entries == 0 {
        let text = format!("there is no entry {}, which `{key}` names", request.base);
        return Err(Error::malformed(text).with(Remedy::Base));
    }
    match outcome.early {
        Some(early) if outcome.entries == 0 => Err(early.about(&format!("below {}", request.base))),
        Some(early) => Ok(Completeness::Incomplete(early.text)),
        None if more => Ok(Completeness::Narrowed),
        None => Ok(Completeness::Complete("one page".to_owned())),
    }
}

fn people_page(
    session: &mut Session,
    settings: &Settings,
    now: &Now,
    came: &mut Came,
) -> Result<Snapshot, Error> {
    let attributes = people::attributes(settings, Extent::ALL, false);
    let request = Request::below(&settings.user_base, &settings.user_filter, &attributes);
    let (mut users, mut rejected) = (Vec::new(), Vec::new());
    let completeness =
        page(
            session,
            ("user_base", &request),
            came,
            &mut |entry| match people::person(entry, &settings.names, Extent::ALL, now) {
                Ok(person) => users.push(person.user),
                Err(unusable) => rejected.push(*unusable.record),
            },
        )?;
    let directory = Directory {
        users,
        groups: Vec::new(),
    };
    Ok(Snapshot::new(directory, rejected, completeness))
}

fn groups_page(
    session: &mut Session,
    settings: &Settings,
    came: &mut Came,
) -> Result<Snapshot, Error> {
    let attributes = groups::attributes(settings);
    let request = Request::below(&settings.group_base, &settings.group_filter, &attributes);
    let nobody = People::new(&settings.user_base_key);
    let mut found = Vec::new();
    let mut rejected: Vec<RejectedRecord> = Vec::new();
    let completeness =
        page(
            session,
            ("group_base", &request),
            came,
            &mut |entry| match groups::group(entry, &settings.names, &nobody).group {
                Ok(group) => found.push(group),
                Err(record) => rejected.push(record),
            },
        )?;
    let directory = Directory {
        users: Vec::new(),
        groups: found,
    };
    Ok(Snapshot::new(directory, rejected, completeness))
}

/// Names of attributes that the section gives and that no entry has; of what has no entries at all, nothing is known.
fn unseen(settings: &Settings, came: &Came, empty: [bool; 2]) -> Vec<Unseen> {
    let of_groups = |key: &str| key.starts_with("group_") || key.starts_with("member");
    let named = settings.named.iter();
    named
        .filter(|(key, _)| !empty[usize::from(of_groups(key))])
        .filter(|(_, name)| !came.contains(&name.to_ascii_lowercase()))
        .map(|(key, name)| Unseen {
            key: format!("attributes.{key}"),
            name: name.clone(),
        })
        .collect()
}

/// What every entry must have that says whether somebody is shut out, and none shows.
fn hidden(settings: &Settings, came: &Came) -> Option<String> {
    let always = "userAccountControl";
    if settings.schema == Schema::Ad && !came.contains(&always.to_ascii_lowercase()) {
        return Some(format!(
            "no entry shows `{always}`, by which Active Directory shuts people out"
        ));
    }
    let any = active::ATTRIBUTES
        .iter()
        .any(|name| came.contains(&name.to_ascii_lowercase()));
    let by_section = settings.names.inactive_when.attributes().next().is_some();
    (!any && !by_section).then(|| {
        "no entry shows any attribute by which servers shut people out, such as pwdAccountLockedTime or nsAccountLock"
            .to_owned()
    })
}

/// What would find people, or groups, on this server.
fn proposals(session: &mut Session, settings: &Settings, empty: [bool; 2]) -> Vec<String> {
    let mut out = Vec::new();
    let (contexts, vendor) = root(session);
    if let Some(schema) = vendor.filter(|schema| *schema != settings.schema) {
        let word = match schema {
            Schema::Ad => "ad",
            _ => "389",
        };
        out.push(format!("schema = \"{word}\""));
    }
    let places = [
        (empty[0], "user", &settings.user_base, PEOPLE),
        (empty[1], "group", &settings.group_base, GROUPS),
    ];
    for (nobody, key, configured, kinds) in places {
        if !nobody {
            continue;
        }
        // What stands where it is looked for is only not found by the filter.
        let here = kinds
            .iter()
            .find(|(filter, _)| fullest(session, configured, filter).is_some());
        if let Some((filter, wanted)) = here {
            let filter = wanted.unwrap_or(filter);
            out.push(format!("{key}_filter = \"{filter}\""));
            continue;
        }
        let found = kinds
            .iter()
            .flat_map(|kind| contexts.iter().map(move |context| (kind, context)));
        let found = found.into_iter().find_map(|((filter, wanted), context)| {
            Some((fullest(session, context, filter)?, *wanted))
        });
        if let Some((base, filter)) = found {
            out.push(format!("{key}_base = \"{}\"", base.replace('"', "\\\"")));
            out.extend(filter.map(|filter| format!("{key}_filter = \"{filter}\"")));
        }
    }
    out
}

/// Where the server's entries are, and its kind, as far as it says.
fn root(session: &mut Session) -> (Vec<String>, Option<Schema>) {
    let attributes = [
        "defaultNamingContext",
        "namingContexts",
        "vendorName",
        "forestFunctionality",
    ];
    let request = Request::alone("", "(objectClass=*)", &attributes);
    let (mut contexts, mut schema) = (Vec::new(), None);
    let mut take = |entry: &Entry<'_>| {
        let texts = |name| entry.values(name).map(text).collect::<Vec<_>>();
        let first = texts("defaultNamingContext");
        let all = texts("namingContexts");
        let vendor = texts("vendorName");
        if vendor.iter().any(|vendor| vendor.starts_with("389")) {
            schema = Some(Schema::Ds389);
        }
        if !entry.values("forestFunctionality").is_empty() {
            schema = Some(Schema::Ad);
        }
        contexts = if first.is_empty() { all } else { first };
    };
    search::run(session, &request, &mut take, &|_| ());
    contexts.retain(|context| !context.eq_ignore_ascii_case("cn=config"));
    contexts.truncate(CONTEXTS);
    (contexts, schema)
}

/// The entry directly below which most of those stand that a filter finds; of the first page.
fn fullest(session: &mut Session, context: &str, filter: &str) -> Option<String> {
    let request = Request::below(context, filter, &["1.1"]);
    let mut parents: BTreeMap<String, usize> = BTreeMap::new();
    let mut take = |entry: &Entry<'_>| {
        if let Some(parent) = parent(&entry.dn) {
            *parents.entry(parent.to_owned()).or_default() += 1;
        }
    };
    search::first(session, &request, &mut take);
    let most = parents.into_iter().max_by_key(|(_, count)| *count)?;
    Some(most.0)
}

/// The name of the entry above.
fn parent(dn: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in dn.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => return dn.get(at + 1..).map(str::trim_start),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_above_is_found_past_escaped_commas() {
        assert_eq!(parent("uid=a,ou=p,dc=x"), Some("ou=p,dc=x"));
        assert_eq!(parent("cn=Doe\\, J,ou=p"), Some("ou=p"));
        assert_eq!(parent("dc=x"), None);
    }
}
