//! Records of the provider's, people and groups alike: which of them is that of an account, or a group, whose own record is
//! gone.
//!
//! An administrator says by what they go together; a match that is not the only one is none. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::map::{group_name_of, name_of};
use super::{AccountRules, GroupRules, Reason};
use crate::model::{Directory, Named, RemoteId, Untrusted, named};

/// By what an account, or a group, and a record go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TieBy {
    /// The name that the record would give it here.
    Login,
    /// The uid, or the gid, that the record asks for.
    Uid,
    /// This attribute of a person's record, which has the id of the record that is gone. Groups go by their names.
    Attribute(String),
}

/// A record.
#[derive(Clone, Debug)]
pub(crate) struct Record<'d> {
    /// Its id.
    pub id: &'d RemoteId,
    /// What it is called at the provider.
    pub name: &'d Untrusted,
    /// What that stands for here, if for anything.
    pub called: Option<String>,
    /// The number that it asks for, as text.
    number: Option<&'d Untrusted>,
    attributes: Option<&'d BTreeMap<String, Untrusted>>,
    /// Whether it is a person's whom the provider shuts out.
    pub is_shut_out: bool,
}

impl Record<'_> {
    /// The number that it asks for.
    pub(crate) fn number(&self) -> Option<u32> {
        self.number?.raw().parse().ok()
    }
}

/// All people.
pub(crate) fn people<'d>(directory: &'d Directory, rules: &AccountRules) -> Vec<Record<'d>> {
    let users = directory.users.iter();
    let record = |user: &'d crate::model::User| Record {
        id: &user.id,
        name: &user.login,
        called: Some(name_of(user, rules)),
        number: user.uid.as_ref(),
        attributes: Some(&user.attributes),
        is_shut_out: !user.active,
    };
    users.map(record).collect()
}

/// All groups that the configuration lets through.
pub(crate) fn groups<'d>(directory: &'d Directory, rules: &GroupRules) -> Vec<Record<'d>> {
    let groups = directory.groups.iter();
    let record = |group: &'d crate::model::Group| Record {
        id: &group.id,
        name: &group.name,
        called: group_name_of(&group.name, rules).map(|name| name.to_string()),
        number: group.gid.as_ref(),
        attributes: None,
        is_shut_out: false,
    };
    let wanted = groups.filter(|group| rules.filter.matches(group.name.raw()));
    wanted.map(record).collect()
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    /// The id that the record had.
    pub id: &'a RemoteId,
    /// The name here.
    pub name: &'a str,
    /// What the name at the provider stood for when it was adopted under this one.
    pub alias: Option<&'a str>,
    /// The uid or gid.
    pub number: u32,
}

/// Records by what they go together with accounts and groups.
pub(crate) struct Index<'r, 'd> {
    by: TieBy,
    records: BTreeMap<String, Vec<&'r Record<'d>>>,
}

impl<'r, 'd> Index<'r, 'd> {
    /// Those of `all`.
    pub(crate) fn new(all: &'r [Record<'d>], by: &TieBy) -> Self {
        let of_groups = all.iter().all(|record| record.attributes.is_none());
        let by = match by {
            // A group has no attributes.
            TieBy::Attribute(_) if of_groups => TieBy::Login,
            by => by.clone(),
        };
        let mut records: BTreeMap<String, Vec<&Record<'_>>> = BTreeMap::new();
        for record in all {
            let key = match &by {
                TieBy::Login => record.called.clone(),
                TieBy::Uid => record.number.map(|number| number.raw().to_owned()),
                TieBy::Attribute(name) => {
                    let value = record.attributes.and_then(|all| all.get(name));
                    value.map(|value| value.raw().to_owned())
                }
            };
            if let Some(key) = key {
                records.entry(key).or_default().push(record);
            }
        }
        Self { by, records }
    }

    /// Whether they go together by an attribute that no record has, which is a mistake; its name.
    pub(crate) fn unknown_attribute(&self) -> Option<&str> {
        match &self.by {
            TieBy::Attribute(name) if self.records.is_empty() => Some(name),
            TieBy::Attribute(_) | TieBy::Login | TieBy::Uid => None,
        }
    }

    /// The records that go together with what is sought.
    pub(crate) fn of(&self, sought: Sought<'_>) -> &[&'r Record<'d>] {
        let number = sought.number.to_string();
        let key = match &self.by {
            TieBy::Login => sought.alias.unwrap_or(sought.name),
            TieBy::Uid => number.as_str(),
            TieBy::Attribute(_) => sought.id.as_str(),
        };
        self.records.get(key).map_or(&[], Vec::as_slice)
    }
}

/// The record that is called `name` at the provider.
///
/// # Errors
/// When it is none, or nobody knows which of several.
pub(crate) fn called<'r, 'd>(all: &'r [Record<'d>], name: &str) -> Result<&'r Record<'d>, Reason> {
    let asked = Untrusted::new(name);
    match named(name, all, |record| record.name.raw()) {
        Named::One(record) => Ok(record),
        Named::None => Err(Reason::NoLogin { name: asked }),
        Named::Several(several) => Err(several_records(asked, &several)),
    }
}

/// Nobody knows which of these is meant.
pub(crate) fn several_records(name: Untrusted, all: &[&Record<'_>]) -> Reason {
    let all = all
        .iter()
        .map(|record| format!("{} ({})", record.name, record.id));
    let all = all.collect::<Vec<_>>().join(", ");
    Reason::SeveralRecords { name, all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::User;

    fn user(id: &str, login: &str, uid: &str, old: &str) -> User {
        let mut user = User::new(RemoteId::new(id).unwrap(), login);
        user.uid = Some(Untrusted::new(uid));
        user.attributes
            .insert("formerId".to_owned(), Untrusted::new(old));
        user
    }

    #[test]
    fn an_account_and_a_record_go_together_by_what_is_asked_for() {
        let directory = Directory {
            users: vec![
                user("n-1", "Ann", "20001", "o-1"),
                user("n-2", "bob", "20002", "o-2"),
                user("n-3", "BOB", "20003", "o-2"),
            ],
            groups: vec![],
        };
        let all = people(&directory, &AccountRules::default());
        let found = |by: TieBy, sought: Sought<'_>| {
            let index = Index::new(&all, &by);
            let ids = index.of(sought).iter().map(|record| record.id.to_string());
            ids.collect::<Vec<_>>()
        };
        let old = RemoteId::new("o-1").unwrap();
        let ann = Sought {
            id: &old,
            name: "ann",
            alias: None,
            number: 20_003,
        };
        assert_eq!(found(TieBy::Login, ann), ["n-1"]);
        assert_eq!(found(TieBy::Uid, ann), ["n-3"]);
        let attribute = |name: &str| TieBy::Attribute(name.to_owned());
        assert_eq!(found(attribute("formerId"), ann), ["n-1"]);
        assert!(found(attribute("other"), ann).is_empty());
        let adopted = Sought {
            name: "annie",
            alias: Some("bob"),
            ..ann
        };
        assert_eq!(found(TieBy::Login, adopted), ["n-2", "n-3"], "none of them");
        assert_eq!(called(&all, "bob").unwrap().id.as_str(), "n-2");
        assert_eq!(called(&all, "Bob").unwrap_err().word(), "several-records");
        assert_eq!(called(&all, "cat").unwrap_err().word(), "no-login");
    }
}
