//! Files that cannot be replaced: found out before anything changes, with a message that names the file. And what a
//! file is besides its bytes survives a change.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::namespace::with_own_mounts;
use crate::picture::{Picture, differences};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};

fn people() -> serde_json::Value {
    let users = [
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ];
    document(&users, &[group("g-1", "physics", &["u-1"])])
}

/// A host on which two accounts are to be made.
fn host(database: Database) -> SmallHost {
    let tree = SmallHost::new(database);
    tree.provide(&people());
    tree
}

/// The account files and homes; gosync's own state and lock may be made.
fn databases(tree: &SmallHost) -> Picture {
    let mut picture = tree.picture();
    picture.retain(|path, _| {
        !path.starts_with("var/lib/gosync") && !path.starts_with("run/") && path != "etc/.pwd.lock"
    });
    picture
}

/// How a run ends that cannot write in a directory, and what it says first. Of homes only those wait who need one.
fn ending(dir: &str) -> (i32, &'static str) {
    match dir == "home" {
        true => (3, "gosync WARNING: "),
        false => (1, "gosync ERROR: "),
    }
}

/// A run that can do nothing, with a message that names `path`, and changes nothing.
#[track_caller]
fn refused(tree: &SmallHost, path: &str, run: impl FnOnce() -> Ran) -> Ran {
    let before = databases(tree);
    let ran = run();
    let (code, first) = ending(path);
    assert_eq!(ran.code, Some(code), "{path}: {ran:?}");
    let full = tree.path(path);
    assert!(
        ran.err.starts_with(first) && ran.err.contains(full.to_str().unwrap()),
        "{path}: {ran:?}"
    );
    assert_eq!(
        differences(&databases(tree), &before),
        [""; 0],
        "{path}: {ran:?}"
    );
    ran
}

fn mounted(tree: &SmallHost, script: &str) -> Ran {
    with_own_mounts(tree, script).output().unwrap().into()
}

#[test]
fn a_symbolic_link_in_the_place_of_a_database_is_refused() {
    for database in [Database::Etc, Database::Extrausers] {
        for name in database.files() {
            let tree = host(database);
            let path = database.file(name);
            let real = tree.path(&format!("{path}.real"));
            fs::rename(tree.path(&path), &real).unwrap();
            std::os::unix::fs::symlink(real.file_name().unwrap(), tree.path(&path)).unwrap();
            let ran = refused(&tree, &path, || tree.gosync(&["sync", "users"]));
            assert!(ran.err.contains("symbolic link"), "{ran:?}");
        }
    }
}

#[test]
fn a_database_with_another_hard_link_is_refused() {
    for name in Database::Etc.files() {
        let tree = host(Database::Etc);
        fs::hard_link(tree.path(&format!("etc/{name}")), tree.path("srv/other")).unwrap();
        let ran = refused(&tree, &format!("etc/{name}"), || {
            tree.gosync(&["sync", "users"])
        });
        assert!(ran.err.contains("hard link"), "{ran:?}");
    }
}

#[test]
fn a_bind_mount_on_a_database_is_refused() {
    for name in Database::Etc.files() {
        let tree = host(Database::Etc);
        let path = format!("etc/{name}");
        let script = format!("mount --bind $ROOT/{path} $ROOT/{path} && exec $GOSYNC sync users");
        let ran = refused(&tree, &path, || mounted(&tree, &script));
        assert!(ran.err.contains("mount"), "{ran:?}");
    }
    let tree = host(Database::Extrausers);
    let script =
        "mount --bind $ROOT/var/lib/extrausers $ROOT/var/lib/extrausers && exec $GOSYNC sync users";
    refused(&tree, "var/lib/extrausers", || mounted(&tree, script));
}

/// A host on a file system where `chattr +i` works.
pub fn host_with_attributes() -> SmallHost {
    for base in [
        PathBuf::from("/dev/shm"),
        std::env::temp_dir(),
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    ] {
        if !base.is_dir() {
            continue;
        }
        let tree = SmallHost::new_in(&base, Database::Etc);
        tree.provide(&people());
        if mounted(
            &tree,
            "chattr +i $ROOT/etc/passwd && chattr -i $ROOT/etc/passwd",
        )
        .code
            == Some(0)
        {
            return tree;
        }
    }
    panic!(
        "chattr +i works nowhere here: install the Debian package e2fsprogs, or give the tests a TMPDIR on ext4"
    );
}

