//! What differs in files with SSH keys. Homes are their owners', and nobody looks into them.

use super::difference::{Difference, Kind, Next, entry};
use crate::model::RemoteId;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::plan::diff::account_line;
use crate::plan::diff::keys::ManualEdit;
use crate::plan::{HostProbe, KeyFile};
use crate::policy::keys::{Place, is_of};
use crate::policy::{ByHand, Rules};

/// The directory of keys cannot be used, and no file in it is looked at. `reason`: why, in our own words.
pub(crate) fn unusable(directory: &str, reason: &str) -> Difference {
    entry(
        Kind::Keys,
        directory,
        "is not used, and not looked into",
        Next::Keeps,
        reason,
    )
}

/// Every file with keys that differs from what gosync last wrote, by the names of the accounts.
pub(crate) fn keys(
    host: &Host<'_>,
    owned: &Owned,
    rules: &Rules,
    probe: &dyn HostProbe,
) -> Vec<Difference> {
    let mut present: Vec<_> = owned
        .accounts
        .iter()
        .filter(|(_, own)| own.state.is_present())
        .collect();
    present.sort_by_key(|(_, own)| &own.name);
    let mut out = Vec::new();
    for (id, own) in present {
        let record = owned.keys.get(id).and_then(|records| records.file.as_ref());
        let path = rules.keys.file(&own.name);
        let (here, elsewhere) = match record {
            Some(record) if record.path == path => (Some(record.digest.as_str()), None),
            other => (None, other.filter(|record| !record.digest.is_empty())),
        };
        let mut one = AccountKeys {
            id,
            own,
            host,
            rules,
            probe,
            out: &mut out,
        };
        if let Some(record) = elsewhere {
            one.file(&record.path, Some(&record.digest), false);
        }
        // Where no keys go, only what was written before is looked at.
        if rules.keys.place == Place::Directory || here.is_some_and(|digest| !digest.is_empty()) {
            one.file(&path, here, true);
        }
    }
    out
}

struct AccountKeys<'a> {
    id: &'a RemoteId,
    own: &'a OwnedAccount,
    host: &'a Host<'a>,
    rules: &'a Rules,
    probe: &'a dyn HostProbe,
    out: &'a mut Vec<Difference>,
}

impl AccountKeys<'_> {
    /// Compares one file. `in_use`: whether this is where its keys go by the configuration.
    fn file(&mut self, path: &str, written: Option<&str>, in_use: bool) {
        let (found, sound) = match self.probe.key_file(path) {
            Ok(KeyFile::Absent) => (None, true),
            Ok(KeyFile::Plain { bytes, sound }) => (Some(bytes), sound),
            Err(e) => return self.push("unseen", path.to_owned(), Next::Keeps, &e.to_string()),
            Ok(KeyFile::Odd(reason)) => {
                return self.push("unfit", path.to_owned(), Next::Keeps, &reason);
            }
        };
        let what = match ManualEdit::of(self.id, written, found.as_deref(), sound) {
            ManualEdit::Off => return,
            ManualEdit::Foreign => {
                return self.push(
                    "not gosync's",
                    path.to_owned(),
                    Next::Keeps,
                    "gosync did not write it",
                );
            }
            ManualEdit::Changed => "changed",
            ManualEdit::Missing => "missing",
            ManualEdit::Unsound => "other owner or mode",
        };
        let is_marked = found.as_deref().is_some_and(|bytes| is_of(bytes, self.id));
        let (next, why) = self.next(path, found.is_none(), is_marked, in_use);
        self.push(what, path.to_owned(), next, &why);
    }

    /// What the next run does about a file that is gosync's.
    fn next(&self, path: &str, is_gone: bool, is_marked: bool, in_use: bool) -> (Next, String) {
        let goes = !in_use || self.rules.keys.place != Place::Directory;
        if let Err(reason) = account_line(self.own, self.host) {
            let is_deleted = !self.host.accounts.contains_key(self.own.name.as_str());
            let comes_back = self.rules.accounts.deleted_by_hand == ByHand::Restore
                && self.own.state == State::Active;
            if !is_deleted || !comes_back {
                return (Next::Keeps, format!("its account {reason}"));
            }
        }
        if goes && (is_gone || !in_use && !is_marked) {
            return (Next::Keeps, "no keys go there any more".to_owned());
        }
        match self.probe.key_obstacle(path) {
            Err(e) => (Next::Keeps, e.to_string()),
            Ok(Some(reason)) => (Next::Keeps, reason),
            Ok(None) => (
                Next::Restores,
                "what gosync writes there is not given up to a hand".to_owned(),
            ),
        }
    }

    fn push(&mut self, what: &'static str, found: String, next: Next, why: &str) {
        let (name, why) = (self.own.name.clone(), why.to_owned());
        self.out.push(Difference {
            kind: Kind::Keys,
            name,
            what,
            applied: String::new(),
            found,
            next,
            why,
        });
    }
}

#[cfg(test)]
mod tests;
