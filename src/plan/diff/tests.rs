mod departures;
mod unseen;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::model::host::{Host, HostAccount, HostGroup, Owner};
use crate::model::name::GroupPrefix;
use crate::model::owned::{Absence, Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{AccountFields, Completeness, Gid, GroupName, RemoteId, Uid, UserName};
use crate::plan::samples::FakeProbe;
use crate::plan::{Deed, HomeFate, NewAccount, Observation, Plan, effects};
use crate::policy::map::{WantedAccount, WantedAccounts, WantedGroup, WantedGroups};
use crate::policy::{Field, PrimaryGroup, Rules};

const NOW: i64 = 1_000_000;

fn id(n: u32) -> RemoteId {
    RemoteId::new(&format!("u-{n}")).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name, false).unwrap()
}

fn whole() -> Completeness {
    Completeness::Complete(String::new())
}

/// A host with this at every home.
fn home_of(owner: Owner) -> FakeProbe {
    FakeProbe {
        home: Some(owner),
        ..FakeProbe::default()
    }
}

/// A host on which `users` is there, and what gosync owns on it; every account added is in both.
struct Case {
    host: Host<'static>,
    owned: Owned,
    rules: Rules,
    completeness: Completeness,
    chosen: RunScope,
    probe: FakeProbe,
}

impl Default for Case {
    fn default() -> Self {
        let group = HostGroup {
            gid: 100,
            members: "".into(),
            writable: true,
        };
        Self {
            host: Host {
                groups: BTreeMap::from([("users", group)]),
                ids: BTreeSet::from([100]),
                ..Host::default()
            },
            owned: Owned::default(),
            rules: Rules::default(),
            completeness: whole(),
            chosen: RunScope {
                new: true,
                known: true,
                force: false,
            },
            probe: FakeProbe::default(),
        }
    }
}

impl Case {
    fn owns(mut self, n: u32, name: &'static str, state: State) -> Self {
        let home: &'static str = format!("/home/{name}").leak();
        let (gecos, shell) = ("Ann".into(), "/bin/bash".into());
        let applied = Applied {
            fields: AccountFields {
                gecos,
                home: home.into(),
                shell,
            },
            ..Applied::default()
        };
        let own = OwnedAccount {
            name: name.into(),
            uid: Uid::new(20_000 + n).unwrap(),
            gid: 100,
            private_group: false,
            state,
            applied,
            subid: None,
            absence: None,
        };
        self.owned.ids.insert(20_000 + n);
        self.owned.accounts.insert(id(n), own);
        if state.is_present() {
            self = self.has(name, 20_000 + n);
            if state == State::Locked {
                (self.account(name).locked, self.account(name).expire) = (true, "1");
            }
        }
        self
    }

    fn has(mut self, name: &'static str, uid: u32) -> Self {
        let home: &'static str = format!("/home/{name}").leak();
        let (gecos, shell) = ("Ann", "/bin/bash");
        let account = HostAccount {
            uid,
            gid: 100,
            fields: AccountFields { gecos, home, shell },
            locked: false,
            expire: "",
            writable: true,
        };
        self.host.accounts.insert(name, account);
        self.host.ids.insert(uid);
        self
    }

