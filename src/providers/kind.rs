//! What a kind of provider is: the keys of its section, the files that they name, and how it is
//! opened.
//!
//! The configuration, the doctor and the run know kinds by this trait alone; `registry` lists them.
//! Files are read here only as far as their owner and mode are to be trusted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::errno::Errno;
use secrecy::SecretString;
use serde::Deserialize;

use super::admin::GroupAdmin;
use super::{FetchError, Provider};
use crate::model::remedy::KeyNames;
use crate::model::{IdRange, Now, first_line, shown};
use crate::system::PathError;
use crate::system::child::User;
use crate::system::files::{self, Trust};

/// What stands in a configuration where nobody has set a value yet. No value of one that is used holds it.
pub(crate) const PLACEHOLDER: &str = "CHANGE-ME";

/// What a section of a kind needs at least, for `gosync init`.
#[derive(Clone, Copy)]
pub(crate) struct Starter {
    /// What the section is called if nothing else is wished.
    pub name: &'static str,
    /// Its keys but for `kind`, each with its value.
    pub keys: &'static [StarterKey],
}

/// A key that a section needs.
#[derive(Clone, Copy)]
pub(crate) struct StarterKey {
    /// The key.
    pub key: &'static str,
    /// Its value: with [`PLACEHOLDER`] in it where nobody can guess one; NAME stands for the section's name.
    pub value: &'static str,
}

impl StarterKey {
    /// A key with its value.
    pub(crate) const fn new(key: &'static str, value: &'static str) -> Self {
        Self { key, value }
    }
}

/// The keys of a `[provider.NAME]` section, without `kind` and `fields`.
pub trait ProviderConfig: fmt::Debug + Send + Sync {
    /// The files that it names.
    fn files(&mut self) -> Vec<NamedFile<'_>>;

    /// Who may own the [`Need::Source`] among them, besides root.
    fn owner(&self) -> Option<&SourceOwner> {
        None
    }

    /// Whether the keys fit together, as far as that can be told without the files that they name and without a server.
    ///
    /// # Errors
    /// What is wrong, beginning with the key that it is about.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// The provider, ready to be read; `name` is the section's, `now` the time in seconds since
    /// 1970.
    ///
    /// # Errors
    /// When the keys do not fit together, or a file cannot be trusted.
    fn open(&self, name: &str, now: &Now) -> Result<Box<dyn Provider>, OpenError>;

    /// The same, to change its groups.
    ///
    /// # Errors
    /// The same; and when the provider must be asked first and cannot be.
    fn open_admin(&self, name: &str, terms: AdminTerms) -> Result<Box<dyn GroupAdmin>, OpenError>;

    /// What the keys are called that remedies name.
    fn key_names(&self) -> KeyNames;

    /// What to type, or to look at, after this error; `section` is how the section is written.
    fn fix(&self, error: &FetchError, section: &str) -> String {
        usual_fix(error, &self.key_names(), section)
    }
}

/// What to look at after an error, with most kinds: the remedy of its cause, if that is known.
pub(crate) fn usual_fix(error: &FetchError, keys: &KeyNames, section: &str) -> String {
    if let Some(remedy) = error.remedy() {
        return remedy.words(section, keys, error.place());
    }
    match error {
        FetchError::Unreachable { .. } => {
            format!(
                "check {} in {section}, name resolution and firewalls",
                keys.place
            )
        }
        FetchError::Failing { .. } => {
            format!(
                "look into the log of the server that {section} names; with a SCIM server that cannot page, set \
                 `paging = \"none\"`"
            )
        }
        FetchError::Unauthorised { .. } => format!("check {} in {section}", keys.credentials),
        FetchError::Distrusted { .. } => {
            format!("do what is said there, or set `owner` in {section}")
        }
        FetchError::RateLimited { .. } => "let the crontab run less often".to_owned(),
        FetchError::Malformed { .. } => {
            format!("check that {section} names the right server and kind")
        }
    }
}

/// A file that a section names.
#[derive(Debug)]
pub struct NamedFile<'a> {
    /// What it is, such as `the provider's password`.
    pub what: &'static str,
    /// Where it is.
    pub path: &'a mut PathBuf,
    /// What it must be like.
    pub need: Need,
}

/// What a file that a section names must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is refused if others may write it, or a directory above it; but it may be the `owner`'s whom its section
    /// names.
    Source,
    /// It is refused if others may write it, or the directory that it is in.
    Trusted,
    /// The same, and others must not read it.
    Secret,
    /// It is a program, and is run only if nobody but root, or who runs gosync, can change or replace it.
    Program,
}

/// Who may own a file that says who there is, besides root: `owner` beside its path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected the name of a user or a uid")]
pub enum SourceOwner {
    /// By uid.
    Uid(u32),
    /// By name.
    Name(String),
}

impl SourceOwner {
    /// The uid on this machine.
    ///
    /// # Errors
    /// When nobody is called so, or nobody can say.
    pub(crate) fn uid(&self) -> Result<u32, String> {
        match self {
            Self::Uid(uid) => Ok(*uid),
            Self::Name(name) => user_of(name)
                .map(|user| user.uid)
                .map_err(|reason| format!("`owner`: {reason}")),
        }
    }
}

