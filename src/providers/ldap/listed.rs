//! Groups with the values by which they list their members, and people with the names by which they
//! are listed.
//!
//! A read of groups turns those values into people and forgets them; whoever changes a group needs
//! them as they stand. Sources: RFC 2307 (`memberUid`), draft-howard-rfc2307bis (`member`,
//! `uniqueMember`), MS-ADTS 3.1.1.3.1.3.3 (ranges of values). Pure.

use super::people;
use super::settings::{Names, Schema, Settings};
use crate::ldap::dn;
use crate::ldap::entry::{self, Entry, Range, Values};
use crate::model::{RemoteId, Untrusted};
use crate::providers::admin::{ManagedGroup, Person};

/// The attributes of groups to ask for, where their members do not matter.
pub(super) fn group_attributes(settings: &Settings, describe: bool) -> Vec<&str> {
    let names = &settings.names;
    let mut wanted: Vec<&str> = vec![&names.group_id, &names.group_name];
    if describe {
        wanted.push(&names.group_description);
    }
    people::distinct(wanted)
}

/// The attributes of groups to ask for, members included.
pub(super) fn member_attributes(settings: &Settings) -> Vec<&str> {
    let names = &settings.names;
    let mut wanted: Vec<&str> = vec![
        &names.group_id,
        &names.group_name,
        "objectClass",
        &names.member_login,
    ];
    wanted.extend(names.member.iter().map(String::as_str));
    if settings.schema == Schema::Ad {
        wanted.push("objectSid");
    }
    people::distinct(wanted)
}

/// The attributes of people to ask for.
pub(super) fn person_attributes(settings: &Settings) -> Vec<&str> {
    let names = &settings.names;
    let mut wanted: Vec<&str> = vec![&names.id, &names.login, &names.email];
    if settings.schema == Schema::Ad {
        wanted.extend(["objectSid", "primaryGroupID"]);
    }
    people::distinct(wanted)
}

/// A group as it stands at the server.
#[derive(Clone, Debug)]
pub(super) struct ListedGroup {
    /// Id and name; or why the group cannot be used. Even then it may be in a group that can.
    pub ident: Result<(RemoteId, Untrusted), String>,
    /// The entry's name, as the server writes it.
    pub dn: String,
    /// The entry's name, for comparing.
    pub key: String,
    /// Values of the description.
    pub descriptions: Vec<Vec<u8>>,
    /// Object classes in small letters.
    pub classes: Vec<String>,
    /// By what it lists its members.
    pub values: Vec<Value>,
    /// Values that have not come yet: the attribute, and the number of the first.
    pub more: Vec<(String, u64)>,
    /// Security id (Active Directory): people name their primary group by it.
    pub sid: Option<Vec<u8>>,
}

/// A value that lists somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// The attribute that it is a value of.
    pub attribute: String,
    /// As it stands there.
    pub raw: Vec<u8>,
    /// Whom it means.
    pub whom: Whom,
}

/// Whom a value means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// Whoever has this login.
    Login(String),
    /// The entry with this name, in the form for comparing.
    Name(String),
    /// Nobody can tell.
    Unclear,
}

/// A part of a long list of members.
pub(super) struct Part {
    range: Range,
    values: Vec<Vec<u8>>,
}

impl Part {
    /// The part of this attribute that an entry has.
    pub(super) fn new(entry: &Entry<'_>, attribute: &str) -> Option<Self> {
        let (range, values) = entry.range(attribute)?;
        let values = owned(values);
        Some(Self { range, values })
    }
}

impl ListedGroup {
    /// Takes a group from an entry.
    pub(super) fn new(entry: &Entry<'_>, names: &Names) -> Self {
        let id = people::id(entry, &names.group_id);
        let name = people::naming(entry, &names.group_name);
        let mut group = Self {
            ident: id.and_then(|id| Ok((id, Untrusted::new(name?)))),
            key: dn::normalise(&entry.dn)
                .map(|key| key.into_owned())
                .unwrap_or_default(),
            dn: entry.dn.clone().into_owned(),
            descriptions: owned(entry.values(&names.group_description)),
            classes: Vec::new(),
            values: Vec::new(),
            more: Vec::new(),
            sid: entry.values("objectSid").last().map(<[u8]>::to_vec),
        };
        let classes = entry
            .values("objectClass")
            .filter_map(|class| std::str::from_utf8(class).ok());
        group.classes = classes.map(|class| class.to_ascii_lowercase()).collect();
        for raw in entry.values(&names.member_login) {
            let whom = std::str::from_utf8(raw)
                .map_or(Whom::Unclear, |login| Whom::Login(login.to_owned()));
            group.values.push(Value {
                attribute: names.member_login.clone(),
                raw: raw.to_vec(),
                whom,
            });
        }
        for attribute in &names.member {
            group.list(attribute, entry.values(attribute));
            if let Some((range, values)) = entry.range(attribute) {
                group.list(attribute, values);
                group.more.extend(
                    range
                        .last
                        .map(|last| (attribute.clone(), last.saturating_add(1))),
                );
            }
        }
        group
    }

