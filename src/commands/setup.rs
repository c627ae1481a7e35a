//! What every command begins with: the configuration, and what of the command line all commands
//! have in common.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::run_document::Wanted;
use super::watch::UiWatch;
use crate::cli::Global;
use crate::config::{Settings, Source};
use crate::error::{Error, Result};
use crate::model::units::Span;
use crate::model::{Now, Snapshot, shown};
use crate::providers::Scope;
use crate::run::{Asked, Env, Patience};
use crate::system::files::{self, Trust};
use crate::system::root::Root;
use crate::system::{clock, host_name, memory, process};
use crate::ui::Ui;

/// The configuration that is read where neither `-f` nor `GOSYNC_CONFIG` names one, unless one is
/// beside the program.
const SYSTEM_CONFIG: &str = "/etc/gosync/gosync.toml";

/// The longest configuration that is looked at, in bytes.
const CONFIG_BYTES: u64 = 16 << 20;

/// What a command works with.
pub(super) struct Setup<'a> {
    pub global: &'a Global,
    pub ui: Ui,
    /// The files that the settings come from.
    pub sources: Vec<PathBuf>,
    /// Where runs are told for a program.
    pub document: Wanted<'a>,
    /// How often a failure that lasts is reported; `None`: each time.
    pub remind: Option<Span>,
    pub env: Env,
}

impl Deref for Setup<'_> {
    type Target = Env;

    fn deref(&self) -> &Env {
        &self.env
    }
}

impl<'a> Setup<'a> {
    /// Begins a command that works on the host.
    pub(super) fn new(global: &'a Global, ui: Ui) -> Result<Self> {
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
    pub(super) fn may_work(global: &Global) -> Result<()> {
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

    /// Reads the configuration. Here is the last place where anything can be unset.
    pub(super) fn for_provider(global: &'a Global, ui: Ui) -> Result<Self> {
        let texts = sources(global)?;
        let sources = texts.iter().map(|source| source.path.clone()).collect();
        Ok(Self::with(global, ui, settings(texts, global)?, sources))
    }

    /// A command with these settings; the clock is asked now.
    pub(super) fn with(
        global: &'a Global,
        ui: Ui,
        settings: Settings,
        sources: Vec<PathBuf>,
    ) -> Self {
        memory::set_limit(settings.gosync.memory_limit as u64);
        let patience = match (global.nowait, global.wait) {
            (true, _) => Patience::None,
            (false, Some(span)) => Patience::AtMost(span.into()),
            (false, None) => Patience::Endless,
        };
        let root = Root::new(global.root.clone());
        let env = Env::new(settings, root, patience, Now::new(clock::now()));
        Self {
            global,
            ui,
            sources,
            document: None,
            remind: None,
            env,
        }
    }

    /// The same, whose runs are told in a document.
    pub(super) fn told_in(self, document: Wanted<'a>) -> Self {
        Self { document, ..self }
    }

    /// The same, which reports a failure that lasts once in a time only.
    pub(super) fn reminding(self, remind: Option<Span>) -> Self {
        Self { remind, ..self }
    }

    /// One for each provider, in the order of precedence.
    pub(super) fn of_each_provider(&self) -> Vec<Self> {
        let envs = self.env.of_each_provider().into_iter();
        envs.map(|env| self.with_env(env)).collect()
    }

    /// The same for the one provider whose accounts have these names.
    ///
    /// # Errors
    /// When they came from several.
    pub(super) fn of_owner(&self, names: &[String]) -> Result<Self> {
        Ok(self.with_env(self.env.of_owner(names)?))
    }

    /// The same that works with something else.
    pub(super) fn with_env(&self, env: Env) -> Self {
        Self {
            global: self.global,
            ui: self.ui,
            sources: self.sources.clone(),
            document: self.document,
            remind: self.remind,
            env,
        }
    }

    /// An error with the provider that it is of, where there are several.
    pub(super) fn named(&self, mut error: Error) -> Error {
        if let Some(name) = self.own_provider() {
            error.message = format!("{}: {}", shown(name), error.message);
        }
        error
    }

    /// Asks the provider.
    pub(super) fn fetch(&self, scope: Scope, only: Option<Vec<String>>) -> Result<Snapshot> {
        self.env
            .fetch(Asked::all(scope).only(only), &mut UiWatch::new(self.ui))
    }
}

/// What a configuration says with the options of the command line.
fn settings(texts: Vec<Source>, global: &Global) -> Result<Settings> {
    let mut settings = Settings::new(texts, global.user.as_deref()).map_err(Error::usage)?;
    if let Some(group) = &global.group {
        settings.set_top_group(group);
    }
    settings
        .write_as(global.writer.as_deref(), &host_name::get())
        .map_err(Error::usage)?;
    Ok(settings)
}

/// What these files say, whoever may write them: for a look at them.
pub(super) fn settings_of(files: &[PathBuf], global: &Global) -> Result<Settings> {
    let read = |path: &PathBuf| {
        let bytes = files::read_limited(path, CONFIG_BYTES).map_err(Error::usage)?;
        text(path, bytes)
    };
    let texts = files.iter().map(read).collect::<Result<Vec<_>>>()?;
    settings(texts, global)
}

/// The texts of the configuration.
fn sources(global: &Global) -> Result<Vec<Source>> {
    chosen_files(global)?
        .iter()
        .map(|path| source(path))
        .collect()
}

/// The files of the configuration: each `-f`, else what `GOSYNC_CONFIG` names, else the file beside
/// the program, else the one of the system.
pub(super) fn chosen_files(global: &Global) -> Result<Vec<PathBuf>> {
    Ok(
        match (global.files.as_slice(), process::variable("GOSYNC_CONFIG")) {
            ([], Some(path)) => vec![path],
            ([], None) => {
                let beside = process::beside_program("gosync.toml").filter(|path| path.exists());
                let path = beside.unwrap_or_else(|| SYSTEM_CONFIG.into());
                if !path.exists() {
                    return Err(Error::usage("there is no configuration")
                        .hint(format!(
                            "To begin: gosync init ldap -o {SYSTEM_CONFIG}   # or scim, file, command, http, globus, github"
                        ))
                        .hint("Or name one by -f or GOSYNC_CONFIG; gosync.toml(5) has every key"));
                }
                vec![path]
            }
            (files, _) => files.to_vec(),
        },
    )
}

fn source(path: &Path) -> Result<Source> {
    text(
        path,
        files::read_trusted(path, Trust::Config).map_err(Error::usage)?,
    )
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<Source> {
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::usage(format!("{} is not UTF-8", path.display())))?;
    Ok(Source {
        path: path.to_owned(),
        text,
    })
}
