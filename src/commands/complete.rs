//! What a shell asks when somebody presses Tab: names that could stand at the end of a command line.
//!
//! Answers from the configuration and the ledger alone: it asks no provider, takes no lock, writes nothing and prints no
//! error. Whoever may not read the ledger gets no names. The scripts in completions/ ask, and fall back on the words of the
//! command line. Only plain names are offered: others would have to be quoted, and may be anything.

use std::ffi::OsString;

use clap::{Arg, CommandFactory as _};

use super::setup::{Setup, chosen_files, settings_of};
use crate::cli::{Cli, Global};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::run::anchored;
use crate::ui::Ui;

/// The word by which the scripts ask; it is no command.
pub(crate) const WORD: &str = "complete-words";

/// How many runs are offered.
const RUNS: u32 = 50;

/// What stands at a place of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Accounts,
    /// Accounts that `gosync lock` holds, or that are locked for another reason.
    Locked,
    Groups,
    Both,
    Runs,
    Providers,
}

/// A place of the command line.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    wanted: Wanted,
    /// What stands before the name in the same word, such as `--user=`.
    before: String,
}

/// Answers a shell; `words`: what is typed after the program's name, the last one up to the cursor.
pub(crate) fn answer(words: impl Iterator<Item = OsString>, ui: Ui) {
    let words: Option<Vec<String>> = words.map(|word| word.into_string().ok()).collect();
    let words = joined(words.unwrap_or_default());
    let Some((last, before)) = words.split_last() else {
        return;
    };
    let Some(place) = place(before, last) else {
        return;
    };
    // Where something cannot be read, nothing is offered.
    let names = names(place.wanted, &global(before), ui).unwrap_or_default();
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| is_plain(name))
        .map(|name| format!("{}{name}", place.before))
        .filter(|name| name.starts_with(last.as_str()))
        .collect();
    names.sort();
    names.dedup();
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    ui.data(&lines);
}

/// Whether a name can be typed as it is.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    let begins = |c: char| c.is_ascii_alphanumeric() || c == '_';
    chars.next().is_some_and(begins)
        && chars.all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c))
}

/// Bash takes `--user=x` for three words.
fn joined(words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        let is_option = |last: &String| last.starts_with("--") && !last.contains('=');
        let has_sign = |last: &String| last.starts_with("--") && last.ends_with('=');
        match out.last_mut() {
            Some(last) if word == "=" && is_option(last) => last.push('='),
            Some(last) if has_sign(last) && !word.starts_with('-') => last.push_str(&word),
            _ => out.push(word),
        }
    }
    out
}

