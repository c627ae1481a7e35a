//! What a run reads of this machine: each file and directory, as it stood before it was read.
//!
//! Every way to read one that `files` has tells it here, so that nothing can be forgotten by whoever adds another. A later run
//! that finds all of it as it was would read the same. Only one thread's reads are watched: what others read is their
//! caller's, and lies in homes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

thread_local! {
    static WATCHED: RefCell<Option<Inputs>> = const { RefCell::new(None) };
}

/// What stands at a path, and what any change of it changes too. Of a directory that was not listed, nothing that changes
/// with what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    dev: u64,
    ino: u64,
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    /// Seconds and nanoseconds.
    mtime: (i64, i64),
    /// The same. Nobody can set it to a time of their own.
    ctime: (i64, i64),
}

/// What was seen at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Whether the names in it were read, if it is a directory.
    listed: bool,
    /// What it leads to; `None`: nothing.
    goal: Option<State>,
    /// The link that stands there, if it is one.
    link: Option<State>,
}

/// What was read.
pub(crate) type Inputs = BTreeMap<PathBuf, Seen>;

/// Watches what is read, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watching(());

impl State {
    fn of(meta: &Metadata, listed: bool) -> Self {
        let inside = |figure: i64| if meta.is_dir() && !listed { 0 } else { figure };
        Self {
            dev: meta.dev(),
            ino: meta.ino(),
            mode: meta.mode(),
            uid: meta.uid(),
            gid: meta.gid(),
            size: if meta.is_dir() { 0 } else { meta.size() },
            mtime: (inside(meta.mtime()), inside(meta.mtime_nsec())),
            ctime: (inside(meta.ctime()), inside(meta.ctime_nsec())),
        }
    }
}

impl Seen {
    /// What is at a path now. What cannot be looked at is taken for nothing.
    fn now(path: &Path, listed: bool) -> Self {
        let state = |meta: io::Result<Metadata>| Some(State::of(&meta.ok()?, listed));
        let goal = state(fs::metadata(path));
        let link = state(fs::symlink_metadata(path));
        Self {
            listed,
            goal,
            link: link.filter(|link| Some(*link) != goal),
        }
    }

    /// Whether all is still so at this path.
    pub(crate) fn is_still(&self, path: &Path) -> bool {
        *self == Self::now(path, self.listed)
    }

    /// Whether any of it was changed at this time, in seconds since 1970, or later: then another change may have left no trace.
    pub(crate) fn is_of(&self, time: i64) -> bool {
        let states = self.goal.iter().chain(&self.link);
        let mut times = states.flat_map(|state| [state.mtime.0, state.ctime.0]);
        times.any(|changed| changed >= time)
    }
}

impl Watching {
    /// Begins anew.
    pub(crate) fn begin() -> Self {
        WATCHED.set(Some(Inputs::new()));
        Self(())
    }

    /// What was read up to now; `None`: something was asked that no file shows.
    pub(crate) fn seen(&self) -> Option<Inputs> {
        WATCHED.with_borrow(Clone::clone)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCHED.set(None);
    }
}

/// A file is about to be read, or a path looked at.
pub(crate) fn note(path: &Path) {
    watch(path, false);
}

/// Does something, and gives what was read for it, each as it stood when it was read first; `None`: something was asked that no
/// file shows.
pub(crate) fn during<T>(act: impl FnOnce() -> T) -> (T, Option<Inputs>) {
    let taken = || WATCHED.with_borrow_mut(|inputs| inputs.as_mut().map(std::mem::take));
    let before = taken();
    let done = act();
    let mut read = taken();
    if let (Some(read), Some(before)) = (&mut read, before) {
        let known: Inputs = before
            .iter()
            .filter(|(path, _)| read.contains_key(*path))
            .map(|(path, seen)| (path.clone(), *seen))
            .collect();
        keep_older(read, &known);
        WATCHED.set(Some(before));
    }
    recall(read.as_ref());
    (done, read)
}

/// What [`during`] gave counts as read now.
pub(crate) fn recall(earlier: Option<&Inputs>) {
    match earlier {
        Some(earlier) => WATCHED.with_borrow_mut(|inputs| {
            inputs.iter_mut().for_each(|it| keep_older(it, earlier));
        }),
        None => note_unseen(),
    }
}

/// Puts what was seen earlier in the place of what was seen later.
fn keep_older<'a>(inputs: &mut Inputs, earlier: impl IntoIterator<Item = (&'a PathBuf, &'a Seen)>) {
    for (path, seen) in earlier {
        let later = inputs.entry(path.clone()).or_insert(*seen);
        if seen.listed || !later.listed {
            *later = *seen;
        }
    }
}

/// Something of this machine, or of another one, is asked that no file shows, such as processes and mounts.
pub(crate) fn note_unseen() {
    WATCHED.set(None);
}

