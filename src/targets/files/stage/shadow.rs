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

/// Makes the new lines.
pub(super) fn shadow(
    sheet: &mut Sheet<'_>,
    changes: &[Change],
    known: &Known<'_>,
    day: i64,
) -> Result<(), BadField> {
    let day = day.to_string();
    for change in changes {
        let (name, lines) = (change.name(), effects(change).lines);
        let password = known.passwords.get(name.as_bytes()).copied();
        let close = match lines {
            Lines::NewAccount(_) => {
                let at = sheet.find(name);
                if at.is_none() || !known.accounts.contains(name.as_bytes()) {
                    sheet.put(at, new_shadow(name, &day, false)?);
                    continue;
                }
                // The account was only forgotten, and keeps its password.
                false
            }
            Lines::Lock => true,
            Lines::Unlock => false,
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
        // Somebody may have taken away one half of a lock by hand. A lock of ours is taken away whole; of an account that
        // was forgotten nobody knows whose half is left.
        let halves = matches!(lines, Lines::Unlock);
        let moved = password.filter(|_| shut_or_opened(change));
        let found = sheet.find(name);
        if found.is_none() && !close && moved.is_none() {
            continue;
        }
        let (at, old) = match found {
            Some((number, old)) => (Some((number, old.clone())), old),
            None => (None, new_shadow(name, &day, false)?),
        };
        // A line that nothing reads locks nothing: it is mended where it has to.
        let mended = || ShadowLine::mended(&old).filter(|_| close);
        let Some(mut line) = ShadowLine::parse(&old).or_else(mended) else {
            continue;
        };
        if let Some(password) = moved {
            line.password = or_none(password);
        }
        let locked = [b"!", line.password].concat();
        if close {
            if !line.password.starts_with(b"!") {
                line.password = &locked;
            }
            line.expire = b"1";
        } else if line.is_closed() || halves {
            line.password = open(line.password);
            if line.expire == b"1" {
                line.expire = b"";
            }
        }
        let new = line.to_line()?;
        sheet.put(at, new);
    }
    Ok(())
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
