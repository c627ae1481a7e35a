//! Whatever says who people are, and every directory into which root writes: one that others may write is refused.

use std::os::unix::fs::PermissionsExt as _;

use crate::host::set_mode;
use crate::scratch::ScratchHost;

const PEOPLE: &str = r#"{"users": [{"id": "u-1", "login": "ann"}, {"id": "u-2", "login": "bob"}]}"#;

/// A host with two accounts and their homes.
fn host() -> ScratchHost {
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for (path, text) in [
        ("root/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("root/etc/shadow", "root:!:19000:0:99999:7:::\n"),
        ("root/etc/group", "root:x:0:\nusers:x:100:\n"),
        ("root/etc/gshadow", "root:*::\nusers:*::\n"),
        ("root/etc/skel/.profile", "umask 077\n"),
        ("root/srv/archive/README", ""),
        ("directory.json", PEOPLE),
        ("fields.csv", "login,shell\nann,/bin/sh\n"),
    ] {
        host.write(path, text);
    }
    host.write(
        "gosync.toml",
        "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n\
         [provider.sample.fields]\ncsv = \"fields.csv\"\n",
    );
    std::fs::create_dir(host.root().join("home")).unwrap();
    host.gosync(&["sync", "users"]).expect(0);
    host
}

#[test]
fn what_others_may_write_is_neither_believed_nor_written_into() {
    let host = host();
    let sync = &["sync", "users"][..];
    let pack = &["deluser", "ann", "--archive-home", "/srv/archive"][..];
    let refused = "others may write";
    for (path, command, code, told) in [
        ("gosync.toml", sync, 2, refused),
        ("directory.json", sync, 12, refused),
        ("fields.csv", sync, 12, refused),
        (
            "root/etc",
            sync,
            1,
            "nothing is written into it: others may write",
        ),
        (
            "root/var/lib",
            sync,
            1,
            "cannot be trusted: others may write",
        ),
        ("root/var/lib/gosync/ledger.sqlite", sync, 1, refused),
        (
            "root/srv",
            pack,
            1,
            "no home is packed into it: others may write",
        ),
        (
            "root/srv/archive",
            pack,
            1,
            "no home is packed into it: others may write",
        ),
    ] {
        let at = host.dir().join(path);
        let mode = std::fs::metadata(&at).unwrap().permissions().mode();
        set_mode(&at, mode | 0o002);
        for dry in [true, false] {
            let dry = dry.then_some("-n");
            let command: Vec<&str> = command.iter().copied().chain(dry).collect();
            let ran = host.gosync(&command);
            assert!(ran.err.contains(told), "{path} {command:?} {ran:?}");
            if dry.is_none() {
                assert_eq!(ran.code, Some(code), "{path} {command:?} {ran:?}");
            }
        }
        set_mode(&at, mode);
        assert!(host.root().join("home/ann/.profile").exists(), "{path}");
    }
    let people = PEOPLE.replace("]}", r#", {"id": "u-3", "login": "cat"}]}"#);
    host.write("directory.json", &people);
    for path in ["root/etc/skel", "root/etc/skel/.profile"] {
        let at = host.dir().join(path);
        let mode = std::fs::metadata(&at).unwrap().permissions().mode();
        set_mode(&at, mode | 0o020);
        let ran = host.gosync(sync).expect(3);
        let told = format!(
            "cat (u-3): no home is made from {}: ",
            host.root().join("etc/skel").display()
        );
        assert!(
            ran.err.contains(&told) && ran.err.contains(refused),
            "{path} {ran:?}"
        );
        set_mode(&at, mode);
    }
    host.gosync(sync).expect(0);
    host.gosync(pack).expect(0);
    assert!(!host.root().join("home/ann").exists());
}

#[test]
fn the_run_after_a_rename_has_nothing_to_do() {
    let host = host();
    let keys = r#""ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti"]"#;
    let document = |login: &str| {
        format!(
            r#"{{"users": [{{"id": "u-1", "login": "{login}", {keys}}}, {{"id": "u-2", "login": "bob"}}]}}"#
        )
    };
    host.write("directory.json", &document("ann"));
    host.gosync(&["sync", "users"]).expect(0);
    host.write("directory.json", &document("zoe"));
    let renamed = host.gosync(&["sync", "users"]).expect(0).out;
    assert!(renamed.contains("~ rename ann to zoe"), "{renamed}");
    let ledger = std::fs::read(host.root().join("var/lib/gosync/ledger.sqlite")).unwrap();
    let again = host.gosync(&["sync", "users"]).expect(0).out;
    assert!(again.contains("nothing to do"), "{again}");
    assert!(host.root().join("etc/ssh/authorized_keys.d/zoe").exists());
    let after = std::fs::read(host.root().join("var/lib/gosync/ledger.sqlite")).unwrap();
    assert!(ledger == after, "the ledger was written");
}
