//! The plan for SSH keys: what the changes of accounts, and what the provider offers, mean for files with keys.
//!
//! Comes after the plan for accounts and adds to it, so that keys are withdrawn in the run that locks the account. A
//! file that gosync wrote is gosync's, and a change by hand is told and set back; one that it did not write is left
//! alone, unless it is a left-over under the name of a new account.

use super::input::RunScope;
use super::owned_lines::account_line;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{KeyRecord, KeyRecords, Owned, OwnedAccount, State};
use crate::model::{self, Lookup, Name, RemoteId, SshKey, Uid, Untrusted, UserName};
use crate::plan::effects::{Presence, effects};
use crate::plan::key_change::{Cause, KeyChange, KeyPlace};
use crate::plan::{Change, Deed, HostProbe, KeyFile, Observation, Plan, ProbeError};
use crate::policy::keys::{KeyBook, KeyRules, Offer, Place, digest, fingerprints, is_of, lines};
use crate::policy::{Reason, Refusal};

/// What a file with keys is, beside what gosync last wrote there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum ManualEdit {
    /// As gosync left it, as far as anybody knows.
    Off,
    /// Somebody wrote something else.
    Changed,
    /// Somebody took it away.
    Missing,
    /// Its owner or mode is another one.
    Unsound,
    /// Gosync did not write it.
    Foreign,
}

impl ManualEdit {
    /// `written`: the digest in the ledger, empty for a file that was taken away; `None`: there is no record.
    pub(in crate::plan) fn of(
        id: &RemoteId,
        written: Option<&str>,
        found: Option<&[u8]>,
        sound: bool,
    ) -> Self {
        match (written, found) {
            (Some(written), Some(found)) if written != of(found) => Self::Changed,
            (Some(written), None) if !written.is_empty() => Self::Missing,
            (None, Some(found)) if !is_of(found, id) => Self::Foreign,
            (_, Some(_)) if !sound => Self::Unsound,
            _ => Self::Off,
        }
    }
}

/// What the keys are compared with.
pub(crate) struct KeyView<'a> {
    /// What the provider offers.
    pub book: &'a KeyBook,
    /// The rules of the configuration.
    pub rules: &'a KeyRules,
    /// The databases.
    pub host: &'a Host<'a>,
    /// What gosync owns.
    pub owned: &'a Owned,
    /// Which accounts are dealt with, besides those that the plan changes.
    pub chosen: RunScope,
    /// Tells what stands at the paths of files with keys.
    pub probe: &'a dyn HostProbe,
}

/// What the plan does with an account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AccountOutcome {
    Locked,
    Opened,
    Removed { with_home: bool },
    Left,
    Changed,
}

/// Adds what happens to keys.
pub(crate) fn keys(plan: &mut Plan, view: &KeyView<'_>) {
    let outcomes = outcomes(&plan.changes);
    let refused: Lookup<RemoteId, bool> = plan
        .refused
        .iter()
        .filter_map(|r| Some((r.id.clone()?, r.reason.is_not_out())))
        .collect();
    let mut unmade: Lookup<RemoteId, ()> = Lookup::default();
    let created: Vec<Subject> = plan.changes.iter().filter_map(Subject::created).collect();
    for subject in created {
        let mut one = AccountKeys {
            plan,
            view,
            subject: &subject,
            is_unseen: false,
        };
        one.complain();
        match view.book.offer(&subject.id) {
            Some(Offer::Keys(keys)) => one.open(keys),
            _ => one.without_offer(),
        }
        if one.is_unseen {
            unmade.insert(subject.id, ());
        }
    }
    if !unmade.is_empty() {
        // Whose keys are there would get in as whoever is made.
        let is_made = |change: &Change| change.account_id().is_none_or(|id| !unmade.contains(id));
        plan.changes.retain(is_made);
    }
    for (id, own) in view
        .owned
        .accounts
        .iter()
        .filter(|(_, own)| own.state.is_present())
    {
        let outcome = outcomes.get(id).copied();
        if outcome.is_none_or(|outcome| outcome == AccountOutcome::Changed) && !view.chosen.known
            || outcome == Some(AccountOutcome::Left)
        {
            continue;
        }
        let is_stuck = refused.get(id).copied().unwrap_or_default();
        let is_out = is_stuck || outcome == Some(AccountOutcome::Locked);
        let known = Subject::known(id, own, outcome, view.host);
        // The directory is gosync's alone, and needs no line of passwd.
        let Some(subject) = known.or_else(|| Subject::damaged(id, own, is_out)) else {
            continue;
        };
        let stands_locked = own.state == State::Locked || subject.closed;
        let mut one = AccountKeys {
            plan,
            view,
            subject: &subject,
            is_unseen: false,
        };
        match outcome {
            Some(AccountOutcome::Locked | AccountOutcome::Removed { .. }) => one.closed(),
            None | Some(AccountOutcome::Changed) if stands_locked => one.closed(),
            _ if is_stuck => one.closed(),
            _ if refused.contains(id) => {}
            _ => {
                one.complain();
                if let Some(Offer::Keys(keys)) = view.book.offer(id) {
                    let count = one.plan.changes.len();
                    one.open(keys);
                    let other_keys = one.plan.changes.len() > count;
                    plan.unchanged -=
                        usize::from(other_keys && outcome.is_none() && plan.unchanged > 0);
                }
            }
        }
    }
}