    fn account(&mut self, name: &str) -> &mut HostAccount<'static> {
        self.host.accounts.get_mut(name).unwrap()
    }

    fn own(&mut self, n: u32) -> &mut OwnedAccount {
        self.owned.accounts.get_mut(&id(n)).unwrap()
    }

    fn absent(mut self, n: u32, runs: u32, seconds: i64) -> Self {
        self.own(n).absence = Some(Absence {
            since: NOW - seconds,
            runs,
        });
        self
    }

    fn group(mut self, n: u32, name: &'static str, applied: &str, found: &'static str) -> Self {
        let gid = Gid::new(60_000 + n).unwrap();
        self.owned.ids.insert(gid.get());
        self.owned.groups.insert(
            id(n),
            OwnedGroup {
                name: name.into(),
                gid,
                state: State::Active,
                members: applied.into(),
            },
        );
        self.host.groups.insert(
            name,
            HostGroup {
                gid: gid.get(),
                members: found.into(),
                writable: true,
            },
        );
        self.host.ids.insert(gid.get());
        self
    }

    fn plan(&self, accounts: Vec<WantedAccount>) -> Plan {
        let present = accounts.iter().map(|a| a.id.clone()).collect();
        let wanted = WantedAccounts {
            accounts,
            present,
            ..WantedAccounts::default()
        };
        super::accounts(wanted, &self.input())
    }

    fn input(&self) -> DiffInput<'_> {
        DiffInput {
            host: &self.host,
            owned: &self.owned,
            completeness: &self.completeness,
            rules: &self.rules,
            chosen: self.chosen,
            now: NOW,
            probe: &self.probe,
        }
    }

    /// Everybody whom gosync owns.
    fn people(&self) -> crate::model::Lookup<RemoteId, ()> {
        let ids = self.owned.accounts.keys();
        ids.map(|id| (id.clone(), ())).collect()
    }

    /// Plans groups; everybody whom gosync owns is there.
    fn plan_groups(&self, groups: Vec<WantedGroup>) -> Plan {
        let present = groups.iter().map(|g| g.id.clone()).collect();
        let wanted = WantedGroups {
            groups,
            present,
            people: self.people(),
            ..WantedGroups::default()
        };
        super::groups(wanted, &self.input())
    }
}

