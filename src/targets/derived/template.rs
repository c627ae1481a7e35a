//! `kind = "template"`: one file with a line for each account that is let in, or for each group: grid-mapfiles, maps of HTCondor,
//! access lists.
//!
//! A value that the line could not hold, since a program that reads it would see where it ends elsewhere, is not written: its account or
//! group is left out, and that is told. Between quotation marks a value has none of these and no backslashes; elsewhere no white space, no
//! `#`, and nothing of what stands beside it either, and it is not empty.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::roll::{Account, Group, Roll};
use super::target::{self, Derived, Hand, MadeFile, Site};
use crate::model::{Examples, units};
use crate::targets::place::host_path;

/// `[target.NAME]` with `kind = "template"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The file.
    #[serde(deserialize_with = "host_path")]
    path: PathBuf,
    /// What each line is for.
    #[serde(default)]
    each: Each,
    /// What a line looks like.
    line: Line,
    /// What stands before the lines.
    #[serde(default)]
    header: String,
    /// Permission bits of a new file.
    #[serde(default = "target::open_to_all", deserialize_with = "units::mode")]
    mode: u32,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Each {
    /// An account that is let in.
    #[default]
    Account,
    /// A group.
    Group,
}

/// What a line is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A value, and whether quotation marks stand around it.
    Value(Field, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Uid,
    Gid,
    Gecos,
    Home,
    Shell,
    Id,
    Provider,
    Members,
}

/// The words of fields; those that accounts have, and those that groups have.
const WORDS: [(&str, Field, bool, bool); 9] = [
    ("name", Field::Name, true, true),
    ("uid", Field::Uid, true, false),
    ("gid", Field::Gid, true, true),
    ("gecos", Field::Gecos, true, false),
    ("home", Field::Home, true, false),
    ("shell", Field::Shell, true, false),
    ("id", Field::Id, true, true),
    ("provider", Field::Provider, true, true),
    ("members", Field::Members, false, true),
];

impl Line {
    /// Takes a text apart: `{word}` stands for a value, `{{` and `}}` for braces.
    fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}', '"', '\n', '\r']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(behind) = from.strip_prefix('"') {
                is_quoted = !is_quoted;
                plain.push('"');
                rest = behind;
                continue;
            }
            if let Some(behind) = from.strip_prefix("{{").or(from.strip_prefix("}}")) {
                plain.push_str(&from[..1]);
                rest = behind;
                continue;
            }
            let behind = from
                .strip_prefix('{')
                .ok_or("a `}` stands alone; write }}, or no line break")?;
            let (word, behind) = behind
                .split_once('}')
                .ok_or("a `{` is not closed; a brace is written {{")?;
            let known = WORDS.iter().find(|(known, ..)| *known == word);
            let (_, field, ..) = known.ok_or_else(|| unknown(word))?;
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Value(*field, is_quoted));
            rest = behind;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        match is_quoted {
            true => Err("a quotation mark is not closed".to_owned()),
            false => Ok(Self(parts)),
        }
    }

    /// The line; what cannot stand in it, by its word.
    fn made(&self, value: impl Fn(Field) -> String) -> Result<String, &'static str> {
        let mut line = String::new();
        for (at, part) in self.0.iter().enumerate() {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Value(field, is_quoted) => {
                    let value = value(*field);
                    let ends = [self.text(at.checked_sub(1)), self.text(at.checked_add(1))];
                    let [before, behind] = ends;
                    let ends = before
                        .chars()
                        .next_back()
                        .into_iter()
                        .chain(behind.chars().next());
                    if !fits(&value, *field, *is_quoted, ends) {
                        return Err(word(*field));
                    }
                    line.push_str(&value);
                }
            }
        }
        line.push('\n');
        Ok(line)
    }

    /// The text at a place; none, if there is none.
    fn text(&self, at: Option<usize>) -> &str {
        match at.and_then(|at| self.0.get(at)) {
            Some(Part::Text(text)) => text,
            Some(Part::Value(..)) | None => "",
        }
    }
}

fn unknown(word: &str) -> String {
    let words: Vec<&str> = WORDS.iter().map(|(word, ..)| *word).collect();
    format!(
        "there is no value `{{{word}}}`; there are {}",
        words.join(", ")
    )
}

fn word(field: Field) -> &'static str {
    let mut words = WORDS.iter();
    words
        .find(|(_, known, ..)| *known == field)
        .map_or("value", |(word, ..)| word)
}

