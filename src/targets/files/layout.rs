//! Layouts: which databases there are, where they are, and how they change, as data.
//!
//! A set of databases that is laid out in another way is another value here, and one more in
//! [`LAYOUTS`]; nothing else asks which one it is. Rules: passwd(5), nsswitch.conf(5),
//! libnss-extrausers(8), the source of libnss-cache 0.18.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::db::Db;
use super::index::{By, Index};

/// The host's own accounts, whatever is written: without a sound one it is no host's tree.
pub(super) const HOST_PASSWD: &str = "/etc/passwd";

/// One set of databases.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What it is called in the configuration: `database = "WORD"`.
    pub word: &'static str,
    /// The service of nsswitch.conf(5) that reads it.
    pub service: &'static str,
    /// What reads it, if that is not glibc itself.
    pub reader: Option<Reader>,
    /// Programs that check it.
    pub checkers: &'static [&'static str],
    /// The link behind which the files that change together are, if there are such files.
    pub generations: Option<Generations>,
    /// What keeps others from changing the files, if they ask.
    pub(super) lock: &'static str,
    /// The files that are written, in the order in which new entries become visible: passwd last,
    /// so that nobody is seen before they are whole; gshadow before group, since what group does
    /// not show yet is planned again if the list is broken off.
    pub(super) written: &'static [DbFile],
    /// Directories of databases that are only read, since what they hold is not free.
    pub(super) reference: &'static [(Db, &'static str)],
}

/// A module that reads a set of databases.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Its package.
    pub package: &'static str,
    /// Its file.
    pub module: &'static str,
    /// Uids, gids and primary gids below this are passed over without a word.
    pub smallest_id: u32,
}

/// A symbolic link that points to the present one of several directories.
#[derive(Debug)]
pub(crate) struct Generations {
    /// The link.
    pub link: &'static str,
    /// The name of the directory beside it that all of them are in.
    pub(super) beside: &'static str,
    /// Whether programs look for the files beside the link, and not behind it: then each file has a link of its own there.
    pub(super) has_names_beside: bool,
}

/// One file that is written.
#[derive(Debug)]
pub(super) struct DbFile {
    /// What it holds.
    pub db: Db,
    /// The directory it is in.
    pub dir: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its indexes, in files of their own beside it.
    pub indexes: &'static [Index],
    /// How it changes.
    pub way: Way,
    /// What is done where it is missing.
    pub missing: Missing,
}

/// How a file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a rename of its own; the old one is kept beside it as `FILE-`.
    Alone,
    /// With all others of its directory, by a new generation; the old one is kept as it was.
    Together,
}

/// What is done where a file is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing is planned at all.
    Refused,
    /// It stays missing.
    Left,
    /// It is made when it is needed.
    Made,
}

/// The files in `/etc` that useradd(8) writes.
pub(crate) static ETC: Layout = Layout {
    word: "etc",
    service: "files",
    reader: None,
    checkers: &["pwck", "grpck"],
    generations: None,
    lock: "/etc/.pwd.lock",
    written: &[
        alone(Db::Gshadow, Missing::Left),
        alone(Db::Group, Missing::Refused),
        alone(Db::Subuid, Missing::Made),
        alone(Db::Subgid, Missing::Made),
        alone(Db::Shadow, Missing::Refused),
        alone(Db::Passwd, Missing::Refused),
    ],
    reference: &[
        (Db::Passwd, "/var/lib/extrausers"),
        (Db::Group, "/var/lib/extrausers"),
    ],
};

/// The files in `/var/lib/extrausers` that libnss-extrausers reads. It has no gshadow, and
/// newuidmap(1) looks for subordinate ids in `/etc` alone.
pub(crate) static EXTRAUSERS: Layout = Layout {
    word: "extrausers",
    service: "extrausers",
    reader: Some(Reader {
        package: "libnss-extrausers",
        module: "libnss_extrausers.so.2",
        smallest_id: 500, // as of 0.6
    }),
    checkers: &[],
    generations: Some(Generations {
        link: "/var/lib/extrausers",
        beside: "extrausers.gosync",
        has_names_beside: false,
    }),
    lock: "/etc/.pwd.lock",
    written: &[
        extrausers(Db::Group),
        alone(Db::Subuid, Missing::Made),
        alone(Db::Subgid, Missing::Made),
        extrausers(Db::Shadow),
        extrausers(Db::Passwd),
    ],
    reference: &[(Db::Passwd, "/etc"), (Db::Group, "/etc")],
};

/// The files `/etc/passwd.cache`, `group.cache` and `shadow.cache` that libnss-cache reads, with their indexes. It reads no
/// gshadow before 0.19, and newuidmap(1) looks for subordinate ids in `/etc` alone.
pub(crate) static NSS_CACHE: Layout = Layout {
    word: "nss_cache",
    service: "cache",
    reader: Some(Reader {
        package: "libnss-cache",
        module: "libnss_cache.so.2",
        smallest_id: 0,
    }),
    checkers: &[],
    generations: Some(Generations {
        link: "/etc/nss_cache",
        beside: "nss_cache.gosync",
        has_names_beside: true,
    }),
    lock: "/etc/.pwd.lock",
    written: &[
        cached(Db::Group, "group.cache", &[BY_NAME, BY_GID]),
        alone(Db::Subuid, Missing::Made),
        alone(Db::Subgid, Missing::Made),
        cached(Db::Shadow, "shadow.cache", &[BY_NAME]),
        cached(Db::Passwd, "passwd.cache", &[BY_NAME, BY_UID]),
    ],
    reference: &[(Db::Passwd, "/etc"), (Db::Group, "/etc")],
};

