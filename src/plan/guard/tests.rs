use proptest::prelude::*;

use super::*;
use crate::model::anchor::Numbers;
use crate::model::owned::{Applied, OwnedAccount, OwnedGroup};
use crate::model::{AccountFields, Gid, GroupName, RemoteId, Uid, UserName};
use crate::plan::samples::key;
use crate::plan::{Deed, MemberChange};
use crate::policy::Reason;

fn id(n: usize) -> RemoteId {
    RemoteId::new(&format!("u-{n}")).unwrap()
}

fn owned(accounts: usize) -> Owned {
    let account = |n: usize| OwnedAccount {
        name: format!("u{n}"),
        uid: Uid::new(100_000 + u32::try_from(n).unwrap()).unwrap(),
        gid: 100,
        private_group: false,
        state: State::Active,
        applied: Applied::default(),
        subid: None,
        absence: None,
    };
    Owned {
        accounts: (0..accounts).map(|n| (id(n), account(n))).collect(),
        ..Owned::default()
    }
}

fn lock(n: usize) -> Change {
    Change::account(
        key(id(n)),
        UserName::new(&format!("u{n}"), false).unwrap(),
        Deed::Lock {
            reason: Reason::ShutOut,
        },
    )
}

fn locks(n: usize) -> Plan {
    Plan {
        changes: (0..n).map(lock).collect(),
        ..Plan::default()
    }
}

fn revoke(before: usize, gone: usize) -> (Owned, Plan) {
    let names: Vec<String> = (0..before).map(|n| format!("u{n}")).collect();
    let group = OwnedGroup {
        name: "g".into(),
        gid: Gid::new(60_000).unwrap(),
        state: State::Active,
        members: names.iter().map(String::as_str).collect(),
    };
    let owned = Owned {
        groups: [(id(0), group)].into(),
        ..Owned::default()
    };
    let members = MemberChange {
        privileged: None,
        add: vec![],
        remove: names[..gone].to_vec(),
        wanted: names[gone..]
            .iter()
            .map(|n| UserName::new(n, false).unwrap())
            .collect(),
    };
    let change = Change::group(
        key(id(0)),
        GroupName::known("g").unwrap(),
        Deed::ChangeMembers(members),
    );
    (
        owned,
        Plan {
            changes: vec![change],
            ..Plan::default()
        },
    )
}

fn ranges(size: u32) -> Ranges {
    let range = IdRange::new(200_000, 199_999 + size).unwrap();
    Ranges {
        accounts: range,
        groups: range,
    }
}

fn bounds() -> (&'static Limits, Ranges) {
    static LIMITS: std::sync::LazyLock<Limits> = std::sync::LazyLock::new(Limits::default);
    (&LIMITS, ranges(40_000))
}

fn by(digest: &str) -> Approval<'_> {
    Approval {
        digest: Some(digest),
        ..Approval::default()
    }
}

#[test]
fn the_figures_of_the_issue_hold_at_their_edges() {
    // of so many, so many may go
    for (of, allowed) in [
        (5, 3),
        (30, 3),
        (40, 4),
        (100, 10),
        (200, 20),
        (100_000, 20),
    ] {
        assert!(
            approve(locks(allowed), &owned(of), bounds(), Approval::default()).is_ok(),
            "{allowed} of {of}"
        );
        let refused = approve(
            locks(allowed + 1),
            &owned(of),
            bounds(),
            Approval::default(),
        )
        .unwrap_err();
        assert_eq!(
            (refused.excesses[0].count, refused.excesses[0].allowed),
            (allowed + 1, allowed)
        );
    }
}

#[test]
fn a_day_allows_twice_what_a_run_does() {
    let mut owned = owned(100);
    owned.losses.accounts = 15;
    assert!(approve(locks(5), &owned, bounds(), Approval::default()).is_ok());
    let refused = approve(locks(6), &owned, bounds(), Approval::default()).unwrap_err();
    assert_eq!(refused.excesses[0].limit, Limit::Day);
}