#[test]
fn an_immutable_or_append_only_database_is_refused() {
    for flag in ["i", "a"] {
        for name in Database::Etc.files() {
            let tree = host_with_attributes();
            let path = format!("etc/{name}");
            let script = format!(
                "chattr +{flag} $ROOT/{path}; $GOSYNC sync users; r=$?; chattr -{flag} $ROOT/{path}; exit $r"
            );
            let ran = refused(&tree, &path, || mounted(&tree, &script));
            assert!(ran.err.contains("immutable"), "{ran:?}");
        }
    }
    for dir in ["etc", "home"] {
        let tree = host_with_attributes();
        let script = format!(
            "chattr +i $ROOT/{dir}; $GOSYNC sync users; r=$?; chattr -i $ROOT/{dir}; exit $r"
        );
        refused(&tree, dir, || mounted(&tree, &script));
    }
}

#[test]
fn a_home_with_something_mounted_below_is_not_removed() {
    let mount = "mkdir -p $ROOT/home/alice/mnt; mount --bind $ROOT/srv $ROOT/home/alice/mnt";
    // Without /proc nobody knows.
    for script in [mount, "mount -t tmpfs none /proc"] {
        let tree = host(Database::Etc);
        tree.gosync(&["sync", "users"]).expect(0);
        fs::create_dir(tree.path("home/alice/mnt")).unwrap();
        fs::write(tree.path("srv/precious"), "").unwrap();
        for option in ["--remove-home", "--archive-home /srv/archive"] {
            let script = format!("{script}; exec $GOSYNC deluser alice {option}");
            refused(&tree, "home/alice", || mounted(&tree, &script));
        }
        tree.gosync(&["deluser", "alice", "--remove-home"])
            .expect(0);
        assert!(!tree.path("home/alice").exists() && tree.path("srv/precious").exists());
    }
}

#[test]
fn a_passwd_without_root_is_refused() {
    let sound = SmallHost::new(Database::Etc).read("etc/passwd");
    let no_root: String = sound
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    let other_root = sound.replace("root:x:0:0:", "root:x:5:0:");
    for database in [Database::Etc, Database::Extrausers] {
        for text in ["", no_root.as_str(), other_root.as_str()] {
            let tree = host(database);
            tree.write("etc/passwd", text, 0o644, 0);
            let ran = refused(&tree, "etc/passwd", || tree.gosync(&["sync", "users"]));
            assert!(ran.err.contains("root"), "{ran:?}");
        }
    }
}

#[test]
fn a_missing_database_is_refused_but_for_those_that_a_host_may_lack() {
    for name in ["passwd", "shadow", "group"] {
        let tree = host(Database::Etc);
        fs::remove_file(tree.path(&format!("etc/{name}"))).unwrap();
        refused(&tree, &format!("etc/{name}"), || {
            tree.gosync(&["sync", "users"])
        });
    }
    for name in ["gshadow", "subuid", "subgid"] {
        let tree = host(Database::Etc);
        fs::remove_file(tree.path(&format!("etc/{name}"))).unwrap();
        tree.gosync(&["sync", "users"]).expect(0);
        // An absent gshadow stays absent; subordinate ids were asked for.
        assert_eq!(
            tree.path(&format!("etc/{name}")).exists(),
            name != "gshadow"
        );
    }
}

#[test]
fn a_read_only_file_system_is_found_out() {
    for (database, dir, named) in [
        (Database::Etc, "etc", "etc/"),
        (Database::Etc, "home", "home"),
        (Database::Etc, "var/lib", "var/lib/gosync"),
        (Database::Extrausers, "etc", "etc/"),
        (Database::Extrausers, "home", "home"),
    ] {
        let tree = host(database);
        let script = format!(
            "mount --bind $ROOT/{dir} $ROOT/{dir} && mount -o remount,ro,bind $ROOT/{dir} && exec $GOSYNC sync users"
        );
        refused(&tree, named, || mounted(&tree, &script));
    }
}

