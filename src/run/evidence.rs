//! What a host itself says of the accounts that gosync made there, for a ledger that is made anew: the comments of files
//! with SSH keys, the numbers of the anchor, owners of homes, names of archives.
//!
//! An account is gosync's if a file with keys says so, and whose it is stands there, too; or if the anchor holds its number,
//! and the provider has one person who would be called so and asks for no other number. Everything else stays the host's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::anchored;
use super::env::Env;
use super::job::Witnesses;
use super::writers;
use crate::error::Result;
use crate::model::anchor::Numbers;
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::id_ranges::IdRanges;
use crate::model::{Directory, Held, IdRange, RemoteId, Untrusted, User};
use crate::plan::KeyFile;
use crate::policy::Reason;
use crate::policy::adoption::{self, Index};
use crate::policy::keys;
use crate::system::files;
use crate::targets::{Hold, Target};

/// What was found.
pub(crate) struct Evidence {
    /// Whose the accounts are for which there are files with keys, as their comments say, by the account's name.
    marks: BTreeMap<String, String>,
    /// What the anchor says was given.
    given: Numbers,
    /// Whose the accounts and groups are by a directory that this host fills, by kind, name and number.
    held: BTreeMap<(EntryKind, String, u32), RemoteId>,
}

impl Evidence {
    /// Looks for it.
    pub(crate) fn read(env: &Env, witnesses: Witnesses) -> Result<Self> {
        let target = env.target()?;
        let anchor = anchored::anchor(target.as_ref())?;
        Ok(Self {
            marks: marks(env, target.as_ref())?,
            given: anchor.map(|anchor| anchor.given).unwrap_or_default(),
            held: match witnesses {
                Witnesses::Host => BTreeMap::new(),
                Witnesses::AndDirectory => held(env)?,
            },
        })
    }

    /// Whose a group is, as a directory says.
    pub(crate) fn group_id(&self, name: &str, found: &HostGroup<'_>) -> Option<&RemoteId> {
        let key = (EntryKind::Group, name.to_owned(), found.gid);
        self.held.get(&key)
    }

    /// Whether a group is one that gosync made: no account's own, and with a number that it gave.
    pub(crate) fn gave_group(&self, name: &str, found: &HostGroup<'_>, host: &Host<'_>) -> bool {
        let is_own = host
            .accounts
            .get(name)
            .is_some_and(|account| account.gid == found.gid);
        !is_own && self.given.gids.contains(found.gid)
    }
}

/// Tells whose accounts are.
pub(crate) struct Whose<'a> {
    evidence: &'a Evidence,
    by_mark: BTreeMap<String, &'a User>,
    by_id: BTreeMap<&'a RemoteId, &'a User>,
    /// People by what they would be called here.
    by_name: &'a Index<'a, User>,
}

impl<'a> Whose<'a> {
    /// By what the host says, and a directory.
    pub(crate) fn new(
        evidence: &'a Evidence,
        directory: &'a Directory,
        by_name: &'a Index<'a, User>,
    ) -> Self {
        let users = directory.users.iter();
        let by_mark = users.map(|user| (keys::mark(&user.id), user)).collect();
        Self {
            evidence,
            by_mark,
            by_id: directory.users.iter().map(|it| (&it.id, it)).collect(),
            by_name,
        }
    }

    /// Whose an account is; `None`: nothing says that it is gosync's.
    pub(crate) fn account(
        &self,
        name: &str,
        found: &HostAccount<'_>,
    ) -> Option<std::result::Result<Cow<'a, User>, Reason>> {
        if let Some(mark) = self.evidence.marks.get(name) {
            match (self.by_mark.get(mark), keys::marked_id(mark)) {
                (Some(user), _) => return Some(Ok(Cow::Borrowed(*user))),
                (None, Some(id)) => return Some(Ok(Cow::Owned(leaver(&id, name, found)))),
                (None, None) => {}
            }
        }
        let key = (EntryKind::Account, name.to_owned(), found.uid);
        if let Some(id) = self.evidence.held.get(&key) {
            return Some(Ok(match self.by_id.get(id) {
                Some(user) => Cow::Borrowed(*user),
                None => Cow::Owned(leaver(id, name, found)),
            }));
        }
        if !self.evidence.given.uids.contains(found.uid) {
            return None;
        }
        let asks = |user: &User| user.uid.as_ref().map(|uid| uid.raw().to_owned());
        Some(match self.by_name.get(name) {
            [] => Err(Reason::Ownerless {
                name: Untrusted::new(name),
                uid: found.uid,
            }),
            [user] if asks(user).is_none_or(|uid| uid == found.uid.to_string()) => {
                Ok(Cow::Borrowed(*user))
            }
            [user] => Err(Reason::OtherUidAsked {
                login: user.login.clone(),
                uid: found.uid,
            }),
            several => Err(adoption::several_people(Untrusted::new(name), several)),
        })
    }
}