/// What of the words before it says where configuration and host are.
fn global(words: &[String]) -> Global {
    let value = |names: [&str; 2], n: usize| {
        let word = words.get(n)?;
        let next = || words.get(n + 1).cloned();
        let is_alone = names.contains(&word.as_str());
        let with_sign = || word.strip_prefix(names[1])?.strip_prefix('=');
        if is_alone {
            next()
        } else {
            with_sign().map(str::to_owned)
        }
    };
    let all = |names: [&'static str; 2]| (0..words.len()).filter_map(move |n| value(names, n));
    Global {
        root: all(["--root", "--root"]).next_back().map(Into::into),
        files: all(["-f", "--file"]).map(Into::into).collect(),
        ..Global::default()
    }
}

/// What stands at the end of `before`, where `last` is being typed.
fn place(before: &[String], last: &str) -> Option<Place> {
    let line = Line::read(before);
    if let Some((name, _)) = last.split_once('=').filter(|_| last.starts_with("--")) {
        let wanted = of_option(line.option(name)?.get_id().as_str())?;
        let before = format!("{name}=");
        return Some(Place { wanted, before });
    }
    let wanted = match &line.open {
        Some(id) => of_option(id)?,
        None if last.starts_with('-') => return None,
        None => line.operand()?,
    };
    // Names after `--only` may also stand between commas.
    let commas = last.rfind(',').filter(|_| line.open.is_some());
    let before = commas.map_or("", |at| &last[..=at]).to_owned();
    Some(Place { wanted, before })
}

/// A command line as far as it is typed.
struct Line {
    command: clap::Command,
    global: clap::Command,
    path: Vec<String>,
    operands: Vec<String>,
    /// The option whose value is next.
    open: Option<String>,
}

impl Line {
    fn read(words: &[String]) -> Self {
        let command = Cli::command();
        let mut line = Self {
            global: command.clone(),
            command,
            path: Vec::new(),
            operands: Vec::new(),
            open: None,
        };
        let mut only_operands = false;
        for word in words {
            match word.as_str() {
                "--" if !only_operands => only_operands = true,
                option if option.starts_with('-') && !only_operands => line.read_option(option),
                operand => line.read_operand(operand),
            }
        }
        line
    }

    fn read_option(&mut self, word: &str) {
        let takes = self.option(word).filter(|arg| {
            let is_short = !word.starts_with("--");
            arg.get_action().takes_values() && (is_short || !word.contains('='))
        });
        self.open = takes.map(|arg| arg.get_id().to_string());
    }

    fn read_operand(&mut self, word: &str) {
        if let Some(id) = self.open.take() {
            // This one may have several values.
            self.open = (id == "only").then_some(id);
            return;
        }
        match self.command.find_subcommand(word).cloned() {
            Some(found) => {
                self.path.push(found.get_name().to_owned());
                self.command = found;
                self.operands.clear();
            }
            None => self.operands.push(word.to_owned()),
        }
    }

    /// The option that a word is, of the command or of all; of several short ones, the last.
    fn option(&self, word: &str) -> Option<&Arg> {
        let arguments = || {
            self.command
                .get_arguments()
                .chain(self.global.get_arguments())
        };
        let name = word.trim_start_matches('-');
        let name = name.split('=').next()?;
        let is_long = |arg: &&Arg| {
            arg.get_long() == Some(name)
                || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
        };
        let short = name.chars().last().filter(|_| !word.starts_with("--"));
        let is_short = |arg: &&Arg| short.is_some() && arg.get_short() == short;
        arguments()
            .find(is_long)
            .or_else(|| arguments().find(is_short))
    }

    /// What the next operand is.
    fn operand(&self) -> Option<Wanted> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let is_first = self.operands.is_empty();
        let after_colon = self.operands.iter().any(|word| word == ":");
        match path.as_slice() {
            ["lock" | "deluser"] => Some(Wanted::Accounts),
            ["keys"] if is_first => Some(Wanted::Accounts),
            ["unlock"] => Some(Wanted::Locked),
            ["accounts" | "release"] => Some(Wanted::Both),
            ["why" | "history" | "rebind"] if is_first => Some(Wanted::Both),
            ["undo"] if is_first => Some(Wanted::Runs),
            ["sync", "groups"] | ["plan", "groups"] => Some(Wanted::Groups),
            ["group", "new"] if after_colon => Some(Wanted::Accounts),
            [
                "group",
                "accept" | "admin" | "delmember" | "manager" | "member",
            ] if !is_first => Some(Wanted::Accounts),
            ["group", _] => Some(Wanted::Groups),
            _ => None,
        }
    }
}

/// What the value of an option is.
fn of_option(id: &str) -> Option<Wanted> {
    match id {
        "user" | "from" => Some(Wanted::Providers),
        "group" | "parent" => Some(Wanted::Groups),
        "only" => Some(Wanted::Accounts),
        _ => None,
    }
}

fn names(wanted: Wanted, global: &Global, ui: Ui) -> Result<Vec<String>> {
    if wanted == Wanted::Providers {
        let settings = settings_of(&chosen_files(global)?, global)?;
        return Ok(settings.provider_names().map(str::to_owned).collect());
    }
    let setup = Setup::new(global, ui)?;
    let Some(ledger) = anchored::read(&setup)? else {
        return Ok(Vec::new());
    };
    match wanted {
        Wanted::Runs => runs(&ledger),
        _ => listed(&ledger, wanted),
    }
}