#[test]
fn a_full_file_system_loses_nothing_and_is_named() {
    // Pages that are left; the change needs more than the smaller figures, and fits at last.
    for (database, dir) in [
        (Database::Etc, "etc"),
        (Database::Etc, "home"),
        (Database::Etc, "var/lib"),
        (Database::Extrausers, "var/lib"),
    ] {
        let (mut failed, mut fits) = (0, false);
        for pages in 1..200 {
            let tree = host(database);
            fs::create_dir(tree.dir().join("old")).unwrap();
            fs::create_dir(tree.dir().join("new")).unwrap();
            let script = format!(
                "set -e
                 cp -a $ROOT/{dir} $ROOT/../copy
                 mount -t tmpfs -o size=4m,mode=755 full $ROOT/{dir}
                 cp -a $ROOT/../copy/. $ROOT/{dir}/
                 used=$(df --output=used -k $ROOT/{dir} | tail -1)
                 mount -o remount,size=$((used + 4 * {pages}))k $ROOT/{dir}
                 look() {{ rm -rf $1; mkdir $1; cp -a $ROOT/{dir} $1/; rm -rf $1/*/gosync $1/*/.pwd.lock; }}
                 look $ROOT/../old
                 set +e; $GOSYNC sync users; result=$?; set -e
                 look $ROOT/../new
                 if [ $result != 0 ]; then
                     # Or all is in place, and only the ledger could not be told: the next run makes up for that.
                     # Who fits into a home base is made.
                     diff -r --no-dereference $ROOT/../old $ROOT/../new >&2 || [ -e $ROOT/{done} ] || [ $result = 3 ] || result=100
                     mount -o remount,size=8m $ROOT/{dir}
                     $GOSYNC -q sync users >&2 || result=101
                     grep -q alice $ROOT/{passwd} || result=102
                     [ ! -e $ROOT/etc/.gosync ] && [ ! -e $ROOT/home/.gosync ] || result=103
                 fi
                 exit $result",
                passwd = database.file("passwd"),
                done = "var/lib/gosync/journal.done",
            );
            let ran = mounted(&tree, &script);
            if ran.code == Some(0) {
                fits = true;
                break;
            }
            let (code, first) = ending(dir);
            assert_eq!(ran.code, Some(code), "{dir} with {pages} pages: {ran:?}");
            let names = ran.err.contains(tree.path(dir).to_str().unwrap());
            assert!(
                ran.err.starts_with(first) && names,
                "{dir} with {pages} pages: {ran:?}"
            );
            failed += 1;
        }
        assert!(fits && failed > 0, "{dir}: {failed} sizes were too small");
    }
}

/// `user::rw-, user:7:r--, group::r--, mask::r--, other::---`, as the kernel keeps it (acl(5), linux/posix_acl_xattr.h).
const ACL: [u8; 44] = [
    2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 7, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255,
    255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
];
const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// A host on a file system that keeps ACLs and attributes.
fn host_with_acls(database: Database) -> SmallHost {
    for base in [
        PathBuf::from("/dev/shm"),
        std::env::temp_dir(),
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
    ] {
        if !base.is_dir() {
            continue;
        }
        let tree = SmallHost::new_in(&base, database);
        tree.provide(&people());
        let probe = tree.path("srv/probe");
        fs::write(&probe, "").unwrap();
        if xattr::set(&probe, "user.note", b"x").is_ok() && xattr::set(&probe, ACCESS, &ACL).is_ok()
        {
            return tree;
        }
    }
    panic!("no file system here keeps ACLs and attributes: give the tests a TMPDIR on ext4");
}

