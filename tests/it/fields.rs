//! Field sources and sections of groups, through the command line on a scratch host.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use crate::host::is_root;
use crate::scratch::ScratchHost;

const PEOPLE: &str = r#"{"users": [
    {"id": "u-1", "login": "ann", "name": "Ann", "uid": 20501, "attributes": {"forge": "77"}},
    {"id": "u-2", "login": "bob"},
    {"id": "u-3", "login": "cy", "shell": "/bin/sh"}],
  "groups": [
    {"id": "g-1", "name": "osg.test", "members": [{"user": "u-1"}]},
    {"id": "g-2", "name": "cms", "members": [{"user": "u-2"}]}]}"#;

const CSV: &str = "login,uid,shell,name,home\nbob,20777,/bin/zsh,\"Bob \"\"B\"\" Lee, jr.\",/srv/home/bob\n\
                   cy,,/bin/zsh,Cy,\nann,20502,,,\n";

/// A small host with `PEOPLE`, and these field sources.
fn host(fields: &str) -> ScratchHost {
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for (path, text) in [
        ("root/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("root/etc/shadow", "root:!:19000:0:99999:7:::\n"),
        ("root/etc/group", "root:x:0:\nusers:x:100:\n"),
        ("root/etc/gshadow", "root:*::\nusers:*::\n"),
        ("root/etc/shells", "/bin/sh\n/bin/bash\n/bin/zsh\n"),
        ("directory.json", PEOPLE),
    ] {
        host.write(path, text);
    }
    configure(&host, fields, "");
    host
}

fn configure(host: &ScratchHost, fields: &str, more: &str) {
    let text = format!(
        "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n[provider.sample.fields]\n{fields}\n\
         [accounts]\ncreate_home = false\nhome_bases = [\"/srv/home\"]\n{more}"
    );
    host.write("gosync.toml", &text);
}

/// Runs a line; its exit code, and what it said on either stream.
fn run(host: &ScratchHost, line: &str) -> (i32, String) {
    let ran = host.gosync(&line.split(' ').collect::<Vec<_>>());
    (ran.code.unwrap(), ran.out + &ran.err)
}

fn ok(host: &ScratchHost, line: &str) -> String {
    let (code, said) = run(host, line);
    assert_eq!(code, 0, "{line}: {said}");
    said
}

#[test]
fn uid_shell_name_and_home_arrive_in_passwd() {
    let host = host("csv = \"fields.csv\"");
    host.write("fields.csv", CSV);
    ok(&host, "sync users");
    let passwd = host.read("etc/passwd");
    for line in [
        "ann:x:20501:100:Ann:/home/ann:/bin/bash",
        "bob:x:20777:100:Bob \"B\" Lee jr.:/srv/home/bob:/bin/zsh",
        ":100:Cy:/home/cy:/bin/sh",
    ] {
        assert!(
            passwd.lines().any(|found| found.ends_with(line)),
            "{line}\n{passwd}"
        );
    }
    assert!(ok(&host, "sync users").contains("sync users: "));
    configure(&host, "csv = \"fields.csv\"\noverride = [\"shell\"]", "");
    ok(&host, "sync users");
    assert!(
        host.read("etc/passwd").contains(":Cy:/home/cy:/bin/zsh\n"),
        "{}",
        host.read("etc/passwd")
    );
}

#[test]
fn without_the_csv_file_nothing_is_done() {
    let host = host("csv = \"fields.csv\"");
    host.write("fields.csv", CSV);
    ok(&host, "sync users");
    let before = host.read("etc/passwd");
    // Somebody new, and somebody who is shut out: neither is dealt with.
    let people = PEOPLE
        .replace("\"login\": \"cy\"", "\"login\": \"cy\", \"active\": false")
        .replace("u-2", "u-9");
    host.write("directory.json", &people);
    for text in [
        "",
        "login,uid\n",
        "login,uid\nbob,\"1\n",
        "login,uid\nbob,1\nbob,1\n",
        "\u{0}\u{0}\u{0}",
        "<html>\n",
    ] {
        match text {
            "" => fs::remove_file(host.dir().join("fields.csv")).unwrap(),
            text => host.write("fields.csv", text),
        }
        let (code, said) = run(&host, "sync users");
        assert_eq!(code, 12, "{said}");
        assert!(
            said.contains("fields.csv") && said.contains("Nothing was changed"),
            "{said}"
        );
        assert_eq!(host.read("etc/passwd"), before);
    }
    // Groups need no fields.
    ok(&host, "sync groups");
}

#[test]
fn nasty_values_get_no_further_than_those_of_a_provider() {
    let host = host("csv = \"fields.csv\"\noverride = [\"uid\", \"home\", \"shell\", \"name\"]");
    let csv = "login,uid,home,shell,name\nann,0,/home/ann,/bin/sh,Ann\nbob,,/etc,/bin/evil:0:0,\"x:0:0:root\"\n\
               cy,20001,/home/../etc,\"/bin/sh\",=cmd|' /C calc'!A0\nroot,0,/,/bin/sh,x\n../../etc,1,,,\n";
    host.write("fields.csv", csv);
    ok(&host, "sync users");
    let passwd = host.read("etc/passwd");
    assert!(
        passwd.lines().all(|line| line.split(':').count() == 7),
        "{passwd}"
    );
    assert_eq!(
        passwd
            .lines()
            .filter(|line| line.split(':').nth(2) == Some("0"))
            .count(),
        1,
        "{passwd}"
    );
    assert!(
        !passwd.contains("ann:"),
        "a uid outside the range is refused: {passwd}"
    );
    assert!(
        passwd.contains("cy:x:20001:100:=cmd|' /C calc'!A0:/home/cy:/bin/sh\n"),
        "{passwd}"
    );
    let bob = passwd
        .lines()
        .find(|line| line.starts_with("bob:"))
        .unwrap();
    assert!(bob.ends_with(":/home/bob:/usr/sbin/nologin"), "{bob}");
    for bad in [
        "login,uid\nann,\"20001\n\nbob,2\"\n",
        "login,name\nann,\u{1b}[31mred\n",
        "login,evil\u{1b}[2J\nann,x\n",
    ] {
        host.write("fields.csv", bad);
        let (code, said) = run(&host, "sync users");
        assert_eq!(code, 12, "{said}");
        assert!(said.contains("line ") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn a_directory_of_keys_that_is_gone_takes_nothing_away() {
    let host = host("keys_dir = \"keys\"");
    host.write(
        "keys/ann.pub",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ann\n",
    );
    host.write(
        "keys/bob",
        "restrict ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ\n",
    );
    let said = ok(&host, "sync users");
    assert!(
        said.contains("bob: ssh_keys unknown: ") && said.contains("has options before it"),
        "{said}"
    );
    assert!(!said.contains("ann: ssh_keys"), "{said}");
    let people = PEOPLE.replace("\"login\": \"cy\"", "\"login\": \"cy\", \"active\": false");
    host.write("directory.json", &people);
    fs::rename(host.dir().join("keys"), host.dir().join("away")).unwrap();
    let before = host.read("etc/shadow");
    let said = ok(&host, "sync users");
    assert!(
        said.contains("note 2: ssh_keys unknown: ") && said.contains(": ann, bob\n"),
        "{said}"
    );
    assert_ne!(
        host.read("etc/shadow"),
        before,
        "whoever is shut out is shut out all the same"
    );
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused() {
    let host = host("keys_url = \"https://localhost/keys\"");
    assert_eq!(run(&host, "sync users").0, 2);
    configure(&host, "keys_url = \"http://forge.example.org/{login}\"", "");
    let (code, said) = run(&host, "sync users");
    assert_eq!(code, 2);
    assert!(
        said.contains(
            "gosync.toml:5:12: provider.sample.fields.keys_url: url: http:// to another machine"
        ),
        "{said}"
    );
}

#[test]
fn sections_of_groups_say_prefix_and_gid() {
    let host = host("");
    let more = "[groups]\nprefix = \"@\"\n[group.osg]\nfilter = [\"osg.*\"]\nprefix = \"g-\"\n\
                gid_range = [5000, 5000]\nnames = [['osg\\.(.+)', '$1']]\n";
    configure(&host, "", more);
    ok(&host, "sync users");
    ok(&host, "sync groups");
    let group = host.read("etc/group");
    assert!(
        group.contains("g-test:x:5000:ann\n") && group.contains("@cms:x:60000:bob\n"),
        "{group}"
    );
    assert_eq!(host.read("etc/group"), group);
    host.write(
        "directory.json",
        &PEOPLE.replace(
            "\"groups\": [",
            "\"groups\": [{\"id\": \"g-3\", \"name\": \"osg.x\"},",
        ),
    );
    let (code, said) = run(&host, "sync groups");
    assert_eq!(code, 2, "no new group can come: {said}");
    assert!(
        said.contains("no id is left in the range 5000 to 5000"),
        "{said}"
    );
}

/// A host with all the sources that are files.
fn host_of_files() -> ScratchHost {
    let host = host("csv = \"fields.csv\"\nkeys_dir = \"keys\"");
    host.write("fields.csv", CSV);
    host.write("keys/ann", "");
    host
}

fn mode(host: &ScratchHost, path: &str, mode: u32) {
    let mode = fs::Permissions::from_mode(mode);
    fs::set_permissions(host.dir().join(path), mode).unwrap();
}

#[test]
fn a_source_that_others_may_write_is_refused() {
    let host = host_of_files();
    // Keys that cannot be looked up are told, and the rest goes on.
    for (path, bad, good, status) in [
        ("directory.json", 0o666, 0o644, 12),
        ("directory.json", 0o664, 0o644, 12),
        ("fields.csv", 0o646, 0o644, 12),
        ("keys", 0o777, 0o755, 0),
        ("keys/ann", 0o666, 0o644, 0),
    ] {
        mode(&host, path, bad);
        let (code, said) = run(&host, "sync users --dry-run");
        assert_eq!(code, status, "{path}: {said}");
        assert!(said.contains("others may write"), "{path}: {said}");
        assert!(said.contains("`chmod go-w` it"), "{path}: {said}");
        mode(&host, path, good);
    }
    let said = ok(&host, "sync users --dry-run");
    assert!(!said.contains("trusted"), "{said}");
}

#[test]
fn a_source_may_be_its_owners_whom_the_configuration_names() {
    if !is_root() {
        return;
    }
    let host = host_of_files();
    let document = host.dir().join("directory.json");
    chown(&document, Some(4_242), Some(4_242)).unwrap();
    let (code, said) = run(&host, "sync users --dry-run");
    assert_eq!(code, 12, "{said}");
    assert!(
        said.contains("belongs to the uid 4242") && said.contains("named by `owner`"),
        "{said}"
    );
    for path in ["fields.csv", "keys", "keys/ann"] {
        chown(host.dir().join(path), Some(4_243), None).unwrap();
    }
    let text = fs::read_to_string(host.config()).unwrap();
    let text = text.replace("[provider.sample.", "owner = 4242\n[provider.sample.");
    host.write("gosync.toml", &text);
    let (code, said) = run(&host, "sync users --dry-run");
    assert_eq!(code, 12, "{said}");
    assert!(
        said.contains("fields.csv: it belongs to the uid 4243"),
        "{said}"
    );
    host.write("gosync.toml", &text.replace("csv =", "owner = 4243\ncsv ="));
    ok(&host, "sync users --dry-run");

    ok(&host, "group member cms ann");
    let meta = fs::metadata(&document).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (4_242, 4_242));
    assert!(
        fs::read_to_string(&document)
            .unwrap()
            .contains("\"user\": \"u-1\"")
    );

    // A link of the owner's does not make us read what is somebody else's.
    let kept = host.dir().join("kept.json");
    fs::rename(&document, &kept).unwrap();
    chown(&kept, Some(0), Some(0)).unwrap();
    std::os::unix::fs::symlink("kept.json", &document).unwrap();
    std::os::unix::fs::lchown(&document, Some(4_242), None).unwrap();
    let (code, said) = run(&host, "sync users --dry-run");
    assert_eq!(code, 12, "{said}");
    let told = "a link of its owner's leads to somebody else's file";
    assert!(said.contains(told), "{said}");
    chown(&kept, Some(4_242), None).unwrap();
    ok(&host, "sync users --dry-run");

    host.write(
        "gosync.toml",
        &text.replace("csv =", "owner = \"no such user\"\ncsv ="),
    );
    let (code, said) = run(&host, "sync users --dry-run");
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("`owner`: there is no user `no such user`"),
        "{said}"
    );
}
