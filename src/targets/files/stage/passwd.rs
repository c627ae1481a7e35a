//! The lines of passwd(5): new ones, changed fields, and those that go.

use super::super::sheet::Sheet;
use super::fields::shut_or_opened;
use crate::formats::{BadField, PasswdLine};
use crate::plan::effects::{Lines, effects};
use crate::plan::{Change, FieldChange};
use crate::policy::Field;

pub(super) fn passwd(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    for change in changes {
        let name = change.name();
        if shut_or_opened(change) {
            refer_to_shadow(sheet, name)?;
        }
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
                if let Some(home) = rename.home() {
                    set_home(sheet, name, &home.to)?;
                }
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

/// The password of one that is closed or opened stands in shadow from now on.
fn refer_to_shadow(sheet: &mut Sheet<'_>, name: &str) -> Result<(), BadField> {
    let Some((number, old)) = sheet.find(name) else {
        return Ok(());
    };
    let Some(found) = PasswdLine::parse(&old).filter(|found| !found.is_shadowed()) else {
        return Ok(());
    };
    let password = b"x";
    let new = PasswdLine { password, ..found }.to_line_after(&found)?;
    sheet.editor.replace(number, new);
    Ok(())
}

fn set_home(sheet: &mut Sheet<'_>, name: &str, home: &str) -> Result<(), BadField> {
    let Some((number, old)) = sheet.find(name) else {
        return Ok(());
    };
    let Some(found) = PasswdLine::parse(&old) else {
        return Ok(());
    };
    let home = home.as_bytes();
    let new = PasswdLine { home, ..found }.to_line_after(&found)?;
    sheet.put(Some((number, old)), new);
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