    fn list<'v>(&mut self, attribute: &str, values: impl Iterator<Item = &'v [u8]>) {
        self.values.extend(values.map(|raw| {
            let key = std::str::from_utf8(raw)
                .ok()
                .and_then(|text| dn::normalise(dn::without_bits(text)));
            let whom = key.map_or(Whom::Unclear, |key| Whom::Name(key.into_owned()));
            Value {
                attribute: attribute.to_owned(),
                raw: raw.to_vec(),
                whom,
            }
        }));
    }

    /// Adds the next part of a long list; an error if the answer does not fit the question.
    pub(super) fn next_part(&mut self, part: &Part, attribute: &str, first: u64) -> Result<(), ()> {
        match part.range {
            Range { first: begun, .. } if begun != first => return Err(()),
            Range {
                last: Some(last), ..
            } if last < first || part.values.is_empty() => return Err(()),
            Range { last, .. } => self
                .more
                .extend(last.map(|last| (attribute.to_owned(), last.saturating_add(1)))),
        }
        self.list(attribute, part.values.iter().map(Vec::as_slice));
        Ok(())
    }

    /// As group commands see it; or the entry's name and why it cannot be used.
    pub(super) fn managed(self) -> Result<ManagedGroup, (Untrusted, String)> {
        let description = self
            .descriptions
            .first()
            .map(|text| entry::text(text))
            .map(Untrusted::new);
        match self.ident {
            Ok((id, name)) => Ok(ManagedGroup {
                id,
                name,
                description,
                parent: None,
            }),
            Err(reason) => Err((Untrusted::new(self.dn), reason)),
        }
    }

    /// What to call it.
    pub(super) fn called(&self) -> Untrusted {
        self.ident
            .as_ref()
            .map_or_else(|_| Untrusted::new(&self.dn), |(_, name)| name.clone())
    }

    /// The names of the entries listed in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| match &value.whom {
            Whom::Name(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// Whether it lists this person itself.
    pub(super) fn lists(&self, human: &ListedPerson) -> bool {
        self.values.iter().any(|value| value.means(human))
    }

    /// Whether it is this person's primary group.
    pub(super) fn is_primary_of(&self, human: &ListedPerson) -> bool {
        self.sid.is_some() && self.sid == human.primary
    }
}

impl Value {
    /// Whether it means this person. Logins are compared with regard to case, as in a read.
    pub(super) fn means(&self, human: &ListedPerson) -> bool {
        match &self.whom {
            Whom::Login(login) => login == human.person.login.raw(),
            Whom::Name(key) => *key == human.key,
            Whom::Unclear => false,
        }
    }
}

/// A person, with the names by which groups list people.
#[derive(Clone, Debug)]
pub(super) struct ListedPerson {
    pub person: Person,
    /// The entry's name, as the server writes it.
    pub dn: String,
    /// The entry's name, for comparing.
    pub key: String,
    /// Security id of the primary group (Active Directory).
    pub primary: Option<Vec<u8>>,
}

fn owned(values: Values<'_>) -> Vec<Vec<u8>> {
    values.map(<[u8]>::to_vec).collect()
}

