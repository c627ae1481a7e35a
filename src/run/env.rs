//! What a run works with: settings, the root of the managed host, and the time at which it began.
//!
//! Everything is a value: who runs twice makes two of them, and asks the clock twice.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::ahead::Ahead;
use super::job::Options;
use super::one_read::{Asking, OneRead};
use super::rights::Rights;
use super::watch::Watch;
use crate::config::Settings;
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::model::power::PowerBook;
use crate::model::{Details, Directory, Now, Snapshot, User, shown};
use crate::policy::PrimaryGroup;
use crate::policy::select::{self, Selection};
use crate::providers::bell::Bell;
use crate::providers::{Earlier, FetchError, Mark, Provider, Query, Reading, Scope, Whole, fields};
use crate::system::clock;
use crate::system::lock::{Holder, Purpose, RunLock, RunLockError, Wait};
use crate::system::root::Root;
use crate::targets::{PackingTime, Place, Target};

/// What a run works with.
#[derive(Clone)]
pub struct Env {
    /// What the configuration says.
    pub settings: Settings,
    /// The root of the managed host.
    pub root: Root,
    /// When the run began.
    pub now: Now,
    /// How long another run is waited for.
    pub patience: Patience,
    /// The providers that are read; none: the one of the settings is opened.
    pub providers: Vec<Rc<dyn Provider>>,
    /// Where this host may write, of what several hosts write to.
    pub(crate) rights: Rc<Rights>,
    /// What the sync of people reads for that of groups; `None`: each reads for itself.
    pub(crate) one_read: Option<Rc<OneRead>>,
    /// What an earlier part of a dry run would have left.
    pub(crate) ahead: Option<Rc<Ahead>>,
}

/// What a provider is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    scope: Scope,
    only: Option<Vec<String>>,
    details: Details,
    attribute: Option<String>,
}

impl Asked {
    /// All people or all groups, with everything that accounts and groups are made of.
    pub(crate) fn all(scope: Scope) -> Self {
        Self {
            scope,
            only: None,
            details: Details::ALL,
            attribute: None,
        }
    }

    /// How much is asked for.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// Only those of these names.
    #[must_use]
    pub(crate) fn only(self, names: Option<Vec<String>>) -> Self {
        Self {
            only: names,
            ..self
        }
    }

    /// No more of people than what every account is made of, and these.
    #[must_use]
    pub(crate) fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }

    /// One more attribute of people, by the provider's name for it.
    #[must_use]
    pub(crate) fn and(self, attribute: Option<&str>) -> Self {
        Self {
            attribute: attribute.map(str::to_owned),
            ..self
        }
    }
}

/// How long another run is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// At most so long.
    AtMost(Duration),
    /// As long as it takes.
    Endless,
}

impl Env {
    /// What a run works with that begins now.
    pub fn new(settings: Settings, root: Root, patience: Patience, now: Now) -> Self {
        Self {
            settings,
            root,
            now,
            patience,
            providers: Vec::new(),
            rights: Rc::default(),
            one_read: None,
            ahead: None,
        }
    }

    /// The places of the managed host below which something is written for everybody. Home bases are not among them: where
    /// one cannot be used, only those who need a home there are refused.
    pub fn places(&self) -> Vec<PathBuf> {
        let settings = &self.settings;
        vec![
            settings.gosync.state_dir.clone(),
            settings.gosync.lock_file.clone(),
            "/etc".into(),
            "/etc/gosync".into(),
            "/var/lib".into(),
            PathBuf::from(&settings.rules.departed.archive_dir),
            "/var/mail".into(),
            PathBuf::from(&settings.rules.keys.directory),
        ]
    }

    /// The directories that homes are in.
    pub fn home_bases(&self) -> impl Iterator<Item = PathBuf> {
        let accounts = &self.settings.rules.accounts;
        let bases = accounts.home_bases.iter().chain([&accounts.home_base]);
        bases.map(PathBuf::from)
    }

    /// Whom the files of a target give power to but for what the configuration trusts; read when a plan asks, and once.
    pub fn power_book<'t>(&'t self, target: &'t dyn Target) -> PowerBook<'t> {
        let rules = &self.settings.rules;
        PowerBook::new(move || {
            let (accounts, groups) = (&rules.accounts.trusted_names, &rules.groups.trusted_names);
            target.powers().trusting(accounts, groups)
        })
    }