/// Tells whose keys stay though their accounts are locked, or are to be, since the directory with keys cannot be used.
pub(crate) fn stay(plan: &mut Plan, owned: &Owned, why: &str) {
    let outcomes = outcomes(&plan.changes);
    let is_out = |id: &RemoteId, own: &OwnedAccount| match outcomes.get(id) {
        Some(outcome) => *outcome == AccountOutcome::Locked,
        None => own.state == State::Locked,
    };
    let accounts = owned.accounts.iter();
    for (id, own) in accounts.filter(|(id, own)| own.state.is_present() && is_out(id, own)) {
        let record = owned.keys.get(id).and_then(|records| records.file.as_ref());
        let Some(record) = record.filter(|record| !record.digest.is_empty()) else {
            continue;
        };
        let (why, path) = (why.to_owned(), record.path.clone());
        plan.not_done(id, &own.name, Reason::KeysNotWithdrawn { why, path });
    }
}

/// Takes new accounts out of a plan, since nobody can see which keys are there under their names.
pub(crate) fn make_nobody(plan: &mut Plan, reason: &Reason) {
    let Plan {
        changes, refused, ..
    } = plan;
    changes.retain(|change| {
        let Some(Subject { id, name, .. }) = Subject::created(change) else {
            return true;
        };
        refused.push(Refusal {
            id: Some(id),
            subject: Untrusted::new(name.as_str()),
            reason: reason.clone(),
        });
        false
    });
}

/// An account may be opened, say, and changed besides: what counts for its keys wins.
fn outcomes(changes: &[Change]) -> Lookup<RemoteId, AccountOutcome> {
    let mut outcomes = Lookup::default();
    for (id, outcome) in changes.iter().filter_map(outcome) {
        if outcome != AccountOutcome::Changed || !outcomes.contains(id) {
            outcomes.insert(id.clone(), outcome);
        }
    }
    // The file of one that is renamed goes along as it is; the next run looks at it under the new name.
    for change in changes
        .iter()
        .filter(|change| effects(change).lines.rename().is_some())
    {
        let Some(id) = change.account_id() else {
            continue;
        };
        let ends = matches!(
            outcomes.get(id),
            Some(AccountOutcome::Locked | AccountOutcome::Removed { .. })
        );
        if !ends {
            outcomes.insert(id.clone(), AccountOutcome::Left);
        }
    }
    outcomes
}

fn outcome(change: &Change) -> Option<(&RemoteId, AccountOutcome)> {
    let (id, effects) = (change.account_id()?, effects(change));
    let outcome = match effects.presence {
        Presence::Closes => AccountOutcome::Locked,
        Presence::Opens => AccountOutcome::Opened,
        Presence::Goes { with_home } => AccountOutcome::Removed { with_home },
        Presence::Left => AccountOutcome::Left,
        Presence::Comes => return None,
        Presence::Stays if effects.lines.fields().is_empty() => return None,
        Presence::Stays => AccountOutcome::Changed,
    };
    Some((id, outcome))
}

/// Whose keys they are.
struct Subject {
    id: RemoteId,
    name: Name,
    home: String,
    uid: Uid,
    gid: u32,
    /// Whether the account is made in this plan.
    fresh: bool,
    /// Whether it stands locked in the databases.
    closed: bool,
    /// Whether the home goes.
    homeless: bool,
}

impl Subject {
    fn created(change: &Change) -> Option<Self> {
        let new = effects(change).lines.new_account()?;
        Some(Self {
            id: change.id()?.clone(),
            name: change.of.name.clone(),
            home: new.fields.home.clone(),
            uid: new.uid,
            gid: new.gid.get(),
            fresh: true,
            closed: false,
            homeless: false,
        })
    }

    /// `None`: the account is not gosync's to change.
    fn known(
        id: &RemoteId,
        own: &OwnedAccount,
        outcome: Option<AccountOutcome>,
        host: &Host<'_>,
    ) -> Option<Self> {
        let removed = matches!(outcome, Some(AccountOutcome::Removed { .. }));
        let found = account_line(own, host).ok();
        if found.is_none() && !removed {
            return None;
        }
        let name = UserName::new(&own.name, true).ok()?;
        Some(Self {
            id: id.clone(),
            name: name.into(),
            home: found
                .map_or(own.applied.fields.home.as_str(), |found| found.fields.home)
                .to_owned(),
            uid: own.uid,
            gid: found.map_or(own.gid, |found| found.gid),
            fresh: false,
            closed: found.is_some_and(|found| found.closed()),
            homeless: outcome == Some(AccountOutcome::Removed { with_home: true }),
        })
    }
}