const BY_NAME: Index = Index {
    suffix: ".ixname",
    by: By::Name,
};

const BY_UID: Index = Index {
    suffix: ".ixuid",
    by: By::Number,
};

const BY_GID: Index = Index {
    suffix: ".ixgid",
    by: By::Number,
};

/// All of them.
static LAYOUTS: [&Layout; 3] = [&ETC, &EXTRAUSERS, &NSS_CACHE];

/// Their words.
static WORDS: [&str; LAYOUTS.len()] = words(&LAYOUTS);

const fn words<const N: usize>(layouts: &[&'static Layout; N]) -> [&'static str; N] {
    let (mut words, mut at) = ([""; N], 0);
    while at < N {
        words[at] = layouts[at].word;
        at += 1;
    }
    words
}

const fn alone(db: Db, missing: Missing) -> DbFile {
    DbFile {
        db,
        dir: "/etc",
        name: db.name(),
        indexes: &[],
        way: Way::Alone,
        missing,
    }
}

const fn extrausers(db: Db) -> DbFile {
    DbFile {
        db,
        dir: "/var/lib/extrausers",
        name: db.name(),
        indexes: &[],
        way: Way::Together,
        missing: Missing::Made,
    }
}

const fn cached(db: Db, name: &'static str, indexes: &'static [Index]) -> DbFile {
    DbFile {
        db,
        dir: "/etc/nss_cache",
        name,
        indexes,
        way: Way::Together,
        missing: Missing::Made,
    }
}

impl DbFile {
    /// The names of its indexes.
    pub(super) fn index_names(&self) -> impl Iterator<Item = String> {
        self.indexes
            .iter()
            .map(|index| format!("{}{}", self.name, index.suffix))
    }
}

impl Layout {
    /// The layout that the configuration means.
    pub(super) fn by_word<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Self, D::Error> {
        let word = String::deserialize(from)?;
        let found = LAYOUTS.into_iter().find(|layout| layout.word == word);
        found.ok_or_else(|| D::Error::unknown_variant(&word, &WORDS))
    }

    /// The file that holds a database; `None`: this layout has no such file.
    pub(super) fn file(&self, db: Db) -> Option<&DbFile> {
        self.written.iter().find(|file| file.db == db)
    }

    /// The names of the files that change together: the databases in the order in which they are written, then their
    /// indexes, since a reader passes over an index that is older than its file, and not over one that is newer.
    pub(super) fn names_together(&self) -> impl Iterator<Item = String> {
        let together = || {
            let files = self.written.iter();
            files.filter(|file| file.way == Way::Together)
        };
        let names = together().map(|file| file.name.to_owned());
        names.chain(together().flat_map(DbFile::index_names))
    }

    /// Directories in which single files are replaced.
    pub(super) fn directories_of_single_files(&self) -> BTreeSet<&'static str> {
        let alone = self.written.iter().filter(|file| file.way == Way::Alone);
        alone.map(|file| file.dir).collect()
    }

    /// Directories whose entries change.
    pub(crate) fn directories(&self) -> BTreeSet<&'static str> {
        let above = |link: &'static str| link.rsplit_once('/').map_or("/", |(above, _)| above);
        let link = self.generations.iter().map(|there| above(there.link));
        let mut all = self.directories_of_single_files();
        all.extend(link);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_shows_accounts_last_and_lists_each_database_once() {
        for layout in LAYOUTS {
            let order: Vec<Db> = layout.written.iter().map(|file| file.db).collect();
            assert_eq!(order.last(), Some(&Db::Passwd), "{}", layout.word);
            let once: BTreeSet<Db> = order.iter().copied().collect();
            assert_eq!(once.len(), order.len(), "{}", layout.word);
            let at = |db| order.iter().position(|it| *it == db);
            assert!(at(Db::Gshadow) < at(Db::Group) && at(Db::Group) < at(Db::Shadow));
        }
    }

    #[test]
    fn files_that_change_together_are_behind_the_link() {
        for layout in LAYOUTS {
            for file in layout.written {
                let is_behind = layout
                    .generations
                    .as_ref()
                    .is_some_and(|g| g.link == file.dir);
                assert_eq!(is_behind, file.way == Way::Together, "{:?}", file.db);
            }
        }
        assert_eq!(ETC.directories(), BTreeSet::from(["/etc"]));
        assert_eq!(
            EXTRAUSERS.directories(),
            BTreeSet::from(["/etc", "/var/lib"])
        );
        assert_eq!(NSS_CACHE.directories(), BTreeSet::from(["/etc"]));
    }
}
