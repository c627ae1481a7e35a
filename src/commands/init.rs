//! `gosync init`: writes the few lines that a kind of provider needs.
//!
//! What a kind needs, the kind itself says. Where no value is given there is a placeholder, which `gosync check` and every
//! other command name. Reads no configuration and no host.

use std::fmt::Write as _;

use super::Outcome;
use crate::cli;
use crate::error::{Error, Result};
use crate::model::shown;
use crate::model::text::shell_word;
use crate::providers::kind::Starter;
use crate::providers::registry::{KINDS, Kind};
use crate::system::files;
use crate::ui::Ui;

pub(super) fn run(args: &cli::Init, ui: Ui) -> Result<Outcome> {
    let kind = kind(&args.kind)?;
    let text = text(&kind, args)?;
    let Some(path) = &args.output else {
        ui.data(&text);
        return Ok(Outcome::Done);
    };
    files::write_new_private(path, text.as_bytes()).map_err(Error::failed)?;
    let word = shell_word(&path.display().to_string());
    ui.notice(format!(
        "{} is written; next: gosync check {word}",
        path.display()
    ));
    Ok(Outcome::Done)
}

/// The kind of this name.
fn kind(word: &str) -> Result<Kind> {
    let found = KINDS
        .iter()
        .find(|kind| kind.word.eq_ignore_ascii_case(word));
    found.copied().ok_or_else(|| {
        let words: Vec<_> = KINDS.iter().map(|kind| kind.word).collect();
        let word = shown(word);
        Error::usage(format!(
            "there is no provider of kind `{word}`; there are {}",
            words.join(", ")
        ))
    })
}

/// The configuration.
fn text(kind: &Kind, args: &cli::Init) -> Result<String> {
    let starter = &kind.starter;
    let name = args.name.as_deref().unwrap_or(starter.name);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Error::usage(
            "--name is made of letters, digits, - and _, such as campus",
        ));
    }
    let given = given(starter, args)?;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let file = args
        .output
        .as_ref()
        .map(|path| shell_word(&path.display().to_string()));
    let file = file.as_deref().unwrap_or("FILE");
    let _ = writeln!(
        out,
        "# All keys: gosync.toml(5). Then: gosync check {file}; gosync -f {file} doctor; gosync -f {file} sync users -n\n\
         [gosync]\nprovider = \"{name}\"\n\n[provider.{name}]\nkind = \"{}\"",
        kind.word
    );
    for key in starter.keys {
        let value = given.iter().find(|(given, _)| given == key.key);
        let value = value.map_or_else(
            || key.value.replace("NAME", name),
            |(_, value)| value.clone(),
        );
        let _ = writeln!(out, "{} = {}", key.key, quoted(&value));
    }
    let others = given
        .iter()
        .filter(|(given, _)| starter.keys.iter().all(|key| key.key != given));
    for (key, value) in others {
        let _ = writeln!(out, "{key} = {}", quoted(value));
    }
    Ok(out)
}

/// The keys that the command line gives, each once, the last one given.
fn given(starter: &Starter, args: &cli::Init) -> Result<Vec<(String, String)>> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut put = |key: &str, value: &str| {
        all.retain(|(known, _)| known != key);
        all.push((key.to_owned(), value.to_owned()));
    };
    let options = [
        ("--url", &args.url, &["url"] as &[&str]),
        ("--base", &args.base, &["user_base", "group_base"]),
        ("--bind-dn", &args.bind_dn, &["bind_dn"]),
    ];
    for (option, value, keys) in options {
        let Some(value) = value else { continue };
        if keys
            .iter()
            .any(|key| starter.keys.iter().all(|known| known.key != *key))
        {
            let kind = shown(&args.kind);
            return Err(Error::usage(format!(
                "{option} is not for the kind `{kind}`"
            )));
        }
        keys.iter().for_each(|key| put(key, value));
    }
    for pair in &args.set {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Error::usage(format!(
                "--set is KEY=VALUE, such as schema=ad, not `{}`",
                shown(pair)
            ))
        })?;
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if key.is_empty() || !key.bytes().all(word) || key == "kind" {
            return Err(Error::usage(format!("--set: `{}` is no key", shown(key))));
        }
        put(key, value);
    }
    Ok(all)
}