impl Subject {
    /// One that is to be out, and whose line is not as it should be: its home may be anybody's.
    fn damaged(id: &RemoteId, own: &OwnedAccount, is_out: bool) -> Option<Self> {
        let name = UserName::new(&own.name, true).ok().filter(|_| is_out)?;
        Some(Self {
            id: id.clone(),
            name: name.into(),
            home: own.applied.fields.home.clone(),
            uid: own.uid,
            gid: own.gid,
            fresh: false,
            closed: false,
            homeless: true,
        })
    }
}

/// Writes the part of the plan that is about one account.
struct AccountKeys<'a> {
    plan: &'a mut Plan,
    view: &'a KeyView<'a>,
    subject: &'a Subject,
    /// Whether a file of the account's could not be seen.
    is_unseen: bool,
}

impl AccountKeys<'_> {
    fn remark(&mut self, reason: Reason) {
        self.plan.remark(self.subject.name.as_str(), reason);
    }

    /// Tells what is not taken.
    fn complain(&mut self) {
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
    fn open(&mut self, keys: &[SshKey]) {
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
    fn closed(&mut self) {
        self.file("", Cause::Closed);
        if !self.subject.homeless {
            self.home("", Cause::Closed);
        }
    }

    /// The account is new, and nobody knows its keys: those of somebody who had its name before must not stay.
    fn without_offer(&mut self) {
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
        let record = self.records().file;
        if let Some(old) = record.as_ref().filter(|record| record.path != path) {
            self.leave(&old.path)?;
        }
        let record = record.filter(|record| record.path == path);
        // Where no keys go, only what was written before is taken back.
        let is_over = record
            .as_ref()
            .is_none_or(|record| record.digest.is_empty());
        if self.view.rules.place != Place::Directory && is_over {
            return Ok(());
        }
        let (found, sound) = match self.view.probe.key_file(&path)? {
            KeyFile::Absent => (None, true),
            KeyFile::Plain { bytes, sound } => (Some(bytes), sound),
            KeyFile::Odd(reason) => {
                self.stuck(cause, reason);
                return Ok(());
            }
        };
        let there = found.as_deref().unwrap_or_default();
        // An empty file has no keys, but a mode that may be anything; it is ours to take away.
        let is_same =
            there == wanted.as_bytes() && sound && (found.is_none() || !wanted.is_empty());
        let written = record.as_ref().map(|record| record.digest.as_str());
        if is_same {
            self.note(Place::Directory, &path, wanted, written);
            return Ok(());
        }
        let edit = ManualEdit::of(&self.subject.id, written, found.as_deref(), sound);
        let is_ours = edit != ManualEdit::Foreign || self.view.chosen.force;
        if !is_ours && !self.subject.fresh {
            // Nothing is wanted there, and somebody has a use for it.
            if !wanted.is_empty() || cause == Cause::Closed {
                self.remark(Reason::ForeignKeys { path });
            }
            return Ok(());
        }
        let before = fingerprints(there);
        let would_lose = || {
            let after = fingerprints(wanted.as_bytes());
            before.iter().any(|key| !after.contains(key))
        };
        if self.plan.incomplete.is_some() && cause == Cause::Wanted && would_lose() {
            self.remark(Reason::WouldLoseKeys);
            return Ok(());
        }
        if let Some(reason) = self.view.probe.key_obstacle(&path)? {
            self.stuck(cause, reason);
            return Ok(());
        }
        if !is_ours {
            let path = path.clone();
            self.remark(Reason::KeysNotInherited { path });
        } else if matches!(edit, ManualEdit::Changed | ManualEdit::Missing) {
            self.remark(match wanted.is_empty() {
                true => Reason::KeysByHandGo,
                false => Reason::KeysComeBack,
            });
        } else if edit == ManualEdit::Unsound && there == wanted.as_bytes() {
            self.remark(Reason::KeyFileUnsound);
        }
        // What somebody else had is no loss.
        let cause = if self.subject.fresh && wanted.is_empty() {
            Cause::Moved
        } else {
            cause
        };
        let at = KeyPlace::File { path };
        self.push(at, cause, before, wanted, found.as_deref().map(digest));
        Ok(())
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

/// What the ledger remembers of a text: nothing, if it is empty.
fn of(text: &[u8]) -> String {
    if text.is_empty() {
        String::new()
    } else {
        digest(text)
    }
}

#[cfg(test)]
mod tests;