fn wanted(n: u32, name: &str) -> WantedAccount {
    WantedAccount {
        id: id(n),
        open: true,
        name: user(name),
        rename: None,
        uid: None,
        fields: AccountFields {
            gecos: "Ann".into(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".into(),
        },
    }
}

/// The same, of whom the provider wants something else.
fn with(mut account: WantedAccount, field: Field, to: &str) -> WantedAccount {
    *field.of(account.fields.borrowed_mut()).unwrap() = to.into();
    account
}

fn group(n: u32, name: &str, members: &[u32]) -> WantedGroup {
    let name = GroupName::new(&GroupPrefix::default(), name, true).unwrap();
    let gid_range = Rules::default().groups.gid_range;
    WantedGroup {
        id: id(n),
        name,
        rename: None,
        gid: None,
        gid_range,
        members: members.iter().map(|n| id(*n)).collect(),
    }
}

/// The plan in words: changes, then remarks, then refusals.
fn words(plan: &Plan) -> Vec<String> {
    crate::plan::render::text(plan)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn created(plan: &Plan) -> Vec<&NewAccount> {
    let new = plan.changes.iter();
    new.filter_map(|change| effects(change).lines.new_account())
        .collect()
}

fn deeds(plan: &Plan) -> Vec<&Deed> {
    plan.changes.iter().map(|change| &change.deed).collect()
}

fn locks(plan: &Plan) -> usize {
    plan.counts().locked
}

mod people {
    use super::*;

    #[test]
    fn ids_are_given_in_the_order_of_the_immutable_ids_around_what_is_asked_for() {
        let asks = WantedAccount {
            uid: Uid::new(20_001),
            ..wanted(9, "zed")
        };
        let plan = Case::default().has("local", 20_000).plan(vec![
            wanted(1, "ann"),
            wanted(2, "bob"),
            asks,
        ]);
        let uids: Vec<_> = created(&plan)
            .iter()
            .zip(&plan.changes)
            .map(|(new, change)| (change.name(), new.uid.get()))
            .collect();
        assert_eq!(uids, [("ann", 20_002), ("bob", 20_003), ("zed", 20_001)]);
    }

    #[test]
    fn somebody_elses_number_is_not_given() {
        let asks = WantedAccount {
            uid: Uid::new(20_005),
            ..wanted(1, "ann")
        };
        for case in [
            Case::default().has("local", 20_005),
            Case::default().owns(5, "gone", State::Removed),
            Case::default()
                .group(0, "g", "", "")
                .owns(5, "set-aside", State::Reserved),
        ] {
            let plan = case.plan(vec![asks.clone()]);
            assert_eq!(plan.changes, []);
            assert!(plan.refused[0].reason.word() == "number-taken");
        }
    }

    #[test]
    fn a_removed_person_who_returns_gets_the_old_number() {
        let plan = Case::default()
            .owns(7, "ann", State::Removed)
            .plan(vec![wanted(7, "ann")]);
        assert_eq!(created(&plan)[0].uid.get(), 20_007);
    }

    #[test]
    fn a_number_that_is_in_use_meanwhile_is_given_back_to_nobody() {
        let mut case = Case::default()
            .owns(7, "ann", State::Removed)
            .has("local", 20_007);
        assert!(case.plan(vec![wanted(7, "ann")]).refused[0].reason.word() == "number-used");
        // The same for the number of an account's own group.
        case = Case::default().owns(7, "ann", State::Removed);
        case.rules.accounts.primary_group = PrimaryGroup::Private;
        case.host.groups.insert(
            "local",
            HostGroup {
                gid: 20_007,
                members: "".into(),
                writable: true,
            },
        );
        let plan = case.plan(vec![wanted(7, "ann")]);
        assert_eq!(plan.changes, [], "two groups would have the gid 20007");
    }

    #[test]
    fn a_name_on_the_host_is_not_taken_over() {
        let plan = Case::default()
            .has("ann", 1001)
            .plan(vec![wanted(1, "ann")]);
        assert_eq!(
            words(&plan),
            [
                "x refuse ann (u-1): an account `ann` (uid 1001) is on this host already and is not gosync's"
            ]
        );
    }

    #[test]
    fn a_home_of_somebody_else_is_not_given() {
        let shared = with(wanted(1, "ann"), Field::Home, "/home/local");
        assert!(
            Case::default()
                .has("local", 1001)
                .plan(vec![shared])
                .refused[0]
                .reason
                .word()
                == "home-used"
        );
        for home in [
            Owner::Directory(0),
            Owner::Directory(1001),
            Owner::NotADirectory,
        ] {
            let case = Case {
                probe: home_of(home),
                ..Case::default()
            };
            assert_eq!(case.plan(vec![wanted(1, "ann")]).changes, [], "{home:?}");
        }
        let ours = Case {
            probe: home_of(Owner::Directory(20_000)),
            ..Case::default()
        };
        assert!(!created(&ours.plan(vec![wanted(1, "ann")]))[0].make_home);
    }

    #[test]
    fn subordinate_ids_are_nobodys_uid() {
        let mut case = Case::default()
            .has("local", 1_000_010)
            .owns(1, "gone", State::Removed);
        case.own(1).subid = Some(1_000_100);
        case.owned.subids.insert(1_000_100);
        case.owned.ids.insert(1_000_250);
        case.rules.accounts.subid_range = Some((1_000_000, 1_000_399));
        case.rules.accounts.subid_count = 100;
        let plan = case.plan(vec![wanted(2, "bob")]);
        assert_eq!(created(&plan)[0].subids, Some((1_000_300, 100)));
    }

    #[test]
    fn changed_fields_are_set_and_hand_changes_stay_or_go() {
        let case = |keep: Option<Field>, found: &'static str, wish: &str| {
            let mut case = Case::default().owns(1, "ann", State::Active);
            case.account("ann").fields.shell = found;
            case.rules.accounts.keep_local = keep.into_iter().collect();
            words(&case.plan(vec![with(wanted(1, "ann"), Field::Shell, wish)]))
        };
        let keep = Some(Field::Shell);
        assert_eq!(
            case(keep, "/bin/bash", "/bin/zsh"),
            ["~ account ann shell \"/bin/bash\" -> \"/bin/zsh\""]
        );
        assert_eq!(
            case(keep, "/bin/sh", "/bin/bash"),
            ["  note ann: keeps the shell that was set by hand"]
        );
        assert_eq!(case(keep, "/bin/zsh", "/bin/zsh"), [""; 0]);
        assert_eq!(
            case(None, "/bin/sh", "/bin/bash"),
            [
                "~ account ann shell \"/bin/sh\" -> \"/bin/bash\"",
                "  note ann: gets its shell back, which was changed by hand"
            ]
        );
    }

    #[test]
    fn a_hand_change_stays_until_the_providers_own_value_changes() {
        let mut case = Case::default().owns(1, "ann", State::Active);
        case.account("ann").fields.shell = "/bin/sh";
        let plan = case.plan(vec![with(wanted(1, "ann"), Field::Shell, "/bin/zsh")]);
        assert_eq!(
            words(&plan)[0],
            "~ account ann shell \"/bin/sh\" -> \"/bin/zsh\""
        );
    }

    #[test]
    fn force_keeps_nothing_that_was_set_by_hand() {
        let mut case = Case::default().owns(1, "ann", State::Active);
        case.chosen.force = true;
        case.account("ann").fields.shell = "/bin/sh";
        assert_eq!(case.plan(vec![wanted(1, "ann")]).counts().changed, 1);
    }

    #[test]
    fn what_is_not_ours_any_more_is_left_alone() {
        let change = vec![WantedAccount {
            open: false,
            ..with(wanted(1, "ann"), Field::Gecos, "New")
        }];
        let mut gone = Case::default().owns(1, "ann", State::Active);
        gone.host.accounts.clear();
        let renumbered = Case::default()
            .owns(1, "ann", State::Active)
            .has("ann", 1001);
        let mut elsewhere = Case::default().owns(1, "ann", State::Active);
        elsewhere.account("ann").writable = false;
        for case in [gone, renumbered, elsewhere] {
            assert_eq!(case.plan(change.clone()).changes, []);
        }
    }
}

mod adopt;
mod by_hand;
mod local;

mod leaving {
    use super::*;

    /// Somebody stays, so that the read is not empty.
    fn others() -> Vec<WantedAccount> {
        vec![wanted(9, "zed")]
    }

    #[test]
    fn the_absent_are_locked_after_so_many_reads_and_so_long() {
        let case = || {
            Case::default()
                .owns(9, "zed", State::Active)
                .owns(1, "ann", State::Active)
        };
        let first = case().plan(others());
        assert_eq!((locks(&first), first.observations.len()), (0, 1));
        assert_eq!(locks(&case().absent(1, 1, 3_600).plan(others())), 1);
        assert_eq!(locks(&case().absent(1, 1, 3_599).plan(others())), 0);
        assert_eq!(locks(&case().absent(1, 0, 3_600).plan(others())), 0);
        assert_eq!(
            locks(&case().absent(1, 1, -50).plan(others())),
            0,
            "a clock that jumped back"
        );
    }

    #[test]
    fn nobody_is_missed_in_a_read_that_is_not_whole() {
        for completeness in [
            Completeness::Narrowed,
            Completeness::Incomplete("cut".into()),
        ] {
            let mut case = Case {
                completeness,
                ..Case::default()
            };
            case = case
                .owns(9, "zed", State::Active)
                .owns(1, "ann", State::Active)
                .absent(1, 50, 1_000_000);
            let plan = case.plan(others());
            assert_eq!((plan.changes, plan.observations), (vec![], vec![]));
        }
        let empty = Case::default()
            .owns(1, "ann", State::Active)
            .absent(1, 50, 1_000_000)
            .plan(vec![]);
        assert_eq!(empty.changes, []);
        assert!(empty.incomplete.is_some());
    }

    #[test]
    fn only_the_new_are_looked_at_if_so_chosen() {
        let mut case = Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Active)
            .absent(1, 50, 5_000);
        case.chosen.known = false;
        assert_eq!(words(&case.plan(others())), [""; 0]);
    }

    #[test]
    fn the_locked_open_again_when_they_return() {
        let plan = Case::default()
            .owns(1, "ann", State::Locked)
            .plan(vec![wanted(1, "ann")]);
        assert_eq!(words(&plan), ["~ unlock ann"]);
        let plan = Case::default()
            .owns(1, "ann", State::Active)
            .absent(1, 1, 50)
            .plan(vec![wanted(1, "ann")]);
        assert_eq!(plan.observations, [Observation::Back(id(1))]);
    }

    #[test]
    fn who_is_shut_out_is_locked_at_once_and_once() {
        let shut = |state| {
            let case = Case::default()
                .owns(1, "ann", state)
                .owns(9, "zed", State::Active);
            locks(&case.plan(vec![
                WantedAccount {
                    open: false,
                    ..wanted(1, "ann")
                },
                wanted(9, "zed"),
            ]))
        };
        assert_eq!((shut(State::Active), shut(State::Locked)), (1, 0));
    }

    #[test]
    fn who_is_shut_out_is_locked_by_id_though_the_record_cannot_be_used() {
        let shut = |case: &Case| {
            let wanted = WantedAccounts {
                present: BTreeSet::from([id(1), id(2), id(9)]),
                shut_by_id: BTreeSet::from([id(1), id(2)]),
                accounts: vec![wanted(9, "zed")],
                ..WantedAccounts::default()
            };
            locks(&super::accounts(wanted, &case.input()))
        };
        let case = |state| {
            Case::default()
                .owns(1, "ann", state)
                .owns(9, "zed", State::Active)
        };
        assert_eq!(shut(&case(State::Active)), 1);
        assert_eq!(shut(&case(State::Locked)), 0, "once");
        assert_eq!(shut(&case(State::Removed)), 0);
        let mut opened = case(State::Locked);
        opened.account("ann").locked = false;
        assert_eq!(shut(&opened), 1, "opened by hand");
        let mut cut = case(State::Active);
        cut.completeness = Completeness::Incomplete("cut".into());
        assert_eq!(shut(&cut), 0, "not by a read that is incomplete");
        let mut damaged = case(State::Active);
        damaged.host.accounts.remove("ann");
        damaged.host.broken.insert("ann");
        assert_eq!(shut(&damaged), 1);
    }

    #[test]
    fn what_was_opened_by_hand_is_closed_again() {
        let mut case = Case::default()
            .owns(9, "zed", State::Active)
            .owns(1, "ann", State::Locked);
        (case.account("ann").locked, case.account("ann").expire) = (false, "");
        assert_eq!(locks(&case.plan(others())), 1);
        assert_eq!(
            locks(&case.plan(vec![
                WantedAccount {
                    open: false,
                    ..wanted(1, "ann")
                },
                wanted(9, "zed")
            ])),
            1
        );
    }

    #[test]
    fn an_account_that_is_not_ours_any_more_is_not_locked() {
        let due = || {
            Case::default()
                .owns(9, "zed", State::Active)
                .owns(1, "ann", State::Active)
                .absent(1, 5, 10_000)
        };
        let mut gone = due();
        gone.host.accounts.remove("ann");
        let mut elsewhere = due();
        elsewhere.account("ann").writable = false;
        for (case, is_open, why) in [
            (
                due().has("ann", 1001),
                true,
                "a local account of the same name",
            ),
            (gone, false, "removed by hand"),
            (elsewhere, true, "not ours to write"),
        ] {
            let shut_out = WantedAccount {
                open: false,
                ..wanted(1, "ann")
            };
            for people in [others(), vec![shut_out, wanted(9, "zed")]] {
                let plan = case.plan(people);
                assert_eq!(plan.changes, [], "{why}");
                // Somebody who may not log in any more, and can, is more than a remark.
                assert_eq!(plan.refused.len(), usize::from(is_open), "{why}");
            }
        }
    }

    #[test]
    fn a_leaver_is_locked_by_name_though_the_line_is_damaged_or_stands_twice() {
        let leaver = || {
            Case::default()
                .owns(9, "zed", State::Active)
                .owns(1, "ann", State::Active)
                .absent(1, 2, 10_000)
        };
        let (mut twice, mut damaged, mut unread) = (leaver(), leaver(), leaver());
        twice.host.repeated.insert("ann");
        damaged.host.broken.insert("ann");
        unread.host.broken.insert("ann");
        unread.host.accounts.remove("ann");
        for case in [twice, damaged, unread] {
            let shut_out = WantedAccount {
                open: false,
                ..wanted(1, "ann")
            };
            for people in [others(), vec![shut_out, wanted(9, "zed")]] {
                let plan = case.plan(people);
                assert!(
                    matches!(plan.changes[0].deed, Deed::Lock { .. }),
                    "{plan:?}"
                );
                assert_eq!(plan.refused, []);
                let told: Vec<&str> = plan.remarks.iter().map(|r| r.reason.word()).collect();
                assert_eq!(told, ["locked-as-it-stands"]);
            }
        }
        // With another uid it may be anybody's: nothing is locked, and that is aloud.
        let mut other = leaver();
        other.account("ann").uid = 1_700;
        let plan = other.plan(others());
        assert_eq!(plan.changes, []);
        assert!(plan.refused[0].reason.is_not_out());
        let said = plan.refused[0].reason.to_string();
        assert!(
            said.contains("usermod -L -e 1 ann") && !said.contains("release"),
            "{said}"
        );
    }

    #[test]
    fn a_plan_that_waits_for_approval_keeps_its_digest() {
        let plan = |runs| {
            Case::default()
                .owns(9, "zed", State::Active)
                .owns(1, "ann", State::Active)
                .absent(1, runs, 10_000)
        };
        assert_eq!(
            plan(2).plan(others()).digest(),
            plan(2).plan(others()).digest()
        );
    }
}

