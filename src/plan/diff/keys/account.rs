//! The part of the plan that is about the keys of one account: what is compared, what is written, and what stays.

use super::subject::Subject;
use super::view::{KeyView, ManualEdit, of};
use crate::model::history::EntryKind;
use crate::model::owned::{KeyRecord, KeyRecords};
use crate::model::{self, SshKey, Untrusted};
use crate::plan::key_change::{Cause, KeyChange, KeyPlace};
use crate::plan::{Change, Deed, KeyFile, Observation, Plan, ProbeError};
use crate::policy::keys::{Place, digest, fingerprints, is_of, lines};
use crate::policy::{Reason, Refusal};

/// Writes the part of the plan that is about one account.
pub(super) struct AccountKeys<'a> {
    pub plan: &'a mut Plan,
    view: &'a KeyView<'a>,
    subject: &'a Subject,
    /// Whether a file of the account's could not be seen.
    pub is_unseen: bool,
}

/// A file with keys that is not as it should be.
struct OddFile {
    path: String,
    bytes: Option<Vec<u8>>,
    edit: ManualEdit,
    /// Whether it may be written.
    is_ours: bool,
}

impl OddFile {
    fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }
}

impl<'a> AccountKeys<'a> {
    pub(super) fn of(subject: &'a Subject, plan: &'a mut Plan, view: &'a KeyView<'a>) -> Self {
        Self {
            plan,
            view,
            subject,
            is_unseen: false,
        }
    }

    fn remark(&mut self, reason: Reason) {
        self.plan.remark(self.subject.name.as_str(), reason);
    }

    /// Tells what is not taken.
    pub(super) fn complain(&mut self) {
        for reason in self.view.book.complaints(&self.subject.id) {
            self.remark(reason.clone());
        }
    }

    fn records(&self) -> KeyRecords {
        self.view
            .owned
            .keys
            .get(&self.subject.id)
            .cloned()
            .unwrap_or_default()
    }

    /// The account is open, and these are its keys.
    pub(super) fn open(&mut self, keys: &[SshKey]) {
        let text = lines(keys, &self.subject.id, &self.view.rules.options);
        let wanted = |place| match self.view.rules.place == place {
            true => (text.as_str(), Cause::Wanted),
            false => ("", Cause::Moved),
        };
        let ((file, cause), (home, home_cause)) = (wanted(Place::Directory), wanted(Place::Home));
        self.file(file, cause);
        self.home(home, home_cause);
    }

    /// The account is locked, or goes.
    pub(super) fn closed(&mut self) {
        self.file("", Cause::Closed);
        if !self.subject.homeless {
            self.home("", Cause::Closed);
        }
    }

    /// The account is new, and nobody knows its keys: those of somebody who had its name before must not stay.
    pub(super) fn without_offer(&mut self) {
        let path = self.view.rules.file(self.subject.name.as_str());
        // One that cannot be seen is told of when it is compared.
        let is_own = matches!(self.view.probe.key_file(&path), Ok(KeyFile::Plain { bytes, .. }) if is_of(&bytes, &self.subject.id));
        if self.view.rules.place == Place::Directory && !is_own {
            self.file("", Cause::Moved);
        }
    }

    /// Compares the file, if there is or was to be one. One that cannot be seen stays as it is, and that is told.
    fn file(&mut self, wanted: &str, cause: Cause) {
        let Err(e) = self.compare(wanted, cause) else {
            return;
        };
        let why = Reason::from(e);
        self.refuse(match self.subject.fresh {
            true => why,
            false => Reason::KeysUnseen {
                is_closed: cause == Cause::Closed,
                path: self.view.rules.file(self.subject.name.as_str()),
                why: why.boxed(),
            },
        });
        self.is_unseen = true;
    }

    fn compare(&mut self, wanted: &str, cause: Cause) -> Result<(), ProbeError> {
        let path = self.view.rules.file(self.subject.name.as_str());
        let record = self.record_at(&path)?;
        let written = record.as_ref().map(|record| record.digest.as_str());
        // Where no keys go, only what was written before is taken back.
        let is_over = written.is_none_or(str::is_empty);
        if self.view.rules.place != Place::Directory && is_over {
            return Ok(());
        }
        let (bytes, sound) = match self.view.probe.key_file(&path)? {
            KeyFile::Absent => (None, true),
            KeyFile::Plain { bytes, sound } => (Some(bytes), sound),
            KeyFile::Odd(reason) => {
                self.stuck(cause, reason);
                return Ok(());
            }
        };
        // An empty file has no keys, but a mode that may be anything; it is ours to take away.
        let is_same = bytes.as_deref().unwrap_or_default() == wanted.as_bytes()
            && sound
            && (bytes.is_none() || !wanted.is_empty());
        if is_same {
            self.note(Place::Directory, &path, wanted, written);
            return Ok(());
        }
        let edit = ManualEdit::of(&self.subject.id, written, bytes.as_deref(), sound);
        let is_ours = edit != ManualEdit::Foreign || self.view.chosen.force;
        let file = OddFile {
            path,
            bytes,
            edit,
            is_ours,
        };
        if self.may_replace(&file, wanted, cause)? {
            self.replace(file, wanted, cause);
        }
        Ok(())
    }

    /// What was last written at this path. What was written at another is taken back.
    fn record_at(&mut self, path: &str) -> Result<Option<KeyRecord>, ProbeError> {
        let record = self.records().file;
        if let Some(old) = record.as_ref().filter(|record| record.path != path) {
            self.leave(&old.path)?;
        }
        Ok(record.filter(|record| record.path == path))
    }

