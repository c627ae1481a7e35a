//! Home bases on real file systems: read-only, full, not mounted, and where others may write. Who needs a home there
//! waits; who leaves is locked, and everybody else's changes are made.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use crate::namespace::with_own_mounts;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, person};

fn mounted(tree: &SmallHost, script: &str) -> Ran {
    with_own_mounts(tree, script).output().unwrap().into()
}

/// Those of these names; with a minus, shut out; with a slash, with a home that is not below `/home`.
fn people(names: &[&str]) -> serde_json::Value {
    let users: Vec<_> = names
        .iter()
        .map(|name| {
            let (home, login) = match name.rsplit_once('/') {
                Some((base, login)) => (Some(format!("{base}/{login}")), login),
                None => (None, name.trim_start_matches('-')),
            };
            let mut one = person(
                &format!("u-{login}"),
                login,
                "Somebody",
                !name.starts_with('-'),
            );
            if let Some(home) = home {
                one["home"] = home.into();
            }
            one
        })
        .collect();
    document(&users, &[])
}

/// A host with alice and bob, on which alice is shut out now, and cora and dora, whose home is elsewhere, are new.
fn host() -> SmallHost {
    let tree = SmallHost::new(Database::Etc);
    let config = fs::read_to_string(tree.config()).unwrap();
    let bases = "[accounts]\nhome_bases = [\"/srv\"]\n";
    fs::write(tree.config(), config.replace("[accounts]\n", bases)).unwrap();
    tree.provide(&people(&["alice", "bob"]));
    tree.gosync(&["sync", "users"]).expect(0);
    tree.provide(&people(&["-alice", "bob", "cora", "/srv/dora"]));
    tree
}

/// What is so after a run that could make no home below `/home`.
#[track_caller]
fn only_cora_waits(tree: &SmallHost, ran: &Ran) {
    let (passwd, shadow) = (tree.read("etc/passwd"), tree.read("etc/shadow"));
    assert!(shadow.contains("\nalice:!"), "alice is locked: {ran:?}");
    assert!(
        passwd.contains("\ndora:") && tree.path("srv/dora/.profile").exists(),
        "dora is made: {ran:?}"
    );
    for file in ["passwd", "shadow", "group", "gshadow", "subuid"] {
        let text = tree.read(&format!("etc/{file}"));
        assert!(!text.contains("cora"), "{file}: {ran:?}");
    }
}

#[track_caller]
fn all_is_made_up_for(tree: &SmallHost) {
    tree.gosync(&["sync", "users"]).expect(0);
    assert!(tree.read("etc/passwd").contains("\ncora:"));
    assert!(tree.path("home/cora/.profile").exists());
    assert!(!tree.path("home/.gosync").exists() && !tree.path("srv/.gosync").exists());
}

#[test]
fn a_base_that_cannot_be_used_holds_up_only_who_needs_a_home_there() {
    for (before, word) in [
        (
            "mount -t tmpfs -o ro,mode=755 tmpfs $ROOT/home",
            "home-base-closed",
        ),
        (
            "mount -t tmpfs -o mode=777 tmpfs $ROOT/home",
            "home-base-unsafe",
        ),
        (
            "mount -t tmpfs -o mode=1777 tmpfs $ROOT/home",
            "home-base-unsafe",
        ),
        (
            "mount -t tmpfs -o mode=755,uid=1000 tmpfs $ROOT/home",
            "home-base-unsafe",
        ),
        (
            "mv $ROOT/home $ROOT/was; trap 'rm -rf $ROOT/home; mv $ROOT/was $ROOT/home' EXIT",
            "home-base-missing",
        ),
        (
            "mv $ROOT/home $ROOT/was; ln -s /nfs/home $ROOT/home; \
             trap 'rm -rf $ROOT/home; mv $ROOT/was $ROOT/home' EXIT",
            "home-base-missing",
        ),
    ] {
        let tree = host();
        let run = |how| {
            mounted(
                &tree,
                &format!("{before}; $GOSYNC sync users {how}; exit $?"),
            )
        };
        let dry = run("--dry-run --format json").expect(3);
        assert_eq!(dry.refused(), [("cora".to_owned(), word.to_owned())]);
        let ran = run("").expect(3);
        assert!(ran.err.contains("x refuse cora (u-cora): "), "{ran:?}");
        only_cora_waits(&tree, &ran);
        all_is_made_up_for(&tree);
    }
}

#[test]
fn who_fits_on_no_disk_is_not_made_and_everybody_else_is() {
    // Nothing is left at all; and room for the first few of many.
    for (size, names) in [("size=8k,nr_inodes=3", 1), ("size=4m,nr_inodes=120", 60)] {
        let tree = host();
        let new: Vec<String> = (0..names).map(|n| format!("new{n:02}")).collect();
        let mut all = vec!["-alice", "bob", "/srv/dora"];
        all.extend(new.iter().map(String::as_str));
        tree.provide(&people(&all));
        let full = format!(
            "mount -t tmpfs -o mode=755,{size} tmpfs $ROOT/home; touch $ROOT/home/a $ROOT/home/b; "
        );
        let script = format!(
            "{full} $GOSYNC sync users --dry-run || exit 9; $GOSYNC sync users; code=$?; \
             cd $ROOT/home; ls -A > $ROOT/srv/seen; exit $code"
        );
        let ran = mounted(&tree, &script).expect(3);
        assert!(
            ran.err.contains("since no home can be made or moved: "),
            "{ran:?}"
        );
        assert!(ran.err.contains("No space left on device"), "{ran:?}");
        assert_eq!(
            ran.err.matches("nothing is done for").count(),
            1,
            "one cause: {ran:?}"
        );
        let passwd = tree.read("etc/passwd");
        assert!(tree.read("etc/shadow").contains("\nalice:!"), "{ran:?}");
        assert!(passwd.contains("\ndora:"), "{ran:?}");
        let seen = tree.read("srv/seen");
        let seen: Vec<&str> = seen
            .lines()
            .filter(|name| name.starts_with("new"))
            .collect();
        let made: Vec<&String> = new
            .iter()
            .filter(|name| passwd.contains(&format!("\n{name}:")))
            .collect();
        assert_eq!(
            made, seen,
            "an account has its home, and a home its account"
        );
        assert!(
            made.len() < names && (names == 1 || made.len() > 5),
            "{made:?}"
        );
        assert!(
            ran.out.contains(&format!("{} refused", names - made.len())),
            "{ran:?}"
        );
        fs::remove_file(tree.path("srv/seen")).unwrap();
        let made = made.len();
        let ran = tree.gosync(&["sync", "users"]).expect(0);
        assert!(
            ran.out.contains(&format!("{} created", names - made)),
            "{ran:?}"
        );
    }
}

