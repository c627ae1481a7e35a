//! The look at the host that all areas share: the settings, the databases as they were
//! read, the ledger. Gathered once.

use std::path::{Path, PathBuf};

use crate::cli::{self, Global};
use crate::commands::setup::{self, Setup};
use crate::config::{Settings, Source};
use crate::error::{Error, Result};
use crate::ledger::{HOST, Ledger, LedgerError};
use crate::model::id_ranges::IdRanges;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup};
use crate::run::anchored;
use crate::system::process;
use crate::system::root::Root;
use crate::targets::files::{self, Config, ETC, Layout, Survey};
use crate::ui::Ui;

/// A configuration in which every key has its default.
const DEFAULTS: &str = "[provider.none]\nkind = \"file\"\npath = \"/nonexistent\"\n";

/// What all areas look at.
pub(super) struct HostLook<'a> {
    /// The settings; the defaults, where the configuration cannot be used.
    pub setup: Setup<'a>,
    /// Why the configuration cannot be used.
    pub unusable: Option<Error>,
    /// The files of the configuration, if it is known which they are.
    pub config_files: Vec<PathBuf>,
    /// Whether the provider is left alone.
    pub offline: bool,
    /// Whether everybody and every group is read.
    pub full: bool,
    /// The databases.
    pub survey: Survey,
    /// The ledger; `None`: there is none yet.
    pub ledger: std::result::Result<Option<Ledger>, LedgerError>,
    /// Why the ledger is not the one that belongs to this host.
    pub mismatch: Option<Error>,
    /// What gosync owns, of each provider that it reads here, as far as the ledger can be read; one at least.
    pub owned: Vec<Owned>,
}

impl<'a> HostLook<'a> {
    /// Gathers it.
    pub(super) fn new(global: &'a Global, args: &cli::Doctor, ui: Ui) -> Result<Self> {
        let (setup, unusable) = match Setup::for_provider(global, ui) {
            Ok(setup) => (setup, None),
            Err(e) => (defaults(global, ui)?, Some(e)),
        };
        let layout = layout(&setup.settings);
        let survey = files::survey(layout, &setup.root);
        let mut ledger = Ledger::open_read_only(&setup.state_dir());
        let mut owned = vec![Owned::default()];
        if let Ok(Some(open)) = &ledger {
            let names = setup.settings.provider_names();
            let load = |name| open.load(HOST, name, setup.now.seconds());
            match names.map(load).collect() {
                Ok(loaded) => owned = loaded,
                Err(e) => ledger = Err(e),
            }
        }
        let mismatch = match anchored::look(&setup) {
            Ok(found) => found.problem(&setup),
            // What the ledger itself says is told already.
            Err(e) => ledger.is_ok().then_some(e),
        };
        let config_files = setup::chosen_files(global).unwrap_or_default();
        Ok(Self {
            setup,
            unusable,
            config_files,
            offline: args.offline,
            full: args.full,
            survey,
            ledger,
            mismatch,
            owned,
        })
    }

    /// What the ledger has for all: whose the names and numbers of each are.
    pub(super) fn any_owned(&self) -> &Owned {
        &self.owned[0]
    }

    /// What gosync owns that comes from this provider.
    pub(super) fn owned_of(&self, provider: &str) -> &Owned {
        let mut all = self.owned.iter();
        let own = all.find(|owned| owned.provider.as_str() == provider);
        own.unwrap_or_else(|| self.any_owned())
    }

    /// The accounts that are gosync's, of all providers.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &OwnedAccount> {
        self.owned.iter().flat_map(|owned| owned.accounts.values())
    }

    /// The groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &OwnedGroup> {
        self.owned.iter().flat_map(|owned| owned.groups.values())
    }

    /// What the configuration says, or would say by default.
    pub(super) fn settings(&self) -> &Settings {
        &self.setup.settings
    }

    /// The keys of the target.
    pub(super) fn local(&self) -> Option<&Config> {
        local(self.settings())
    }

    /// Which files hold the accounts.
    pub(super) fn layout(&self) -> &'static Layout {
        layout(self.settings())
    }

    /// The root of the managed host.
    pub(super) fn root(&self) -> &Root {
        &self.setup.root
    }

    /// Whether that is the host that this process runs on.
    pub(super) fn is_host(&self) -> bool {
        self.setup.root.is_host()
    }

    /// Whether we can give things to others; a tree that an ordinary user made belongs to that user
    /// throughout.
    pub(super) fn can_own(&self) -> bool {
        process::is_root()
    }

    /// The directory above which nothing of the managed host is.
    pub(super) fn top(&self) -> PathBuf {
        self.root().path(Path::new("/"))
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.setup.now.seconds()
    }

    /// The subordinate ids of our accounts, by what was ever given.
    pub(super) fn own_subids(&self) -> IdRanges {
        let count = self
            .settings()
            .rules
            .accounts
            .subids()
            .map_or(65_536, |rules| rules.count);
        let spans = self
            .any_owned()
            .subids
            .iter()
            .map(|first| (*first, first.saturating_add(count.saturating_sub(1))));
        spans.collect()
    }
}

fn local(settings: &Settings) -> Option<&Config> {
    let (_, config) = settings.host_target().ok()?;
    Config::of(config)
}

fn layout(settings: &Settings) -> &'static Layout {
    local(settings).map_or(&ETC, |local| local.layout)
}

fn defaults(global: &Global, ui: Ui) -> Result<Setup<'_>> {
    let source = Source {
        path: "/".into(),
        text: DEFAULTS.to_owned(),
    };
    let settings = Settings::new(vec![source], None).map_err(Error::usage)?;
    Ok(Setup::with(global, ui, settings, Vec::new()))
}
