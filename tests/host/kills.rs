//! gosync is killed before every call that changes something; see `interruptions`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::Instant;

use crate::interruptions::{
    Interruption, kill, kill_and_overtake, kill_everywhere, kill_everywhere_in, kill_the_recovery,
    sweep, without_losses,
};
use crate::picture::differences;
use crate::scenarios::{
    ARCHIVE_HOME, KEEP, REMOVE_HOME, Scenario, adding, changing, grouping, keys, locking, prepare,
    rebinding, removing, removing_with_keys, undoing,
};
use crate::small_host::{Database, SmallHost};
use crate::syscalls;

cases! {
    killed_while_it_adds_accounts: |on| kill_everywhere(&adding(), on), etc, extrausers, nss_cache;
    killed_while_it_changes_fields: |on| kill_everywhere(&changing(), on), etc, extrausers;
    killed_while_it_locks_and_opens_accounts: |on| kill_everywhere(&locking(), on), etc, extrausers;
    killed_while_it_removes_accounts:
        |on| kill_everywhere(&removing("removing", KEEP), on), etc, extrausers;
    killed_while_it_removes_accounts_and_homes:
        |on| kill_everywhere(&removing("removing with homes", REMOVE_HOME), on), etc, extrausers, nss_cache;
    killed_while_it_archives_homes:
        |on| kill_everywhere(&removing("archiving", ARCHIVE_HOME), on), etc, extrausers;
    killed_while_it_makes_and_changes_groups: |on| kill_everywhere(&grouping(), on), etc, extrausers, nss_cache;
    killed_while_it_undoes_a_run: |on| kill_everywhere(&undoing(), on), etc;
    killed_while_it_ties_accounts_to_other_records:
        |on| kill_everywhere(&rebinding(), on), etc, extrausers;
    killed_while_it_changes_keys: |on| kill_everywhere(&keys(), on), etc, extrausers;
    killed_while_it_removes_accounts_with_keys: |on| kill_everywhere(&removing_with_keys(), on), etc;
    killed_while_it_writes_keys_on_a_bare_host: kill_on_a_bare_host, etc, extrausers;

    killed_while_it_makes_up_for_an_interrupted_addition:
        |on| kill_the_recovery(&adding(), on), etc, extrausers, nss_cache;
    killed_while_it_makes_up_for_an_interrupted_removal:
        |on| kill_the_recovery(&removing("removing with homes", REMOVE_HOME), on), etc, extrausers;
    killed_while_it_makes_up_for_an_interrupted_change_of_keys:
        |on| kill_the_recovery(&keys(), on), etc;

    killed_while_it_adds_accounts_and_overtaken_by_another_program:
        |on| kill_and_overtake(&adding(), on), etc, extrausers, nss_cache;
    killed_while_it_removes_accounts_and_overtaken_by_another_program:
        |on| kill_and_overtake(&removing("removing with homes", REMOVE_HOME), on), etc;
    killed_while_it_changes_groups_and_overtaken_by_another_program:
        |on| kill_and_overtake(&grouping(), on), etc;
    killed_while_it_undoes_a_run_and_overtaken_by_another_program:
        |on| kill_and_overtake(&undoing(), on), etc;
    killed_while_it_changes_keys_and_overtaken_by_another_program:
        |on| kill_and_overtake(&keys(), on), etc;
}

/// The first run on a root with hardly any directories: those that gosync makes are for everybody.
fn kill_on_a_bare_host(database: Database) {
    let missing = match database {
        Database::Etc => &["run", "var"][..],
        Database::Extrausers | Database::NssCache => &["run"],
    };
    let scenario = Scenario {
        name: "writing keys on a bare host",
        history: vec![],
        ..keys()
    };
    let tree = prepare(&scenario, database);
    missing
        .iter()
        .for_each(|dir| std::fs::remove_dir_all(tree.path(dir)).unwrap());
    tree.save("before");
    tree.gosync(scenario.run).expect(0);
    for dir in [
        "run",
        "home",
        "var",
        "var/lib",
        "etc/ssh",
        "etc/ssh/authorized_keys.d",
    ] {
        assert_eq!(tree.picture()[dir].mode, 0o040_755, "{dir}");
    }
    tree.restore("before");
    kill_everywhere_in(&tree, &scenario);
}

#[test]
fn killed_while_it_carries_out_a_saved_plan() {
    let began = Instant::now();
    let mut scenario = locking();
    let tree = prepare(&scenario, Database::Etc);
    let file = tree.dir().join("plan.json").to_str().unwrap().to_owned();
    tree.gosync(&["plan", "-o", &file, "users"]).expect(0);
    scenario.run = vec!["apply", file.leak()].leak();
    let how = kill(scenario.run);
    sweep(&tree, &scenario, &Interruption::kill(&how))
        .judge("killed while it carries out a saved plan", began);
}

#[test]
fn a_copy_of_a_host_on_which_it_was_killed_leaves_the_original_alone() {
    for (scenario, database) in [
        (adding(), Database::Etc),
        (removing("removing", REMOVE_HOME), Database::Extrausers),
    ] {
        let tree = prepare(&scenario, database);
        let points = syscalls::of(&tree, scenario.run);
        let goal = tree.picture();
        let journal = points
            .iter()
            .position(|point| point.text.contains("journal.new\", "));
        let next = points[journal.unwrap() + 1..]
            .iter()
            .filter(|point| point.call.starts_with("rename"))
            .nth(1);
        tree.restore("before");
        assert!(syscalls::kill_at(next.unwrap(), &tree, scenario.run));
        let killed = tree.picture();
        let copy = SmallHost::new(database);
        let status = std::process::Command::new("sh")
            .args(["-ec", "rm -rf $1/root; cp -a $0/root $0/directory.json $1/"])
            .args([tree.dir(), copy.dir()])
            .status();
        assert!(status.unwrap().success());
        copy.gosync(scenario.run).expect(0);
        assert_eq!(
            differences(&tree.picture(), &killed),
            [""; 0],
            "the original"
        );
        assert_eq!(
            differences(&without_losses(copy.picture()), &without_losses(goal)),
            [""; 0],
            "the copy"
        );
    }
}
