//! `kind = "template"`: one file with a line for each account that is let in, or for each group: grid-mapfiles, maps of HTCondor,
//! access lists.
//!
//! A value that the line could not hold, since a program that reads it would see where it ends elsewhere, is not written: its account or
//! group is left out, and that is told. Between quotation marks a value has none of these and no backslashes; elsewhere no white space, no
//! `#`, and nothing of what stands beside it either, and it is not empty.
//!
//! Who lacks an attribute has no line, unless the section wants an empty value. As long as a provider has not been asked for it, nobody
//! knows who does, and the file stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::made::Content;
use super::roll::{Account, Group, Roll};
use super::target::{self, Derived, Hand, MadeFile, Site};
use crate::model::{Examples, shown, units};
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
    /// What becomes of the line of somebody who lacks an attribute.
    #[serde(default)]
    missing: Missing,
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

/// What becomes of the line of an account whose person has not an attribute that stands in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// There is none.
    #[default]
    LeaveOut,
    /// The value is empty in it.
    Empty,
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

#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// An attribute of the account's person.
    Attribute(String),
}

/// What stands before the name of an attribute.
const ATTRIBUTE: &str = "attributes.";

/// The words of fields; those that accounts have, and those that groups have.
static WORDS: [(&str, Field, bool, bool); 9] = [
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
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Value(field(word)?, is_quoted));
            rest = behind;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        match is_quoted {
            true => Err("a quotation mark is not closed".to_owned()),
            false => Ok(Self(parts)),
        }
    }

    /// The line; or what cannot stand in it.
    fn made(
        &self,
        missing: Missing,
        value: impl Fn(&Field) -> Option<String>,
    ) -> Result<String, NoLine> {
        let mut line = String::new();
        for (at, part) in self.0.iter().enumerate() {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Value(field, is_quoted) => {
                    let (value, is_lacking) = match (value(field), missing) {
                        (Some(value), _) => (value, false),
                        (None, Missing::Empty) => (String::new(), true),
                        (None, Missing::LeaveOut) => return Err(NoLine::Lacking(word(field))),
                    };
                    let ends = [self.text(at.checked_sub(1)), self.text(at.checked_add(1))];
                    let [before, behind] = ends;
                    let ends = before
                        .chars()
                        .next_back()
                        .into_iter()
                        .chain(behind.chars().next());
                    if !is_lacking && !fits(&value, field, *is_quoted, ends) {
                        return Err(NoLine::Unfit(word(field)));
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

/// Why an account or a group has no line, with the word of the value in question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum NoLine {
    /// The value cannot stand there.
    Unfit(String),
    /// There is none.
    Lacking(String),
}

/// The value that a word stands for.
fn field(word: &str) -> Result<Field, String> {
    if let Some(name) = word.strip_prefix(ATTRIBUTE).filter(|name| !name.is_empty()) {
        return Ok(Field::Attribute(name.to_owned()));
    }
    let known = WORDS.iter().find(|(known, ..)| *known == word);
    let words = || WORDS.iter().map(|(word, ..)| *word).collect::<Vec<_>>();
    known.map(|(_, field, ..)| field.clone()).ok_or_else(|| {
        format!(
            "there is no value `{{{word}}}`; there are {} and attributes.NAME",
            words().join(", ")
        )
    })
}

fn word(field: &Field) -> String {
    let mut words = WORDS.iter();
    match field {
        Field::Attribute(name) => format!("{ATTRIBUTE}{name}"),
        _ => words
            .find(|(_, known, ..)| known == field)
            .map_or("value", |(word, ..)| word)
            .to_owned(),
    }
}

/// Whether a program that reads the line sees the value end where it ends. `ends`: what stands beside it.
fn fits(value: &str, field: &Field, is_quoted: bool, ends: impl Iterator<Item = char>) -> bool {
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
    let is_end = |c: char| ends.contains(&c) && !(*field == Field::Members && c == ',');
    !value.contains(|c| is_bad(c) || is_end(c)) && (*field == Field::Members || !value.is_empty())
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// `None`: its person does not have it.
fn of_account(account: &Account<'_>, field: &Field) -> Option<String> {
    let found = &account.on_host;
    Some(match field {
        Field::Name => account.name.to_owned(),
        Field::Uid => found.uid.to_string(),
        Field::Gid => found.gid.to_string(),
        Field::Gecos => found.fields.gecos.to_owned(),
        Field::Home => found.fields.home.to_owned(),
        Field::Shell => found.fields.shell.to_owned(),
        Field::Id => account.id.clone(),
        Field::Provider => account.provider.clone(),
        Field::Members => String::new(),
        Field::Attribute(name) => return account.attributes.get(name).cloned(),
    })
}

/// `shut`: accounts whose people are not let in.
fn of_group(group: &Group<'_>, shut: &BTreeSet<&str>, field: &Field) -> Option<String> {
    Some(match field {
        Field::Name => group.name.to_owned(),
        Field::Gid => group.on_host.gid.to_string(),
        Field::Id => group.id.clone(),
        Field::Provider => group.provider.clone(),
        Field::Members => {
            let members = group.on_host.members.names();
            let open: Vec<&str> = members.filter(|name| !shut.contains(name)).collect();
            open.join(",")
        }
        Field::Uid | Field::Gecos | Field::Home | Field::Shell | Field::Attribute(_) => {
            return None;
        }
    })
}

impl Config {
    /// The lines, by name; and who has none, by what is missing there.
    fn lines(&self, roll: &Roll<'_>) -> (String, BTreeMap<NoLine, Examples>) {
        let shut = roll.accounts.iter().filter(|account| !account.active);
        let shut: BTreeSet<&str> = shut.map(|account| account.name).collect();
        let mut all: Vec<(&str, Result<String, NoLine>)> = match self.each {
            Each::Account => {
                let open = roll.accounts.iter().filter(|account| account.active);
                open.map(|it| (it.name, self.made(|field| of_account(it, field))))
                    .collect()
            }
            Each::Group => {
                let groups = roll.groups.iter();
                groups
                    .map(|it| (it.name, self.made(|field| of_group(it, &shut, field))))
                    .collect()
            }
        };
        all.sort_by_key(|(name, _)| *name);
        let (mut text, mut without) = (String::new(), BTreeMap::<NoLine, Examples>::new());
        for (name, line) in all {
            match line {
                Ok(line) => text.push_str(&line),
                Err(why) => without.entry(why).or_default().add(name),
            }
        }
        (text, without)
    }

    fn made(&self, value: impl Fn(&Field) -> Option<String>) -> Result<String, NoLine> {
        self.line.made(self.missing, value)
    }

    /// The values that stand in a line.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.line.0.iter().filter_map(|part| match part {
            Part::Value(field, _) => Some(field),
            Part::Text(_) => None,
        })
    }

    /// Why nobody knows who has which attribute: it has not been asked for yet.
    fn unread(&self, roll: &Roll<'_>) -> Option<String> {
        let names = self.attributes();
        let mut open = roll.accounts.iter().filter(|account| account.active);
        let (provider, name) = open.find_map(|account| {
            let unread = |name: &&str| {
                !account.attributes.contains_key(*name)
                    && (roll.unread).contains(&(account.provider.clone(), (*name).to_owned()))
            };
            Some((&account.provider, *names.iter().find(|name| unread(name))?))
        })?;
        Some(format!(
            "nobody has been asked for `{}` at {} yet: the next complete `gosync sync users` does",
            shown(&format!("{ATTRIBUTE}{name}")),
            shown(provider)
        ))
    }
}

impl Derived for Config {
    fn check(&self) -> Result<(), String> {
        for field in self.fields() {
            let known = WORDS.iter().find(|(_, known, ..)| known == field);
            let (of_account, of_group) =
                known.map_or((true, false), |(_, _, account, group)| (*account, *group));
            let has = match self.each {
                Each::Account => of_account,
                Each::Group => of_group,
            };
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

    fn attributes(&self) -> Vec<&str> {
        let names = self.fields().filter_map(|field| match field {
            Field::Attribute(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }

    fn bring(&self, roll: &Roll<'_>, _: &Site<'_>, hand: &mut dyn Hand) -> Result<(), String> {
        if let Some(why) = self.unread(roll) {
            return Err(why);
        }
        let (lines, without) = self.lines(roll);
        let mut text = self.header.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&lines);
        for (why, examples) in without {
            match why {
                NoLine::Unfit(word) => hand.warn(format!(
                    "no line for those whose `{}` cannot stand in it: {examples}",
                    shown(&word)
                )),
                NoLine::Lacking(word) => hand.note(format!(
                    "no line for those who have no `{}`: {examples}",
                    shown(&word)
                )),
            }
        }
        hand.put(&MadeFile {
            path: self.path.clone(),
            bytes: text.into_bytes(),
            mode: self.mode,
            content: Content::Lines,
        })
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
            attributes: BTreeMap::new(),
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

    fn with(name: &'static str, value: Option<&str>) -> Account<'static> {
        let said = value.map(|value| ("dn".to_owned(), value.to_owned()));
        Account {
            attributes: said.into_iter().collect(),
            ..account(name, "x", true)
        }
    }

    #[test]
    fn who_lacks_an_attribute_has_no_line_or_an_empty_value() {
        let accounts = vec![
            with("ann", Some("/CN=A nn")),
            with("bob", None),
            with("cat", Some("\"")),
        ];
        let roll = Roll {
            accounts,
            ..Roll::default()
        };
        let line = "\"{attributes.dn}\" {name}";
        let (text, without) = config(line).lines(&roll);
        assert_eq!(text, "\"/CN=A nn\" ann\n");
        let word = "attributes.dn".to_owned();
        let why: Vec<_> = without.into_iter().collect();
        assert_eq!(
            why.iter()
                .map(|(why, who)| (why.clone(), who.to_string()))
                .collect::<Vec<_>>(),
            [
                (NoLine::Unfit(word.clone()), "cat".to_owned()),
                (NoLine::Lacking(word), "bob".to_owned())
            ]
        );
        let mut empty = config(line);
        empty.missing = Missing::Empty;
        let (text, without) = empty.lines(&roll);
        assert_eq!(text, "\"/CN=A nn\" ann\n\"\" bob\n");
        assert_eq!(without.len(), 1);
        assert_eq!(empty.attributes(), ["dn"]);
    }

    #[test]
    fn what_was_not_asked_for_is_no_lack() {
        let unread = BTreeSet::from([("p".to_owned(), "dn".to_owned())]);
        let roll = |accounts| Roll {
            accounts,
            unread: unread.clone(),
            ..Roll::default()
        };
        let config = config("{attributes.dn} {name}");
        assert_eq!(config.unread(&roll(vec![with("ann", Some("x"))])), None);
        let why = config.unread(&roll(vec![with("ann", None)])).unwrap();
        assert!(why.contains("`attributes.dn` at p"), "{why}");
    }

    #[test]
    fn a_line_that_cannot_be_meant_is_refused() {
        for line in [
            "{nam}",
            "{attributes.}",
            "{name",
            "name}",
            "a\nb",
            "\"{name}",
        ] {
            assert!(Line::parse(line).is_err(), "{line:?}");
        }
        assert!(config("{members}").check().is_err());
        assert_eq!(config("{attributes.dn}").check(), Ok(()));
        let group: Config =
            toml::from_str("path = \"/m\"\neach = \"group\"\nline = '{attributes.dn}'").unwrap();
        assert!(group.check().is_err());
        let group: Config =
            toml::from_str("path = \"/m\"\neach = \"group\"\nline = '{name}:{members}'").unwrap();
        assert_eq!(group.check(), Ok(()));
    }
}