fn runs(ledger: &Ledger) -> Result<Vec<String>> {
    let runs = ledger
        .history(None, RUNS)
        .map_err(crate::error::Error::failed)?;
    Ok(runs.iter().map(|run| run.number.to_string()).collect())
}

fn listed(ledger: &Ledger, wanted: Wanted) -> Result<Vec<String>> {
    let all = ledger.listing().map_err(crate::error::Error::failed)?;
    let is_wanted = |kind: EntryKind, state: State| {
        let stands = matches!(state, State::Active | State::Locked);
        match (wanted, kind) {
            (Wanted::Accounts | Wanted::Both, EntryKind::Account) => stands,
            (Wanted::Locked, EntryKind::Account) => state == State::Locked,
            (Wanted::Groups | Wanted::Both, EntryKind::Group | EntryKind::LocalGroup) => stands,
            _ => false,
        }
    };
    let wanted = all.into_iter().filter(|it| is_wanted(it.kind, it.state));
    Ok(wanted.map(|it| it.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Option<(Wanted, String)> {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        words = joined(words);
        let (last, before) = words.split_last().unwrap();
        place(before, last).map(|place| (place.wanted, place.before))
    }

    #[test]
    fn each_place_of_the_line_has_its_names() {
        for (line, wanted) in [
            ("lock ", Wanted::Accounts),
            ("-q lock --reason gone ", Wanted::Accounts),
            ("lock alice b", Wanted::Accounts),
            ("unlock ", Wanted::Locked),
            ("why ", Wanted::Both),
            ("history ", Wanted::Both),
            ("undo ", Wanted::Runs),
            ("undo -n ", Wanted::Runs),
            ("group get ", Wanted::Groups),
            ("group member ", Wanted::Groups),
            ("group member physics ", Wanted::Accounts),
            ("group new a : ", Wanted::Accounts),
            ("sync groups ", Wanted::Groups),
            ("sync users --only ", Wanted::Accounts),
            ("sync users --only alice ", Wanted::Accounts),
            ("plan -o f groups ", Wanted::Groups),
            ("-u ", Wanted::Providers),
            ("-qu ", Wanted::Providers),
            ("sync --user ", Wanted::Providers),
            ("rebind --all --by uid --from ", Wanted::Providers),
            ("deluser -- ", Wanted::Accounts),
        ] {
            assert_eq!(at(line), Some((wanted, String::new())), "{line}");
        }
        for line in [
            "",
            "sync ",
            "undo 3 ",
            "lock -",
            "lock --reason ",
            "-f ",
            "group ",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }

    #[test]
    fn what_stands_before_a_name_stays() {
        let before = |line| at(line).map(|(_, before)| before);
        assert_eq!(before("--user=ca").as_deref(), Some("--user="));
        assert_eq!(before("--user = ca").as_deref(), Some("--user="));
        assert_eq!(before("sync users --only a,b,c").as_deref(), Some("a,b,"));
    }

    #[test]
    fn only_plain_names_are_offered() {
        assert!(
            ["alice", "a.b-c", "x@y", "7", "_x"]
                .iter()
                .all(|name| is_plain(name))
        );
        assert!(
            ["", "-n", "a b", "$(id)", "a;b", "Zoë", "a\n", "~x"]
                .iter()
                .all(|name| !is_plain(name))
        );
    }

    #[test]
    fn configuration_and_host_are_those_of_the_line() {
        let words = ["--root=/srv/x", "-f", "a.toml", "--file=b.toml", "lock"].map(str::to_owned);
        let global = global(&words);
        assert_eq!(global.root.as_deref(), Some("/srv/x".as_ref()));
        assert_eq!(
            global.files,
            ["a.toml", "b.toml"].map(std::path::PathBuf::from)
        );
    }
}