mod of_groups {
    use super::*;

    pub(super) fn staffed() -> Case {
        Case::default()
            .owns(1, "ann", State::Active)
            .owns(2, "bob", State::Active)
            .owns(3, "cat", State::Locked)
    }

    #[test]
    fn members_are_people_with_an_open_account() {
        let plan = staffed().plan_groups(vec![group(10, "all", &[1, 2, 3, 77])]);
        assert_eq!(words(&plan), ["+ group all gid=60000 members (2): ann bob"]);
    }

    #[test]
    fn members_come_and_go_and_those_added_by_hand_stay() {
        let case = staffed().group(10, "all", "ann", "ann,local");
        assert_eq!(
            words(&case.plan_groups(vec![group(10, "all", &[2])])),
            ["~ group all add (1): bob take out (1): ann"]
        );
        assert_eq!(
            words(&case.plan_groups(vec![group(10, "all", &[1])])),
            [""; 0]
        );
    }

    #[test]
    fn a_member_taken_out_by_hand_comes_back() {
        let case = staffed().group(10, "all", "ann,bob", "bob");
        assert_eq!(
            words(&case.plan_groups(vec![group(10, "all", &[1, 2])])),
            [
                "~ group all add (1): ann",
                "  note all: gets back who was taken out by hand: ann"
            ]
        );
    }

