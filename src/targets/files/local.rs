//! One set of databases, as the configuration describes it.

use std::path::PathBuf;

use super::config::Config;
use super::paths::Paths;
use crate::system::root::Root;
use crate::targets::Place;

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
}

impl Local {
    /// The target `name`, with the databases at `place`.
    pub(crate) fn new(name: &str, config: Config, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            paths: Paths::new(config.layout, place.root.clone()),
            config,
            root: place.root,
            state_dir: place.state_dir,
            home_bases: place.home_bases,
            shadow_day: place.shadow_day,
            key_dir: place.key_dir,
        }
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.root.path(&self.state_dir)
    }

    /// Where `path` of the managed host really is.
    pub(crate) fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}
