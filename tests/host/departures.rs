//! People who leave and return on a real host: what runs as them is ended, homes are packed by tar(1) and taken away,
//! and nothing happens under anybody's feet.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::namespace::{check, run, script, sound_tree};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};

/// Numbers that no other test's accounts have: processes are those of the whole machine.
fn people(base: u32, alice: &str, active: bool) -> Vec<Value> {
    let mut all = vec![
        person("u-1", alice, "Alice", active),
        person("u-2", "bob", "Bob", true),
        person("u-3", "carol", "Carol", true),
    ];
    all.iter_mut()
        .zip(base..)
        .for_each(|(person, uid)| person["uid"] = json!(uid));
    all
}

/// A program of somebody's that does not mind a SIGTERM; ended with the test.
struct Stubborn(Child);

impl Stubborn {
    fn start(uid: u32) -> Self {
        let child = Command::new("setpriv")
            .args([
                "--reuid",
                &uid.to_string(),
                "--regid",
                &uid.to_string(),
                "--clear-groups",
            ])
            .args([
                "sh",
                "-c",
                "trap '' TERM; echo ready; while read line; do :; done",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut this = Self(child);
        let mut ready = [0; 5];
        std::io::Read::read_exact(this.0.stdout.as_mut().unwrap(), &mut ready).unwrap();
        this
    }

    fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Stubborn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes that people were locked, and groups emptied, long ago.
fn age(tree: &SmallHost) {
    let db = rusqlite::Connection::open(tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    let aged = db.execute("UPDATE departures SET since = 1700000000", []);
    assert!(aged.unwrap() > 0, "nobody left");
}

fn host(departed: &str) -> SmallHost {
    let tree = sound_tree(Database::Etc);
    tree.configure(&format!(
        "[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n{departed}\n"
    ));
    tree
}

#[test]
fn nobody_is_renamed_under_their_feet_but_by_force() {
    let tree = host("");
    tree.provide(&document(&people(31_000, "alice", true), &[]));
    run(&tree, "$GOSYNC sync users");
    let mut program = Stubborn::start(31_000);
    tree.provide(&document(&people(31_000, "alicia", true), &[]));
    for run_of in ["$GOSYNC sync users -n", "$GOSYNC sync users"] {
        let said = run(&tree, run_of).out;
        assert!(said.contains(
            "alice: is called `alicia` at the provider now, and keeps its name: somebody is logged"
        ));
    }
    assert!(tree.read("etc/passwd").contains("\nalice:x:31000:"));
    run(&tree, "$GOSYNC --force sync users");
    assert!(tree.read("etc/passwd").contains("\nalicia:x:31000:") && program.runs());
    check(&tree);
}

#[test]
fn what_runs_as_a_locked_account_is_ended_if_that_is_wanted() {
    for wanted in [false, true] {
        let tree = host(&format!("end_sessions = {wanted}"));
        tree.provide(&document(&people(31_100, "alice", true), &[]));
        run(&tree, "$GOSYNC sync users");
        let (mut alice, mut bob) = (Stubborn::start(31_100), Stubborn::start(31_101));
        tree.provide(&document(&people(31_100, "alice", false), &[]));
        run(&tree, "$GOSYNC sync users -n");
        assert!(alice.runs(), "a dry run ends nothing");
        // Below --root, the accounts are not those of this machine.
        tree.gosync(&["sync", "users", "-n"]).expect(0);
        let said = run(&tree, "$GOSYNC sync users").out;
        assert_eq!(
            said.contains("ended what ran as the locked account alice"),
            wanted,
            "{said}"
        );
        assert_eq!(alice.runs(), !wanted);
        assert!(bob.runs(), "another one's program goes on");
        if wanted {
            // Whatever let it start: the next run ends it, too.
            let mut late = Stubborn::start(31_100);
            run(&tree, "$GOSYNC sync users");
            assert!(!late.runs());
        }
    }
}

/// A host with a program of alice's, who is locked next, and something that is called as loginctl(1) is: it writes down
/// how, and whether the program runs then, and goes on with `script`. What it starts and leaves it writes to `/srv/pids`.
fn with_logind(base: u32, script: &str) -> (SmallHost, Stubborn) {
    let tree = host("end_sessions = true");
    tree.provide(&document(&people(base, "alice", true), &[]));
    run(
        &tree,
        "$GOSYNC sync users; mkdir -p /srv/sbin /run/systemd/seats",
    );
    let program = Stubborn::start(base);
    let text = format!(
        "#!/bin/sh\nread pid < /srv/pid\n[ -e /proc/$pid/status ] && state=alive\necho \"$* $state\" >> /srv/log\n{script}\n"
    );
    tree.write("srv/sbin/loginctl", &text, 0o755, 0);
    tree.write("srv/pid", &format!("{}\n", program.0.id()), 0o644, 0);
    tree.provide(&document(&people(base, "alice", false), &[]));
    (tree, program)
}

#[test]
fn logind_is_asked_first_and_whatever_it_does_all_is_ended() {
    let leave = "sleep 60 & echo $! >> /srv/pids; exit 0";
    let cases = [
        "exit 0",
        "echo no such user >&2; exit 1",
        "exec sleep 1000",
        "kill -9 $$",
        leave,
    ];
    for (base, script) in (31_500..).step_by(10).zip(cases) {
        let (tree, mut program) = with_logind(base, script);
        let said = run(
            &tree,
            "mount --bind /srv/sbin /usr/sbin; $GOSYNC sync users",
        )
        .out;
        assert!(
            said.contains("ended what ran as the locked account alice: 1 process\n"),
            "{script}: {said}"
        );
        assert!(!program.runs(), "{script}");
        assert_eq!(
            tree.read("srv/log"),
            format!("terminate-user {base} alive\n"),
            "{script}"
        );
        if script == leave {
            // It was not waited for, and is ended with the program that left it.
            let mut still = Command::new("kill");
            still.arg("-0").arg(tree.read("srv/pids").trim());
            assert!(!still.status().unwrap().success());
        }
        run(
            &tree,
            "mount --bind /srv/sbin /usr/sbin; $GOSYNC sync users",
        );
        assert_eq!(
            tree.read("srv/log").lines().count(),
            1,
            "nothing runs, and nobody is asked"
        );
    }
}

#[test]
fn where_no_logind_runs_nobody_asks_it() {
    let (tree, mut program) = with_logind(31_600, "exit 0");
    run(
        &tree,
        "rmdir /run/systemd/seats; mount --bind /srv/sbin /usr/sbin; $GOSYNC sync users",
    );
    assert!(!program.runs() && !tree.path("srv/log").exists());
}

#[test]
fn a_home_is_packed_whole_and_its_account_removed_when_nothing_runs_and_all_is_told_to_who_returns()
{
    let tree = host("archive_after = \"30d\"\nremove_after = \"90d\"");
    let groups = |members: &[&str]| [group("g-1", "physics", members)];
    tree.provide(&document(
        &people(31_200, "alice", true),
        &groups(&["u-1", "u-2"]),
    ));
    run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    let fill = "cd /home/alice; echo text > thesis; ln -s /etc/shadow trap; mkfifo fifo; chmod 4750 thesis\n\
                mkdir -p deep/er; dd if=/dev/urandom of=deep/er/data bs=1k count=300 2>/dev/null\n\
                setfattr -n user.note -v kept thesis 2>/dev/null || :; chown -h -R alice:alice /home/alice";
    run(&tree, fill);
    tree.provide(&document(
        &people(31_200, "alice", false),
        &groups(&["u-2"]),
    ));
    let early = run(
        &tree,
        "$GOSYNC sync users; $GOSYNC sync users; $GOSYNC sync groups",
    )
    .out;
    assert!(
        early.contains("! lock alice") && tree.path("home/alice/thesis").exists(),
        "{early}"
    );
    age(&tree);

    let mut program = Stubborn::start(31_200);
    let told = run(&tree, "$GOSYNC sync users").out;
    assert!(
        told.contains(
            "note alice: is due to be archived or removed, and is not while processes run"
        ),
        "{told}"
    );
    assert!(tree.path("home/alice/thesis").exists() && program.runs());
    drop(program);

    run(&tree, "cp -a /home/alice /srv/copy");
    let said = run(&tree, "$GOSYNC sync users").out;
    let archive = "/var/lib/gosync/homes/alice-31200-20231114T221320Z.tar.zst";
    assert!(
        said.contains(&format!(
            "- home /home/alice of alice, after packing it into {archive}"
        )),
        "{said}"
    );
    assert!(
        !tree.path("home/alice").exists() && tree.read("etc/passwd").contains("\nalice:x:31200:")
    );
    let look = format!(
        "stat -c %a:%U {archive} /var/lib/gosync/homes; mkdir /srv/out; tar -C /srv/out --xattrs -xpf {archive}"
    );
    assert_eq!(run(&tree, &look).out, "600:root\n700:root\n");
    run(
        &tree,
        "diff -r --no-dereference -x fifo /srv/copy /srv/out/alice; test -p /srv/out/alice/fifo",
    );
    let modes = "cd /srv; for d in copy out/alice; do (cd $d; find . -printf '%p %m %U %G %l\\n' | sort); done | sort | uniq -u";
    assert_eq!(run(&tree, modes).out, "");
    check_but_homes(&tree);

    let gone = run(&tree, "$GOSYNC sync users").out;
    assert!(gone.contains("- account alice uid=31200"), "{gone}");
    for name in Database::Etc.files() {
        let text = tree.read(&format!("etc/{name}"));
        assert!(!text.contains("alice"), "{name} still knows her:\n{text}");
    }
    check(&tree);
    // Her ids are hers: nobody else can ask for them, or gets them.
    let mut new = people(31_200, "alice", false);
    new.push(person("u-4", "dave", "Dave", true));
    new[3]["uid"] = json!(31_200);
    tree.provide(&document(&new, &[]));
    let dry = "$GOSYNC sync users -n --format json";
    let dry = Ran::from(script(&tree, dry).output().unwrap());
    assert_eq!(
        dry.refused(),
        [("dave".to_owned(), "number-taken".to_owned())]
    );
    script(&tree, "$GOSYNC sync users").output().unwrap();
    // She returns.
    tree.provide(&document(
        &people(31_200, "alice", true),
        &groups(&["u-1", "u-2"]),
    ));
    let back = run(&tree, "$GOSYNC sync users; $GOSYNC sync groups").out;
    assert!(
        back.contains(&format!(
            "note alice: is back; what was in the home is in {archive}"
        )),
        "{back}"
    );
    assert_eq!(
        run(
            &tree,
            "id -u alice; stat -c %U /home/alice; cat /home/alice/thesis 2>/dev/null || echo none"
        )
        .out,
        "31200\nalice\nnone\n"
    );
    assert!(tree.path(&archive[1..]).exists());
    check(&tree);
}

/// pwck(8) minds that a home is not there.
fn check_but_homes(tree: &SmallHost) {
    let ran = Ran::from(script(tree, "pwck -r; grpck -r").output().unwrap());
    let lines: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| !line.contains("home/alice") && !line.contains("no changes"))
        .collect();
    assert_eq!(lines, [""; 0], "{ran:?}");
}

#[test]
fn who_returns_before_the_removal_gets_a_new_home_and_the_old_password() {
    let tree = host("archive_after = \"30d\"");
    tree.provide(&document(&people(31_300, "alice", true), &[]));
    run(
        &tree,
        "$GOSYNC sync users; usermod -p '$6$abc$def' alice; touch /home/alice/thesis",
    );
    tree.provide(&document(&people(31_300, "alice", true)[1..], &[]));
    run(&tree, "$GOSYNC sync users");
    age(&tree);
    run(&tree, "$GOSYNC sync users");
    assert!(!tree.path("home/alice").exists());
    assert!(
        run(&tree, "$GOSYNC sync users")
            .out
            .contains("nothing to do"),
        "and no more than that"
    );
    tree.provide(&document(&people(31_300, "alice", true), &[]));
    let back = run(&tree, "$GOSYNC sync users").out;
    assert!(
        back.contains("~ unlock alice") && back.contains("+ home /home/alice of alice"),
        "{back}"
    );
    assert!(
        back.contains("is back; what was in the home is in /var/lib/gosync/homes/alice-31300-"),
        "{back}"
    );
    assert_eq!(
        run(&tree, "stat -c %U:%G:%a /home/alice /home/alice/.profile").out,
        "alice:alice:700\nalice:alice:644\n"
    );
    assert!(tree.read("etc/shadow").contains("\nalice:$6$abc$def:"));
    check(&tree);
}

#[test]
fn a_home_that_changes_while_it_is_packed_stays() {
    let tree = host("archive_after = \"30d\"");
    tree.provide(&document(&people(31_400, "alice", true), &[]));
    run(
        &tree,
        "$GOSYNC sync users; dd if=/dev/urandom of=/home/alice/data bs=1M count=40 2>/dev/null; chown alice: /home/alice/data",
    );
    tree.provide(&document(&people(31_400, "alice", false), &[]));
    run(&tree, "$GOSYNC sync users");
    age(&tree);
    // Whoever has a file open writes on; the others do not find it while it is packed.
    let busy = "sh -c 'exec 3>> /home/alice/data; while :; do echo x >&3; done' & writer=$!; sleep 0.2; $GOSYNC sync users; \
                code=$?; kill $writer; wait; exit $code";
    let ran = Ran::from(script(&tree, busy).output().unwrap());
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.err
            .contains("cannot pack /home/alice: tar: alice/data: file changed as we read it"),
        "{ran:?}"
    );
    assert!(tree.path("home/alice/data").exists() && !tree.path("home/.gosync-leaving").exists());
    let left = std::fs::read_dir(tree.path("var/lib/gosync/homes"))
        .into_iter()
        .flatten()
        .count();
    assert_eq!(left, 0, "half an archive is left");
    let opener = "sh -c 'while :; do echo x >> /home/alice/data; done' 2>/dev/null & writer=$!; $GOSYNC sync users; \
                  code=$?; kill $writer; wait; exit $code";
    let ran = Ran::from(script(&tree, opener).output().unwrap()).expect(0);
    assert!(
        ran.out.contains("1 archived") && !tree.path("home/alice").exists(),
        "{ran:?}"
    );
}
