//! How the replicas of a directory stand to each other, which servers themselves do not say: after a change here and a deletion there
//! OpenLDAP may leave them different for good.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::answers::{ANY, told};
use super::config::Config;
use crate::ldap::client::Client;
use crate::ldap::dn;
use crate::ldap::entry::Entry;
use crate::model::hex;
use crate::targets::derived::shared::{Doubled, Replica, ReplicaState};

/// What is read of each entry.
const ATTRIBUTES: [&str; 5] = [
    "objectClass",
    "entryUUID",
    "entryCSN",
    "uidNumber",
    "gidNumber",
];

/// An entry, as far as replicas are compared.
struct One {
    version: String,
    dn: String,
    id: Option<Vec<u8>>,
    /// The number of an account or a group, with its attribute.
    number: Option<(&'static str, String)>,
}

impl Config {
    /// Looks at the server that is written to, and at each of `check_urls`.
    pub(super) fn look_at_replicas(&self, deadline: Instant) -> Vec<Replica> {
        let others = self.check_urls.iter();
        let all = [&self.url].into_iter().chain(others);
        all.map(|url| Replica {
            url: url.clone(),
            state: self.elsewhere(url).state(deadline),
        })
        .collect()
    }

    fn state(&self, deadline: Instant) -> Result<ReplicaState, String> {
        let client = self.client(deadline)?;
        let bases = [
            Some(&self.user_base),
            Some(&self.group_base),
            self.retired_base.as_ref(),
        ];
        let mut all = Vec::new();
        for base in bases.into_iter().flatten() {
            let (people, groups) = (self.id_attribute.as_str(), self.group_id_attribute.as_str());
            let mut attributes = ATTRIBUTES.to_vec();
            attributes.extend([people, groups]);
            let take = |entry: &Entry<'_>| one(entry, people, groups);
            all.extend(client.all(base, ANY, &attributes, &take).map_err(told)?);
        }
        let mut versions: Vec<&str> = all.iter().map(|it| it.version.as_str()).collect();
        versions.sort_unstable();
        Ok(ReplicaState {
            csns: self.csns(&client)?,
            entries: all.len(),
            digest: hex(&Sha256::digest(versions.join("\n"))),
            doubled: doubled(&all),
        })
    }

    /// How far the server has come with the changes of each (contextCSN); none, where it does not say.
    fn csns(&self, client: &Client) -> Result<BTreeSet<String>, String> {
        let key = dn::normalise(&self.user_base).unwrap_or_default();
        let texts = |entry: &Entry<'_>, name: &str| -> Vec<String> {
            let values = entry.values(name);
            values
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect()
        };
        let contexts = |entry: &Entry<'_>| texts(entry, "namingContexts");
        let all = client
            .one("", ANY, &["namingContexts"], &contexts)
            .map_err(told)?;
        let holds = |name: &String| dn::normalise(name).is_some_and(|it| dn::is_under(&key, &it));
        let own = all
            .unwrap_or_default()
            .into_iter()
            .filter(holds)
            .max_by_key(String::len);
        let Some(own) = own else {
            return Ok(BTreeSet::new());
        };
        let csns = |entry: &Entry<'_>| texts(entry, "contextCSN");
        let found = client
            .one(&own, ANY, &["contextCSN"], &csns)
            .map_err(told)?;
        Ok(found.unwrap_or_default().into_iter().collect())
    }
}

fn one(entry: &Entry<'_>, people: &str, groups: &str) -> One {
    let text = |name: &str| {
        let value = entry.only(name);
        value.map(|it| String::from_utf8_lossy(it).into_owned())
    };
    let is = |class: &str| {
        let mut all = entry.values("objectClass");
        all.any(|it| it.eq_ignore_ascii_case(class.as_bytes()))
    };
    let (mark, number) = match (is("posixAccount"), is("posixGroup")) {
        (true, _) => (people, text("uidNumber").map(|it| ("uidNumber", it))),
        (false, true) => (groups, text("gidNumber").map(|it| ("gidNumber", it))),
        (false, false) => (people, None),
    };
    let [uuid, csn] = ["entryUUID", "entryCSN"].map(|name| text(name).unwrap_or_default());
    One {
        version: format!("{uuid} {csn}"),
        dn: entry.dn.clone().into_owned(),
        id: entry.only(mark).map(<[u8]>::to_vec),
        number,
    }
}

/// Numbers of several entries, but of those that carry one id: somebody who is back has an entry that is retired, too.
fn doubled(all: &[One]) -> Vec<Doubled> {
    let mut by_number: BTreeMap<(&str, &str), Vec<&One>> = BTreeMap::new();
    for it in all {
        if let Some((attribute, number)) = &it.number {
            by_number.entry((attribute, number)).or_default().push(it);
        }
    }
    let is_one = |them: &[&One]| {
        them.windows(2)
            .all(|pair| pair[0].id.is_some() && pair[0].id == pair[1].id)
    };
    let several = by_number
        .into_iter()
        .filter(|(_, them)| them.len() > 1 && !is_one(them));
    several
        .map(|((attribute, number), them)| Doubled {
            number: format!("{attribute} {number}"),
            places: them.iter().map(|it| it.dn.clone()).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_two_ids_is_doubled_and_one_of_somebody_who_is_back_is_not() {
        let entry = |dn: &str, id: Option<&str>, number: &str| One {
            version: String::new(),
            dn: dn.to_owned(),
            id: id.map(|id| id.as_bytes().to_vec()),
            number: Some(("uidNumber", number.to_owned())),
        };
        let all = [
            entry("a", Some("1"), "7"),
            entry("b", Some("2"), "7"),
            entry("c", Some("3"), "8"),
            entry("d", Some("3"), "8"),
            entry("e", None, "9"),
            entry("f", None, "9"),
            entry("g", Some("4"), "10"),
        ];
        let found: Vec<String> = doubled(&all).into_iter().map(|it| it.number).collect();
        assert_eq!(found, ["uidNumber 7", "uidNumber 9"]);
    }
}
