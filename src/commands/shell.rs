//! `gosync shell`: commands from a prompt or from standard input, on one connection to the
//! provider.

use std::cell::RefCell;
use std::rc::Rc;

use clap::CommandFactory as _;

use super::setup::Setup;
use super::{Outcome, Session};
use crate::cli::{Cli, Command, Global};
use crate::error::{Error, Kind, Result};
use crate::providers::Scope;
use crate::ui::Ui;
use crate::ui::prompt::{Line, Prompt};

pub(super) fn run(global: &Global, ui: Ui, session: &Session) -> Result<Outcome> {
    // What is wrong with the configuration is told now, and not at each line.
    Setup::for_provider(global, ui)?;
    let names = Names {
        global,
        ui,
        session,
        groups: Cached::default(),
        people: Cached::default(),
    };
    let mut prompt = Prompt::new(Box::new(|line| complete(line, &names))).map_err(Error::failed)?;
    loop {
        let text = match prompt.read().map_err(Error::failed)? {
            Line::Text(text) => text,
            Line::Cancelled => continue,
            Line::End => return Ok(Outcome::Done),
        };
        if matches!(text.trim(), "exit" | "quit") {
            return Ok(Outcome::Done);
        }
        let code = line(&text, global, ui, session);
        names.forget_groups(&text);
        if code != 0 && !prompt.is_terminal() {
            return Ok(Outcome::Ended(code));
        }
    }
}

/// Runs one line. Returns its exit code.
fn line(text: &str, global: &Global, ui: Ui, session: &Session) -> u8 {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return 0;
    }
    let Some(words) = shlex::split(text) else {
        ui.error(&Error::usage("a quotation mark is not closed"));
        return Kind::Usage.code();
    };
    let words = if words == ["help"] {
        vec!["--help".to_owned()]
    } else {
        words
    };
    match Cli::read(std::iter::once("gosync".to_owned()).chain(words)) {
        Err(error) => ui.command_line(&error),
        Ok(Cli {
            command: Command::Shell,
            ..
        }) => {
            ui.error(&Error::usage("this is a shell already"));
            Kind::Usage.code()
        }
        Ok(cli) => {
            let cli = Cli {
                global: cli.global.over(global),
                ..cli
            };
            let ui = ui.quiet(cli.global.quiet);
            let ui = ui.colours(cli.global.color.wanted());
            super::run_in(&cli, ui, session)
        }
    }
}

/// Names, once they were asked for.
type Cached = RefCell<Option<Rc<[String]>>>;

/// Names at the provider, asked for when they are first wanted.
struct Names<'a> {
    global: &'a Global,
    ui: Ui,
    session: &'a Session,
    groups: Cached,
    people: Cached,
}

impl Names<'_> {
    fn groups(&self) -> Rc<[String]> {
        cached(&self.groups, || {
            let setup = Setup::for_provider(self.global, self.ui)?;
            let groups = self.session.group_admin(&setup)?.groups(false)?;
            Ok(groups
                .iter()
                .map(|group| group.name.raw().to_owned())
                .collect())
        })
    }

    fn people(&self) -> Rc<[String]> {
        cached(&self.people, || {
            let snapshot = Setup::for_provider(self.global, self.ui)?.fetch(Scope::Users, None)?;
            Ok(snapshot
                .directory
                .users
                .iter()
                .map(|user| user.login.raw().to_owned())
                .collect())
        })
    }

    /// After a line that may have made groups, they are asked for again.
    fn forget_groups(&self, line: &str) {
        if line.split_whitespace().any(|word| word == "new") {
            self.groups.replace(None);
        }
    }
}

/// What `cell` holds, else what `read` gives. What cannot be read is not offered, and asked for
/// again.
fn cached(cell: &Cached, read: impl FnOnce() -> Result<Vec<String>>) -> Rc<[String]> {
    if let Some(names) = cell.borrow().as_ref() {
        return Rc::clone(names);
    }
    match read() {
        Ok(names) => Rc::clone(cell.borrow_mut().insert(names.into())),
        Err(e) => {
            tracing::debug!("no names to complete: {e}");
            Rc::from([])
        }
    }
}

/// What a word on the line is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Groups,
    People,
}

/// What could stand at the end of `line`.
fn complete(line: &str, names: &Names<'_>) -> (usize, Vec<String>) {
    let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    // Names after `--only` may also stand between commas.
    let start = line[start..].rfind(',').map_or(start, |at| start + at + 1);
    let word = &line[start..];
    let (mut words, wanted) = candidates(&before, word.starts_with('-'));
    match wanted {
        Wanted::Nothing => {}
        Wanted::Groups => words.extend(names.groups().iter().cloned()),
        Wanted::People => words.extend(names.people().iter().cloned()),
    }
    // A name with other characters would have to be quoted, and may be anything.
    let plain = |text: &String| {
        text.chars()
            .all(|c| c.is_alphanumeric() || "-_.@+:".contains(c))
    };
    words.retain(|candidate| candidate.starts_with(word) && plain(candidate));
    words.sort();
    words.dedup();
    (start, words)
}

/// Words of the command line that could come after `before`, and what names.
fn candidates(before: &[&str], option: bool) -> (Vec<String>, Wanted) {
    let mut command = Cli::command();
    let mut path = Vec::new();
    let mut operands = 0;
    for word in before {
        match command.find_subcommand(word) {
            Some(found) => {
                path.push(*word);
                command = found.clone();
            }
            None if !word.starts_with('-') && !command.has_subcommands() => operands += 1,
            None => {}
        }
    }
    if option {
        let options = command
            .get_arguments()
            .filter_map(|arg| Some(format!("--{}", arg.get_long()?)));
        return (options.collect(), Wanted::Nothing);
    }
    let words = command
        .get_subcommands()
        .map(|found| found.get_name().to_owned())
        .collect();
    let wanted = match path.as_slice() {
        [
            "group",
            "accept" | "admin" | "delmember" | "manager" | "member",
        ] if operands > 0 => Wanted::People,
        ["group", "new"] if before.contains(&":") => Wanted::People,
        ["group", _] | ["sync", "groups"] => Wanted::Groups,
        ["deluser" | "lock" | "unlock"] => Wanted::People,
        ["sync", "users"] if before.contains(&"--only") => Wanted::People,
        _ => Wanted::Nothing,
    };
    (words, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_offered_level_by_level() {
        let (words, wanted) = candidates(&[], false);
        assert!(
            ["sync", "group", "deluser"]
                .iter()
                .all(|w| words.contains(&(*w).to_owned()))
        );
        assert_eq!(wanted, Wanted::Nothing);
        assert!(
            candidates(&["group"], false)
                .0
                .contains(&"delmember".to_owned())
        );
        assert!(
            candidates(&["sync", "users"], true)
                .0
                .contains(&"--only".to_owned())
        );
    }

    #[test]
    fn names_are_offered_where_they_belong() {
        for (line, wanted) in [
            ("group member", Wanted::Groups),
            ("group member physics", Wanted::People),
            ("-q group members physics", Wanted::Groups),
            ("group new a :", Wanted::People),
            ("sync groups", Wanted::Groups),
            ("sync users", Wanted::Nothing),
            ("sync users --only", Wanted::People),
            ("deluser", Wanted::People),
            ("waitlock", Wanted::Nothing),
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(candidates(&words, false).1, wanted, "{line}");
        }
    }
}
