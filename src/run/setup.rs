//! What every command begins with: settings, the run lock, a read of the provider, the target.

use std::path::{Path, PathBuf};

use crate::cli::Global;
use crate::config::{Settings, Source};
use crate::error::{Error, Kind, Result};
use crate::model::{Directory, Snapshot, User, shown};
use crate::policy::select::{self, Standing};
use crate::providers::{FetchError, Query, Scope};
use crate::system::files::{self, Trust};
use crate::system::lock::{Holder, Purpose, RunLock, RunLockError, Wait};
use crate::system::root::Root;
use crate::system::{clock, process};
use crate::targets::files::Local;
use crate::ui::Ui;

/// The configuration that is read where neither `-f` nor `GOSYNC_CONFIG` names one, unless one is beside the program.
const SYSTEM_CONFIG: &str = "/etc/gosync/gosync.toml";

/// What a run works with.
pub(crate) struct Setup<'a> {
    pub global: &'a Global,
    pub ui: Ui,
    pub settings: Settings,
    /// The files that the settings come from.
    pub sources: Vec<PathBuf>,
    pub root: Root,
    /// When the run began, in seconds since 1970.
    pub now: i64,
}

impl<'a> Setup<'a> {
    /// Begins a command that works on the host.
    pub fn new(global: &'a Global, ui: Ui) -> Result<Self> {
        Self::may_work(global)?;
        let setup = Self::for_provider(global, ui)?;
        setup
            .places()
            .into_iter()
            .try_for_each(|path| setup.root.contains(&path))
            .map_err(Error::failed)?;
        Ok(setup)
    }

    /// Finds out whether we may work on the host, or the tree below `--root`, at all.
    pub fn may_work(global: &Global) -> Result<()> {
        if global.root.is_none() && !process::is_root() {
            return Err(Error::usage("only root can work on this host's accounts")
                .hint("Run it as root, or on another tree with --root DIR"));
        }
        if let Some(dir) = global.root.as_ref().filter(|dir| !dir.is_dir()) {
            return Err(Error::usage(format!(
                "--root {}: there is no such directory",
                dir.display()
            )));
        }
        Ok(())
    }

    /// The places of the managed host below which something is written.
    pub fn places(&self) -> Vec<PathBuf> {
        let (settings, accounts) = (&self.settings, &self.settings.rules.accounts);
        let bases = accounts
            .home_bases
            .iter()
            .chain([&accounts.home_base])
            .map(PathBuf::from);
        let own = [
            settings.state_dir.clone(),
            settings.lock_file.clone(),
            "/etc".into(),
            "/var/lib".into(),
        ];
        let more = [
            PathBuf::from(&settings.rules.departed.archive_dir),
            "/var/mail".into(),
            PathBuf::from(&settings.rules.keys.directory),
        ];
        own.into_iter().chain(more).chain(bases).collect()
    }

    /// Reads the configuration. Here is the last place where anything can be unset.
    pub fn for_provider(global: &'a Global, ui: Ui) -> Result<Self> {
        let texts = sources(global)?;
        let sources = texts.iter().map(|source| source.path.clone()).collect();
        let mut settings = Settings::new(texts, global.user.as_deref()).map_err(Error::usage)?;
        if let Some(group) = &global.group {
            settings.rules.accounts.top_group = Some(group.clone());
        }
        Ok(Self {
            global,
            ui,
            settings,
            sources,
            root: Root::new(global.root.clone()),
            now: clock::now(),
        })
    }

    /// Takes the run lock, as long as the command line lets it wait.
    pub fn lock(&self, purpose: Purpose) -> Result<RunLock> {
        let wait = match (self.global.nowait, self.global.wait) {
            (true, _) => Wait::No,
            (false, Some(span)) => Wait::Until(clock::deadline(span.into())),
            (false, None) => Wait::Forever,
        };
        let path = self.root.path(&self.settings.lock_file);
        let mut waiting = |holder: &Holder| self.ui.notice(format!("{holder} [waiting]"));
        RunLock::take(&path, purpose, wait, &mut waiting).map_err(|e| match e {
            RunLockError::Busy(_) => Error::new(Kind::Busy, e),
            RunLockError::Path(e) => Error::failed(e),
        })
    }