fn attributes(path: &Path) -> Vec<(String, Vec<u8>)> {
    let names = xattr::list(path).unwrap();
    let mut all: Vec<_> = names
        .map(|n| {
            (
                n.to_str().unwrap().to_owned(),
                xattr::get(path, &n).unwrap().unwrap_or_default(),
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
fn mode_owner_acl_and_attributes_of_a_database_stay() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = host_with_acls(database);
        let odd = [0o604, 0o640, 0o444, 0o600, 0o664, 0o646];
        for (number, name) in database.files().iter().enumerate() {
            let path = tree.path(&database.file(name));
            chown(&path, Some(3), Some(5)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(odd[number])).unwrap();
            xattr::set(&path, "user.note", b"kept").unwrap();
            xattr::set(&path, "trusted.note", b"kept, too").unwrap();
            if number % 2 == 0 {
                xattr::set(&path, ACCESS, &ACL).unwrap();
            }
        }
        let look = |tree: &SmallHost| {
            let paths = database.files().iter().map(|name| database.file(name));
            let picture = tree.picture();
            paths
                .map(|p| {
                    (
                        picture[&p].mode,
                        picture[&p].uid,
                        picture[&p].gid,
                        attributes(&tree.path(&p)),
                    )
                })
                .collect::<Vec<_>>()
        };
        let before = look(&tree);
        assert_eq!(before[0].3.len(), 3, "{before:?}");
        let mut text: Vec<String> = database
            .files()
            .iter()
            .map(|name| tree.read(&database.file(name)))
            .collect();
        for run in [
            &["sync", "users"][..],
            &["sync", "groups"],
            &["deluser", "alice"],
        ] {
            tree.gosync(run).expect(0);
            assert_eq!(look(&tree), before, "{run:?}");
            let now: Vec<String> = database
                .files()
                .iter()
                .map(|name| tree.read(&database.file(name)))
                .collect();
            assert_ne!(now, text, "{run:?}");
            text = now;
        }
    }
}

#[test]
fn a_database_inherits_no_acl_that_it_did_not_have() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = host_with_acls(database);
        for dir in ["etc", "var/lib", "var/lib/extrausers"] {
            xattr::set(tree.path(dir), DEFAULT, &ACL).unwrap();
        }
        let before = databases(&tree);
        tree.gosync(&["sync", "users"]).expect(0);
        for name in database.files() {
            let path = database.file(name);
            assert_eq!(attributes(&tree.path(&path)), [], "{path}");
            assert_eq!(databases(&tree)[&path].mode, before[&path].mode, "{path}");
        }
    }
}

#[test]
fn an_extrausers_directory_that_came_back_is_replaced_again() {
    // As by an admin who restored a backup over the link.
    let tree = host(Database::Extrausers);
    tree.gosync(&["sync", "users"]).expect(0);
    for name in ["alice", "bob"] {
        let script = "cd $ROOT/var/lib && cp -a extrausers/. restored && rm extrausers && mv restored extrausers";
        assert_eq!(
            mounted(&tree, &format!("mkdir $ROOT/var/lib/restored; {script}")).code,
            Some(0)
        );
        let shell = format!("/bin/{}", if name == "alice" { "sh" } else { "bash" });
        let mut users = vec![
            person("u-1", "alice", "Alice", true),
            person("u-2", "bob", "Bob", true),
        ];
        users[0]["shell"] = shell.as_str().into();
        tree.provide(&document(&users, &[]));
        tree.gosync(&["sync", "users"]).expect(0);
        tree.gosync(&["sync", "users"]).expect(0);
        assert!(
            tree.read("var/lib/extrausers/passwd")
                .contains(&format!("/home/alice:{shell}\n"))
        );
        assert!(tree.path("var/lib/extrausers").is_symlink());
    }
}

#[test]
fn an_archive_does_not_take_the_place_of_an_earlier_one() {
    let tree = host(Database::Etc);
    for work in ["first", "second"] {
        tree.gosync(&["sync", "users"]).expect(0);
        fs::write(tree.path("home/alice/work"), work).unwrap();
        tree.gosync(&["deluser", "alice", "--archive-home", "/srv/archive"])
            .expect(0);
        assert!(!tree.path("home/alice").exists());
    }
    let archives: Vec<PathBuf> = fs::read_dir(tree.path("srv/archive"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(archives.len(), 2, "{archives:?}");
    let mut found: Vec<String> = archives
        .iter()
        .map(|path| {
            let output = std::process::Command::new("tar")
                .arg("-xzOf")
                .arg(path)
                .arg("alice/work")
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    found.sort();
    assert_eq!(found, ["first", "second"]);
}
