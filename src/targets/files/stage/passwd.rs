//! The lines of passwd(5): new ones, changed fields, and those that go.

use super::super::sheet::Sheet;
use super::fields::{field_changes, shut_or_opened};
use crate::formats::{BadField, PasswdLine};
use crate::plan::{Change, Rename};
use crate::policy::Field;

pub(super) fn passwd(sheet: &mut Sheet<'_>, changes: &[Change]) -> Result<(), BadField> {
    for change in changes {
        if let Some(name) = shut_or_opened(change) {
            let found = sheet.find(name.as_str());
            if let Some((at, line)) = found
                .as_ref()
                .and_then(|(at, old)| Some((*at, PasswdLine::parse(old)?)))
            {
                let new = PasswdLine {
                    password: b"x",
                    ..line
                }
                .to_line()?;
                sheet.put(Some((at, line.to_line()?)), new);
            }
        }
        match change {
            Change::CreateAccount(new) => {
                let line = PasswdLine {
                    name: new.name.as_str().as_bytes(),
                    password: b"x",
                    uid: new.uid.get(),
                    gid: new.gid.get(),
                    gecos: new.gecos.as_bytes(),
                    home: new.home.as_bytes(),
                    shell: new.shell.as_bytes(),
                };
                sheet.put(sheet.find(new.name.as_str()), line.to_line()?);
            }
            Change::UpdateAccount { .. } | Change::AdoptAccount(_) => {
                let Some((name, fields)) = field_changes(change) else {
                    continue;
                };
                let Some((number, old)) = sheet.find(name.as_str()).filter(|_| !fields.is_empty())
                else {
                    continue;
                };
                let Some(mut line) = PasswdLine::parse(&old) else {
                    continue;
                };
                for change in fields {
                    let value = change.to.as_bytes();
                    match change.field {
                        Field::Gecos => line.gecos = value,
                        Field::Home => line.home = value,
                        Field::Shell => line.shell = value,
                        Field::Lock | Field::Expiry => {} // shadow's
                    }
                }
                let new = line.to_line()?;
                sheet.put(Some((number, old)), new);
            }
            Change::RemoveAccount { name, .. } => {
                if let Some((number, _)) = sheet.find(name.as_str()) {
                    sheet.editor.remove(number);
                }
            }
            Change::RenameAccount(Rename {
                to,
                home: Some(home),
                ..
            }) => {
                let Some((number, old)) = sheet.find(to.as_str()) else {
                    continue;
                };
                let Some(mut line) = PasswdLine::parse(&old) else {
                    continue;
                };
                line.home = home.to.as_bytes();
                let new = line.to_line()?;
                sheet.put(Some((number, old)), new);
            }
            _ => {}
        }
    }
    Ok(())
}
