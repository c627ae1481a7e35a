//! This host's account databases: the files of `/etc`, or those of libnss-extrausers.

mod commit;
mod elsewhere;
mod extrausers;
mod keys;
mod moves;
mod read;
mod rename;
mod stage;
mod survey;

use std::path::PathBuf;
use std::time::Duration;

use crate::ledger::{Ledger, LedgerError, Run};
use crate::plan::Approved;
use crate::policy::keys::KeyRules;
use crate::system::PathError;
use crate::system::journal::{self, Left};
use crate::system::root::Root;
use crate::targets::{Committed, Target};

pub use elsewhere::Elsewhere;
pub use keys::KeyFiles;
pub use read::Current;
pub use stage::Staged;
pub use survey::{Survey, Surveyed};

/// `[target.NAME]` with `kind = "local"`
#[derive(Clone, Debug)]
pub struct Config {
    /// Which files hold the accounts.
    pub database: Database,
    /// What a new home is copied from.
    pub skel: PathBuf,
    /// Permission bits of a new home.
    pub home_mode: u32,
    /// How long to wait for the password lock.
    pub lock_wait: Duration,
}

/// Which files hold the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The files in `/etc` that useradd(8) writes.
    Etc,
    /// The files in `/var/lib/extrausers` that libnss-extrausers reads.
    Extrausers,
}

/// One of the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Db {
    /// group(5)
    Group,
    /// gshadow(5)
    Gshadow,
    /// subuid(5)
    Subuid,
    /// subgid(5)
    Subgid,
    /// shadow(5)
    Shadow,
    /// passwd(5)
    Passwd,
}

impl Db {
    /// All, in the order in which new entries become visible: passwd last, so that nobody is seen before they are
    /// whole; gshadow before group, since what group does not show yet is planned again if the list is broken off.
    pub(crate) const ALL: [Db; 6] = [
        Db::Gshadow,
        Db::Group,
        Db::Subuid,
        Db::Subgid,
        Db::Shadow,
        Db::Passwd,
    ];

    /// Its file's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Db::Group => "group",
            Db::Gshadow => "gshadow",
            Db::Subuid => "subuid",
            Db::Subgid => "subgid",
            Db::Shadow => "shadow",
            Db::Passwd => "passwd",
        }
    }

    /// Permission bits and owning group's name of a new file.
    pub(crate) fn appearance(self) -> (u32, Option<&'static str>) {
        match self {
            Db::Shadow | Db::Gshadow => (0o640, Some("shadow")),
            _ => (0o644, None),
        }
    }
}

/// Why the host could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A call on a path failed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A name service did not answer.
    #[error("cannot ask the host's name services: {0}")]
    NameService(String),
    /// A database is not what it must be.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Our own words.
        reason: String,
    },
}

/// The host, or the tree below `--root`.
#[derive(Clone, Debug)]
pub struct Local {
    config: Config,
    root: Root,
    state_dir: PathBuf,
    home_bases: Vec<PathBuf>,
    shadow_day: i64,
    key_dir: String,
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

    /// Where a database that gosync writes is; `None` where this kind of target has none.
    fn path(&self, db: Db) -> Option<PathBuf> {
        let dir = match (self.config.database, db) {
            (Database::Etc, _) | (_, Db::Subuid | Db::Subgid) => "/etc",
            (Database::Extrausers, Db::Gshadow) => return None,
            (Database::Extrausers, _) => extrausers::DIR,
        };
        Some(self.root.path(dir).join(db.name()))
    }

    /// Where a database is that gosync only reads: the one of the other kind.
    fn reference(&self, db: Db) -> PathBuf {
        let dir = match self.config.database {
            Database::Etc => extrausers::DIR,
            Database::Extrausers => "/etc",
        };
        self.root.path(dir).join(db.name())
    }

    fn password_lock(&self) -> PathBuf {
        self.root.path("/etc/.pwd.lock")
    }

    fn state_dir(&self) -> PathBuf {
        self.root.path(&self.state_dir)
    }

    /// Whether the databases belong to the host that this process runs on.
    pub fn is_host(&self) -> bool {
        self.root.is_host()
    }

    /// Whether an interrupted run left something to be finished or dropped.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn is_interrupted(&self) -> Result<bool, LocalError> {
        Ok(journal::left_behind(&self.state_dir())? != Left::Nothing)
    }

    /// Reads the databases while nobody else may change them, until the answer is dropped: for hosts on which others
    /// change them faster than a plan can be made.
    ///
    /// # Errors
    /// As [`Target::read`], and when somebody else holds the password lock for too long.
    pub fn read_alone(&self) -> Result<Current, LocalError> {
        let lock = commit::lock(self)?;
        Ok(Current::read(self)?.with_lock(lock))
    }

    /// The host's name services besides these databases.
    ///
    /// # Errors
    /// When nsswitch.conf(5) cannot be read.
    pub fn elsewhere(&self) -> Result<Elsewhere, LocalError> {
        Elsewhere::new(&self.root)
    }

    /// Puts files with SSH keys into this directory of the managed host.
    #[must_use]
    pub fn with_keys(self, directory: &str) -> Self {
        Self {
            key_dir: directory.into(),
            ..self
        }
    }

    /// What is in the directory with SSH keys.
    ///
    /// # Errors
    /// When it cannot be read, or others may write there.
    pub fn key_files(&self) -> Result<KeyFiles, LocalError> {
        KeyFiles::read(self, &self.key_dir)
    }

    /// Where `path` of the managed host really is.
    pub fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}

impl Target for Local {
    type Current = Current;
    type Staged = Staged;
    type Error = LocalError;

    fn recover(&self, ledger: &mut Ledger) -> Result<Option<String>, LocalError> {
        commit::recover(self, ledger)
    }

    fn read(&self) -> Result<Current, LocalError> {
        Current::read(self)
    }

    fn stage(&self, current: &Current, approved: Approved) -> Result<Staged, LocalError> {
        let staged = stage::stage(self, current, approved)?;
        commit::probe_homes(self, &staged)?;
        Ok(staged)
    }

    fn commit(
        &self,
        current: &Current,
        staged: &Staged,
        ledger: &mut Ledger,
        run: Run<'_>,
        progress: &dyn Fn(usize),
    ) -> Result<Committed, LocalError> {
        commit::commit(self, current, staged, ledger, run, progress)
    }
}
