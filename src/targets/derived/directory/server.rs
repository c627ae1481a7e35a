//! What a directory holds, and changing it.
//!
//! A read gives everything or nothing. Changes are sent a phase at a time, many at once; one that a server refuses holds up none of the
//! others. After a connection that broke, the next run reads again and does the rest.

use std::collections::BTreeMap;

use super::answers::{ALREADY_THERE, ANY, NO_CONTROL, NOT_ASSERTED, NOT_THERE, told};
use super::config::Config;
use super::entries::{Found, Kind};
use super::steps::{Op, PHASES, Phase, Step};
use super::term::Fence;
use super::wanted::Knows;
use crate::ldap::client::Client;
use crate::ldap::code::Answer;
use crate::ldap::entry::Entry;
use crate::ldap::request::Write;
use crate::ldap::{Error, dn, filter};
use crate::model::shown;
use crate::targets::derived::Made;

/// What is read of an entry, whatever its kind, besides the attribute with the id.
const ATTRIBUTES: [&str; 14] = [
    "objectClass",
    "uid",
    "cn",
    "sn",
    "uidNumber",
    "gidNumber",
    "homeDirectory",
    "loginShell",
    "gecos",
    "sshPublicKey",
    "shadowExpire",
    "pwdAccountLockedTime",
    "member",
    "memberUid",
];

/// All entries of a kind, gosync's and others'.
///
/// # Errors
/// When not all of them came.
pub(super) fn read(client: &Client, kind: &Kind<'_>) -> Result<Vec<Found>, String> {
    let (class, naming, mark) = (kind.class, kind.naming, kind.mark);
    let filter = format!("(|(objectClass={class})({naming}=*)({mark}=*))");
    let mut attributes = ATTRIBUTES.to_vec();
    attributes.push(mark);
    let take = |entry: &Entry<'_>| found(entry, mark);
    let found = client.all(kind.base, &filter, &attributes, &take);
    found.map_err(told)
}

fn found(entry: &Entry<'_>, mark: &str) -> Found {
    let named = |name: &str| {
        let values: Vec<Vec<u8>> = entry.values(name).map(<[u8]>::to_vec).collect();
        (name.to_ascii_lowercase(), values)
    };
    let names = ATTRIBUTES.into_iter().chain([mark]);
    let values: BTreeMap<_, _> = names.map(named).filter(|(_, it)| !it.is_empty()).collect();
    let dn = entry.dn.clone().into_owned();
    let key = dn::normalise(&dn).unwrap_or_default().into_owned();
    Found { dn, key, values }
}

/// What the server has attributes for, as its schema says (RFC 4512, 4.2); where it does not show it, SSH keys.
///
/// # Errors
/// When it does not answer.
pub(super) fn knows(client: &Client, config: &Config) -> Result<Knows, String> {
    let usual = Knows {
        keys: true,
        locks: false,
    };
    let place = |entry: &Entry<'_>| {
        let place = entry.only("subschemaSubentry");
        place.map(|it| String::from_utf8_lossy(it).into_owned())
    };
    let place = client.one(&config.user_base, ANY, &["subschemaSubentry"], &place);
    let Some(place) = place.map_err(told)?.flatten() else {
        return Ok(usual);
    };
    let types = |entry: &Entry<'_>| {
        let has = |name: &str| {
            let quoted = format!("'{}'", name.to_lowercase());
            let mut all = entry.values("attributeTypes");
            all.any(|it| String::from_utf8_lossy(it).to_lowercase().contains(&quoted))
        };
        let is_shown = !entry.values("attributeTypes").is_empty();
        is_shown.then(|| Knows {
            keys: has("sshPublicKey"),
            locks: has("pwdAccountLockedTime"),
        })
    };
    let known = client.one(
        &place,
        "(objectClass=subschema)",
        &["attributeTypes"],
        &types,
    );
    Ok(known.map_err(told)?.flatten().unwrap_or(usual))
}

