//! SSH keys: their part of a plan, what is written into homes after a run, and `gosync keys`.

use std::cell::RefCell;

use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::model::host::Host;
use crate::model::owned::{KeyRecord, Owned};
use crate::model::{Untrusted, UserName};
use crate::plan::diff::{self, Chosen, KeyFile, KeyView};
use crate::plan::{Change, KeyChange, KeyPlace, Observation, Plan};
use crate::policy::keys::{KeyBook, KeyRules, Place, digest, is_marked};
use crate::policy::{Refusal, Rules};
use crate::system::as_user::{self, Order};
use crate::target::local::{Local, LocalError};
use crate::ui::Ui;

/// What a refusal that is about the whole directory of keys calls it.
pub(super) const DIRECTORY: &str = "SSH keys";

/// Tells what stands at the path of a file with keys.
type FileAt<'a> = &'a dyn Fn(&str) -> KeyFile;

/// Tells why the file at a path cannot be replaced, if it cannot.
type Obstacle<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Looks at files with keys. Returns why their directory cannot be used, if it cannot; `None`: no keys are or were
/// written anywhere.
///
/// # Errors
/// What could not be seen, and does not tell of what stands there: what is said without it would be something else.
pub(super) fn look<T>(
    target: &Local,
    rules: &KeyRules,
    owned: &Owned,
    say: impl FnOnce(FileAt<'_>, Obstacle<'_>) -> T,
) -> Result<Option<std::result::Result<T, String>>> {
    if rules.place == Place::None && owned.keys.is_empty() {
        return Ok(None);
    }
    let wrote_files = owned.keys.values().any(|records| records.file.is_some());
    let files = match target.key_files() {
        Ok(files) => Some(files),
        Err(_) if rules.place != Place::Directory && !wrote_files => None,
        Err(e @ LocalError::Path(_)) => return Err(e.into()),
        Err(e) => return Ok(Some(Err(e.to_string()))),
    };
    // The first that cannot be read ends the run: a plan without it would be another one.
    let failure: RefCell<Option<LocalError>> = RefCell::default();
    let failed = |e: LocalError| {
        let text = e.to_string();
        failure.borrow_mut().get_or_insert(e);
        text
    };
    let file_at = |path: &str| {
        let found = files.as_ref().map_or(Ok(KeyFile::Absent), |files| files.at(path));
        found.unwrap_or_else(|e| KeyFile::Odd(failed(e)))
    };
    let obstacle = |path: &str| {
        let found = files.as_ref().map_or(Ok(None), |files| files.obstacle(path));
        found.unwrap_or_else(|e| Some(failed(e)))
    };
    let said = say(&file_at, &obstacle);
    failure.into_inner().map_or(Ok(Some(Ok(said))), |e| Err(e.into()))
}

/// Adds to a plan what happens to keys. Where their directory cannot be used, that is told, and the rest goes on.
pub(super) fn extend(
    plan: &mut Plan,
    target: &Local,
    book: &KeyBook,
    (rules, chosen): (&Rules, Chosen),
    (host, owned): (&Host<'_>, &Owned),
) -> Result<()> {
    let rules = &rules.keys;
    let said = look(target, rules, owned, |file_at, obstacle| {
        diff::keys(plan, &KeyView { book, rules, host, owned, chosen, file_at, obstacle });
    })?;
    if let Some(Err(e)) = said {
        let reason = format!("no keys are written or withdrawn there: {e}");
        plan.refused.push(Refusal { id: None, subject: Untrusted::new(DIRECTORY), reason });
    }
    Ok(())
}

/// Writes keys into homes, each as its owner. What fails is told, and tried again by the next run.
pub(super) fn write_homes(
    setup: &Setup<'_>,
    target: &Local,
    ledger: &mut Ledger,
    provider: &str,
    plan: &Plan,
) -> Result<()> {
    let changes = plan.changes.iter().filter_map(|change| match change {
        Change::SetKeys(keys) => Some(keys),
        _ => None,
    });
    let mut notes = Vec::new();
    for KeyChange { id, name, at, text, .. } in changes {
        let KeyPlace::Home { path, uid, gid } = at else { continue };
        let order = Order { uid: uid.get(), gid: *gid, home: target.locate(path), lines: text.clone() };
        match as_user::write_keys(&order) {
            Ok(()) => {
                let digest = if text.is_empty() { String::new() } else { digest(text.as_bytes()) };
                notes.push(Observation::Keys(id.clone(), Place::Home, KeyRecord { path: path.clone(), digest }));
            }
            Err(reason) => setup.ui.warn(format!(
                "the SSH keys in {path} were not {} as `{name}`: {}; the next run tries again",
                if text.is_empty() { "withdrawn" } else { "written" },
                crate::model::shown(&reason)
            )),
        }
        if notes.len() >= NOTES_AT_ONCE {
            ledger.observe(provider, &std::mem::take(&mut notes)).map_err(Error::failed)?;
        }
    }
    ledger.observe(provider, &notes).map_err(Error::failed)
}

/// So many homes the ledger learns of at once. After a kill they are only written again, to the same end.
const NOTES_AT_ONCE: usize = 100;

/// `gosync keys NAME`
pub(super) fn run(global: &Global, args: &cli::Keys, ui: Ui) -> Result<Outcome> {
    let setup = Setup::for_provider(global, ui)?;
    let rules = &setup.settings.rules.keys;
    if rules.place != Place::Directory {
        return Err(Error::usage("there are no keys to print: `place` in [keys] is not \"directory\"")
            .hint("sshd reads the keys in homes by itself"));
    }
    // Whatever is no name of an account has no keys; sshd asks for any name that somebody types.
    let Ok(name) = UserName::new(&args.name, true) else { return Ok(Outcome::Done) };
    let path = setup.root.path(rules.file(name.as_str()));
    let found = crate::system::files::read_shown(&path, MAX_BYTES).map_err(|e| {
        Error::failed(e).hint("Whoever AuthorizedKeysCommandUser names has to be able to read it, and the directory")
    })?;
    let Some((bytes, Some(mode))) = found else { return Ok(Outcome::Done) };
    if mode & 0o022 != 0 {
        return Err(Error::failed(format!("others may write {}; its keys are not printed", path.display()))
            .hint("The next `gosync sync users` mends it"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let ours: String = text.lines().filter(|line| is_marked(line.as_bytes())).map(|line| format!("{line}\n")).collect();
    ui.data(&ours);
    Ok(Outcome::Done)
}

/// Keys of one account are never longer.
const MAX_BYTES: u64 = 1 << 24;
