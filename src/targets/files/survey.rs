//! A look at all databases that goes on where a run would stop, so that everything that is wrong with them can be told
//! at once. Changes nothing and refuses nothing.

use std::path::PathBuf;

use super::config::Database;
use super::db::Db;
use super::extrausers;
use super::local::Local;
use crate::formats::Lines;
use crate::system::{files, replace};

/// One database.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// Its name, such as `passwd`.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether gosync writes it; else it is of the other kind, and only read.
    pub written: bool,
    /// Whether there is such a file.
    pub exists: bool,
    /// Its lines; none if it could not be read.
    pub lines: Lines,
    /// Why it cannot be read or replaced, in our own words.
    pub fault: Option<String>,
}

/// All databases.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Each, those that gosync writes first.
    pub files: Vec<Surveyed>,
    /// Why the databases of extrausers cannot be swapped, if they are written.
    pub unswappable: Option<String>,
}

impl Survey {
    /// The databases of this name, the written one first.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Surveyed> {
        self.files.iter().filter(move |file| file.name == name)
    }

    /// Whether a database of this name is there and could not be read; then it does not show what is missing.
    pub fn is_unread(&self, name: &str) -> bool {
        self.files
            .iter()
            .any(|file| file.name == name && file.fault.is_some() && file.lines.is_empty())
    }

    /// The database of this name that gosync writes.
    pub fn written<'a>(&'a self, name: &'a str) -> Option<&'a Surveyed> {
        self.named(name).find(|file| file.written)
    }
}

impl Local {
    /// Looks at every database.
    pub fn survey(&self) -> Survey {
        let written = Db::ALL
            .into_iter()
            .filter_map(|db| Some((db, self.path(db)?, true)));
        let read = [Db::Passwd, Db::Group]
            .into_iter()
            .map(|db| (db, self.reference(db), false));
        let swapped = |db| {
            self.config.database == Database::Extrausers && !matches!(db, Db::Subuid | Db::Subgid)
        };
        let files = written.chain(read).map(|(db, path, written)| {
            let (bytes, unread) = match files::read_plain(&path) {
                Ok(bytes) => (bytes, None),
                Err(e) => (None, Some(e.to_string())),
            };
            let probe = || {
                (written && !swapped(db))
                    .then(|| replace::probe(&path).err())
                    .flatten()
            };
            Surveyed {
                name: db.name(),
                written,
                exists: bytes.is_some() || unread.is_some(),
                lines: Lines::new(bytes.unwrap_or_default()),
                fault: unread.or_else(|| probe().map(|e| e.to_string())),
                path,
            }
        });
        let unswappable = match self.config.database {
            Database::Etc => None,
            Database::Extrausers => extrausers::probe(&self.root.path(extrausers::DIR))
                .err()
                .map(|e| e.to_string()),
        };
        Survey {
            files: files.collect(),
            unswappable,
        }
    }
}