    #[test]
    fn an_incomplete_read_takes_nobody_out() {
        let mut case = staffed().group(10, "all", "ann,bob", "ann,bob");
        case.completeness = Completeness::Incomplete("cut".into());
        assert_eq!(case.plan_groups(vec![group(10, "all", &[])]).changes, []);
        assert_eq!(case.plan_groups(vec![]).changes, []);
        let locked = staffed().group(10, "all", "ann,cat", "ann,cat");
        let case = Case {
            completeness: case.completeness,
            ..locked
        };
        assert_eq!(
            case.plan_groups(vec![group(10, "all", &[1])]).changes,
            [],
            "not even the locked"
        );
        let gone = staffed().group(10, "all", "ann,zoe", "ann,zoe");
        let case = Case {
            completeness: case.completeness,
            ..gone
        };
        assert_eq!(
            case.plan_groups(vec![group(10, "all", &[1])]).changes,
            [],
            "nor who was forgotten"
        );
    }

    #[test]
    fn who_was_not_in_the_read_stays_a_member() {
        let case = staffed().group(10, "all", "ann,bob", "ann,bob");
        let groups = vec![group(10, "all", &[])];
        let wanted = WantedGroups {
            groups,
            people: [(id(2), ())].into_iter().collect(),
            present: [id(10)].into(),
            ..Default::default()
        };
        let plan = super::groups(
            wanted,
            &DiffInput {
                completeness: &Completeness::Narrowed,
                ..case.input()
            },
        );
        assert_eq!(words(&plan), ["~ group all take out (1): bob"]);
    }

