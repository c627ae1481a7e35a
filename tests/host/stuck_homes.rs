//! Homes that cannot be taken away, packed, looked at or made: trouble of one person, which holds up nobody else.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use crate::namespace::with_own_mounts;
use crate::scenarios::KEYS;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, person};
use crate::unwritable::host_with_attributes;

fn mounted(tree: &SmallHost, script: &str) -> Ran {
    with_own_mounts(tree, script).output().unwrap().into()
}

fn people(names: &[&str]) -> serde_json::Value {
    let users: Vec<_> = names
        .iter()
        .map(|name| person(&format!("u-{name}"), name, "Somebody", true))
        .collect();
    document(&users, &[])
}

/// A chain of directories.
fn dig(tree: &SmallHost, below: &str, depth: usize) {
    let script = format!(
        "cd $ROOT/{below} && exec python3 -c 'import os\nfor n in range({depth}): os.mkdir(\"d\"); os.chdir(\"d\")'"
    );
    assert_eq!(mounted(tree, &script).code, Some(0));
}

#[test]
fn a_home_deeper_than_there_may_be_open_files_is_removed() {
    let tree = SmallHost::new(Database::Etc);
    tree.provide(&people(&["alice", "bob", "carol"]));
    tree.gosync(&["sync", "users"]).expect(0);
    dig(&tree, "home/alice", 2_000);
    dig(&tree, "home/bob", 2_000);
    for (name, option) in [
        ("alice", "--remove-home"),
        ("bob", "--archive-home /srv/archive"),
    ] {
        let script = format!("ulimit -n 64; exec $GOSYNC deluser {name} {option}");
        let ran = mounted(&tree, &script).expect(0);
        assert!(!ran.err.contains("stays"), "{name}: {ran:?}");
        assert!(!tree.path(&format!("home/{name}")).exists());
        assert!(!tree.path("home/.gosync").exists(), "{name}");
    }
}

#[test]
fn what_cannot_be_removed_though_it_is_out_of_sight_holds_nothing_up() {
    let tree = host_with_attributes();
    tree.provide(&people(&["alice", "bob"]));
    tree.gosync(&["sync", "users"]).expect(0);
    let stays = "what is not needed any more stays, and takes up room: cannot remove ";
    for round in 1..=3 {
        fs::write(tree.path("home/alice/kept"), "").unwrap();
        let flags = mounted(&tree, "chattr +i $ROOT/home/alice/kept");
        assert_eq!(flags.code, Some(0), "{flags:?}");
        let ran = tree
            .gosync(&["deluser", "alice", "--remove-home"])
            .expect(0);
        assert_eq!(ran.err.matches(stays).count(), 1, "round {round}: {ran:?}");
        assert!(ran.err.contains("kept: Operation not permitted"), "{ran:?}");
        assert!(!tree.path("home/alice").exists());
        // The same name again: nothing collides with what is left.
        let ran = tree.gosync(&["sync", "users"]).expect(0);
        assert_eq!(ran.err.matches(stays).count(), 1, "round {round}: {ran:?}");
        assert!(tree.path("home/alice/.profile").exists(), "{ran:?}");
    }
    assert_eq!(
        mounted(&tree, "chattr -R -i $ROOT/home/.gosync").code,
        Some(0)
    );
    let ran = tree.gosync(&["sync", "users"]).expect(0);
    assert_eq!(ran.err, "");
    assert!(!tree.path("home/.gosync").exists());
}

#[test]
fn a_file_system_in_what_is_removed_is_not_entered() {
    // Without /proc nobody knows beforehand.
    for before in ["true", "mount -t tmpfs none /proc"] {
        let tree = SmallHost::new(Database::Etc);
        tree.provide(&people(&["alice"]));
        fs::write(tree.path("srv/precious"), "").unwrap();
        fs::create_dir_all(tree.path("home/.gosync/removed-x/a/b/mnt")).unwrap();
        let script = format!(
            "chmod 700 $ROOT/home/.gosync; mount --bind $ROOT/srv $ROOT/home/.gosync/removed-x/a/b/mnt; \
             {before}; exec $GOSYNC sync users"
        );
        let ran = mounted(&tree, &script).expect(0);
        assert!(
            ran.err.contains("a file system is mounted on or below"),
            "{ran:?}"
        );
        assert!(tree.path("srv/precious").exists() && tree.path("home/alice").exists());
    }
}

/// A FUSE file system (fuse(4)) that greets the kernel and answers nothing after that; `dead` ends at once.
const FUSE: &str = r#"
import ctypes, os, struct, sys
point, uid, more, how = sys.argv[1:5]
fd = os.open('/dev/fuse', os.O_RDWR)
options = f'fd={fd},rootmode=40000,user_id={uid},group_id={uid}{more}'.encode()
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b'fuse', point.encode(), b'fuse.test', 6, options):
    sys.exit('mount: ' + os.strerror(ctypes.get_errno()))
