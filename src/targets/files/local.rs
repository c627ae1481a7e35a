//! One set of databases: where its files are.

use std::path::PathBuf;

use super::config::Config;
use super::db::Db;
use super::generations::GenerationPaths;
use super::layout::Layout;
use crate::policy::keys::KeyRules;
use crate::system::root::Root;

/// The host, or the tree below `--root`.
#[derive(Clone, Debug)]
pub struct Local {
    pub(super) config: Config,
    pub(super) root: Root,
    pub(super) state_dir: PathBuf,
    pub(super) home_bases: Vec<PathBuf>,
    pub(super) shadow_day: i64,
    pub(super) key_dir: String,
}

impl Local {
    /// A target below `root`. `state_dir` is where ledger and journal are, and `home_bases` are where homes are, both
    /// as paths of the managed host; `shadow_day` is today as shadow(5) counts.
    pub fn new(
        config: Config,
        root: Root,
        state_dir: PathBuf,
        home_bases: Vec<PathBuf>,
        shadow_day: i64,
    ) -> Self {
        let key_dir = KeyRules::default().directory;
        Self {
            config,
            root,
            state_dir,
            home_bases,
            shadow_day,
            key_dir,
        }
    }

    /// How the databases are laid out.
    pub(super) fn layout(&self) -> &'static Layout {
        self.config.layout
    }

    /// Where a database that gosync writes is; `None` where this layout has none.
    pub(super) fn path(&self, db: Db) -> Option<PathBuf> {
        let file = self.layout().file(db)?;
        Some(self.root.path(file.dir).join(db.name()))
    }

    /// Where the databases are that gosync only reads.
    pub(super) fn references(&self) -> impl Iterator<Item = (Db, PathBuf)> {
        let path = |(db, dir): &(Db, &str)| (*db, self.root.path(dir).join(db.name()));
        self.layout().reference.iter().map(path)
    }

    /// The present link and the directories of the files that change together, if there are any.
    pub(super) fn generations(&self) -> Option<GenerationPaths> {
        let there = self.layout().generations.as_ref()?;
        Some(GenerationPaths::new(self.root.path(there.link), there))
    }

    pub(super) fn password_lock(&self) -> PathBuf {
        self.root.path(self.layout().lock)
    }

    pub(super) fn state_dir(&self) -> PathBuf {
        self.root.path(&self.state_dir)
    }

    /// Whether the databases belong to the host that this process runs on.
    pub fn is_host(&self) -> bool {
        self.root.is_host()
    }

    /// Puts files with SSH keys into this directory of the managed host.
    #[must_use]
    pub fn with_keys(self, directory: &str) -> Self {
        Self {
            key_dir: directory.into(),
            ..self
        }
    }

    /// Where `path` of the managed host really is.
    pub fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}
