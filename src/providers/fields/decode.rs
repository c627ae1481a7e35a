//! Bytes of field sources to fields: the CSV file (RFC 4180) and lists of SSH public keys
//! (sshd(8)).
//!
//! Strict on purpose: a list that is not wholly understood is refused as a whole, with the line,
//! since what is left of a broken one would be taken for all there is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::lookup::Lookup;
use crate::model::text::without_mark;
use crate::model::{Untrusted, User, UserField, shown};

/// What a CSV file says: people and fields.
#[derive(Debug)]
pub(super) struct Table {
    by: Lookup,
    rows: BTreeMap<String, Row>,
}

type Fields = Vec<(UserField, Vec<Untrusted>)>;

#[derive(Debug)]
struct Row {
    /// Where it begins.
    at: u64,
    fields: Fields,
}

impl Table {
    /// What it says about a person.
    pub(super) fn row(&self, user: &User) -> &[(UserField, Vec<Untrusted>)] {
        let row = self.by.of(user).and_then(|word| self.rows.get(word));
        row.map(|row| row.fields.as_slice()).unwrap_or_default()
    }
}

/// What a column is for.
enum Column {
    Key,
    Field(UserField),
}

/// Reads a CSV file: a header, of whose columns one says whose a row is and the others are named as
/// fields are.
pub(super) fn table(bytes: &[u8]) -> Result<Table, String> {
    let bytes = without_mark(bytes);
    // One that is left open swallows what follows it.
    if bytes.iter().filter(|b| **b == b'"').count() % 2 == 1 {
        return Err(
            "a quotation mark is never closed; one within quotation marks is written twice"
                .to_owned(),
        );
    }
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let (by, columns) = header(reader.headers().map_err(|e| reason(bytes, &e))?)?;
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| reason(bytes, &e))?;
        let at = record.position().map_or(0, csv::Position::byte);
        let (key, fields) = row(&record, &columns)
            .map_err(|reason| format!("line {}: {reason}", line(bytes, at)))?;
        match rows.entry(key) {
            Entry::Vacant(entry) => entry.insert(Row { at, fields }),
            Entry::Occupied(entry) => {
                let (key, first) = (shown(entry.key()), line(bytes, entry.get().at));
                return Err(format!(
                    "line {}: `{key}` has a row already, in line {first}",
                    line(bytes, at)
                ));
            }
        };
    }
    if rows.is_empty() {
        return Err("it has no rows; leave `csv` out if that is meant".to_owned());
    }
    Ok(Table { by, rows })
}

fn header(names: &StringRecord) -> Result<(Lookup, Vec<Column>), String> {
    let (mut by, mut columns, mut seen) = (None, Vec::new(), Vec::new());
    for name in names {
        if seen.contains(&name) {
            return Err(format!(
                "line 1: the column `{}` stands there twice",
                shown(name)
            ));
        }
        seen.push(name);
        let field = UserField::ALL
            .into_iter()
            .find(|field| field.as_str() == name);
        columns.push(match (field, name.parse::<Lookup>()) {
            (Some(field), _) => Column::Field(field),
            (None, Ok(lookup)) if by.is_none() => {
                by = Some(lookup);
                Column::Key
            }
            (None, Ok(_)) => {
                return Err(
                    "line 1: more than one of the columns says whose a row is; keep one".to_owned(),
                );
            }
            (None, Err(_)) => {
                let fields = UserField::ALL.map(UserField::as_str).join(", ");
                return Err(format!(
                    "line 1: there is no column `{}`; there are {fields}",
                    shown(name)
                ));
            }
        });
    }
    match by {
        Some(by) if columns.len() > 1 => Ok((by, columns)),
        Some(_) => Err("line 1: it has no column with a field".to_owned()),
        None => Err(
            "line 1: no column says whose a row is: it needs login, id or attribute.NAME"
                .to_owned(),
        ),
    }
}

fn row(record: &StringRecord, columns: &[Column]) -> Result<(String, Fields), String> {
    let (mut key, mut fields) = (String::new(), Vec::new());
    for (value, column) in record.iter().zip(columns) {
        match column {
            Column::Field(UserField::SshKeys) => {
                let keys = keys(value)?;
                if !keys.is_empty() {
                    fields.push((UserField::SshKeys, keys));
                }
                continue;
            }
            // A line break may stand between keys alone: elsewhere it is a quotation mark too few
            // or too many.
            _ if value.chars().any(char::is_control) => {
                return Err("a value has a line break or another control character".to_owned());
            }
            Column::Key if value.is_empty() => {
                return Err("it does not say whose row it is".to_owned());
            }
            Column::Key => key = value.to_owned(),
            Column::Field(_) if value.is_empty() => {}
            Column::Field(field) => fields.push((*field, vec![Untrusted::new(value)])),
        }
    }
    Ok((key, fields))
}

/// The line of a record. The parser's own figure is that of the line break before it.
fn line(bytes: &[u8], at: u64) -> usize {
    let (before, rest) = bytes.split_at(usize::try_from(at).unwrap_or(0).min(bytes.len()));
    let breaks = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    before.iter().chain(breaks).filter(|b| **b == b'\n').count() + 1
}

fn reason(bytes: &[u8], error: &csv::Error) -> String {
    let line = line(bytes, error.position().map_or(0, csv::Position::byte));
    match error.kind() {
        ErrorKind::Utf8 { .. } => format!("line {line}: it is not UTF-8"),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!(
                "line {line}: it has not as many values as the header has columns ({len}, not {expected_len})"
            )
        }
        _ => format!("line {line}: it is not CSV"),
    }
}