/// The names in a directory are about to be read.
pub(crate) fn note_listing(dir: &Path) {
    watch(dir, true);
}

fn watch(path: &Path, listed: bool) {
    WATCHED.with_borrow_mut(|inputs| {
        let knows = |it: &Inputs| it.get(path).is_some_and(|seen| seen.listed || !listed);
        if let Some(inputs) = inputs.as_mut().filter(|it| !knows(it)) {
            inputs.insert(path.to_owned(), Seen::now(path, listed));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::files;

    /// A way to read, and its name.
    type Read<'a> = (&'static str, &'a dyn Fn(&Path));

    #[test]
    fn every_way_to_read_a_file_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        let path = |name: &str| dir.join(name);
        let reads: [Read<'_>; 12] = [
            ("plain", &|it| drop(files::read_plain(it))),
            ("still", &|it| drop(files::is_still(it, None))),
            ("look", &|it| drop(files::look(it))),
            ("goal", &|it| drop(files::goal(it))),
            ("owner", &|it| {
                let _ = files::owner(it);
            }),
            ("list", &|it| drop(files::list(it))),
            ("entries", &|it| drop(files::entries(it))),
            ("limited", &|it| drop(files::read_limited(it, 9))),
            ("shown", &|it| drop(files::read_shown(it, 9))),
            ("source", &|it| drop(files::read_source(it, 9, None))),
            ("modified", &|it| drop(files::modified(it))),
            ("everybodys", &|it| drop(files::is_everybodys(it))),
        ];
        let watching = Watching::begin();
        for (name, read) in reads {
            read(&path(name));
        }
        drop(files::read_trusted(&path("trusted"), files::Trust::Secret));
        drop(files::read_entry((&dir, None), "entry", 9));
        drop(files::check_source_directory(&path("directory"), None));
        drop(files::resolved(&path("resolved")));
        drop(files::complaint_of(&path("complaint")));
        let seen = watching.seen().unwrap();
        let more = ["trusted", "entry", "directory", "resolved", "complaint"];
        for name in reads.iter().map(|(name, _)| *name).chain(more) {
            let seen = seen.get(&path(name));
            assert!(seen.is_some_and(|it| it.goal.is_none()), "{name}");
        }
        drop(watching);
        drop(files::look(&path("look")));
        assert_eq!(WATCHED.take(), None, "nobody watches any more");
    }

    #[test]
    fn each_change_of_what_stands_at_a_path_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("it"), dir.path().join("other"));
        let link = dir.path().join("link");
        fs::write(&path, "one").unwrap();
        std::os::unix::fs::symlink("it", &link).unwrap();
        let mut last = Seen::now(&link, false);
        let mut changed = |what: &str, change: &dyn Fn()| {
            change();
            let now = Seen::now(&link, false);
            assert!(!last.is_still(&link) && now.is_still(&link), "{what}");
            last = now;
        };
        changed("content", &|| fs::write(&path, "two!").unwrap());
        changed("mode", &|| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        });
        changed("another file", &|| {
            fs::copy(&path, &other).unwrap();
            fs::rename(&other, &path).unwrap();
        });
        changed("another link", &|| {
            fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink("it", &link).unwrap();
        });
        changed("none", &|| fs::remove_file(&path).unwrap());
        assert!(last.is_of(1_700_000_000) && !last.is_of(i64::MAX));
    }

    #[test]
    fn what_was_read_for_one_thing_counts_for_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let watching = Watching::begin();
        note(&path("both"));
        note(&path("before"));
        fs::write(path("both"), "new").unwrap();
        let ((), read) = during(|| {
            note(&path("both"));
            note(&path("within"));
        });
        let seen = watching.seen().unwrap();
        assert_eq!(seen.len(), 3);
        assert!(seen[&path("both")].goal.is_none(), "as it stood at first");
        let read = read.unwrap();
        assert!(read.keys().eq([&path("both"), &path("within")]));
        drop(watching);
        let watching = Watching::begin();
        fs::write(path("within"), "new").unwrap();
        note(&path("within"));
        recall(Some(&read));
        assert_eq!(watching.seen().unwrap(), read);
        let ((), unseen) = during(note_unseen);
        assert!(unseen.is_none() && watching.seen().is_none());
        drop(watching);
        let watching = Watching::begin();
        recall(unseen.as_ref());
        assert_eq!(watching.seen(), None);
    }

    #[test]
    fn what_is_in_a_directory_matters_where_it_was_listed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let (looked, listed) = (Seen::now(dir, false), Seen::now(dir, true));
        fs::write(dir.join("new"), "").unwrap();
        assert!(looked.is_still(dir) && !listed.is_still(dir));
        let watching = Watching::begin();
        note(dir);
        note_listing(dir);
        note(dir);
        assert!(watching.seen().unwrap()[dir].listed);
        note_unseen();
        note(dir);
        assert_eq!(watching.seen(), None);
    }
}