#[test]
fn the_accounts_never_go_to_zero() {
    assert!(approve(locks(2), &owned(3), bounds(), Approval::default()).is_ok());
    let refused = approve(locks(3), &owned(3), bounds(), Approval::default()).unwrap_err();
    assert_eq!(refused.excesses[0].limit, Limit::Zero);
}

#[test]
fn groups_have_the_same_figures_and_five_never_go_to_zero() {
    let judge = |before, gone| {
        let (owned, plan) = revoke(before, gone);
        approve(plan, &owned, bounds(), Approval::default())
    };
    assert!(judge(4, 3).is_ok());
    assert!(judge(3, 3).is_ok());
    assert!(judge(100, 10).is_ok());
    assert!(judge(100, 11).is_err());
    assert!(
        judge(5, 5)
            .unwrap_err()
            .excesses
            .iter()
            .any(|e| e.limit == Limit::Zero)
    );
}

#[test]
fn a_digest_lets_exactly_its_plan_through() {
    let digest = locks(50).digest();
    assert!(approve(locks(50), &owned(100), bounds(), by(&digest)).is_ok());
    assert!(approve(locks(51), &owned(100), bounds(), by(&digest)).is_err());
    let later = Plan {
        generation: 1,
        ..locks(50)
    };
    assert!(
        approve(later, &owned(100), bounds(), by(&digest)).is_err(),
        "only once"
    );
}

#[test]
fn the_message_has_figure_limit_and_names() {
    let refused = approve(locks(12), &owned(40), bounds(), Approval::default()).unwrap_err();
    let text = refused.excesses[0].to_string();
    assert_eq!(
        text,
        "12 of 40 accounts would go in this run, and at most 4 may: u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 2 more"
    );
}

/// A plan for a group of the host's in which gosync added `before` members.
fn local(before: usize, gone: usize, come: usize, privileged: bool) -> (Owned, Plan) {
    let names = |range: std::ops::Range<usize>| range.map(|n| format!("u{n}")).collect::<Vec<_>>();
    let users = |names: Vec<String>| {
        names
            .iter()
            .map(|n| UserName::new(n, false).unwrap())
            .collect::<Vec<_>>()
    };
    let owned = Owned {
        local: [(
            "lab".to_owned(),
            names(0..before).iter().map(String::as_str).collect(),
        )]
        .into(),
        ..Owned::default()
    };
    let members = MemberChange {
        privileged: Some(privileged),
        add: users(names(before..before + come)),
        remove: names(0..gone),
        wanted: users(names(gone..before + come)),
    };
    let change = Change::local_group(
        GroupName::known("lab").unwrap(),
        Deed::ChangeMembers(members),
    );
    (
        owned,
        Plan {
            changes: vec![change],
            ..Plan::default()
        },
    )
}

#[test]
fn who_gets_power_is_counted_in_a_run_and_in_a_day() {
    let judge = |come, before_today, privileged| {
        let (mut owned, plan) = local(2, 0, come, privileged);
        owned.losses.gains.insert("lab".into(), before_today);
        approve(plan, &owned, bounds(), Approval::default())
            .map(drop)
            .map_err(|refused| refused.excesses[0].to_string())
    };
    assert!(judge(3, 3, true).is_ok() && judge(50, 50, false).is_ok());
    assert_eq!(
        judge(4, 0, true),
        Err("4 members of lab would come in this run, and at most 3 may: u2, u3, u4, u5".into())
    );
    assert!(
        judge(3, 4, true)
            .unwrap_err()
            .starts_with("7 members of lab would have come in 24 hours")
    );
    let (owned, plan) = local(2, 0, 4, true);
    let digest = plan.digest();
    assert!(approve(plan, &owned, bounds(), by(&digest)).is_ok());
}

