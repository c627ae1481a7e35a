//! A look at all databases that goes on where a run would stop, so that everything that is wrong with them can be told
//! at once. Changes nothing and refuses nothing.

use std::path::PathBuf;

use super::layout::{Layout, Missing, Way};
use super::paths::Paths;
use crate::formats::Lines;
use crate::system::root::Root;
use crate::system::{files, replace};

/// One database.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    /// Its name, such as `passwd`.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether gosync writes it; else it is only read.
    pub written: bool,
    /// Whether nothing is planned where it is missing.
    pub required: bool,
    /// Whether there is such a file.
    pub exists: bool,
    /// Its lines; none if it could not be read.
    pub lines: Lines,
    /// Why it cannot be read or replaced, in our own words.
    pub fault: Option<String>,
}

/// All databases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Each, those that gosync writes first.
    pub files: Vec<Surveyed>,
    /// Why the files that change together cannot be swapped, if there are such files.
    pub unswappable: Option<String>,
}

impl Survey {
    /// The databases of this name, the written one first.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Surveyed> {
        self.files.iter().filter(move |file| file.name == name)
    }

    /// Whether a database of this name is there and could not be read; then it does not show what is missing.
    pub(crate) fn is_unread(&self, name: &str) -> bool {
        self.files
            .iter()
            .any(|file| file.name == name && file.fault.is_some() && file.lines.is_empty())
    }

    /// The database of this name that gosync writes.
    pub(crate) fn written<'a>(&'a self, name: &'a str) -> Option<&'a Surveyed> {
        self.named(name).find(|file| file.written)
    }
}

/// Looks at every database of a layout below a root.
pub(crate) fn survey(layout: &'static Layout, root: &Root) -> Survey {
    let paths = Paths::new(layout, root.clone());
    let written = layout.written.iter().map(|file| {
        let path = paths.of(file);
        let required = file.missing == Missing::Refused;
        look(file.db.name(), path, Some((file.way, required)))
    });
    let read = paths.references();
    let read = read.map(|(db, path)| look(db.name(), path, None));
    let unswappable = paths.generations().and_then(|there| there.probe().err());
    Survey {
        files: written.chain(read).collect(),
        unswappable: unswappable.map(|e| e.to_string()),
    }
}

/// Looks at one file. `written`: how it changes and whether it has to be there, if gosync writes it.
fn look(name: &'static str, path: PathBuf, written: Option<(Way, bool)>) -> Surveyed {
    let (bytes, unread) = match files::read_plain(&path) {
        Ok(bytes) => (bytes, None),
        Err(e) => (None, Some(e.to_string())),
    };
    let probe = || {
        let is_alone = written.is_some_and(|(way, _)| way == Way::Alone);
        is_alone.then(|| replace::probe(&path).err()).flatten()
    };
    Surveyed {
        name,
        written: written.is_some(),
        required: written.is_some_and(|(_, required)| required),
        exists: bytes.is_some() || unread.is_some(),
        lines: Lines::new(bytes.unwrap_or_default()),
        fault: unread.or_else(|| probe().map(|e| e.to_string())),
        path,
    }
}