/// What became of the steps of a plan.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// To whose entries what was done.
    names: BTreeMap<&'static str, Vec<String>>,
    /// What was not done, and why.
    pub failed: Vec<String>,
}

/// What a step does, for the one line that is said of all.
fn deed(step: &Step) -> &'static str {
    match (&step.op, step.phase) {
        (Op::Add(_), _) => "added",
        (Op::Delete, _) => "removed",
        (Op::Rename(_), Phase::Remove) => "retired",
        (Op::Rename(_), _) => "renamed",
        (Op::Modify(_), Phase::Close) => "locked",
        (Op::Modify(_), Phase::Members | Phase::OldMembers) => "changed in their members",
        (Op::Modify(_), _) => "changed",
    }
}

fn write(step: &Step) -> Option<Write> {
    let dn = &step.dn;
    let write = match &step.op {
        Op::Add(attributes) => return Some(Write::add(dn, attributes)),
        Op::Modify(changes) => Write::modify(dn, changes),
        Op::Rename(to) => Write::rename(dn, to),
        Op::Delete => Write::delete(dn),
    };
    let values = step.only_if.iter();
    let values: Vec<(&str, &[Vec<u8>])> = values
        .map(|(name, values)| (name.as_str(), values.as_slice()))
        .collect();
    Some(write.only_if(&filter::holding(&values)?))
}

/// Carries steps out.
///
/// # Errors
/// When the connection broke, or another host writes now; what was done until then stays in `done`.
pub(super) fn carry_out(
    client: &Client,
    steps: &[Step],
    fence: &Fence<'_>,
    done: &mut Done,
) -> Result<(), String> {
    for phase in PHASES {
        let steps: Vec<&Step> = steps.iter().filter(|it| it.phase == phase).collect();
        let mut sent = Vec::new();
        let mut writes = Vec::new();
        for step in steps {
            match write(step) {
                Some(write) => {
                    sent.push(step);
                    writes.push(write);
                }
                None => done
                    .failed
                    .push(failure(step, "a value cannot be asked for")),
            }
        }
        fence.write_all(client, &writes, &mut |at, answer| {
            if let Some(step) = sent.get(at) {
                done.take(step, &answer);
            }
        })?;
    }
    Ok(())
}

fn failure(step: &Step, why: &str) -> String {
    format!("`{}` ({}): {why}", shown(&step.dn), shown(&step.name))
}

impl Done {
    fn take(&mut self, step: &Step, answer: &Answer) {
        let why = match answer.code {
            0 => {
                self.note(step);
                return;
            }
            NOT_ASSERTED => {
                "it is not as it was read a moment ago, and is looked at again by the next run"
                    .to_owned()
            }
            ALREADY_THERE => "an entry of that name is there, which is not gosync's".to_owned(),
            NOT_THERE => "it is not there any more, or the entry above it is not".to_owned(),
            NO_CONTROL => {
                "the server does not know assertions (RFC 4528), without which nothing is changed"
                    .to_owned()
            }
            code => Error::code(code, answer.text.raw(), "it was not changed").text,
        };
        self.failed.push(failure(step, &why));
    }

    fn note(&mut self, step: &Step) {
        let names = self.names.entry(deed(step)).or_default();
        names.push(step.name.clone());
    }

    /// In a dry run, all of these would be done.
    pub(super) fn suppose(&mut self, steps: &[Step]) {
        let of = |phase: Phase| steps.iter().filter(move |it| it.phase == phase);
        PHASES
            .into_iter()
            .flat_map(of)
            .for_each(|step| self.note(step));
    }

    /// What was done; of one entry that was changed in several steps, once.
    pub(super) fn made(&self) -> Vec<Made> {
        let made = |(what, names): (&&'static str, &Vec<String>)| {
            let mut names = names.clone();
            names.sort();
            names.dedup();
            Made {
                what,
                path: None,
                names,
            }
        };
        self.names.iter().map(made).collect()
    }
}