    #[test]
    fn a_group_that_the_provider_lost_is_left_as_it_is() {
        let plan = staffed().group(10, "all", "ann", "ann").plan_groups(vec![]);
        assert_eq!(
            words(&plan),
            ["  note all: is not at the provider any more, as no group is; left as it is"]
        );
    }

    #[test]
    fn groups_of_others_are_not_taken_over() {
        let mut case = staffed().group(10, "all", "", "");
        case.owned.groups.clear();
        assert_eq!(case.plan_groups(vec![group(10, "all", &[1])]).changes, []);
        assert_eq!(
            case.plan_groups(vec![group(11, "ann", &[1])]).changes,
            [],
            "the name of an account"
        );
        let mut renumbered = staffed().group(10, "all", "", "");
        renumbered.host.groups.insert(
            "all",
            HostGroup {
                gid: 1234,
                members: "".into(),
                writable: true,
            },
        );
        assert_eq!(
            renumbered.plan_groups(vec![group(10, "all", &[1])]).changes,
            []
        );
    }

    #[test]
    fn numbers_are_given_once() {
        let asks = WantedGroup {
            gid: Gid::new(60_000),
            ..group(12, "c", &[])
        };
        let plan = staffed().plan_groups(vec![group(10, "a", &[]), group(11, "b", &[]), asks]);
        assert_eq!(
            words(&plan),
            [
                "+ group a gid=60001 no members",
                "+ group b gid=60002 no members",
                "+ group c gid=60000 no members"
            ]
        );
    }
}