#[test]
fn a_home_that_can_only_be_moved_when_there_is_room_keeps_its_owners_name() {
    let tree = host();
    let config = fs::read_to_string(tree.config()).unwrap();
    let more = "[accounts]\nrename_home = true\n";
    fs::write(tree.config(), config.replace("[accounts]\n", more)).unwrap();
    tree.provide(&document(
        &[
            person("u-alice", "alicia", "Somebody", false),
            person("u-bob", "robert", "Somebody", true),
            person("u-eve", "eve", "Somebody", true),
        ],
        &[],
    ));
    let script = "mount -t tmpfs -o mode=755,nr_inodes=5 tmpfs $ROOT/home; \
        for name in alice bob; do mkdir $ROOT/home/$name; chown $(grep ^$name: $ROOT/etc/passwd | cut -d: -f3) $ROOT/home/$name; done; \
        touch $ROOT/home/x $ROOT/home/y; $GOSYNC sync users";
    let ran = mounted(&tree, script).expect(3);
    let (passwd, shadow) = (tree.read("etc/passwd"), tree.read("etc/shadow"));
    assert!(
        shadow.contains("\nalice:!"),
        "whoever is out is locked all the same: {ran:?}"
    );
    for name in ["alice", "bob"] {
        assert!(passwd.contains(&format!("\n{name}:")), "{ran:?}");
    }
    assert!(!passwd.contains("\neve:"), "{ran:?}");
    tree.gosync(&["sync", "users"]).expect(0);
    let passwd = tree.read("etc/passwd");
    for name in ["alicia", "robert", "eve"] {
        assert!(
            passwd.contains(&format!("\n{name}:")) && tree.path(&format!("home/{name}")).exists()
        );
    }
}

#[test]
fn a_mount_is_demanded_where_the_configuration_says_so() {
    let tree = host();
    let config = fs::read_to_string(tree.config()).unwrap();
    let more = "[accounts]\nhome_base_mounted = true\n";
    fs::write(tree.config(), config.replace("[accounts]\n", more)).unwrap();
    tree.provide(&people(&["-alice", "bob", "cora"]));
    let dry = mounted(&tree, "$GOSYNC sync users --dry-run --format json").expect(3);
    let refused = ("cora".to_owned(), "home-base-not-mounted".to_owned());
    assert_eq!(dry.refused(), [refused]);
    let ran = mounted(&tree, "$GOSYNC sync users").expect(3);
    assert!(tree.read("etc/shadow").contains("\nalice:!"), "{ran:?}");
    assert!(!tree.path("home/cora").exists());
    let ran = mounted(&tree, "$GOSYNC deluser bob --remove-home").expect(1);
    assert!(
        ran.err.contains("nothing is mounted there") && tree.path("home/bob").exists(),
        "{ran:?}"
    );
    // A bind mount is one, also of the very same file system.
    mounted(
        &tree,
        "mount --bind $ROOT/home $ROOT/home; exec $GOSYNC sync users",
    )
    .expect(0);
    assert!(tree.path("home/cora/.profile").exists());
}

/// Somebody who may write the base swaps the directory in which homes are built for a link, all the time.
#[test]
fn whoever_may_write_a_base_leads_nobody_astray() {
    let tree = SmallHost::new(Database::Etc);
    fs::create_dir(tree.path("etc/cron.d")).unwrap();
    let names: Vec<String> = (0..60).map(|n| format!("p{n:02}")).collect();
    tree.provide(&people(
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    ));
    let swap = "import ctypes, os, sys\n\
        base, link = sys.argv[1] + '/.gosync', sys.argv[1] + '/.link'\n\
        os.symlink(sys.argv[2], link)\n\
        libc = ctypes.CDLL(None)\n\
        while True: libc.renameat2(-100, base.encode(), -100, link.encode(), 2)";
    fs::write(tree.path("srv/swap.py"), swap).unwrap();
    // Open from the beginning, and opened in the midst of it.
    for chmod in [
        "chmod 777 $ROOT/home",
        "(sleep 0.05; chmod 777 $ROOT/home) & true",
    ] {
        let script = format!(
            "{chmod}; python3 $ROOT/srv/swap.py $ROOT/home $ROOT/etc/cron.d & swap=$!; sleep 0.3
             timeout 60 $GOSYNC sync users; kill $swap; wait $swap; chmod 755 $ROOT/home; rm -rf $ROOT/home/.link"
        );
        mounted(&tree, &script);
        assert_eq!(fs::read_dir(tree.path("etc/cron.d")).unwrap().count(), 0);
    }
    let _ = fs::remove_file(tree.path("home/.gosync"));
    tree.gosync(&["sync", "users"]).expect(0);
    assert!(tree.path("home/p59/.profile").exists());
}
