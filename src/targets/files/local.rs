//! One set of databases, as the configuration describes it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::config::Config;
use super::paths::Paths;
use crate::system::home_base::{HomeBase, Obstacle};
use crate::system::root::Root;
use crate::system::stat::{Asker, Stat};
use crate::system::{PathError, clock};
use crate::targets::kind::TargetConfig;
use crate::targets::{Contents, PackingTime, Place, Target};

/// The host, or the tree below `--root`.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) root: Root,
    pub(super) paths: Paths,
    pub(super) state_dir: PathBuf,
    pub(super) home_bases: Vec<PathBuf>,
    home_base_mounted: bool,
    pub(super) shadow_day: i64,
    pub(super) key_dir: String,
    /// What could not be removed though it is out of sight, and why, until that is told.
    litter: RefCell<BTreeMap<PathBuf, Option<String>>>,
    /// What else is to be told.
    told: RefCell<Vec<String>>,
    asker: OnceCell<Asker>,
    packing: PackingTime,
    pub(super) ahead: Rc<Contents>,
    /// Until when homes may be packed, once one was.
    packing_ends: Cell<Option<Instant>>,
}

impl TargetConfig for Config {
    fn open(&self, name: &str, place: Place) -> Box<dyn Target> {
        Box::new(Local::new(name, self.clone(), place))
    }
}

impl Local {
    /// The target `name`, with the databases at `place`.
    fn new(name: &str, config: Config, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            paths: Paths::new(config.layout, place.root.clone()),
            config,
            root: place.root,
            state_dir: place.state_dir,
            home_bases: place.home_bases,
            home_base_mounted: place.home_base_mounted,
            shadow_day: place.shadow_day,
            key_dir: place.key_dir,
            litter: RefCell::default(),
            told: RefCell::default(),
            asker: OnceCell::new(),
            packing: place.packing,
            ahead: place.ahead,
            packing_ends: Cell::new(None),
        }
    }

    /// Notes that something stays that only takes up room.
    pub(super) fn stays(&self, error: PathError) {
        let why = error.to_string();
        self.litter
            .borrow_mut()
            .entry(error.path)
            .or_insert(Some(why));
    }

    /// Notes something that is to be told, and holds nothing up.
    pub(super) fn tell(&self, text: String) {
        self.told.borrow_mut().push(text);
    }

    /// How long the next home may be packed.
    ///
    /// # Errors
    /// When the time of this run is up.
    pub(super) fn time_to_pack(&self) -> io::Result<Duration> {
        let ends = self.packing_ends.get();
        let ends = ends.unwrap_or_else(|| clock::deadline(self.packing.run));
        self.packing_ends.set(Some(ends));
        match clock::left(ends) {
            Duration::ZERO => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the time that a run has to pack homes is up ([departed] time_limit)",
            )),
            left => Ok(left.min(self.packing.home)),
        }
    }

    /// What is to be told since the last call: what was told, and what stays, in one sentence and each place once.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all = self.told.take();
        let mut litter = self.litter.borrow_mut();
        let new: Vec<String> = litter.values_mut().filter_map(Option::take).collect();
        if let Some(first) = new.first() {
            let more = match new.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more such places)"),
            };
            all.push(format!(
                "what is not needed any more stays, and takes up room: {first}{more}; later runs try again"
            ));
        }
        all
    }

    /// What stands at a path of a home, by its real path.
    ///
    /// # Errors
    /// When nobody can say, or does within the time.
    pub(super) fn look(&self, path: &Path) -> Result<Option<Stat>, PathError> {
        self.asker.get_or_init(Asker::new).look(path)
    }

    /// Opens a directory that homes are in, by its real path.
    ///
    /// # Errors
    /// Why nothing can be made, moved or taken away there.
    pub(super) fn open_base(&self, path: &Path) -> Result<OwnedFd, Obstacle> {
        let base = HomeBase {
            path,
            top: &self.root.path("/"),
            mounted: self.home_base_mounted,
        };
        base.open()
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.root.path(&self.state_dir)
    }

    /// Where `path` of the managed host really is.
    pub(crate) fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}
