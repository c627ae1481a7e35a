//! `gosync keys NAME`: for AuthorizedKeysCommand of sshd_config(5).

use super::Outcome;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::model::UserName;
use crate::policy::keys::{Place, is_marked};
use crate::ui::Ui;

/// `gosync keys NAME`
pub(super) fn run(global: &Global, args: &cli::Keys, ui: Ui) -> Result<Outcome> {
    let setup = Setup::for_provider(global, ui)?;
    let rules = &setup.settings.rules.keys;
    if rules.place != Place::Directory {
        return Err(Error::usage(
            "there are no keys to print: `place` in [keys] is not \"directory\"",
        )
        .hint("sshd reads the keys in homes by itself"));
    }
    // Whatever is no name of an account has no keys; sshd asks for any name that somebody types.
    let Ok(name) = UserName::new(&args.name, true) else {
        return Ok(Outcome::Done);
    };
    let path = setup.root.path(rules.file(name.as_str()));
    let found = crate::system::files::read_shown(&path, MAX_BYTES).map_err(|e| {
        Error::failed(e).hint(
            "Whoever AuthorizedKeysCommandUser names has to be able to read it, and the directory",
        )
    })?;
    let Some((bytes, Some(mode))) = found else {
        return Ok(Outcome::Done);
    };
    if mode & 0o022 != 0 {
        return Err(Error::failed(format!(
            "others may write {}; its keys are not printed",
            path.display()
        ))
        .hint("The next `gosync sync users` mends it"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let ours: String = text
        .lines()
        .filter(|line| is_marked(line.as_bytes()))
        .map(|line| format!("{line}\n"))
        .collect();
    ui.data(&ours);
    Ok(Outcome::Done)
}

/// Keys of one account are never longer.
const MAX_BYTES: u64 = 1 << 24;