unique = struct.unpack_from('<IIQ', os.read(fd, 1 << 17))[2]
init = struct.pack('<IIIIHHIIHHI', 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0) + bytes(28)
os.write(fd, struct.pack('<IiQ', 16 + len(init), 0, unique) + init)
print('ready', flush=True)
while how == 'silent':
    os.read(fd, 1 << 17)
"#;

/// Runs gosync while alice's FUSE file system is mounted at `below`.
fn with_fuse(tree: &SmallHost, (below, uid, more, how): (&str, u32, &str, &str), run: &str) -> Ran {
    fs::write(tree.path("srv/fuse.py"), FUSE).unwrap();
    fs::create_dir_all(tree.path(below)).unwrap();
    let script = format!(
        "[ -e /dev/fuse ] || {{ echo 'no /dev/fuse: this test needs the module fuse' >&2; exit 99; }}
         python3 $ROOT/srv/fuse.py $ROOT/{below} {uid} '{more}' {how} > $ROOT/srv/ready & daemon=$!
         for n in $(seq 100); do grep -q ready $ROOT/srv/ready && break; sleep 0.1; done
         grep -q ready $ROOT/srv/ready || exit 98
         timeout 100 {run}; code=$?
         kill -9 $daemon 2>/dev/null; umount -l $ROOT/{below}; exit $code"
    );
    let ran = mounted(tree, &script);
    assert!(
        !matches!(ran.code, Some(98 | 99)),
        "FUSE cannot be tried here: {ran:?}"
    );
    ran
}

fn uid_of(tree: &SmallHost, name: &str) -> u32 {
    let passwd = tree.read("etc/passwd");
    let line = passwd
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")));
    line.unwrap().split(':').nth(2).unwrap().parse().unwrap()
}

