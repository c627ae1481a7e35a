//! The lines of shadow(5): new ones, and those that are closed and opened.
//!
//! A password is never made, and never lost: a lock is put before it and taken away.

use super::super::sheet::{Known, Sheet};
use super::fields::shut_or_opened;
use crate::formats::{BadField, ShadowLine};
use crate::plan::diff::LOCKED;
use crate::plan::effects::{Lines, effects};
use crate::plan::{Change, FieldChange};
use crate::policy::Field;

/// What becomes of the line of an account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It is closed.
    Close,
    /// A lock of gosync's is taken away whole, though somebody may have taken away one half of it by hand.
    Open,
    /// The account was only forgotten, and keeps its password. Whose half of a lock is left nobody knows.
    Known,
}

/// Makes the new lines.
pub(super) fn shadow(
    sheet: &mut Sheet<'_>,
    changes: &[Change],
    known: &Known<'_>,
    day: i64,
) -> Result<(), BadField> {
    let day = day.to_string();
    for change in changes {
        let name = change.name();
        let password = known.passwords.get(name.as_bytes()).copied();
        let turn = match effects(change).lines {
            Lines::NewAccount(_) => {
                let at = sheet.find(name);
                if at.is_none() || !known.accounts.contains(name.as_bytes()) {
                    sheet.put(at, new_shadow(name, &day, false)?);
                    continue;
                }
                Turn::Known
            }
            Lines::Lock => Turn::Close,
            Lines::Unlock => Turn::Open,
            Lines::Fields(fields) => {
                shut(sheet, name, fields, password)?;
                continue;
            }
            Lines::Stay
            | Lines::NewGroup(_)
            | Lines::Members
            | Lines::Rename(_)
            | Lines::RemoveAccount { .. }
            | Lines::RemoveGroup => continue,
        };
        let moved = password.filter(|_| shut_or_opened(change));
        let found = sheet.find(name);
        if found.is_none() && turn != Turn::Close && moved.is_none() {
            continue;
        }
        let (at, old) = match found {
            Some((number, old)) => (Some((number, old.clone())), old),
            None => (None, new_shadow(name, &day, false)?),
        };
        if let Some(new) = turned(&old, turn, moved)? {
            sheet.put(at, new);
        }
    }
    Ok(())
}

/// The line closed or opened; `None`: nothing reads it, and it need not be read. `moved`: the password, if it was not in
/// shadow.
fn turned(old: &[u8], turn: Turn, moved: Option<&[u8]>) -> Result<Option<Vec<u8>>, BadField> {
    // A line that nothing reads locks nothing: it is mended where it has to.
    let mended = || ShadowLine::mended(old).filter(|_| turn == Turn::Close);
    let Some(mut line) = ShadowLine::parse(old).or_else(mended) else {
        return Ok(None);
    };
    if let Some(password) = moved {
        line.password = or_none(password);
    }
    let locked = [b"!", line.password].concat();
    if turn == Turn::Close {
        if !line.password.starts_with(b"!") {
            line.password = &locked;
        }
        line.expire = b"1";
    } else if line.is_closed() || turn == Turn::Open {
        line.password = open(line.password);
        if line.expire == b"1" {
            line.expire = b"";
        }
    }
    line.to_line().map(Some)
}

/// Sets lock and expiry. `moved`: the password, if it was not in shadow.
fn shut(
    sheet: &mut Sheet<'_>,
    name: &str,
    fields: &[FieldChange],
    moved: Option<&[u8]>,
) -> Result<(), BadField> {
    let fields: Vec<_> = fields
        .iter()
        .filter(|f| matches!(f.field, Field::Lock | Field::Expiry))
        .collect();
    let Some((number, old)) = sheet.find(name).filter(|_| !fields.is_empty()) else {
        return Ok(());
    };
    let Some(mut line) = ShadowLine::parse(&old) else {
        return Ok(());
    };
    if let Some(password) = moved {
        line.password = or_none(password);
    }
    let locked = [b"!", line.password].concat();
    for change in fields {
        match (change.field, change.to.as_str()) {
            (Field::Lock, LOCKED) if !line.is_locked() => line.password = &locked,
            (Field::Lock, LOCKED) => {}
            (Field::Lock, _) => line.password = open(line.password),
            (_, day) => line.expire = day.as_bytes(),
        }
    }
    let new = line.to_line()?;
    sheet.put(Some((number, old)), new);
    Ok(())
}

/// A password without its lock, which may have been put on more than once. An empty field would let everybody in.
fn open(password: &[u8]) -> &[u8] {
    let locks = password.iter().take_while(|&&b| b == b'!').count();
    if locks > 0 {
        or_none(&password[locks..])
    } else {
        password
    }
}

/// A password, or one that none opens instead of an empty one.
fn or_none(password: &[u8]) -> &[u8] {
    if password.is_empty() { b"*" } else { password }
}

/// A shadow line that no password opens: `*`, not `!`, which sshd(8) without PAM takes for a locked account.
fn new_shadow(name: &str, day: &str, closed: bool) -> Result<Vec<u8>, BadField> {
    let (password, expire): (&[u8], &[u8]) = if closed { (b"!*", b"1") } else { (b"*", b"") };
    let ageing: [&[u8]; 5] = [day.as_bytes(), b"0", b"99999", b"7", b""];
    ShadowLine {
        name: name.as_bytes(),
        password,
        ageing,
        expire,
        flag: b"",
    }
    .to_line()
}