mod of_removal {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_is_ours_goes_and_all_or_nothing() {
        let case = Case::default()
            .owns(1, "ann", State::Active)
            .has("local", 1001)
            .owns(2, "bob", State::Removed);
        for bad in [&["local"][..], &["ann", "local"], &["nobody"], &["ann\n"]] {
            assert!(
                removal(&names(bad), &Request::KeepHome, &case.host, &case.owned).is_err(),
                "{bad:?}"
            );
        }
        let again = removal(
            &names(&["bob"]),
            &Request::KeepHome,
            &case.host,
            &case.owned,
        )
        .unwrap();
        assert_eq!(words(&again), ["  note bob: is removed already"]);
        let plan = removal(
            &names(&["ann", "ann"]),
            &Request::RemoveHome,
            &case.host,
            &case.owned,
        )
        .unwrap();
        let [Deed::RemoveAccount { home, uid, .. }] = deeds(&plan)[..] else {
            panic!("{plan:?}")
        };
        assert_eq!(
            (home, uid.get()),
            (
                &HomeFate::Remove {
                    path: "/home/ann".into()
                },
                20_001
            )
        );
    }

    #[test]
    fn an_account_with_another_number_is_somebody_elses() {
        let case = Case::default()
            .owns(1, "ann", State::Active)
            .has("ann", 1001);
        assert!(
            removal(
                &names(&["ann"]),
                &Request::KeepHome,
                &case.host,
                &case.owned
            )
            .is_err()
        );
        assert!(removal(&names(&["ann"]), &Request::Forget, &case.host, &case.owned).is_ok());
    }

    #[test]
    fn a_group_with_its_name_and_another_number_stays() {
        let mut case = Case::default().owns(1, "ann", State::Active);
        (case.own(1).private_group, case.own(1).gid) = (true, 20_001);
        let goes = |case: &Case| {
            let plan = removal(
                &names(&["ann"]),
                &Request::KeepHome,
                &case.host,
                &case.owned,
            )
            .unwrap();
            matches!(
                plan.changes[0].deed,
                Deed::RemoveAccount {
                    private_group: true,
                    ..
                }
            )
        };
        case.host.groups.insert(
            "ann",
            HostGroup {
                gid: 20_001,
                members: "".into(),
                writable: true,
            },
        );
        assert!(goes(&case));
        case.host.groups.insert(
            "ann",
            HostGroup {
                gid: 1234,
                members: "".into(),
                writable: true,
            },
        );
        assert!(!goes(&case));
    }
}

#[test]
fn nobody_inherits_the_home_of_somebody_who_is_gone() {
    let case = Case::default().owns(1, "ann", State::Removed);
    let heir = with(wanted(2, "bob"), Field::Home, "/home/ann");
    let plan = case.plan(vec![heir]);
    assert_eq!((plan.changes.len(), plan.refused.len()), (0, 1));
    assert!(
        plan.refused[0].reason.word() == "home-not-inherited",
        "{:?}",
        plan.refused
    );
}
