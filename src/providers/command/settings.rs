//! The keys of a `[provider.NAME]` section with `kind = "command"`, and what follows from them alone.

use std::path::PathBuf;

use serde::Deserialize;

use super::question::Question;
use crate::model::text::shell_word;
use crate::model::units::{Size, Span};
use crate::providers::inactive::InactiveWhen;
use crate::providers::kind;
use crate::system::child::User;
use crate::system::process;

/// How much a program may print.
const MAX_OUTPUT: Size = Size::from_bytes(256 << 20);

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The program and its arguments.
    pub command: CommandLine,
    /// The name of the user as whom it is run. Unset: who runs gosync.
    pub run_as: Option<String>,
    /// How much it may print.
    #[serde(default = "max_output")]
    pub max_output: Size,
    /// How old a document may be, by its `generated`. Unset: as old as it likes.
    pub max_age: Option<Span>,
    /// Which values of which attributes shut a person out, beside `active`.
    #[serde(default)]
    pub inactive_when: InactiveWhen,
}

fn max_output() -> Size {
    MAX_OUTPUT
}

/// A program, and its arguments. No shell sees them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct CommandLine {
    /// Its absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub words: Vec<String>,
}

impl TryFrom<Vec<String>> for CommandLine {
    type Error = &'static str;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        let mut words = words.into_iter();
        let program = words.next().map(PathBuf::from).unwrap_or_default();
        let words: Vec<String> = words.collect();
        let is_clean = |word: &str| !word.contains('\0');
        match program.is_absolute() && program.to_str().is_some_and(is_clean) {
            false => Err("its first word is the absolute path of a program"),
            true if words.iter().all(|word| is_clean(word)) => Ok(Self { program, words }),
            true => Err("a word of it holds a NUL, which no program can be given"),
        }
    }
}

impl CommandLine {
    /// The line that asks the program everything by hand, in a shell.
    fn by_hand(&self, run_as: Option<&str>) -> String {
        let question = String::from_utf8_lossy(&Question::both().to_bytes()).into_owned();
        let question = shell_word(question.trim_end());
        let program = self.program.display().to_string();
        let words = self.words.iter().map(String::as_str);
        let words: Vec<String> = [program.as_str()]
            .into_iter()
            .chain(words)
            .map(shell_word)
            .collect();
        let user = run_as.map(|user| format!("runuser -u {} -- ", shell_word(user)));
        format!(
            "echo {question} | {}{}",
            user.unwrap_or_default(),
            words.join(" ")
        )
    }
}

impl Config {
    /// As whom the program is run; `None`: as who we are.
    pub(super) fn user(&self) -> Result<Option<User>, String> {
        let Some(name) = &self.run_as else {
            return Ok(None);
        };
        let user = kind::user_of(name).map_err(|reason| format!("`run_as`: {reason}"))?;
        match (user.uid == process::uid(), process::is_root()) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(user)),
            (false, false) => Err("`run_as`: only root can run a program as somebody else".into()),
        }
    }

    /// The line that asks the program everything by hand.
    pub(super) fn by_hand(&self) -> String {
        self.command.by_hand(self.run_as.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|e: toml::de::Error| e.to_string())
    }

    #[test]
    fn the_command_is_an_absolute_path_and_words() {
        let config = read("command = ['/opt/people', 'a b']").unwrap();
        assert_eq!(config.command.words, ["a b"]);
        assert_eq!(config.max_output, MAX_OUTPUT);
        for wrong in ["[]", "['people']", "['./people']", "[\"/a\\u0000b\"]"] {
            let said = read(&format!("command = {wrong}")).unwrap_err();
            assert!(said.contains("absolute path"), "{said}");
        }
        assert!(read("command = ['/a', \"\\u0000\"]").is_err());
        assert!(read("command = '/a'").is_err());
        assert!(read("command = ['/a']\nargs = []").is_err());
    }

    #[test]
    fn it_can_be_asked_by_hand() {
        let config = read("command = ['/opt/people', 'a b']\nrun_as = 'nobody'").unwrap();
        assert_eq!(
            config.by_hand(),
            "echo '{\"version\":1,\"scope\":\"both\",\"only\":null,\"top_group\":null}' | runuser -u nobody -- \
             /opt/people 'a b'"
        );
    }

    #[test]
    fn whoever_it_is_run_as_must_be_there() {
        let config = read("command = ['/opt/people']\nrun_as = 'no-such-user'").unwrap();
        let said = config.user().unwrap_err();
        assert!(
            said.contains("`run_as`: there is no user `no-such-user`"),
            "{said}"
        );
    }
}