    /// Whether a file may become what is wanted; tells why not.
    fn may_replace(
        &mut self,
        file: &OddFile,
        wanted: &str,
        cause: Cause,
    ) -> Result<bool, ProbeError> {
        if !file.is_ours && !self.subject.fresh {
            // Nothing is wanted there, and somebody has a use for it.
            if !wanted.is_empty() || cause == Cause::Closed {
                let path = file.path.clone();
                self.remark(Reason::ForeignKeys { path });
            }
            return Ok(false);
        }
        let would_lose = || {
            let after = fingerprints(wanted.as_bytes());
            let before = fingerprints(file.bytes());
            before.iter().any(|key| !after.contains(key))
        };
        if self.plan.incomplete.is_some() && cause == Cause::Wanted && would_lose() {
            self.remark(Reason::WouldLoseKeys);
            return Ok(false);
        }
        if let Some(reason) = self.view.probe.key_obstacle(&file.path)? {
            self.stuck(cause, reason);
            return Ok(false);
        }
        Ok(true)
    }

    /// Plans to write what is wanted, and tells what of somebody else's goes with what was there.
    fn replace(&mut self, file: OddFile, wanted: &str, cause: Cause) {
        if !file.is_ours {
            let path = file.path.clone();
            self.remark(Reason::KeysNotInherited { path });
        } else if matches!(file.edit, ManualEdit::Changed | ManualEdit::Missing) {
            self.remark(match wanted.is_empty() {
                true => Reason::KeysByHandGo,
                false => Reason::KeysComeBack,
            });
        } else if file.edit == ManualEdit::Unsound && file.bytes() == wanted.as_bytes() {
            self.remark(Reason::KeyFileUnsound);
        }
        // What somebody else had is no loss.
        let cause = if self.subject.fresh && wanted.is_empty() {
            Cause::Moved
        } else {
            cause
        };
        let (before, found) = (
            fingerprints(file.bytes()),
            file.bytes.as_deref().map(digest),
        );
        let at = KeyPlace::File { path: file.path };
        self.push(at, cause, before, wanted, found);
    }

    /// Tells that keys stay as they are; where they should go, whoever wants no notices is told, too.
    fn stuck(&mut self, cause: Cause, why: String) {
        if cause != Cause::Closed {
            return self.remark(Reason::KeysLeft { why });
        }
        let path = self.view.rules.file(self.subject.name.as_str());
        self.refuse(Reason::KeysNotWithdrawn { why, path });
    }

    fn refuse(&mut self, reason: Reason) {
        let Subject { id, name, .. } = self.subject;
        self.plan.refused.push(Refusal {
            id: Some(id.clone()),
            subject: Untrusted::new(name.as_str()),
            reason,
        });
    }

    /// Takes back what was written for this account under another path.
    fn leave(&mut self, path: &str) -> Result<(), ProbeError> {
        let KeyFile::Plain { bytes, .. } = self.view.probe.key_file(path)? else {
            return Ok(());
        };
        if is_of(&bytes, &self.subject.id) && self.view.probe.key_obstacle(path)?.is_none() {
            let at = KeyPlace::File {
                path: path.to_owned(),
            };
            self.push(
                at,
                Cause::Moved,
                fingerprints(&bytes),
                "",
                Some(digest(&bytes)),
            );
        }
        Ok(())
    }

    /// Compares with what was last written into the home. The home itself is its owner's, and nobody looks into it.
    fn home(&mut self, wanted: &str, cause: Cause) {
        let Subject {
            home,
            uid,
            gid,
            fresh,
            ..
        } = self.subject;
        let at = |path: &str| KeyPlace::Home {
            path: path.to_owned(),
            uid: *uid,
            gid: *gid,
        };
        let record = self.records().home.filter(|_| !fresh);
        if let Some(old) = record
            .as_ref()
            .filter(|record| record.path != *home && !record.digest.is_empty())
        {
            self.push(at(&old.path), Cause::Moved, Vec::new(), "", None);
        }
        let written = record
            .filter(|record| record.path == *home)
            .map_or(String::new(), |record| record.digest);
        let again = self.view.chosen.force && self.view.rules.place == Place::Home;
        if written != of(wanted.as_bytes()) || again && !wanted.is_empty() {
            self.push(at(home), cause, Vec::new(), wanted, None);
        }
    }

    fn push(
        &mut self,
        at: KeyPlace,
        cause: Cause,
        before: Vec<String>,
        text: &str,
        found: Option<String>,
    ) {
        let Subject { id, name, .. } = self.subject;
        let after = fingerprints(text.as_bytes());
        let text = text.to_owned();
        let change = KeyChange {
            at,
            cause,
            before,
            after,
            text,
            found,
        };
        let of = model::Subject {
            kind: EntryKind::Account,
            key: Some(self.view.owned.key(id)),
            name: name.clone(),
        };
        let deed = Deed::SetKeys(change);
        self.plan.changes.push(Change { of, deed });
    }

    /// Lets the ledger know of what is in place already, as after a run that was overtaken.
    fn note(&mut self, place: Place, path: &str, text: &str, written: Option<&str>) {
        let digest = of(text.as_bytes());
        if written.unwrap_or_default() != digest {
            let record = KeyRecord {
                path: path.to_owned(),
                digest,
            };
            self.plan
                .observations
                .push(Observation::Keys(self.subject.id.clone(), place, record));
        }
    }
}
