use std::collections::BTreeMap;

use super::*;
use crate::model::AccountFields;
use crate::model::Uid;
use crate::model::host::HostAccount;
use crate::model::owned::{Applied, KeyRecord, KeyRecords};
use crate::plan::drift::line;
use crate::plan::samples::FakeProbe;
use crate::policy::keys::digest;

const TEXT: &str = "ssh-ed25519 AAAA gosync:u-1\n";
const PATH: &str = "/etc/ssh/authorized_keys.d/ann";

/// Ann's account and the file with her keys, as gosync left them, unless a test says otherwise.
struct Case {
    file: KeyFile,
    record: Option<KeyRecord>,
    obstacle: Option<String>,
    is_there: bool,
    state: State,
    rules: Rules,
}

fn plain(text: &str, sound: bool) -> KeyFile {
    KeyFile::Plain {
        bytes: text.as_bytes().to_vec(),
        sound,
    }
}

fn record(path: &str, text: &str) -> Option<KeyRecord> {
    let digest = if text.is_empty() {
        String::new()
    } else {
        digest(text.as_bytes())
    };
    Some(KeyRecord {
        path: path.to_owned(),
        digest,
    })
}

impl Default for Case {
    fn default() -> Self {
        let (file, record) = (plain(TEXT, true), record(PATH, TEXT));
        Self {
            file,
            record,
            obstacle: None,
            is_there: true,
            state: State::Active,
            rules: Rules::default(),
        }
    }
}

impl Case {
    /// What is said, for people, and what is done.
    fn told(self) -> Vec<(String, Next)> {
        let account = HostAccount {
            uid: 20_001,
            gid: 100,
            fields: AccountFields {
                gecos: "",
                home: "/home/ann",
                shell: "/bin/sh",
            },
            locked: false,
            expire: "",
            writable: true,
        };
        let accounts = if self.is_there {
            [("ann", account)].into()
        } else {
            crate::model::ByName::default()
        };
        let host = Host {
            accounts,
            ..Host::default()
        };
        let own = OwnedAccount {
            name: "ann".into(),
            uid: Uid::new(20_001).unwrap(),
            gid: 100,
            private_group: false,
            state: self.state,
            applied: Applied::default(),
            subid: None,
            absence: None,
        };
        let id = RemoteId::new("u-1").unwrap();
        let owned = Owned {
            accounts: BTreeMap::from([(id.clone(), own)]),
            keys: self
                .record
                .map(|file| {
                    (
                        id,
                        KeyRecords {
                            file: Some(file),
                            home: None,
                        },
                    )
                })
                .into_iter()
                .collect(),
            ..Owned::default()
        };
        let probe = FakeProbe {
            keys: Some(("/ann".to_owned(), self.file)),
            obstacle: self.obstacle,
            ..FakeProbe::default()
        };
        keys(&host, &owned, &self.rules, &probe)
            .iter()
            .map(|told| (line(told), told.next))
            .collect()
    }

    /// What is said first, without the reason, and what is done.
    fn first(self) -> (String, Next) {
        let (line, next) = self.told().remove(0);
        (line.split(": ").next().unwrap().to_owned(), next)
    }
}

#[test]
fn nothing_differs_where_nobody_was() {
    assert_eq!(Case::default().told(), []);
    // Before there were any keys, and after they were withdrawn.
    assert_eq!(
        Case {
            file: KeyFile::Absent,
            record: None,
            ..Case::default()
        }
        .told(),
        []
    );
    assert_eq!(
        Case {
            file: KeyFile::Absent,
            record: record(PATH, ""),
            ..Case::default()
        }
        .told(),
        []
    );
    // Written by a run that was overtaken before the ledger knew.
    assert_eq!(
        Case {
            record: None,
            ..Case::default()
        }
        .told(),
        []
    );
    let removed = Case {
        file: plain("x\n", false),
        state: State::Removed,
        ..Case::default()
    };
    assert_eq!(removed.told(), []);
}

#[test]
fn each_hand_is_told_apart() {
    let said = |file, record| {
        Case {
            file,
            record,
            ..Case::default()
        }
        .first()
    };
    let restored = |what: &str| (format!("keys ann {what} {PATH}"), Next::Restores);
    assert_eq!(
        said(plain("x\n", true), record(PATH, TEXT)),
        restored("changed")
    );
    assert_eq!(
        said(KeyFile::Absent, record(PATH, TEXT)),
        restored("missing")
    );
    assert_eq!(
        said(plain(TEXT, false), record(PATH, TEXT)),
        restored("other owner or mode")
    );
    assert_eq!(
        said(plain(TEXT, true), record(PATH, "")),
        restored("changed")
    );
    assert_eq!(
        said(plain("x\n", true), None),
        (format!("keys ann not gosync's {PATH}"), Next::Keeps)
    );
    let odd = KeyFile::Odd("it is a link".to_owned());
    assert_eq!(
        said(odd, record(PATH, TEXT)),
        (format!("keys ann unfit {PATH}"), Next::Keeps)
    );
}

#[test]
fn what_the_next_run_cannot_undo_is_not_promised() {
    let changed = || Case {
        file: plain("x\n", true),
        ..Case::default()
    };
    let stays = |case: Case| case.told().remove(0);
    let (line, next) = stays(Case {
        obstacle: Some("it is immutable".to_owned()),
        ..changed()
    });
    assert!(
        next == Next::Keeps && line.ends_with("it is immutable"),
        "{line}"
    );
    let (line, next) = stays(Case {
        is_there: false,
        ..changed()
    });
    assert!(
        next == Next::Keeps && line.contains("was removed by hand"),
        "{line}"
    );
    let mut restored = Case {
        is_there: false,
        ..changed()
    };
    restored.rules.accounts.deleted_by_hand = ByHand::Restore;
    assert_eq!(stays(restored).1, Next::Restores);
}

#[test]
fn where_no_keys_go_any_more_they_are_only_withdrawn() {
    let moved = |file| {
        let mut case = Case {
            file,
            ..Case::default()
        };
        case.rules.keys.place = Place::None;
        case.told()
    };
    assert_eq!(moved(plain(TEXT, true)), []);
    assert_eq!(moved(plain("x\n", true))[0].1, Next::Restores);
    assert_eq!(moved(KeyFile::Absent)[0].1, Next::Keeps);
    // Under another path only what is all gosync's is taken back.
    let elsewhere = |text| {
        let record = record("/etc/keys/ann", TEXT);
        let mut case = Case {
            file: plain(text, false),
            record,
            ..Case::default()
        };
        case.rules.keys.directory = "/srv".to_owned();
        case.told().remove(0).1
    };
    assert_eq!(elsewhere(TEXT), Next::Restores);
    assert_eq!(elsewhere("x\n"), Next::Keeps);
}
