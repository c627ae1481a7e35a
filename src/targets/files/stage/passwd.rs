//! The lines of passwd(5): new ones, changed fields, and those that go.

use super::super::sheet::Sheet;
use super::fields::shut_or_opened;
use crate::formats::{BadField, PasswdLine};
use crate::plan::effects::{Lines, effects};
use crate::plan::{Change, FieldChange};
use crate::policy::Field;

pub(super) fn passwd(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    for change in changes {
        if shut_or_opened(change) {
            let found = sheet.find(change.name());
            if let Some((at, line)) = found
                .as_ref()
                .and_then(|(at, old)| Some((*at, PasswdLine::parse(old)?)))
            {
                let new = PasswdLine {
                    password: b"x",
                    ..line
                };
                if new != line {
                    let new = new.to_line_after(&line)?;
                    sheet.editor.replace(at, new);
                }
            }
        }
        let name = change.name();
        match effects(change).lines {
            Lines::NewAccount(new) => {
                let line = PasswdLine {
                    name: name.as_bytes(),
                    password: b"x",
                    uid: new.uid.get(),
                    gid: new.gid.get(),
                    gecos: new.fields.gecos.as_bytes(),
                    home: new.fields.home.as_bytes(),
                    shell: new.fields.shell.as_bytes(),
                };
                sheet.put(sheet.find(name), line.to_line()?);
            }
            Lines::Fields([]) => {}
            Lines::Fields(fields) => set_fields(sheet, name, fields)?,
            Lines::RemoveAccount { .. } => {
                if let Some((number, _)) = sheet.find(name) {
                    sheet.editor.remove(number);
                }
            }
            Lines::Rename(rename) => {
                let Some((home, (number, old))) = rename.home().zip(sheet.find(name)) else {
                    continue;
                };
                let Some(line) = PasswdLine::parse(&old) else {
                    continue;
                };
                let home = home.to.as_bytes();
                let new = PasswdLine { home, ..line }.to_line_after(&line)?;
                sheet.put(Some((number, old)), new);
            }
            Lines::Stay
            | Lines::NewGroup(_)
            | Lines::Lock
            | Lines::Unlock
            | Lines::Members
            | Lines::RemoveGroup => {}
        }
    }
    Ok(())
}

fn set_fields(sheet: &mut Sheet<'_>, name: &str, fields: &[FieldChange]) -> Result<(), BadField> {
    let Some((number, old)) = sheet.find(name) else {
        return Ok(());
    };
    let Some(found) = PasswdLine::parse(&old) else {
        return Ok(());
    };
    let mut line = found;
    for change in fields {
        let value = change.to.as_bytes();
        match change.field {
            Field::Gecos => line.gecos = value,
            Field::Home => line.home = value,
            Field::Shell => line.shell = value,
            Field::Lock | Field::Expiry => {} // shadow's
        }
    }
    let new = line.to_line_after(&found)?;
    sheet.put(Some((number, old)), new);
    Ok(())
}