#[test]
fn members_of_the_hosts_own_groups_go_within_the_limits() {
    let judge = |before, gone| {
        let (owned, plan) = local(before, gone, 0, false);
        approve(plan, &owned, bounds(), Approval::default()).is_ok()
    };
    assert!(judge(4, 3) && judge(3, 3) && !judge(40, 5) && !judge(5, 5));
    let (mut owned, plan) = local(10, 3, 0, false);
    owned.losses.local.insert("lab".into(), 4);
    assert!(approve(plan, &owned, bounds(), Approval::default()).is_err());
}

proptest! {
    #[test]
    fn no_plan_over_a_limit_is_approved(of in 1_usize..400, gone in 0_usize..60, before in 0_u32..50) {
        let mut owned = owned(of);
        owned.losses.accounts = before;
        let gone = gone.min(of);
        let limits = Limits::default();
        let allowed = limits.allowed(of) as usize;
        let over = gone > allowed || (gone > 0 && (gone + before as usize > 2 * allowed || gone == of));
        prop_assert_eq!(approve(locks(gone), &owned, (&limits, ranges(40_000)), Approval::default()).is_err(), over);
    }
}

#[test]
fn each_rung_has_a_limit_of_its_own() {
    use crate::model::owned::Loss;
    use crate::plan::{AccountRename, HomeFate, Number, Rename};
    let name = |n: usize| UserName::new(&format!("u{n}"), false).unwrap();
    let uid = |n: usize| Uid::new(100_000 + u32::try_from(n).unwrap()).unwrap();
    let gid = Gid::new(60_000).unwrap();
    let group = |n: usize| GroupName::known(&format!("g{n}")).unwrap();
    let rename = |n: usize| {
        let (from, to) = (name(n), UserName::new(&format!("v{n}"), false).unwrap());
        Change::account(
            key(id(n)),
            to.clone(),
            Deed::Rename(Rename {
                number: Number::Uid(uid(n)),
                from: from.into(),
                to: to.into(),
                account: Some(AccountRename {
                    private_group: false,
                    home: None,
                    files: vec![],
                }),
            }),
        )
    };
    let archive = |n: usize| {
        let (home, archive) = (String::new(), String::new());
        Change::account(
            key(id(n)),
            name(n),
            Deed::ArchiveHome {
                uid: uid(n),
                home,
                archive,
            },
        )
    };
    let remove = |n: usize| {
        let home = HomeFate::Keep;
        Change::account(
            key(id(n)),
            name(n),
            Deed::RemoveAccount {
                uid: uid(n),
                private_group: false,
                home,
            },
        )
    };
    let empty = |n: usize| {
        Change::group(
            key(id(n)),
            group(n),
            Deed::EmptyGroup {
                remove: vec!["x".into(); 100],
            },
        )
    };
    let drop_group = |n: usize| {
        Change::group(
            key(id(n)),
            group(n),
            Deed::RemoveGroup {
                gid,
                remove: vec![],
            },
        )
    };
    type Maker<'a> = &'a dyn Fn(usize) -> Change;
    let kinds: [(Loss, Maker<'_>, u32); 5] = [
        (Loss::Rename, &rename, 20),
        (Loss::Archive, &archive, 10),
        (Loss::Removal, &remove, 10),
        (Loss::Group, &empty, 10),
        (Loss::Group, &drop_group, 10),
    ];
    let mut owned = owned(400);
    owned
        .accounts
        .values_mut()
        .skip(1)
        .for_each(|own| own.state = State::Locked);
    let own = || OwnedGroup {
        name: "g".into(),
        gid,
        state: State::Active,
        members: "".into(),
    };
    owned.groups = (0..400).map(|n| (id(n), own())).collect();
    for (loss, make, most) in kinds {
        let plan = |n: u32| Plan {
            changes: (1..=n as usize).map(make).collect(),
            ..Plan::default()
        };
        let judge = |n, owned: &Owned, limits| {
            approve(
                plan(n),
                owned,
                (&limits, ranges(40_000)),
                Approval::default(),
            )
            .map(|_| ())
        };
        assert!(judge(most, &owned, Limits::default()).is_ok(), "{loss:?}");
        let refused = judge(most + 1, &owned, Limits::default()).unwrap_err();
        assert_eq!(
            (refused.excesses.len(), refused.excesses[0].limit),
            (1, Limit::Run),
            "{loss:?}"
        );
        let mut tired = owned.clone();
        tired.losses.others.insert(loss, 2 * most - 1);
        assert!(judge(1, &tired, Limits::default()).is_ok(), "{loss:?}");
        assert_eq!(
            judge(2, &tired, Limits::default()).unwrap_err().excesses[0].limit,
            Limit::Day,
            "{loss:?}"
        );
        let share = Limits {
            max_removals_percent: 1,
            ..Limits::default()
        };
        assert!(
            judge(4, &owned, share).is_ok() && judge(5, &owned, share).is_err(),
            "{loss:?}"
        );
    }
    // Removing one that is open is a removal as by hand.
    let plan = Plan {
        changes: vec![remove(0)],
        ..Plan::default()
    };
    owned.losses.accounts = 40;
    assert_eq!(
        approve(plan, &owned, bounds(), Approval::default())
            .unwrap_err()
            .excesses[0]
            .what,
        "accounts"
    );
}

#[test]
fn not_many_people_may_lose_all_their_keys_at_once() {
    use crate::model::owned::{KeyRecord, KeyRecords};
    use crate::plan::{Cause, KeyChange, KeyPlace};
    let record = KeyRecord {
        path: String::new(),
        digest: "x".into(),
    };
    let mut owned = owned(100);
    owned.keys = (0..100)
        .map(|n| {
            (
                id(n),
                KeyRecords {
                    file: Some(record.clone()),
                    home: None,
                },
            )
        })
        .collect();
    let take = |n: usize, cause| {
        Change::account(
            key(id(n)),
            UserName::new(&format!("u{n}"), false).unwrap(),
            Deed::SetKeys(KeyChange {
                at: KeyPlace::File {
                    path: String::new(),
                },
                cause,
                before: vec!["SHA256:x".into()],
                after: vec![],
                text: String::new(),
                found: None,
            }),
        )
    };
    let plan = |n: usize, cause| Plan {
        changes: (0..n).map(|n| take(n, cause)).collect(),
        ..Plan::default()
    };
    let judge = |n, cause, owned: &Owned| {
        approve(plan(n, cause), owned, bounds(), Approval::default()).is_ok()
    };
    assert!(judge(10, Cause::Wanted, &owned) && !judge(11, Cause::Wanted, &owned));
    let refused = approve(
        plan(11, Cause::Wanted),
        &owned,
        bounds(),
        Approval::default(),
    )
    .unwrap_err();
    let said = "11 of 100 people with SSH keys would lose all of them in this run, and at most 10 may: u0, ";
    assert!(
        refused.excesses[0].to_string().starts_with(said),
        "{}",
        refused.excesses[0]
    );
    assert!(
        judge(100, Cause::Moved, &owned),
        "they are at another place"
    );
    assert!(
        judge(100, Cause::Closed, &owned),
        "the limit of accounts counts those"
    );
    owned.losses.keys = 11;
    assert!(
        judge(9, Cause::Wanted, &owned) && !judge(10, Cause::Wanted, &owned),
        "in 24 hours"
    );
}

fn new_accounts(n: usize) -> Plan {
    let change = |n: usize| {
        let uid = Uid::new(100_000 + u32::try_from(n).unwrap()).unwrap();
        Change::account(
            key(id(n)),
            UserName::new(&format!("u{n}"), false).unwrap(),
            Deed::CreateAccount(crate::plan::NewAccount {
                uid,
                gid: Gid::new(100).unwrap(),
                private_group: false,
                fields: AccountFields {
                    gecos: String::new(),
                    home: String::new(),
                    shell: String::new(),
                },
                make_home: false,
                subids: None,
            }),
        )
    };
    Plan {
        changes: (1_000..1_000 + n).map(change).collect(),
        ..Plan::default()
    }
}

fn limits_of(plan: Plan, owned: &Owned) -> Vec<(Limit, usize, usize)> {
    excesses_of(approve(plan, owned, bounds(), Approval::default()))
}

fn excesses_of(judged: Result<Approved, Box<Refused>>) -> Vec<(Limit, usize, usize)> {
    let excesses = judged.err().map(|refused| refused.excesses);
    let excesses = excesses.into_iter().flatten();
    excesses
        .map(|it| (it.limit, it.count, it.allowed))
        .collect()
}

#[test]
fn additions_are_limited_but_for_the_first() {
    assert_eq!(limits_of(new_accounts(5_000), &owned(0)), []);
    assert_eq!(limits_of(new_accounts(200), &owned(10)), []);
    assert_eq!(
        limits_of(new_accounts(201), &owned(10)),
        [(Limit::Gain, 201, 200)]
    );
    // A quarter of many is more.
    assert_eq!(limits_of(new_accounts(250), &owned(1_000)), []);
    let mut day = owned(10);
    day.losses.given.accounts = 300;
    assert_eq!(
        limits_of(new_accounts(101), &day),
        [(Limit::DayGain, 401, 400)]
    );
}

#[test]
fn no_run_uses_up_what_is_left_of_a_range() {
    let within = |n, free| {
        let plan = new_accounts(n);
        let bounds = (bounds().0, ranges(free));
        excesses_of(approve(plan, &owned(0), bounds, Approval::default()))
    };
    assert_eq!(within(20_000, 40_000), []);
    assert_eq!(within(20_001, 40_000), [(Limit::Room, 20_001, 20_000)]);
    assert_eq!(within(150, 200), [], "a few are always let in");
}

#[test]
fn what_an_older_ledger_may_have_given_is_not_left_of_a_range() {
    let (first, _) = ranges(40_000).accounts.into();
    let spans = |spans: &[(u32, u32)]| spans.iter().copied().collect();
    // Both overlap, and so does what is given: no number counts twice.
    let owned = Owned {
        ids: [first, first + 30_000].into(),
        retired: Numbers {
            uids: spans(&[(first, first + 9_999)]),
            gids: spans(&[(first + 5_000, first + 19_998)]),
            ..Numbers::default()
        },
        ..owned(0)
    };
    let bounds = (bounds().0, ranges(40_000));
    let over = excesses_of(approve(
        new_accounts(10_001),
        &owned,
        bounds,
        Approval::default(),
    ));
    assert_eq!(over, [(Limit::Room, 10_001, 10_000)]);
}

#[test]
fn reopenings_are_limited() {
    let opening = |n: usize| Plan {
        changes: (0..n)
            .map(|n| Change {
                deed: Deed::Unlock {},
                ..lock(n)
            })
            .collect(),
        ..Plan::default()
    };
    assert_eq!(limits_of(opening(20), &owned(200)), []);
    assert_eq!(limits_of(opening(21), &owned(200)), [(Limit::Run, 21, 20)]);
}

#[test]
fn slow_losses_are_limited_over_30_days() {
    let mut slow = owned(200);
    slow.losses.accounts_in_30_days = 45;
    assert_eq!(limits_of(locks(16), &slow), []);
    assert_eq!(limits_of(locks(17), &slow), [(Limit::Month, 62, 61)]);
}

#[test]
fn newcomers_do_not_make_up_for_the_last_who_goes() {
    let mut plan = locks(3);
    plan.changes.extend(new_accounts(1).changes);
    assert_eq!(limits_of(plan, &owned(3)), [(Limit::Zero, 3, 2)]);
}

#[test]
fn what_is_asked_for_by_name_is_no_mishap() {
    let by_name = Approval {
        by_name: true,
        ..Approval::default()
    };
    assert!(approve(locks(3), &owned(3), bounds(), by_name).is_ok());
}