    /// Takes the run lock.
    pub fn lock(&self, purpose: Purpose, watch: &mut dyn Watch) -> Result<RunLock> {
        let wait = match self.patience {
            Patience::None => Wait::No,
            Patience::AtMost(span) => Wait::Until(clock::deadline(span)),
            Patience::Endless => Wait::Forever,
        };
        let path = self.root.path(&self.settings.gosync.lock_file);
        let mut waiting = |holder: &Holder| watch.notice(format!("{holder} [waiting]"));
        RunLock::take(&path, purpose, wait, &mut waiting).map_err(|e| match e {
            RunLockError::Busy(_) => {
                Error::new(Kind::Busy, e).hint("It ends by itself; `--wait 30s` waits for it")
            }
            RunLockError::Path(e) => Error::failed(e),
        })
    }

    /// Whether the provider says which primary group somebody gets.
    pub(crate) fn names_primary_groups(&self) -> bool {
        self.settings.rules.accounts.primary_group == PrimaryGroup::Provider
    }

    /// Asks the provider, and the field sources about those whom it lets in; network only, and the
    /// whole of it within the time limit.
    pub(crate) fn fetch(&self, asked: Asked, watch: &mut dyn Watch) -> Result<Snapshot> {
        match self.read(asked, &Earlier::default(), watch)? {
            Reading::Whole(whole) => Ok(whole.snapshot),
            Reading::Same => Err(unasked()),
        }
    }

    /// The same, unless the provider answers what it answered earlier.
    pub(crate) fn read(
        &self,
        asked: Asked,
        earlier: &Earlier,
        watch: &mut dyn Watch,
    ) -> Result<Reading> {
        let (provider, fields) = (self.opened()?, self.field_sources()?);
        let query = self.query(asked);
        // Of people in groups only id, login and whether they are active is asked.
        let fields = fields.as_ref().filter(|_| query.scope != Scope::Groups);
        let fields = fields.map(fields::Sources::open);
        let fields = fields.transpose().map_err(unreadable_fields)?;
        let progress = watch.progress(&format!("reading {}", provider.name()), None);
        let asking = Asking {
            provider: provider.as_ref(),
            query: &query,
            earlier,
            progress: progress.as_ref(),
        };
        let reading = match &self.one_read {
            Some(one) => one.read(&asking),
            None => asking.read(),
        };
        let reading = reading.map_err(|error| self.unreadable(error))?;
        let Reading::Whole(whole) = reading else {
            tracing::info!(provider = provider.name(), "read, and nothing has changed");
            return Ok(reading);
        };
        if provider.is_sample() && self.root.is_host() {
            return Err(sample_on_a_host());
        }
        let Whole {
            snapshot,
            answers,
            since,
        } = *whole;
        let mut snapshot = snapshot.judged(|kind| provider.look_at(kind));
        if let Some(fields) = fields {
            let selected = self.selected(&snapshot.directory);
            fields.fill(&mut snapshot, &selected, &query, progress.as_ref());
        }
        tracing::info!(
            provider = provider.name(),
            users = snapshot.directory.users.len(),
            groups = snapshot.directory.groups.len(),
            rejected = snapshot.rejected.len(),
            gaps = snapshot.gaps.len(),
            completeness = ?snapshot.completeness,
            "read"
        );
        Ok(Reading::Whole(Box::new(Whole {
            snapshot,
            answers,
            since,
        })))
    }

    fn query(&self, asked: Asked) -> Query {
        let Asked {
            scope,
            only,
            details,
            attribute,
        } = asked;
        let top_group = self.settings.rules.accounts.top_group.clone();
        Query {
            scope: match scope {
                Scope::Users if self.names_primary_groups() => Scope::Both,
                scope => scope,
            },
            only,
            top_group: top_group.filter(|_| scope != Scope::Groups),
            details,
            attribute,
            deadline: clock::deadline(self.settings.gosync.time_limit),
        }
    }

    /// Has the provider mark what it has now, before it is read.
    pub(crate) fn mark(&self, asked: Asked) -> Result<Option<Mark>> {
        let (provider, query) = (self.opened()?, self.query(asked));
        let marked = match &self.one_read {
            Some(one) => one.mark(provider.as_ref(), &query),
            None => provider.mark(&query),
        };
        marked.map_err(|error| self.unreadable(error))
    }

    /// Whether the provider has what it had when it made a mark.
    pub(crate) fn is_marked(&self, asked: Asked, mark: &str) -> Result<bool> {
        let is_still = self.opened()?.is_marked(&self.query(asked), mark);
        is_still.map_err(|error| self.unreadable(error))
    }

    /// Begins to listen for changes at the provider, if it tells of them by itself.
    pub(crate) fn bell(&self) -> Result<Option<Box<dyn Bell>>> {
        let deadline = clock::deadline(self.settings.gosync.time_limit);
        let bell = self.opened()?.bell(deadline);
        bell.map_err(|error| self.unreadable(error))
    }