/// Whether a program that reads the line sees the value end where it ends. `ends`: what stands beside it.
fn fits(value: &str, field: Field, is_quoted: bool, ends: impl Iterator<Item = char>) -> bool {
    let is_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if value.contains(|c| is_line(c) || c == '"' || c == '\\') {
        return false;
    }
    if is_quoted {
        return true;
    }
    let ends: Vec<char> = ends.filter(|c| !c.is_alphanumeric()).collect();
    let is_bad = |c: char| c.is_whitespace() || c == '#' || c == '\'';
    // Members are names with commas between them.
    let is_end = |c: char| ends.contains(&c) && !(field == Field::Members && c == ',');
    !value.contains(|c| is_bad(c) || is_end(c)) && (field == Field::Members || !value.is_empty())
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

fn of_account(account: &Account<'_>, field: Field) -> String {
    let found = &account.on_host;
    match field {
        Field::Name => account.name.to_owned(),
        Field::Uid => found.uid.to_string(),
        Field::Gid => found.gid.to_string(),
        Field::Gecos => found.fields.gecos.to_owned(),
        Field::Home => found.fields.home.to_owned(),
        Field::Shell => found.fields.shell.to_owned(),
        Field::Id => account.id.clone(),
        Field::Provider => account.provider.clone(),
        Field::Members => String::new(),
    }
}

/// `shut`: accounts whose people are not let in.
fn of_group(group: &Group<'_>, shut: &BTreeSet<&str>, field: Field) -> String {
    match field {
        Field::Name => group.name.to_owned(),
        Field::Gid => group.on_host.gid.to_string(),
        Field::Id => group.id.clone(),
        Field::Provider => group.provider.clone(),
        Field::Members => {
            let members = group.on_host.members.names();
            let open: Vec<&str> = members.filter(|name| !shut.contains(name)).collect();
            open.join(",")
        }
        Field::Uid | Field::Gecos | Field::Home | Field::Shell => String::new(),
    }
}

impl Config {
    /// The lines, by name; and who has none, with the word of what cannot stand there.
    fn lines(&self, roll: &Roll<'_>) -> (String, Vec<(String, &'static str)>) {
        let shut = roll.accounts.iter().filter(|account| !account.active);
        let shut: BTreeSet<&str> = shut.map(|account| account.name).collect();
        let mut all: Vec<(&str, Result<String, &'static str>)> = match self.each {
            Each::Account => {
                let open = roll.accounts.iter().filter(|account| account.active);
                open.map(|it| (it.name, self.line.made(|field| of_account(it, field))))
                    .collect()
            }
            Each::Group => {
                let groups = roll.groups.iter();
                groups
                    .map(|it| (it.name, self.line.made(|field| of_group(it, &shut, field))))
                    .collect()
            }
        };
        all.sort_by_key(|(name, _)| *name);
        let (mut text, mut without) = (String::new(), Vec::new());
        for (name, line) in all {
            match line {
                Ok(line) => text.push_str(&line),
                Err(word) => without.push((name.to_owned(), word)),
            }
        }
        (text, without)
    }
}

impl Derived for Config {
    fn check(&self) -> Result<(), String> {
        let words = self.line.0.iter().filter_map(|part| match part {
            Part::Value(field, _) => Some(*field),
            Part::Text(_) => None,
        });
        for field in words {
            let known = WORDS.iter().find(|(_, known, ..)| *known == field);
            let has = known.is_some_and(|(_, _, account, group)| match self.each {
                Each::Account => *account,
                Each::Group => *group,
            });
            if !has {
                let each = if self.each == Each::Account {
                    "an account"
                } else {
                    "a group"
                };
                return Err(format!("line: {each} has no `{{{}}}`", word(field)));
            }
        }
        Ok(())
    }

    fn paths(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn bring(&self, roll: &Roll<'_>, _: &Site<'_>, hand: &mut dyn Hand) -> Result<(), String> {
        let (lines, without) = self.lines(roll);
        let mut text = self.header.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&lines);
        for (word, ..) in WORDS {
            let names = without.iter().filter(|(_, why)| *why == word);
            let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
            if !names.is_empty() {
                let examples: Examples = names.into_iter().collect();
                hand.warn(format!(
                    "no line for those whose `{word}` cannot stand in it: {examples}"
                ));
            }
        }
        let (path, bytes, mode) = (self.path.clone(), text.into_bytes(), self.mode);
        hand.put(&MadeFile { path, bytes, mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountFields;
    use crate::model::host::HostAccount;

    fn account<'h>(name: &'h str, id: &str, active: bool) -> Account<'h> {
        Account {
            provider: "p".to_owned(),
            id: id.to_owned(),
            name,
            on_host: HostAccount {
                uid: 20_000,
                gid: 100,
                fields: AccountFields {
                    gecos: "A, B",
                    home: "/home/x",
                    shell: "/bin/sh",
                },
                locked: false,
                expire: "",
                writable: true,
            },
            active,
            keys: Vec::new(),
        }
    }

    fn config(line: &str) -> Config {
        toml::from_str(&format!("path = \"/m\"\nline = '{line}'")).unwrap()
    }

    #[test]
    fn each_account_that_is_let_in_has_a_line_by_name() {
        let accounts = vec![
            account("zoe", "/CN=Zoe", true),
            account("ann", "/CN=A nn", true),
            account("bob", "b", false),
        ];
        let roll = Roll {
            accounts,
            ..Roll::default()
        };
        let (text, without) = config("\"{id}\" {name} {{{uid}}}").lines(&roll);
        assert_eq!(text, "\"/CN=A nn\" ann {20000}\n\"/CN=Zoe\" zoe {20000}\n");
        assert!(without.is_empty());
    }

    #[test]
    fn a_value_that_would_end_elsewhere_gets_no_line() {
        for (line, id) in [
            ("\"{id}\" {name}", "x\" root\n\"y"),
            ("\"{id}\" {name}", "x\\"),
            ("{id} {name}", "x root"),
            ("{id} {name}", "#x"),
            ("{id} {name}", ""),
            ("{gecos} {name}", "x"),
            ("{id}:{name}", "x:root"),
            ("\"a\"{id}\"b\"", "x y"),
        ] {
            let roll = Roll {
                accounts: vec![account("ann", id, true)],
                ..Roll::default()
            };
            let (text, without) = config(line).lines(&roll);
            assert_eq!((text.as_str(), without.len()), ("", 1), "{line} {id:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_meant_is_refused() {
        for line in ["{nam}", "{name", "name}", "a\nb", "\"{name}"] {
            assert!(Line::parse(line).is_err(), "{line:?}");
        }
        assert!(config("{members}").check().is_err());
        let group: Config =
            toml::from_str("path = \"/m\"\neach = \"group\"\nline = '{name}:{members}'").unwrap();
        assert_eq!(group.check(), Ok(()));
    }
}
