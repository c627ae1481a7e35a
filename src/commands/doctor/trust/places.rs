//! What is trusted: the configuration and all it names, gosync's own directories, the account
//! files. Where it is and what it must be like; not what is there.

use std::path::{Path, PathBuf};

use crate::commands::doctor::host_look::HostLook;
use crate::config::Settings;
use crate::ledger;
use crate::policy::keys;
use crate::providers;
use crate::providers::kind::SourceOwner;
use crate::system::files;
use crate::targets::derived::Needs;

/// What it is, such as `the configuration`, where, and what it must be like.
pub(super) type Place = (&'static str, PathBuf, Need);

/// What something must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// gosync refuses it if others may write it, or the directory that it is in.
    Strict,
    /// The same, and others must not read it.
    Secret,
    /// It decides who gets an account, or a key: gosync refuses it if others may write it, or a directory above it, but
    /// for this uid, which the configuration names.
    Source(Option<u32>),
    /// What groups are called and allowed at the provider comes from it.
    Words,
    /// A directory of gosync's own.
    Private,
    /// A file of gosync's own.
    Own,
    /// The file of the run lock.
    Lock,
    /// The host's: only root may write it.
    Host,
    /// The same, and not everybody may read it.
    HostSecret,
}

impl Need {
    /// Whether it may belong to a uid, besides root and us.
    pub(super) fn allows(self, uid: u32) -> bool {
        self == Need::Source(Some(uid))
    }

    /// Whether its owner, or a group, may be somebody else than root on purpose.
    pub(super) fn is_lenient(self) -> bool {
        matches!(self, Need::Words)
    }
}

/// Who may own a source; nobody, if that cannot be found out: then no run begins, either.
fn uid(owner: Option<&SourceOwner>) -> Option<u32> {
    owner.and_then(|owner| owner.uid().ok())
}

/// What the configuration is and names.
pub(super) fn configured(files: &[PathBuf], settings: Option<&Settings>) -> Vec<Place> {
    let mut all: Vec<_> = files
        .iter()
        .map(|path| ("the configuration", path.clone(), Need::Strict))
        .collect();
    let Some(settings) = settings else { return all };
    let files = settings.providers.iter().flat_map(|it| {
        let owner = uid(it.config.owner());
        it.files.iter().map(move |file| (file, owner))
    });
    all.extend(files.map(|(file, owner)| {
        let need = match file.need {
            providers::kind::Need::Source => Need::Source(owner),
            providers::kind::Need::Trusted | providers::kind::Need::Program => Need::Strict,
            providers::kind::Need::Secret => Need::Secret,
        };
        (file.what, file.path.clone(), need)
    }));
    let of_targets = settings.derived_targets().flat_map(|(_, it)| it.reads());
    all.extend(of_targets.map(|it| {
        let need = match it.needs {
            Needs::Trusted => Need::Strict,
            Needs::Secret => Need::Secret,
        };
        (it.what, it.path, need)
    }));
    let mut add = |what, path: Option<&PathBuf>, need| {
        all.extend(path.map(|path| (what, path.clone(), need)))
    };
    for fields in settings.providers.iter().flat_map(|it| &it.fields) {
        let source = Need::Source(uid(fields.owner.as_ref()));
        add("the file with fields", fields.csv.as_ref(), source);
        add("the directory of keys", fields.keys_dir.as_ref(), source);
        add(
            "the authorities of the keys",
            fields.keys_ca_file.as_ref(),
            Need::Strict,
        );
        add(
            "the certificate of the keys' server",
            fields.keys_server_certificate.as_ref(),
            Need::Strict,
        );
    }
    add(
        "the directory of descriptions",
        settings.description_dir().as_ref(),
        Need::Words,
    );
    add(
        "the directory of policies",
        settings.policy_dir().as_ref(),
        Need::Words,
    );
    all
}

/// What is on the managed host.
pub(super) fn of_host(look: &HostLook<'_>) -> Vec<Place> {
    let ledger = look.setup.state_dir().join(ledger::FILE);
    let mut all = vec![("the ledger", ledger, Need::Own)];
    all.extend(of_system(look));
    all.extend(of_databases(look));
    all.extend(of_state(look));
    all
}

/// What the host has anyway, and what the configuration names there.
fn of_system(look: &HostLook<'_>) -> Vec<Place> {
    let (root, rules) = (look.root(), &look.settings().rules);
    let at = |path: &str| root.path(path);
    let lock = root.path(&look.settings().gosync.lock_file);
    let lock_dir = lock.parent().map(Path::to_owned);
    let packed = at(&rules.departed.archive_dir);
    let mut all = vec![
        ("the lock file", lock, Need::Lock),
        ("the password lock", at("/etc/.pwd.lock"), Need::Host),
        ("the list of shells", at("/etc/shells"), Need::Host),
        (
            "the name service switch",
            at("/etc/nsswitch.conf"),
            Need::Host,
        ),
        ("the directory of packed homes", packed, Need::Private),
    ];
    all.extend(lock_dir.map(|dir| ("the lock's directory", dir, Need::Private)));
    if let Some(local) = look.local() {
        all.push(("the skeleton of homes", root.path(&local.skel), Need::Host));
    }
    if rules.keys.place != keys::Place::Directory {
        // Where they are written, the run's own rule is asked.
        all.push((
            "the directory of keys",
            at(&rules.keys.directory),
            Need::Host,
        ));
    }
    all
}

/// The account files.
fn of_databases(look: &HostLook<'_>) -> Vec<Place> {
    let generations = look.layout().generations.as_ref();
    let link = generations.map(|there| look.root().path(there.link));
    let link = link.map(|link| ("the databases' directory", link, Need::Host));
    let mut all: Vec<Place> = link.into_iter().collect();
    for file in &look.survey.files {
        let need = if file.name.contains("shadow") {
            Need::HostSecret
        } else {
            Need::Host
        };
        all.push(("an account file", file.path.clone(), need));
        let backup = PathBuf::from(format!("{}-", file.path.display()));
        all.push(("the backup of an account file", backup, need));
    }
    all
}

/// What is beside the ledger; backups there hold lines of shadow, too.
fn of_state(look: &HostLook<'_>) -> Vec<Place> {
    let state = look.setup.state_dir();
    let own = files::list(&state).unwrap_or_default().into_iter();
    let own = own.map(|name| ("a file of gosync's own", state.join(name), Need::Own));
    let mut all: Vec<Place> = own.collect();
    all.push(("the state directory", state, Need::Private));
    all
}

/// The directories whose files count one by one.
pub(super) fn listed(look: &HostLook<'_>) -> Vec<Place> {
    let (keys, settings) = (&look.settings().rules.keys, look.settings());
    let mut all = vec![(
        "files with keys",
        look.root().path(&keys.directory),
        Need::Host,
    )];
    if look.unusable.is_none() {
        let fields = settings.providers.iter().flat_map(|it| &it.fields);
        let sources = fields.filter_map(|fields| {
            let need = Need::Source(uid(fields.owner.as_ref()));
            Some((fields.keys_dir.clone()?, need))
        });
        all.extend(sources.map(|(dir, need)| ("files that keys come from", dir, need)));
        let catalogue = [settings.description_dir(), settings.policy_dir()];
        let catalogue = catalogue.into_iter().flatten();
        all.extend(catalogue.map(|dir| ("texts of groups", dir, Need::Words)));
    }
    all
}
