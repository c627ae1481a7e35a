use std::collections::BTreeMap;

use super::view::of;
use super::*;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::{Applied, KeyRecord, KeyRecords};
use crate::model::{AccountFields, Directory, Gap, Uid, User, UserField, UserName};
use crate::plan::diff::input::RunScope;
use crate::plan::effects::effects;
use crate::plan::key_change::Cause;
use crate::plan::samples::{FakeProbe, key};
use crate::plan::{Deed, KeyFile, NewAccount};
use crate::policy::keys::{KeyBook, KeyRules, Place};
use crate::policy::select::Selection;

const ONE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE/b1jIM0MkzjsHwL3XQw5BtDPvImHWe/F0dFY0r4z/r";
const TWO: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9Wg6oyZlrUC7qhImBVnoLAYFeqPpqy5VrX4v+/LjgD";

/// Cause, text and path of each.
type Changes = Vec<(Cause, String, String)>;

fn id() -> RemoteId {
    RemoteId::new("u-1").unwrap()
}

fn path() -> String {
    KeyRules::default().file("ann")
}

/// Ann's account, which is gosync's, and her keys: offered, in the file, and as the ledger knows them.
struct Case {
    offered: Option<Vec<&'static str>>,
    unknown: bool,
    file: KeyFile,
    records: KeyRecords,
    state: State,
    closed: bool,
    /// No account of her name is on the host.
    nobody: bool,
    rules: KeyRules,
    plan: Plan,
    obstacle: Option<String>,
    unseen: Vec<&'static str>,
}

fn text(keys: &[&str]) -> String {
    keys.iter()
        .map(|key| format!("{key} gosync:u-1\n"))
        .collect()
}

fn record(path: String, text: &str) -> Option<KeyRecord> {
    Some(KeyRecord {
        path,
        digest: of(text.as_bytes()),
    })
}

