//! One set of databases, as the configuration describes it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::config::Config;
use super::paths::Paths;
use crate::system::PathError;
use crate::system::root::Root;
use crate::targets::kind::TargetConfig;
use crate::targets::{Place, Target};

/// The host, or the tree below `--root`.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) root: Root,
    pub(super) paths: Paths,
    pub(super) state_dir: PathBuf,
    pub(super) home_bases: Vec<PathBuf>,
    pub(super) shadow_day: i64,
    pub(super) key_dir: String,
    /// What could not be removed though it is out of sight, and why, until that is told.
    litter: RefCell<BTreeMap<PathBuf, Option<String>>>,
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
            shadow_day: place.shadow_day,
            key_dir: place.key_dir,
            litter: RefCell::default(),
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

    /// What is to be told of what stays, in one sentence; each place once.
    pub(super) fn litter(&self) -> Option<String> {
        let mut litter = self.litter.borrow_mut();
        let new: Vec<String> = litter.values_mut().filter_map(Option::take).collect();
        let first = new.first()?;
        let more = match new.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more such places)"),
        };
        Some(format!(
            "what is not needed any more stays, and takes up room: {first}{more}; later runs try again"
        ))
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.root.path(&self.state_dir)
    }

    /// Where `path` of the managed host really is.
    pub(crate) fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}