/// What directories that this host fills say of accounts and groups.
fn held(env: &Env) -> Result<BTreeMap<(EntryKind, String, u32), RemoteId>> {
    let mut all = BTreeMap::new();
    for (name, target) in writers::shared_some(env)? {
        for known in writers::lesson(env, name, target)? {
            let Held {
                kind,
                id,
                name,
                number,
                ..
            } = known.held;
            if let (Some(id), Some(_)) = (id, known.provider) {
                all.insert((kind, name, number), id);
            }
        }
    }
    Ok(all)
}

/// A record of somebody whom the provider has no more, as the account says: so that the next sync knows who left.
fn leaver(id: &RemoteId, name: &str, found: &HostAccount<'_>) -> User {
    let text = |text: &str| Some(Untrusted::new(text));
    User {
        name: text(found.fields.gecos),
        uid: text(&found.uid.to_string()),
        home: text(found.fields.home),
        shell: text(found.fields.shell),
        ..User::new(id.clone(), name)
    }
}

/// Numbers that may have been given, besides those of the anchor: nobody else gets one.
pub(super) fn numbers(env: &Env, target: &dyn Target) -> Result<Numbers> {
    let rules = &env.settings.rules;
    let (uids, gids) = (rules.accounts.uid_range, rules.groups.gid_range);
    let current = target.read(Hold::Open)?;
    let host = current.host();
    let mut seen: Vec<u32> = host.accounts.values().map(|found| found.uid).collect();
    for base in env.home_bases() {
        seen.extend(owners(&target.locate(&base.to_string_lossy())));
    }
    seen.extend(archived(&target.locate(&rules.departed.archive_dir)));
    let groups = host.groups.values().map(|found| found.gid);
    Ok(Numbers {
        uids: within(uids, seen),
        gids: within(gids, groups),
        subids: IdRanges::default(),
    })
}

fn within(range: IdRange, numbers: impl IntoIterator<Item = u32>) -> IdRanges {
    let numbers = numbers.into_iter().filter(|number| range.contains(*number));
    numbers.map(|number| (number, number)).collect()
}

/// Whose the directories in a home base are. One that cannot be read says nothing.
fn owners(base: &Path) -> Vec<u32> {
    let names = files::list(base).unwrap_or_default();
    let owner = |name| match files::owner(&base.join(name)) {
        Some(Owner::Directory(uid)) => Some(uid),
        Some(Owner::NotADirectory) | None => None,
    };
    names.into_iter().filter_map(owner).collect()
}

/// The uids in the names of archives, `NAME-UID-TIME.tar.zst`.
fn archived(dir: &Path) -> Vec<u32> {
    let names = files::list(dir).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.to_str());
    names.filter_map(uid_of_archive).collect()
}

fn uid_of_archive(name: &str) -> Option<u32> {
    let (before, _) = name.split_once(".tar.")?;
    let mut parts = before.rsplitn(3, '-');
    let (_time, uid, _name) = (parts.next()?, parts.next()?, parts.next()?);
    uid.parse().ok()
}

/// Whose accounts files with keys are for: those in which every key has the same mark.
fn marks(env: &Env, target: &dyn Target) -> Result<BTreeMap<String, String>> {
    let dir = &env.settings.rules.keys.directory;
    let files = target.key_files()?;
    let mut marks = BTreeMap::new();
    for name in files.names() {
        if let Ok(KeyFile::Plain { bytes, .. }) = files.at(&format!("{dir}/{name}"))
            && let Some(mark) = marked(&String::from_utf8_lossy(&bytes))
        {
            marks.insert(name.to_owned(), mark.to_owned());
        }
    }
    Ok(marks)
}

/// The mark that all lines have.
fn marked(text: &str) -> Option<&str> {
    let mut marks = text.lines().map(|line| line.rsplit(' ').next());
    let first = marks.next()??;
    keys::marked_id(first)?;
    marks.all(|mark| mark == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_keys_says_whose_it_is_if_all_its_lines_agree() {
        assert_eq!(marked("ssh-ed25519 AAAA gosync:u-1\n"), Some("gosync:u-1"));
        let two = "ssh-ed25519 AAAA gosync:u-1\nrestrict ssh-rsa BBBB gosync:u-1\n";
        assert_eq!(marked(two), Some("gosync:u-1"));
        for odd in [
            "",
            "ssh-ed25519 AAAA ann@home\n",
            "ssh-ed25519 AAAA gosync:u-1\nssh-rsa BBBB gosync:u-2\n",
            "ssh-ed25519 AAAA gosync:u-1\nssh-rsa BBBB ann@home\n",
            "ssh-ed25519 AAAA gosync:\n",
        ] {
            assert_eq!(marked(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_archive_is_named_after_a_uid() {
        assert_eq!(
            uid_of_archive("ann-20000-20261129T070000Z.tar.zst"),
            Some(20_000)
        );
        assert_eq!(
            uid_of_archive("a-b-20001-20261129T070000Z.tar.gz"),
            Some(20_001)
        );
        for odd in [
            "ann.tar.zst",
            "20000-x.tar.gz",
            "ann-x-1.tar.gz",
            "ann-20000-1",
        ] {
            assert_eq!(uid_of_archive(odd), None, "{odd}");
        }
    }
}