/// The user of this name on this machine.
///
/// # Errors
/// When nobody is called so, or nobody can say.
pub(crate) fn user_of(name: &str) -> Result<User, String> {
    match nix::unistd::User::from_name(name) {
        Ok(Some(user)) => Ok(User {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        }),
        // getpwnam_r(3): what is not found may be any of these, and with winbind it is one.
        Ok(None) | Err(Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM) => {
            Err(format!("there is no user `{}`", shown(name)))
        }
        Err(e) => Err(format!("cannot look up `{}`: {e}", shown(name))),
    }
}

impl<'a> NamedFile<'a> {
    /// A file under a key that need not be set.
    pub fn optional(what: &'static str, path: &'a mut Option<PathBuf>, need: Need) -> Option<Self> {
        path.as_mut().map(|path| Self { what, path, need })
    }
}

/// On what terms groups are changed.
#[derive(Clone, Debug)]
pub struct AdminTerms {
    /// Where new groups get their numbers from, with providers that number them.
    pub gids: IdRange,
    /// When everything must have been done.
    pub deadline: Instant,
    /// When the run began.
    pub now: Now,
}

/// Why a provider could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The keys do not fit together.
    #[error("[provider.{name}]: {reason}")]
    Unfit {
        /// The section.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not there, or not to be trusted.
    #[error("[provider.{name}]: `{key}`: {source}")]
    File {
        /// The section.
        name: String,
        /// The key that names it.
        key: &'static str,
        /// What is wrong with it.
        source: PathError,
    },
    /// A secret that is no text.
    #[error("[provider.{name}]: `{key}`: what stands in the file is not UTF-8")]
    NotText {
        /// The section.
        name: String,
        /// The key that names it.
        key: &'static str,
    },
    /// The provider had to be asked first.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl OpenError {
    /// The keys of the section `name` do not fit together.
    pub fn unfit(name: &str, reason: String) -> Self {
        let name = name.to_owned();
        OpenError::Unfit { name, reason }
    }
}

/// The section of this name, whose keys name files.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a>(pub &'a str);

impl Section<'_> {
    /// The first line of a file that others may not read.
    ///
    /// # Errors
    /// When it cannot be trusted or read.
    pub(crate) fn secret(
        self,
        key: &'static str,
        path: Option<&Path>,
    ) -> Result<Option<SecretString>, OpenError> {
        let Some(path) = path else { return Ok(None) };
        let name = self.0.to_owned();
        let bytes = self.read(key, path, Trust::Secret)?;
        let text = String::from_utf8(bytes).map_err(|_| OpenError::NotText { name, key })?;
        Ok(Some(SecretString::from(first_line(&text))))
    }

    /// The content of a file that others may not read.
    ///
    /// # Errors
    /// When it cannot be trusted or read.
    pub(crate) fn private(
        self,
        key: &'static str,
        path: Option<&Path>,
    ) -> Result<Option<Vec<u8>>, OpenError> {
        let bytes = path.map(|path| self.read(key, path, Trust::Secret));
        bytes.transpose()
    }

    /// The content of a file that others may not write.
    ///
    /// # Errors
    /// When it cannot be trusted or read.
    pub(crate) fn trusted(
        self,
        key: &'static str,
        path: Option<&Path>,
    ) -> Result<Option<Vec<u8>>, OpenError> {
        let bytes = path.map(|path| self.read(key, path, Trust::Config));
        bytes.transpose()
    }

    fn read(self, key: &'static str, path: &Path, trust: Trust) -> Result<Vec<u8>, OpenError> {
        let name = self.0.to_owned();
        files::read_trusted(path, trust).map_err(|source| OpenError::File { name, key, source })
    }
}

/// What is odd about a secret that was not accepted, ready to stand behind the name of its key.
pub(crate) fn oddity(path: Option<&Path>) -> &'static str {
    let bytes = path.and_then(|path| files::read_trusted(path, Trust::Secret).ok());
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    odd(first_line(&text.unwrap_or_default()))
}

fn odd(line: &str) -> &'static str {
    match (
        line.starts_with(char::is_whitespace),
        line.ends_with(char::is_whitespace),
    ) {
        (true, _) => ", whose first line begins with a blank,",
        (_, true) => ", whose first line ends with a blank,",
        _ if line.chars().any(char::is_control) => ", whose first line holds control characters,",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_first_line_however_it_was_written() {
        for text in [
            "pw",
            "pw\n",
            "pw\r\n",
            "pw\n\n",
            "\u{feff}pw\n",
            "pw\nmore\n",
        ] {
            assert_eq!(first_line(text), "pw", "{text:?}");
        }
        // A password may end with a blank: it is told, not taken away.
        assert_eq!(first_line("pw \n"), "pw ");
        assert!(odd("pw ").contains("ends with a blank"));
        assert!(odd(" pw").contains("begins with a blank"));
        assert_eq!(odd("p w"), "");
    }
}