impl Case {
    /// All is in step.
    fn new(keys: &[&'static str]) -> Self {
        let text = text(keys);
        Self {
            offered: Some(keys.to_vec()),
            unknown: false,
            file: KeyFile::Plain {
                bytes: text.clone().into_bytes(),
                sound: true,
            },
            records: KeyRecords {
                file: record(path(), &text),
                home: None,
            },
            state: State::Active,
            closed: false,
            nobody: false,
            rules: KeyRules::default(),
            plan: Plan::default(),
            obstacle: None,
            unseen: vec![],
        }
    }

    fn offers(mut self, keys: &[&'static str]) -> Self {
        self.offered = Some(keys.to_vec());
        self
    }

    fn holds(mut self, text: &str) -> Self {
        self.file = KeyFile::Plain {
            bytes: text.as_bytes().to_vec(),
            sound: true,
        };
        self
    }

    fn unrecorded(mut self) -> Self {
        self.records = KeyRecords::default();
        self
    }

    /// What happens, as cause, text and path, what is said, and what the ledger learns.
    fn run(self) -> (Changes, Vec<&'static str>, usize) {
        let (changes, told, refused, learned) = self.judge();
        assert_eq!(refused, [""; 0]);
        (changes, told, learned)
    }

    /// The same, with what is refused.
    fn judge(mut self) -> (Changes, Vec<&'static str>, Vec<&'static str>, usize) {
        let mut plan = std::mem::take(&mut self.plan);
        self.look(&mut plan);
        let changes = plan.changes.iter().filter_map(|change| {
            let keys = effects(change).keys?;
            Some((keys.cause, keys.text.clone(), keys.at.path().to_owned()))
        });
        let told = plan.remarks.iter().map(|r| r.reason.word()).collect();
        let refused = plan.refused.iter().map(|r| r.reason.word()).collect();
        (changes.collect(), told, refused, plan.observations.len())
    }

    /// What the ledger knows of her.
    fn owned(&self) -> Owned {
        let own = OwnedAccount {
            name: "ann".into(),
            uid: Uid::new(20_000).unwrap(),
            gid: 100,
            private_group: false,
            state: self.state,
            applied: Applied::default(),
            subid: None,
            absence: None,
        };
        Owned {
            accounts: BTreeMap::from([(id(), own)]),
            keys: BTreeMap::from([(id(), self.records.clone())]),
            ..Owned::default()
        }
    }

    /// Adds to a plan what happens to keys.
    fn look(self, plan: &mut Plan) {
        let account = HostAccount {
            uid: 20_000,
            gid: 100,
            fields: AccountFields {
                gecos: "",
                home: "/home/ann",
                shell: "/bin/sh",
            },
            locked: self.closed,
            expire: if self.closed { "1" } else { "" },
            writable: true,
        };
        let there = (!self.nobody).then_some(("ann", account));
        let host = Host {
            accounts: there.into_iter().collect(),
            ..Host::default()
        };
        let owned = self.owned();
        let untrusted = |keys: &Vec<&str>| keys.iter().map(|key| Untrusted::new(*key)).collect();
        let users = self.offered.iter().map(|keys| User {
            ssh_keys: untrusted(keys),
            ..User::new(id(), "ann")
        });
        let users = users.collect();
        let gap = Gap {
            user: id(),
            subject: Untrusted::new("ann"),
            field: UserField::SshKeys,
            reason: String::new(),
        };
        let gaps = if self.unknown { vec![gap] } else { vec![] };
        let everybody = |directory: &Directory| vec![Selection::Selected; directory.users.len()];
        let book = KeyBook::of(
            &Directory {
                users,
                groups: vec![],
            },
            everybody,
            &gaps,
            &self.rules,
        );
        let probe = FakeProbe {
            keys: Some((path(), self.file)),
            obstacle: self.obstacle,
            unseen: self.unseen,
            ..FakeProbe::default()
        };
        let view = KeyView {
            book: &book,
            rules: &self.rules,
            host: &host,
            owned: &owned,
            chosen: RunScope {
                new: true,
                known: true,
                force: false,
            },
            probe: &probe,
        };
        super::keys(plan, &view);
    }
}

const NOTHING: (Changes, Vec<&'static str>, usize) = (vec![], vec![], 0);

fn set(keys: &[&str]) -> Changes {
    vec![(Cause::Wanted, text(keys), path())]
}

#[test]
fn what_is_in_step_is_left() {
    assert_eq!(Case::new(&[ONE]).run(), NOTHING);
    let none = Case {
        file: KeyFile::Absent,
        ..Case::new(&[]).unrecorded()
    };
    assert_eq!(none.run(), NOTHING);
    // Written by a run that was overtaken before the ledger knew.
    assert_eq!(Case::new(&[ONE]).unrecorded().run(), (vec![], vec![], 1));
}

#[test]
fn the_provider_adds_and_takes() {
    assert_eq!(
        Case::new(&[ONE]).offers(&[TWO]).run(),
        (set(&[TWO]), vec![], 0)
    );
    assert_eq!(Case::new(&[ONE]).offers(&[]).run(), (set(&[]), vec![], 0));
    let first = Case {
        file: KeyFile::Absent,
        ..Case::new(&[ONE]).unrecorded()
    };
    assert_eq!(first.run(), (set(&[ONE]), vec![], 0));
}

#[test]
fn a_change_by_hand_is_told_and_set_back() {
    let told = "keys-come-back";
    let by_hand = format!("{}ssh-rsa AAAA by hand\n", text(&[ONE]));
    assert_eq!(
        Case::new(&[ONE]).holds(&by_hand).run(),
        (set(&[ONE]), vec![told], 0)
    );
    assert_eq!(
        Case {
            file: KeyFile::Absent,
            ..Case::new(&[ONE])
        }
        .run(),
        (set(&[ONE]), vec![told], 0)
    );
    let withdrawn = Case {
        state: State::Locked,
        closed: true,
        ..Case::new(&[ONE]).holds(&by_hand)
    };
    let gone = "keys-by-hand-go";
    assert_eq!(
        withdrawn.run(),
        (vec![(Cause::Closed, String::new(), path())], vec![gone], 0)
    );
    let (changes, told, _) = Case {
        file: KeyFile::Plain {
            bytes: text(&[ONE]).into_bytes(),
            sound: false,
        },
        ..Case::new(&[ONE])
    }
    .run();
    assert_eq!((changes, told.len()), (set(&[ONE]), 1), "mode or owner");
}

#[test]
fn what_gosync_did_not_write_stays() {
    let foreign = |keys: &[&'static str]| {
        Case::new(keys)
            .unrecorded()
            .holds("ssh-rsa AAAA by an admin\n")
    };
    assert_eq!(foreign(&[]).run(), NOTHING);
    let (changes, told, _) = foreign(&[ONE]).run();
    assert!(changes.is_empty() && told == ["foreign-keys"], "{told:?}");
    let odd = Case {
        file: KeyFile::Odd("it is a link".into()),
        ..Case::new(&[ONE])
    };
    assert_eq!(odd.run(), (vec![], vec!["keys-left"], 0));
    let stuck = Case {
        obstacle: Some("it is immutable".into()),
        ..Case::new(&[ONE]).offers(&[TWO])
    };
    assert_eq!(stuck.run(), (vec![], vec!["keys-left"], 0));
}

#[test]
fn keys_that_cannot_be_withdrawn_are_refused_aloud() {
    let told = || (vec![], vec![], vec!["keys-not-withdrawn"], 0);
    let locked = || Case {
        state: State::Locked,
        closed: true,
        ..Case::new(&[ONE])
    };
    assert_eq!(
        Case {
            obstacle: Some("it is immutable".into()),
            ..locked()
        }
        .judge(),
        told()
    );
    assert_eq!(
        Case {
            file: KeyFile::Odd("it is a link".into()),
            ..locked()
        }
        .judge(),
        told()
    );
}

#[test]
fn a_file_that_nobody_can_look_at_stays_and_its_new_account_is_not_made() {
    let unseen = vec!["/etc/ssh/authorized_keys.d/ann"];
    let told = (vec![], vec![], vec!["keys-unseen"], 0);
    let case = |plan| Case {
        plan,
        unseen: unseen.clone(),
        ..Case::new(&[ONE]).offers(&[TWO])
    };
    assert_eq!(case(Plan::default()).judge(), told);
    let change = |deed| {
        let name = UserName::new("ann", false).unwrap();
        Plan {
            changes: vec![Change::account(key(id()), name, deed)],
            ..Plan::default()
        }
    };
    // The lock stays in the plan, whatever becomes of the keys.
    let mut lock = change(Deed::Lock {
        reason: Reason::ShutOut,
    });
    case(Plan::default()).look(&mut lock);
    assert_eq!((lock.changes.len(), lock.refused.len()), (1, 1));
    let mut made = change(Deed::CreateAccount(NewAccount {
        uid: Uid::new(20_000).unwrap(),
        gid: crate::model::Gid::new(100).unwrap(),
        private_group: false,
        fields: AccountFields {
            gecos: String::new(),
            home: "/home/ann".to_owned(),
            shell: String::new(),
        },
        make_home: true,
        subids: None,
    }));
    let mut case = case(Plan::default());
    case.state = State::Removed;
    case.look(&mut made);
    assert_eq!(made.changes, []);
    assert_eq!(made.refused[0].reason.word(), "not-seen");
}

#[test]
fn keys_that_nobody_knows_stay() {
    assert_eq!(
        Case {
            unknown: true,
            ..Case::new(&[ONE]).offers(&[])
        }
        .run(),
        NOTHING
    );
    assert_eq!(
        Case {
            offered: None,
            ..Case::new(&[ONE])
        }
        .run(),
        NOTHING,
        "who is absent"
    );
}

#[test]
fn an_incomplete_read_takes_no_key() {
    let cut = || Plan {
        incomplete: Some("cut".into()),
        ..Plan::default()
    };
    let (changes, told, _) = Case {
        plan: cut(),
        ..Case::new(&[ONE]).offers(&[TWO])
    }
    .run();
    assert!(
        changes.is_empty() && told == ["would-lose-keys"],
        "{told:?}"
    );
    assert_eq!(
        Case {
            plan: cut(),
            ..Case::new(&[ONE]).offers(&[ONE, TWO])
        }
        .run()
        .0,
        set(&[ONE, TWO])
    );
}

#[test]
fn locked_accounts_have_no_keys_whatever_is_offered_or_unknown() {
    let withdrawn = vec![(Cause::Closed, String::new(), path())];
    let lock = Change::account(
        key(id()),
        UserName::new("ann", false).unwrap(),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    );
    for unknown in [false, true] {
        let plan = Plan {
            changes: vec![lock.clone()],
            ..Plan::default()
        };
        assert_eq!(
            Case {
                plan,
                unknown,
                ..Case::new(&[ONE])
            }
            .run()
            .0,
            withdrawn,
            "in the same run"
        );
        assert_eq!(
            Case {
                state: State::Locked,
                closed: true,
                unknown,
                ..Case::new(&[ONE])
            }
            .run()
            .0,
            withdrawn
        );
        assert_eq!(
            Case {
                closed: true,
                unknown,
                ..Case::new(&[ONE])
            }
            .run()
            .0,
            withdrawn,
            "locked by hand"
        );
    }
    let changed = Change::account(
        key(id()),
        UserName::new("ann", false).unwrap(),
        Deed::Update { fields: vec![] },
    );
    let plan = Plan {
        changes: vec![lock, changed],
        ..Plan::default()
    };
    assert_eq!(
        Case {
            plan,
            ..Case::new(&[ONE])
        }
        .run()
        .0,
        withdrawn,
        "and changed besides"
    );
}

#[test]
fn keys_that_stayed_when_the_account_was_removed_are_withdrawn_by_the_next_run_that_can() {
    let removed = || Case {
        state: State::Removed,
        nobody: true,
        ..Case::new(&[ONE])
    };
    let withdrawn = vec![(Cause::Closed, String::new(), path())];
    assert_eq!(removed().run().0, withdrawn);
    let stuck = Case {
        obstacle: Some("it is immutable".into()),
        ..removed()
    };
    assert_eq!(stuck.judge().2, ["keys-not-withdrawn"], "in each run");
    assert_eq!(removed().unrecorded().run(), NOTHING, "nothing is known");
    let taken = Case {
        nobody: false,
        ..removed()
    };
    assert_eq!(
        taken.run(),
        NOTHING,
        "somebody else has the name, and the file"
    );
}

#[test]
fn whose_keys_stay_is_told_where_their_directory_cannot_be_used() {
    let told = |state, deed: Option<Deed>| {
        let name = UserName::new("ann", false).unwrap();
        let change = deed.map(|deed| Change::account(key(id()), name, deed));
        let mut plan = Plan {
            changes: change.into_iter().collect(),
            ..Plan::default()
        };
        let case = Case {
            state,
            ..Case::new(&[ONE])
        };
        stay(&mut plan, &case.owned(), "why");
        let words = plan.refused.iter().map(|refusal| refusal.reason.word());
        words.collect::<Vec<_>>()
    };
    let lock = Deed::Lock {
        reason: Reason::ShutOut,
    };
    let stays = ["keys-not-withdrawn"];
    assert_eq!(told(State::Active, None), [""; 0]);
    assert_eq!(told(State::Active, Some(lock)), stays);
    assert_eq!(told(State::Locked, None), stays);
    assert_eq!(told(State::Locked, Some(Deed::Unlock {})), [""; 0]);
    assert_eq!(told(State::Removed, None), stays);
}

#[test]
fn keys_come_back_with_the_account() {
    let unlock = Change::account(
        key(id()),
        UserName::new("ann", false).unwrap(),
        Deed::Unlock {},
    );
    let plan = Plan {
        changes: vec![unlock],
        ..Plan::default()
    };
    let mut case = Case {
        plan,
        state: State::Locked,
        closed: true,
        file: KeyFile::Absent,
        ..Case::new(&[ONE])
    };
    case.records.file = record(path(), "");
    assert_eq!(case.run(), (set(&[ONE]), vec![], 0));
}

#[test]
fn another_place_takes_the_keys_along() {
    let mut case = Case::new(&[ONE]);
    case.rules.place = Place::Home;
    let gone = (Cause::Moved, String::new(), path());
    assert_eq!(
        case.run().0,
        [
            gone.clone(),
            (Cause::Wanted, text(&[ONE]), "/home/ann".to_owned())
        ]
    );
    let mut case = Case {
        file: KeyFile::Absent,
        ..Case::new(&[ONE]).unrecorded()
    };
    case.records.home = record("/home/ann".to_owned(), &text(&[ONE]));
    let taken = (Cause::Moved, String::new(), "/home/ann".to_owned());
    assert_eq!(case.run().0, [set(&[ONE]), vec![taken]].concat());
    let mut case = Case::new(&[ONE]);
    case.rules.directory = "/etc/keys".to_owned();
    assert_eq!(
        case.run().0,
        [
            gone,
            (Cause::Wanted, text(&[ONE]), "/etc/keys/ann".to_owned())
        ]
    );
    let mut case = Case::new(&[ONE]);
    case.rules.place = Place::None;
    assert_eq!(case.run().0, [(Cause::Moved, String::new(), path())]);
}