/// Reads public keys, one a line; empty lines and comments are left out.
pub(super) fn keys(text: &str) -> Result<Vec<Untrusted>, String> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|(n, line)| match is_key(line) {
        true => Ok(Untrusted::new(line)),
        // Without its options a key could do more than was meant.
        false => Err(format!(
            "line {n} of the keys is no SSH public key, or has options before it"
        )),
    });
    keys.collect()
}

/// Whether a line looks like a public key: a type, and what in base64 begins with the length of the
/// type's name.
fn is_key(line: &str) -> bool {
    let mut words = line.split([' ', '\t']);
    let (kind, body) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let is_kind = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|start| kind.starts_with(start))
        && kind.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'@' | b'.')
        });
    let is_body = body.starts_with("AAAA")
        && body.len() >= 16
        && body
            .trim_end_matches('=')
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    is_kind && is_body && !line.chars().any(|c| c.is_control() && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RemoteId;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ann@home";

    fn said(csv: &str, login: &str) -> Vec<(&'static str, Vec<String>)> {
        let user = User::new(RemoteId::new("u-1").unwrap(), login);
        let table = table(csv.as_bytes()).unwrap();
        let row = table.row(&user).iter();
        row.map(|(field, values)| {
            (
                field.as_str(),
                values.iter().map(|v| v.raw().to_owned()).collect(),
            )
        })
        .collect()
    }

    #[test]
    fn columns_come_in_any_order_and_empty_cells_say_nothing() {
        let csv = "\u{feff}uid,login, name ,shell\r\n20001,ann,\"Lee, \"\"A\"\"\",\r\n\r\n,bob,,/bin/zsh\r\n";
        let one = |field, value: &str| (field, vec![value.to_owned()]);
        assert_eq!(
            said(csv, "ann"),
            [one("uid", "20001"), one("name", "Lee, \"A\"")]
        );
        assert_eq!(said(csv, "bob"), [one("shell", "/bin/zsh")]);
        assert_eq!(said(csv, "Ann"), []);
        assert_eq!(said("id,uid\nu-1,7", "anybody"), [one("uid", "7")]);
    }

    #[test]
    fn several_keys_stand_on_lines_of_one_cell() {
        let csv = format!("login,ssh_keys\nann,\"{KEY}\n{KEY}\"\nbob,{KEY}\n");
        assert_eq!(
            said(&csv, "ann"),
            [("ssh_keys", vec![KEY.to_owned(), KEY.to_owned()])]
        );
        assert_eq!(said(&csv, "bob")[0].1.len(), 1);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        for (csv, complaint) in [
            ("", "line 1: "),
            ("login\nann\n", "line 1: it has no column with a field"),
            ("uid,shell\n1,2\n", "line 1: no column says whose"),
            ("login,id,uid\na,b,1\n", "line 1: more than one"),
            (
                "login,uid,uid\na,1,1\n",
                "line 1: the column `uid` stands there twice",
            ),
            (
                "login,pasword\na,1\n",
                "line 1: there is no column `pasword`; there are name, email",
            ),
            ("login,uid\n", "it has no rows"),
            (
                "login,uid\nann,1\nbob,2\n\nann,3\n",
                "line 5: `ann` has a row already, in line 2",
            ),
            (
                "\u{feff}login,uid\r\nann,1\r\n\r\nann,2\r\n",
                "line 4: `ann` has a row already, in line 2",
            ),
            (
                "login,uid\r\nann,1\r\nbob\r\n",
                "line 3: it has not as many",
            ),
            (
                "login,uid\nann,1\nbob\n",
                "line 3: it has not as many values as the header has columns (1, not 2)",
            ),
            ("login,uid\nann,1,2\n", "line 2: it has not as many"),
            ("login,uid\n,1\n", "line 2: it does not say whose"),
            (
                "login,uid\nann,\"1\nbob,2\n",
                "a quotation mark is never closed",
            ),
            (
                "login,shell\nann,\"/bin/sh\nbob,/bin/sh\ncy,\"/bin/sh\"\"\n",
                "line 2: a value has a line break",
            ),
            ("login,name\nann,x\u{1b}[2J\n", "line 2: a value has"),
            ("login,name\nann,x\u{0}\n", "line 2: a value has"),
            (
                "login,ssh_keys\nann,ssh-rsa short\n",
                "line 2: line 1 of the keys is no SSH public key",
            ),
        ] {
            let found = table(csv.as_bytes()).unwrap_err();
            assert!(found.starts_with(complaint), "{csv:?}: {found}");
        }
        assert_eq!(
            table(b"login,name\nann,x\nbob,\xff\n").unwrap_err(),
            "line 3: it is not UTF-8"
        );
    }

    #[test]
    fn an_open_quotation_mark_swallows_no_keys() {
        let csv = format!("login,ssh_keys\nann,\"{KEY}\nbob,{KEY}\ncy,\"{KEY}\n");
        assert!(
            table(csv.as_bytes())
                .unwrap_err()
                .contains("line 2 of the keys")
        );
    }

    #[test]
    fn lists_of_keys_are_understood_or_refused() {
        assert_eq!(
            keys(&format!("# ann's\n\n{KEY}\r\n")).unwrap(),
            [Untrusted::new(KEY)]
        );
        assert_eq!(keys("").unwrap(), []);
        for bad in [
            "<html>",
            "Not Found",
            "ssh-ed25519",
            "ssh-ed25519 hello",
            &format!("restrict {KEY}"),
            &format!("command=\"x\" {KEY}"),
            &format!("{KEY}\u{1b}[2J"),
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "---- BEGIN SSH2 PUBLIC KEY ----",
        ] {
            assert!(keys(bad).is_err(), "{bad}");
        }
    }
}