/// A value as TOML has it: what is a number, true, false or a list stays that.
fn quoted(value: &str) -> String {
    let is_list = || {
        let line = format!("value = {value}").parse::<toml::Table>();
        line.is_ok_and(|table| table.get("value").is_some_and(toml::Value::is_array))
    };
    let plain = matches!(value, "true" | "false")
        || (!value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()))
        || (value.starts_with('[') && !value.contains('\n') && is_list());
    if plain {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Source};
    use crate::providers::kind::PLACEHOLDER;

    fn args(kind: &str) -> cli::Init {
        cli::Init {
            kind: kind.to_owned(),
            name: None,
            url: None,
            base: None,
            bind_dn: None,
            set: Vec::new(),
            output: None,
        }
    }

    fn settings(text: String) -> std::result::Result<Settings, String> {
        let source = Source {
            path: "/c.toml".into(),
            text,
        };
        Settings::new(vec![source], None).map_err(|e| e.to_string())
    }

    #[test]
    fn what_every_kind_needs_is_written_and_nothing_is_forgotten() {
        for kind in KINDS {
            let text = text(&kind, &args(kind.word)).unwrap();
            assert!(text.lines().count() <= 11, "{text}");
            let filled = text
                .replace(&format!("://{PLACEHOLDER}"), "://localhost")
                .replace(&format!("\"{PLACEHOLDER}\""), "\"dc=x\"")
                .replace("org = \"dc=x\"", "org = \"octo-org\"")
                .replace(
                    "client_id = \"dc=x\"",
                    "client_id = \"00000000-0000-4000-8000-000000000000\"",
                );
            let read = settings(filled.clone()).unwrap_or_else(|e| panic!("{e}\n{filled}"));
            assert_eq!(read.provider().unwrap().kind, kind.word);
            if text.contains(PLACEHOLDER) {
                let said = settings(text.clone()).unwrap_err();
                let unset = text.lines().filter(|line| line.contains(PLACEHOLDER));
                for line in unset {
                    let key = line.split(' ').next().unwrap();
                    assert!(said.contains(&format!("`{key}`")), "{said}");
                }
            }
        }
    }

    #[test]
    fn values_of_the_command_line_stand_in_it() {
        let given = cli::Init {
            name: Some("ad".to_owned()),
            url: Some("ldaps://dc1.example.org".to_owned()),
            base: Some("dc=example,dc=org".to_owned()),
            bind_dn: Some("sync@\"example\\org".to_owned()),
            set: vec!["schema=ad".to_owned(), "page_size=500".to_owned()],
            ..args("LDAP")
        };
        let text = text(&kind(&given.kind).unwrap(), &given).unwrap();
        assert!(!text.contains(PLACEHOLDER), "{text}");
        assert!(text.contains("\npage_size = 500\n") && text.contains("\nschema = \"ad\"\n"));
        assert_eq!(settings(text).unwrap().provider().unwrap().name, "ad");
    }

    #[test]
    fn a_list_stays_one_and_nothing_else_becomes_one() {
        let given = cli::Init {
            set: vec!["command=[\"/opt/people\", 'a b']".to_owned()],
            ..args("command")
        };
        let text = text(&kind("command").unwrap(), &given).unwrap();
        assert!(
            text.contains("\ncommand = [\"/opt/people\", 'a b']\n"),
            "{text}"
        );
        assert!(settings(text).is_ok());
        for odd in ["[x", "[]\nkind = 1", "['a']\n", "[provider]"] {
            let quoted = quoted(odd);
            assert!(quoted.starts_with('"'), "{quoted}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(kind("nis").is_err());
        let file = kind("file").unwrap();
        let base = cli::Init {
            base: Some("dc=x".to_owned()),
            ..args("file")
        };
        assert!(text(&file, &base).is_err());
        for set in ["schema", "=x", "kind=ldap", "a b=c"] {
            let wrong = cli::Init {
                set: vec![set.to_owned()],
                ..args("file")
            };
            assert!(text(&file, &wrong).is_err(), "{set}");
        }
        let name = cli::Init {
            name: Some("a.b".to_owned()),
            ..args("file")
        };
        assert!(text(&file, &name).is_err());
    }
}