#[test]
fn a_dead_file_system_on_one_home_holds_nobody_else_up() {
    for how in ["dead", "silent"] {
        let tree = SmallHost::new(Database::Etc);
        tree.configure(
            "[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\narchive_after = \"30d\"\n",
        );
        tree.provide(&people(&["alice", "bob", "carol", "dora", "eve"]));
        tree.gosync(&["sync", "users"]).expect(0);
        let uid = uid_of(&tree, "alice");
        tree.provide(&people(&["carol", "dora", "eve"]));
        tree.gosync(&["sync", "users"]).expect(0);
        let db = rusqlite::Connection::open(tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
        db.execute("UPDATE departures SET since = 1700000000", [])
            .unwrap();
        drop(db);
        // Meanwhile somebody else leaves, and somebody is new.
        tree.provide(&people(&["carol", "dora", "frank"]));
        for run in ["$GOSYNC sync users -n", "$GOSYNC sync users"] {
            let ran = with_fuse(&tree, ("home/alice", uid, "", how), run).expect(3);
            let told = format!("the uid {uid} has mounted a file system of its own on");
            assert!((ran.out.clone() + &ran.err).contains(&told), "{ran:?}");
        }
        let passwd = tree.read("etc/passwd");
        assert!(passwd.contains("\nfrank:") && tree.path("home/frank").exists());
        assert!(tree.read("etc/shadow").contains("\neve:!"), "eve is locked");
        assert!(tree.path("home/alice").exists() && !tree.path("home/bob").exists());
        tree.gosync(&["sync", "users"]).expect(0);
        assert!(
            !tree.path("home/alice").exists(),
            "without it, her home is packed"
        );
    }
}

#[test]
fn a_home_that_nobody_gets_an_answer_about_holds_nobody_else_up() {
    let tree = SmallHost::new(Database::Etc);
    tree.configure("[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\narchive_after = \"0s\"\n");
    tree.provide(&people(&["alice", "bob", "carol"]));
    tree.gosync(&["sync", "users"]).expect(0);
    tree.provide(&people(&["bob", "carol"]));
    tree.gosync(&["sync", "users"]).expect(0);
    tree.provide(&people(&["carol", "dora"]));
    // Root's own, as a server that is away would be.
    let place = ("home/alice", 0, ",allow_other", "silent");
    let silent = "its file system did not answer within 5 s";
    for (run, code) in [
        ("$GOSYNC sync users --dry-run", 3),
        ("$GOSYNC sync users", 3),
        ("$GOSYNC deluser alice --remove-home", 1),
    ] {
        let begun = std::time::Instant::now();
        let ran = with_fuse(&tree, place, run).expect(code);
        assert!((ran.out.clone() + &ran.err).contains(silent), "{ran:?}");
        assert!(begun.elapsed().as_secs() < 40, "{:?}", begun.elapsed());
    }
    assert!(tree.read("etc/shadow").contains("\nbob:!"), "bob is locked");
    assert!(tree.path("home/dora/.profile").exists() && tree.path("home/alice/.profile").exists());
    let ran = tree.gosync(&["sync", "users"]).expect(0);
    assert!(ran.out.contains("2 archived"), "{ran:?}");
}

fn with_key(name: &str, key: usize) -> serde_json::Value {
    let mut one = person(&format!("u-{name}"), name, "Somebody", true);
    one["ssh_keys"] = serde_json::json!([KEYS[key]]);
    one
}

#[test]
fn a_file_system_that_never_answers_holds_no_keys_up() {
    let keys = "[keys]\nplace = \"home\"\ntime_limit = \"3s\"\n";
    // Hers is passed over; of one that root mounted for her, what is started there is left behind.
    for (owner, more, told) in [
        (true, "", "has mounted a file system of its own on"),
        (
            false,
            ",allow_other",
            "nor when it was killed; it was left behind",
        ),
    ] {
        let tree = SmallHost::new(Database::Etc);
        tree.configure(keys);
        tree.provide(&document(&[with_key("alice", 0), with_key("bob", 0)], &[]));
        tree.gosync(&["sync", "users"]).expect(0);
        let uid = if owner { uid_of(&tree, "alice") } else { 0 };
        tree.provide(&document(&[with_key("alice", 1), with_key("bob", 1)], &[]));
        let begun = std::time::Instant::now();
        let place = ("home/alice/.ssh", uid, more, "silent");
        let ran = with_fuse(&tree, place, "$GOSYNC sync users").expect(3);
        assert!(ran.err.contains(told), "{ran:?}");
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
        assert!(tree.read("home/bob/.ssh/authorized_keys").contains(KEYS[1]));
        assert!(
            tree.read("home/alice/.ssh/authorized_keys")
                .contains(KEYS[0])
        );
        tree.gosync(&["sync", "users"]).expect(0);
        assert!(
            tree.read("home/alice/.ssh/authorized_keys")
                .contains(KEYS[1])
        );
    }
}

#[test]
fn no_home_is_packed_where_others_may_write() {
    let tree = SmallHost::new(Database::Etc);
    tree.provide(&people(&["alice", "bob"]));
    tree.gosync(&["sync", "users"]).expect(0);
    for (command, mend) in [
        ("chmod 1777", "others may write"),
        ("chmod 2775", "others may write"),
        ("chown 1000", "belongs to the uid 1000"),
    ] {
        fs::remove_dir_all(tree.path("srv/archive")).unwrap();
        fs::create_dir(tree.path("srv/archive")).unwrap();
        let script = format!(
            "{command} $ROOT/srv/archive; exec $GOSYNC deluser alice --archive-home /srv/archive"
        );
        let ran = mounted(&tree, &script).expect(1);
        let told = ran.err.contains("srv/archive: no home is packed into it: ");
        assert!(told && ran.err.contains(mend), "{command}: {ran:?}");
        assert!(tree.path("home/alice").exists());
        assert_eq!(fs::read_dir(tree.path("srv/archive")).unwrap().count(), 0);
    }
}

#[test]
fn a_home_that_was_taken_out_to_be_packed_is_put_back_by_the_next_run() {
    let tree = SmallHost::new(Database::Etc);
    tree.provide(&people(&["alice", "bob"]));
    tree.gosync(&["sync", "users"]).expect(0);
    fs::write(tree.path("home/alice/thesis"), "text").unwrap();
    let script = "dd if=/dev/urandom of=$ROOT/home/alice/data bs=1M count=100 2>/dev/null
        $GOSYNC deluser alice --archive-home /srv/archive & run=$!
        for n in $(seq 1000); do [ -e $ROOT/home/.gosync-leaving/alice ] && break; sleep 0.01; done
        kill -9 $run; wait $run; [ -e $ROOT/home/.gosync-leaving/alice ]";
    assert_eq!(mounted(&tree, script).code, Some(0));
    let dry = tree.gosync(&["sync", "users", "-n"]).expect(1);
    assert!(
        dry.err.contains("an earlier run was interrupted"),
        "{dry:?}"
    );
    tree.gosync(&["sync", "users"]).expect(0);
    assert_eq!(tree.read("home/alice/thesis"), "text");
    assert!(!tree.path("home/.gosync-leaving").exists());
    // If its name is taken meanwhile, both stay.
    let script = "mkdir -m 700 $ROOT/home/.gosync-leaving && mv $ROOT/home/alice $ROOT/home/.gosync-leaving/ && mkdir $ROOT/home/alice";
    assert_eq!(mounted(&tree, script).code, Some(0));
    let ran = tree.gosync(&["sync", "users"]).expect(0);
    assert!(ran.err.contains("could not be put back"), "{ran:?}");
    assert_eq!(tree.read("home/.gosync-leaving/alice/thesis"), "text");
}