    /// Why nothing was read, and what to do about it.
    fn unreadable(&self, error: FetchError) -> Error {
        let fix = self.settings.provider().map(|provider| {
            let section = format!("[provider.{}]", shown(&provider.name));
            provider.config.fix(&error, &section)
        });
        let told = untouched(error);
        match fix {
            Ok(fix) => told.hint(format!("To mend it: {fix}")),
            Err(_) => told,
        }
    }

    fn opened(&self) -> Result<Rc<dyn Provider>> {
        match self.providers.as_slice() {
            [] => Ok(Rc::from(self.bare()?)),
            [provider] => Ok(Rc::clone(provider)),
            _ => Err(Error::usage(
                "this is for one provider, and several were opened",
            )),
        }
    }

    /// Who of a directory is let in, one by one; nobody, if there is no selection, for then nothing
    /// will be planned.
    fn selected(&self, directory: &Directory) -> Vec<bool> {
        let top_group = self.settings.rules.accounts.top_group.as_deref();
        let users = directory.users.iter();
        match select::select(directory, top_group) {
            Ok(selection) => users
                .map(|user| selection(user) == Selection::Selected)
                .collect(),
            Err(_) => vec![false; users.len()],
        }
    }

    /// How everybody in a directory stands to the top group.
    pub fn selection<'d>(
        &self,
        directory: &'d Directory,
    ) -> Result<impl Fn(&User) -> Selection + use<'d>> {
        let top_group = self.settings.rules.accounts.top_group.as_deref();
        select::select(directory, top_group).map_err(|e| {
            Error::new(Kind::Source, format!("{e}: `{}`", shown(top_group.unwrap_or_default())))
                .hint("Nothing was changed; check `top_group` in the configuration, and what the provider lets us see")
        })
    }

    /// The host, or the tree below `--root`.
    pub fn target(&self) -> Result<Box<dyn Target>> {
        let (name, config) = self.settings.host_target().map_err(Error::usage)?;
        let rules = &self.settings.rules.accounts;
        let bases = rules
            .home_bases
            .iter()
            .chain([&rules.home_base])
            .map(PathBuf::from)
            .collect();
        let departed = &self.settings.rules.departed;
        let place = Place {
            root: self.root.clone(),
            state_dir: self.settings.gosync.state_dir.clone(),
            home_bases: bases,
            home_base_mounted: rules.home_base_mounted,
            key_dir: self.settings.rules.keys.directory.clone(),
            shadow_day: clock::shadow_day(self.now.seconds()),
            packing: PackingTime {
                home: Duration::from_secs(departed.home_time_limit),
                run: Duration::from_secs(departed.time_limit),
            },
            ahead: self
                .ahead
                .as_ref()
                .map_or_else(Rc::default, |ahead| ahead.contents()),
        };
        Ok(config.open(name, place))
    }

    /// Whether hooks belong to a run at all. On another tree they would run on the wrong host.
    pub(crate) fn runs_hooks(&self, options: &Options) -> bool {
        self.root.is_host() || options.root_hooks
    }

    /// What hooks need to know of a run.
    pub(crate) fn hooks(&self, options: &Options) -> hooks::Context<'_> {
        hooks::Context {
            rules: &self.settings.hooks,
            root: &self.root,
            now: self.now.seconds(),
            enabled: self.runs_hooks(options),
            retry: options.retry_hooks,
        }
    }

    /// Where the ledger is.
    pub fn state_dir(&self) -> PathBuf {
        self.root.path(&self.settings.gosync.state_dir)
    }
}

/// The people of the sample get no accounts on a host: their ids would stay taken for ever.
fn sample_on_a_host() -> Error {
    let message =
        "these people are made up, to try gosync with: the document says `\"sample\": true`";
    Error::usage(message)
        .hint("Nothing was changed; try them below --root DIR, as `make demo` does")
        .hint("For this host: `gosync init ldap`, or scim, file, command, http, globus, github, writes what a provider needs")
}

/// A provider answers that nothing has changed, and nobody asked since when.
pub(crate) fn unasked() -> Error {
    let message = "the provider says that nothing has changed, and was not asked that";
    Error::new(Kind::Source, message)
}

/// Nothing was read, and nothing came of it.
fn untouched(error: FetchError) -> Error {
    let hint = match &error {
        FetchError::Unreachable { .. }
        | FetchError::Failing { .. }
        | FetchError::RateLimited { .. } => "Nothing was changed; the next run tries again",
        FetchError::Unauthorised { .. }
        | FetchError::Distrusted { .. }
        | FetchError::Malformed { .. } => "Nothing was changed",
    };
    Error::new(Kind::Source, error).hint(hint)
}

/// Why the sources of fields could not be read: their keys are others than the provider's.
fn unreadable_fields(error: FetchError) -> Error {
    let section = "the `fields` of the provider's section";
    untouched(error).hint(format!(
        "To mend it: do what is said there, or mend {section}"
    ))
}