impl ListedPerson {
    /// Takes a person from an entry.
    ///
    /// # Errors
    /// The entry's name, and why it cannot be used.
    pub(super) fn new(entry: &Entry<'_>, names: &Names) -> Result<Self, (Untrusted, String)> {
        let fields = people::id(entry, &names.id).and_then(|id| {
            let login = Untrusted::new(people::naming(entry, &names.login)?);
            let key = dn::normalise(&entry.dn)
                .ok_or("its entry's name is not a distinguished name")?
                .into_owned();
            Ok((
                Person {
                    id,
                    login,
                    email: people::loose(entry, &names.email).map(Untrusted::new),
                },
                key,
            ))
        });
        let (person, key) = fields.map_err(|reason| (Untrusted::new(&*entry.dn), reason))?;
        // Who is to be listed or not needs no primary group that can be read.
        let primary = people::primary(entry).unwrap_or_default();
        Ok(Self {
            person,
            dn: entry.dn.clone().into_owned(),
            key,
            primary,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::settings::Config;
    use super::*;
    use crate::ldap::entry::sample;

    /// A configuration of this schema.
    pub(crate) fn settings(schema: Schema) -> Settings {
        let config = Config::new("ldap://localhost", "ou=people,dc=x", "ou=groups,dc=x");
        Settings::new(&Config { schema, ..config }).unwrap()
    }

    /// A group `cn=g` with these attributes.
    pub(crate) fn group(attributes: &[(&str, &[&[u8]])]) -> ListedGroup {
        let own: [(&str, &[&[u8]]); 2] = [("cn", &[b"g"]), ("entryUUID", &[b"1"])];
        let all: Vec<_> = own.iter().chain(attributes).copied().collect();
        ListedGroup::new(
            &sample("cn=g,ou=groups,dc=x", &all),
            &settings(Schema::Rfc2307).names,
        )
    }

    /// A person.
    pub(crate) fn human(login: &str) -> ListedPerson {
        let dn = format!("uid={login},ou=people,dc=x");
        let entry = sample(
            &dn,
            &[
                ("uid", &[login.as_bytes()]),
                ("entryUUID", &[format!("id-{login}").as_bytes()]),
            ],
        );
        ListedPerson::new(&entry, &settings(Schema::Rfc2307).names).unwrap()
    }

    #[test]
    fn a_person_is_found_by_either_name() {
        let ann = human("ann");
        for (attribute, value, listed) in [
            ("memberUid", "ann", true),
            ("memberUid", "Ann", false),
            ("member", "UID=Ann, ou=People,dc=X", true),
            ("uniqueMember", "uid=ann,ou=people,dc=x#'01'B", true),
            ("member", "uid=ann,dc=x", false),
            ("member", "ann", false),
            ("owner", "uid=ann,ou=people,dc=x", false),
        ] {
            assert_eq!(
                group(&[(attribute, &[value.as_bytes()])]).lists(&ann),
                listed,
                "{attribute}: {value}"
            );
        }
    }

    #[test]
    fn a_group_without_a_name_is_told_by_its_entry() {
        let entry = sample("ou=x,dc=x", &[("entryUUID", &[b"1"])]);
        let group = ListedGroup::new(&entry, &settings(Schema::Rfc2307).names);
        assert_eq!(group.called().raw(), "ou=x,dc=x");
        let (subject, reason) = group.managed().unwrap_err();
        assert_eq!(
            (subject.raw(), reason.as_str()),
            ("ou=x,dc=x", "it has no cn")
        );
        assert!(
            ListedPerson::new(
                &sample("x", &[("uid", &[b"a"])]),
                &settings(Schema::Rfc2307).names
            )
            .is_err()
        );
    }

    #[test]
    fn a_long_list_comes_in_parts_that_must_fit() {
        let part = |name: &str, values: &[&[u8]]| {
            Part::new(&sample("cn=g,dc=x", &[(name, values)]), "member")
        };
        let mut long = group(&[("member;range=0-1", &[b"cn=a,dc=x", b"cn=b,dc=x"])]);
        assert_eq!(long.more.pop(), Some(("member".to_owned(), 2)));
        assert!(
            long.next_part(
                &part("member;range=3-*", &[b"cn=c,dc=x"]).unwrap(),
                "member",
                2
            )
            .is_err()
        );
        assert!(
            long.next_part(&part("member;range=2-3", &[]).unwrap(), "member", 2)
                .is_err()
        );
        assert!(part("member", &[b"cn=c,dc=x"]).is_none());
        assert!(
            long.next_part(
                &part("member;range=2-3", &[b"cn=c,dc=x", b"cn=d,dc=x"]).unwrap(),
                "member",
                2
            )
            .is_ok()
        );
        assert_eq!(long.more.pop(), Some(("member".to_owned(), 4)));
        assert!(
            long.next_part(
                &part("member;range=4-*", &[b"cn=e,dc=x"]).unwrap(),
                "member",
                4
            )
            .is_ok()
        );
        assert!(long.more.is_empty());
        assert_eq!(long.names().last(), Some("cn=e,dc=x"));
    }
}