    /// Asks the provider; network only, and the whole of it within the time limit.
    pub fn fetch(&self, scope: Scope, only: Option<Vec<String>>) -> Result<Snapshot> {
        let provider = self.provider()?;
        let query = Query {
            scope,
            only,
            top_group: self
                .settings
                .rules
                .accounts
                .top_group
                .clone()
                .filter(|_| scope == Scope::Users),
            deadline: clock::deadline(self.settings.time_limit),
        };
        let progress = self.ui.progress(&format!("reading {}", provider.name()));
        let snapshot = provider.fetch(&query, &|n| progress.set(n)).map_err(|e| {
            let hint = match &e {
                FetchError::Unreachable { .. } | FetchError::RateLimited { .. } => {
                    "Nothing was changed; the next run tries again"
                }
                FetchError::Unauthorised { .. } => {
                    "Nothing was changed; check the credentials and the authorities"
                }
                FetchError::Malformed { .. } => {
                    "Nothing was changed; check that this is the right place to read"
                }
            };
            Error::new(Kind::Source, e).hint(hint)
        })?;
        tracing::info!(
            provider = provider.name(),
            users = snapshot.directory.users.len(),
            groups = snapshot.directory.groups.len(),
            rejected = snapshot.rejected.len(),
            gaps = snapshot.gaps.len(),
            completeness = ?snapshot.completeness,
            "read"
        );
        Ok(snapshot)
    }

    /// How everybody in a directory stands to the top group.
    pub fn standing<'d>(
        &self,
        directory: &'d Directory,
    ) -> Result<impl Fn(&User) -> Standing + use<'d>> {
        let top_group = self.settings.rules.accounts.top_group.as_deref();
        select::select(directory, top_group).map_err(|e| {
            Error::new(Kind::Source, format!("{e}: `{}`", shown(top_group.unwrap_or_default())))
                .hint("Nothing was changed; check `top_group` in the configuration, and what the provider lets us see")
        })
    }

    /// The host, or the tree below `--root`.
    pub fn target(&self) -> Result<Local> {
        let [target] = self.settings.targets.as_slice() else {
            return Err(Error::usage(
                "exactly one target can be brought in step so far",
            ));
        };
        let rules = &self.settings.rules.accounts;
        let bases = rules
            .home_bases
            .iter()
            .chain([&rules.home_base])
            .map(PathBuf::from)
            .collect();
        let state_dir = self.settings.state_dir.clone();
        let local = Local::new(
            target.local.clone(),
            self.root.clone(),
            state_dir,
            bases,
            clock::shadow_day(),
        );
        Ok(local.with_keys(&self.settings.rules.keys.directory))
    }

    /// Where the ledger is.
    pub fn state_dir(&self) -> PathBuf {
        self.root.path(&self.settings.state_dir)
    }
}

/// The texts of the configuration.
fn sources(global: &Global) -> Result<Vec<Source>> {
    chosen_files(global)?
        .iter()
        .map(|path| source(path))
        .collect()
}

/// The files of the configuration: each `-f`, else what `GOSYNC_CONFIG` names, else the file beside the program, else
/// the one of the system.
pub(crate) fn chosen_files(global: &Global) -> Result<Vec<PathBuf>> {
    Ok(
        match (global.files.as_slice(), process::variable("GOSYNC_CONFIG")) {
            ([], Some(path)) => vec![path],
            ([], None) => {
                let beside = process::beside_program("gosync.toml").filter(|path| path.exists());
                let path = beside.unwrap_or_else(|| SYSTEM_CONFIG.into());
                if !path.exists() {
                    return Err(Error::usage("there is no configuration").hint(format!(
                    "Write {SYSTEM_CONFIG} (gosync.toml.example shows every key), or name one by -f or GOSYNC_CONFIG"
                )));
                }
                vec![path]
            }
            (files, _) => files.to_vec(),
        },
    )
}

fn source(path: &Path) -> Result<Source> {
    let bytes = files::read_trusted(path, Trust::Config).map_err(Error::usage)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("{} is not UTF-8", path.display())))?;
    Ok(Source {
        path: path.to_owned(),
        text,
    })
}
