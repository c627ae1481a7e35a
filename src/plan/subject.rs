//! What a change is about, and what is remembered of it.

use serde_json::{Map, Value, json};

use super::Change;
use crate::model::RemoteId;
use crate::model::history::EntryKind;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// An account or a group.
    pub kind: EntryKind,
    /// The provider's id; a group of the host's own has none.
    pub id: Option<&'a RemoteId>,
    /// Name on this host.
    pub name: &'a str,
    /// The change's word, as in the JSON of a plan.
    pub word: &'static str,
}

impl Change {
    /// What it is about.
    pub fn subject(&self) -> Subject<'_> {
        let account = |id, name, word| Subject {
            kind: EntryKind::Account,
            id: Some(id),
            name,
            word,
        };
        let group = |id, name, word| Subject {
            kind: EntryKind::Group,
            id: Some(id),
            name,
            word,
        };
        match self {
            Change::CreateAccount(new) => account(&new.id, new.name.as_str(), "create-account"),
            Change::UpdateAccount { id, name, .. } => account(id, name.as_str(), "update-account"),
            Change::LockAccount { id, name, .. } => account(id, name.as_str(), "lock-account"),
            Change::UnlockAccount { id, name } => account(id, name.as_str(), "unlock-account"),
            Change::RemoveAccount { id, name, .. } => account(id, name.as_str(), "remove-account"),
            Change::ForgetAccount { id, name, .. } => account(id, name.as_str(), "forget-account"),
            Change::ChangeContact { id, name, .. } => account(id, name.as_str(), "change-contact"),
            Change::CreateGroup { id, name, .. } => group(id, name.as_str(), "create-group"),
            Change::ChangeMembers { id, name, .. } => group(id, name.as_str(), "change-members"),
            Change::AdoptAccount(adopted) => {
                account(&adopted.id, adopted.name.as_str(), "adopt-account")
            }
            Change::AdoptGroup { id, name, .. } => group(id, name.as_str(), "adopt-group"),
            Change::ReleaseAccount { id, name, .. } => {
                account(id, name.as_str(), "release-account")
            }
            Change::ReleaseGroup { id, name, .. } => group(id, name.as_str(), "release-group"),
            Change::ChangeLocalMembers { name, .. } => Subject {
                kind: EntryKind::LocalGroup,
                id: None,
                name: name.as_str(),
                word: "change-local-members",
            },
            Change::RenameAccount(rename) => {
                account(&rename.id, rename.to.as_str(), "rename-account")
            }
            Change::RenameGroup { id, to, .. } => group(id, to.as_str(), "rename-group"),
            Change::ArchiveHome { id, name, .. } => account(id, name.as_str(), "archive-home"),
            Change::MakeHome { id, name, .. } => account(id, name.as_str(), "make-home"),
            Change::EmptyGroup { id, name, .. } => group(id, name.as_str(), "empty-group"),
            Change::SetKeys(keys) => account(&keys.id, keys.name.as_str(), "set-keys"),
            Change::RemoveGroup { id, name, .. } => group(id, name.as_str(), "remove-group"),
        }
    }

    /// What the ledger's entry does not tell afterwards.
    pub fn detail(&self) -> Option<Value> {
        match self {
            Change::LockAccount { reason, .. } => Some(json!({"reason": reason})),
            Change::RemoveAccount { home, .. } => Some(json!({"home": home})),
            Change::SetKeys(keys) => Some(json!({"keys": {"from": keys.before, "to": keys.after}})),
            Change::ArchiveHome { archive, .. } => Some(json!({"archived": archive})),
            Change::ChangeContact { before, after, .. } => {
                Some(match before.email == after.email {
                    true => json!({"contact": "SSH keys at the provider"}),
                    false => json!({"email": {"from": before.email, "to": after.email}}),
                })
            }
            // The ledger had no entry that could tell what was there.
            Change::AdoptAccount(adopted) if !adopted.fields.is_empty() => {
                let before = adopted
                    .fields
                    .iter()
                    .map(|change| (change.field.as_str().to_owned(), json!(change.from)));
                Some(json!({"before": before.collect::<Map<_, _>>()}))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Contact, UserName};

    #[test]
    fn the_word_is_that_of_the_json() {
        let (id, name) = (
            RemoteId::new("u-1").unwrap(),
            UserName::new("ann", false).unwrap(),
        );
        for change in [
            Change::LockAccount {
                id: id.clone(),
                name: name.clone(),
                reason: String::new(),
            },
            Change::UnlockAccount {
                id: id.clone(),
                name: name.clone(),
            },
            Change::ForgetAccount {
                id: id.clone(),
                name: name.clone(),
                stands: true,
            },
            Change::ChangeContact {
                id: id.clone(),
                name: name.clone(),
                before: Contact::default(),
                after: Contact::default(),
            },
            Change::UpdateAccount {
                id,
                name,
                fields: vec![],
            },
        ] {
            assert_eq!(
                serde_json::to_value(&change).unwrap()["change"],
                change.subject().word
            );
        }
    }
}
