//! A list of accounts and groups, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::Noted;
use super::entry::{Entry, Place};
use crate::model::history::EntryKind;
use crate::model::{counted, shown};
use crate::ui::{document, listing};

/// A table, accounts first.
pub(super) fn text(entries: &[&Entry]) -> String {
    let rows: Vec<[String; 5]> = entries.iter().map(|entry| row(entry)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths: Vec<usize> = (0..4).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (text, width) in row.iter().zip(&widths) {
            let pad = width.saturating_sub(text.width()) + 2;
            let _ = write!(line, "{text}{}", " ".repeat(pad)); // writing into a String cannot fail
        }
        line.push_str(&row[4]);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn row(entry: &Entry) -> [String; 5] {
    let name = match entry.name.as_str() {
        "" => "-".to_owned(),
        name => shown(name).to_string(),
    };
    let number = entry
        .number
        .map_or_else(|| "-".to_owned(), |it| it.to_string());
    [
        entry.kind.as_str().to_owned(),
        name,
        number,
        entry.place.word().to_owned(),
        about(entry),
    ]
}

/// What there is to say of it besides.
fn about(entry: &Entry) -> String {
    let id = entry.id.as_deref().map(|id| shown(id).to_string());
    let id = id.unwrap_or_else(|| "no id".to_owned());
    let mut about = format!("{} {id}", shown(&entry.provider));
    if entry.kind == EntryKind::Group && entry.number.is_some() {
        let members = counted(entry.members.len() as u64, "member", "members");
        let _ = write!(about, ", {members}");
    }
    match &entry.place {
        Place::Refused { text, .. } => about = format!("{about}: {}", shown(text)),
        place => {
            if let Some(since) = place.since() {
                let _ = write!(about, ", since {since}");
            }
        }
    }
    about
}

/// `{"accounts": [...], "groups": [...], "refused_at": ...}`
pub(super) fn json(entries: &[&Entry], noted: &[Noted]) -> String {
    let of = |kind| -> Vec<Value> {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| one(entry)).collect()
    };
    let refused: serde_json::Map<String, Value> = noted
        .iter()
        .map(|noted| (noted.kind.as_str().to_owned(), json!(noted.ended)))
        .collect();
    let out = json!({
        "accounts": of(EntryKind::Account),
        "groups": of(EntryKind::Group),
        "refused_at": refused,
    });
    document(out)
}

fn one(entry: &Entry) -> Value {
    let mut out = json!({
        "name": entry.name,
        "state": entry.place.word(),
        "provider": entry.provider,
        "id": entry.id,
    });
    match entry.kind {
        EntryKind::Account => {
            out["uid"] = json!(entry.number);
            out["gid"] = json!(entry.gid);
        }
        EntryKind::Group | EntryKind::LocalGroup => {
            out["gid"] = json!(entry.number);
            out["members"] = json!(entry.members);
        }
    }
    if let Some(since) = entry.place.since() {
        out["since"] = json!(since);
    }
    if let Place::Refused { reason, text } = &entry.place {
        out["reason"] = json!(reason);
        out["text"] = json!(text);
    }
    out
}

/// One line each, with a header.
///
/// # Errors
/// None that a list in memory can have.
pub(super) fn csv(entries: &[&Entry]) -> Result<String, String> {
    let header = [
        "kind", "name", "number", "gid", "state", "provider", "id", "since", "members", "reason",
        "text",
    ];
    let number = |number: Option<u32>| number.map(|it| it.to_string()).unwrap_or_default();
    let row = |entry: &&Entry| {
        let (reason, text) = match &entry.place {
            Place::Refused { reason, text } => (reason.clone(), text.clone()),
            _ => Default::default(),
        };
        let since = entry.place.since().map(|since| since.to_string());
        vec![
            entry.kind.as_str().to_owned(),
            entry.name.clone(),
            number(entry.number),
            number(entry.gid),
            entry.place.word().to_owned(),
            entry.provider.clone(),
            entry.id.clone().unwrap_or_default(),
            since.unwrap_or_default(),
            entry.members.join(" "),
            reason,
            text,
        ]
    };
    listing::records(&header, entries.iter().map(row))
}
