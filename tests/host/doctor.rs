//! The doctor on a host that real tools take for this machine: sshd, getent, pwck, mounts and immutable files.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;
use std::process::Command;

use gosync::testing::system::lock::{Purpose, RunLock, Wait};

use crate::namespace::{script, sound_tree, with_own_mounts};
use crate::picture::differences;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};
use crate::unwritable::host_with_attributes;

/// A range that meets nothing.
const QUIET: &str = "[groups]\ngid_range = [70000, 74999]\n";

/// A host with which the doctor is content.
fn host(database: Database) -> SmallHost {
    let tree = sound_tree(database);
    tree.configure(QUIET);
    let defs = "UID_MIN 1000\nUID_MAX 19999\nGID_MIN 1000\nGID_MAX 19999\nSUB_UID_MIN 100000\nSUB_UID_MAX 999999\n";
    tree.write("etc/login.defs", defs, 0o644, 0);
    let crontab =
        "*/5 * * * * root /srv/gosync -q --nw sync users && /srv/gosync -q --nw sync groups\n";
    tree.write("etc/cron.d/gosync", crontab, 0o644, 0);
    let sshd = "HostKey /etc/ssh/key\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n";
    tree.write("etc/ssh/sshd_config", sshd, 0o644, 0);
    let keys = "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n";
    tree.write("etc/ssh/sshd_config.d/keys.conf", keys, 0o644, 0);
    assert!(
        Path::new("/usr/sbin/sshd").exists(),
        "sshd is missing: install the Debian package openssh-server"
    );
    let mut keygen = Command::new("ssh-keygen");
    keygen
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(tree.path("etc/ssh/key"));
    assert!(keygen.status().unwrap().success());
    // sshd needs an account and a directory of its own.
    let passwd = tree.read("etc/passwd") + "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n";
    tree.write("etc/passwd", &passwd, 0o644, 0);
    let shadow = tree.read("etc/shadow") + "sshd:!:20000::::::\n";
    tree.write("etc/shadow", &shadow, 0o640, 42);
    fs::create_dir(tree.path("run/sshd")).unwrap();
    // The program where nobody else may change it, wherever these tests were built.
    tree.install_program("srv/gosync");
    let people = [
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ];
    tree.provide(&document(&people, &[group("g-1", "physics", &["u-1"])]));
    tree
}

/// Runs the doctor after `prepare`, in the namespace. What `prepare` says is lost.
fn doctor(tree: &SmallHost, prepare: &str) -> Ran {
    let config = tree.config();
    let line = format!(
        "({prepare}\n) >/dev/null 2>&1; exec /srv/gosync --file {} doctor",
        config.display()
    );
    script(tree, &line).output().unwrap().into()
}

/// The findings that are `severity`, without their `why` and `fix`.
fn found(ran: &Ran, severity: &str) -> Vec<String> {
    let lines = ran
        .out
        .lines()
        .filter_map(|line| line.strip_prefix(severity));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// The fix of the finding that has these words.
#[track_caller]
fn fix(ran: &Ran, words: &str) -> String {
    let mut lines = ran.out.lines().skip_while(|line| !line.contains(words));
    let fix = lines.find_map(|line| line.trim().strip_prefix("fix: "));
    fix.unwrap_or_else(|| panic!("{words}: {ran:?}")).to_owned()
}

#[track_caller]
fn problem(ran: &Ran, words: &str) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        found(ran, "PROBLEM")
            .iter()
            .any(|line| line.contains(words)),
        "{words}: {ran:?}"
    );
}

#[track_caller]
fn sync(tree: &SmallHost) {
    let config = tree.config();
    let line = format!(
        "set -e; for what in users groups; do /srv/gosync -q --file {} sync $what; done",
        config.display()
    );
    let ran = Ran::from(script(tree, &line).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_sound_host_has_no_problem_and_a_look_writes_nothing() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = host(database);
        // mount(8) makes a directory of its own in /run.
        script(&tree, "true").output().unwrap();
        for _ in 0..2 {
            let before = tree.picture();
            let ran = doctor(&tree, "true");
            assert_eq!(
                (ran.code, found(&ran, "PROBLEM"), found(&ran, "WARNING")),
                (Some(0), vec![], vec![]),
                "{ran:?}"
            );
            assert!(ran.out.contains("looked at sshd: sshd -T"), "{ran:?}");
            assert_eq!(
                differences(&tree.picture(), &before),
                Vec::<String>::new(),
                "the doctor changed something"
            );
            sync(&tree);
        }
        let ran = doctor(&tree, "true");
        assert!(
            ran.out
                .contains("asked about ours in passwd: 2, group: 3; caches: none"),
            "{ran:?}"
        );
        assert!(ran.out.contains("sshd -T -C user=alice"), "{ran:?}");
    }
}

#[test]
fn name_services_that_do_not_show_our_accounts_are_a_problem() {
    let tree = host(Database::Etc);
    sync(&tree);
    let ran = doctor(
        &tree,
        "sed -i 's/^passwd:.*/passwd: systemd/' /etc/nsswitch.conf",
    );
    problem(&ran, "does not name `files` for passwd");
    problem(
        &ran,
        "of 2 accounts asked about, the name services know otherwise: 2 (alice, bob)",
    );
}

#[test]
fn another_answer_than_the_files_have_names_the_cache() {
    let tree = host(Database::Etc);
    sync(&tree);
    let prepare = "sed -i 's/^passwd:.*/passwd: extrausers files/' /etc/nsswitch.conf
                   mkdir -p /run/nscd; touch /run/nscd/socket
                   echo 'bob:x:4242:4242::/:/bin/sh' > /var/lib/extrausers/passwd; chmod 644 /var/lib/extrausers/passwd";
    let ran = doctor(&tree, prepare);
    let words = "of 2 accounts asked about, the name services know otherwise: 1 (bob)";
    problem(&ran, words);
    assert_eq!(fix(&ran, words), "nscd -i passwd");
}

#[test]
fn other_databases_need_their_words() {
    for (on, service) in [
        (Database::Extrausers, "extrausers"),
        (Database::NssCache, "cache"),
    ] {
        let tree = host(on);
        sync(&tree);
        let ran = doctor(
            &tree,
            &format!("sed -i 's/ {service}//' /etc/nsswitch.conf"),
        );
        for database in ["passwd", "group", "shadow"] {
            problem(&ran, &format!("does not name `{service}` for {database}"));
        }
        problem(&ran, "the name services know otherwise: 2");
    }
}

#[test]
fn the_line_for_sshd_makes_it_read_the_keys() {
    let tree = host(Database::Etc);
    sync(&tree);
    fs::remove_file(tree.path("etc/ssh/sshd_config.d/keys.conf")).unwrap();
    let ran = doctor(&tree, "true");
    let words = "sshd does not read /etc/ssh/authorized_keys.d/%u";
    problem(&ran, words);
    let line = fix(&ran, words).replace(" && systemctl reload ssh", "");
    assert!(
        line.contains(".ssh/authorized_keys2 /etc/ssh/authorized_keys.d/%u"),
        "what was read still is: {line}"
    );
    let mended = doctor(&tree, &line);
    assert_eq!(
        (mended.code, found(&mended, "PROBLEM")),
        (Some(0), vec![]),
        "{mended:?}"
    );
    // An sshd that reads no other files has the line in its main one.
    fs::remove_file(tree.path("etc/ssh/sshd_config.d/00-gosync.conf")).unwrap();
    let main = tree
        .read("etc/ssh/sshd_config")
        .replace("Include", "#Include");
    tree.write("etc/ssh/sshd_config", &main, 0o644, 0);
    let line = fix(&doctor(&tree, "true"), words).replace(" && systemctl reload ssh", "");
    assert!(line.starts_with("sed -i '1i AuthorizedKeysFile "), "{line}");
    let mended = doctor(&tree, &line);
    assert_eq!(
        (mended.code, found(&mended, "PROBLEM")),
        (Some(0), vec![]),
        "{mended:?}"
    );
}

#[test]
fn keys_in_homes_and_those_that_gosync_prints_are_read_in_other_ways() {
    let tree = host(Database::Etc);
    sync(&tree);
    let only = |file: &str, more: &str| {
        let text = format!("AuthorizedKeysFile {file}\n{more}");
        tree.write("etc/ssh/sshd_config.d/keys.conf", &text, 0o644, 0);
    };
    let asks = "AuthorizedKeysCommand /srv/gosync keys %u\nAuthorizedKeysCommandUser nobody\n";
    only("none", asks);
    assert_eq!(found(&doctor(&tree, "true"), "PROBLEM"), [""; 0]);
    tree.configure(&format!("{QUIET}[keys]\nplace = \"home\"\n"));
    problem(&doctor(&tree, "true"), "which has no keys to print");
    only("none", "");
    let ran = doctor(&tree, "true");
    problem(&ran, "sshd does not read .ssh/authorized_keys");
    let line = fix(&ran, "sshd does not read").replace(" && systemctl reload ssh", "");
    assert_eq!(found(&doctor(&tree, &line), "PROBLEM"), [""; 0]);
    tree.configure(&format!("{QUIET}[keys]\nplace = \"none\"\n"));
    fs::remove_file(tree.path("etc/ssh/sshd_config.d/00-gosync.conf")).unwrap();
    assert_eq!(found(&doctor(&tree, "true"), "PROBLEM"), [""; 0]);
}

#[test]
fn a_match_block_that_is_for_our_people_counts() {
    let tree = host(Database::Etc);
    sync(&tree);
    let block = "Match User alice\nAuthorizedKeysFile none\n";
    let ran = doctor(&tree, &format!("printf '{block}' >> /etc/ssh/sshd_config"));
    problem(&ran, "it reads none");
    let place = fix(&ran, "it reads none");
    assert!(
        place.starts_with("grep -n")
            && place.contains("a block that is for alice says AuthorizedKeysFile"),
        "{place}"
    );
    let ran = doctor(
        &tree,
        "sed -i '/^Match/,$d' /etc/ssh/sshd_config; echo nonsense >> /etc/ssh/sshd_config",
    );
    assert!(
        found(&ran, "NOTE")
            .iter()
            .any(|line| line.contains("sshd does not say")),
        "{ran:?}"
    );
}

#[test]
fn pwck_and_grpck_are_asked() {
    let tree = host(Database::Etc);
    sync(&tree);
    let prepare = "sed -i 's|^alice:\\(.*\\):[^:]*$|alice:\\1:/bin/none|' /etc/passwd
                   sed -i 's/^physics:.*/&,nobodyknows/' /etc/group; echo 'bad line' >> /etc/group";
    let ran = doctor(&tree, prepare);
    problem(
        &ran,
        "accounts of gosync's whose shell /bin/none is no program: 1 (alice)",
    );
    let warnings = found(&ran, "WARNING");
    for words in [
        "pwck complains about what gosync owns: user 'alice'",
        "members that are no accounts in the files: 1 (physics)",
    ] {
        assert!(
            warnings.iter().any(|line| line.contains(words)),
            "{words}: {ran:?}"
        );
    }
    assert!(ran.out.contains("grpck complains about"), "{ran:?}");
}

#[test]
fn another_uid_than_gosync_gave_is_a_problem_for_account_and_home() {
    let tree = host(Database::Etc);
    sync(&tree);
    let ran = doctor(
        &tree,
        "sed -i 's/^alice:x:20000:/alice:x:20077:/' /etc/passwd",
    );
    problem(&ran, "with another uid than gosync gave: 1 (alice)");
    problem(
        &ran,
        "whose home belongs to another account, or is not a directory: 1 (alice)",
    );
    let ran = doctor(
        &tree,
        "sed -i '/^alice:/d' /etc/passwd; echo 'mallory:x:20000:20000::/home/alice:/bin/sh' >> /etc/passwd",
    );
    problem(
        &ran,
        "with an id that gosync gave to one of its own: 1 (mallory (20000))",
    );
}

#[test]
fn what_cannot_be_written_is_told_with_the_command_that_mends_it() {
    let tree = host(Database::Etc);
    sync(&tree);
    let ran = doctor(&tree, "mount --bind /etc/shadow /etc/shadow");
    problem(&ran, "cannot replace /etc/shadow: it is a mount point");
    assert!(fix(&ran, "/etc/shadow: it is a mount point").starts_with("umount /etc/shadow"));
    let ran = doctor(
        &tree,
        "mount --bind /home /home; mount -o remount,bind,ro,noexec /home",
    );
    problem(
        &ran,
        "/home, where homes are, is on a read-only file system",
    );
    assert!(
        found(&ran, "NOTE")
            .iter()
            .any(|line| line.contains("/home, where homes are, is mounted noexec")),
        "{ran:?}"
    );
    let ran = doctor(
        &tree,
        "mount --bind /etc /etc; mount -o remount,bind,ro /etc",
    );
    problem(&ran, "/etc is on a read-only file system");
    let ran = doctor(
        &tree,
        "mount -t tmpfs -o size=64k,mode=755 full /home; head -c 70000 /dev/zero > /home/x",
    );
    problem(&ran, "the file system of /home has 0 MiB left");
}

#[test]
fn immutable_files_and_directories_are_told() {
    let tree = host_with_attributes();
    for (path, words) in [
        ("etc/passwd", "it is immutable"),
        ("etc", "/etc is immutable"),
        ("home", "where homes are, is immutable"),
    ] {
        let line = format!(
            "chattr +i $ROOT/{path}; $GOSYNC doctor; r=$?; chattr -i $ROOT/{path}; exit $r"
        );
        let ran = Ran::from(with_own_mounts(&tree, &line).output().unwrap());
        problem(&ran, words);
        let fix = fix(&ran, words);
        assert!(fix.starts_with("chattr -i") && fix.ends_with(path), "{fix}");
    }
}

#[test]
fn a_program_in_a_folder_of_others_is_a_problem() {
    let tree = host(Database::Etc);
    problem(
        &doctor(&tree, "chmod 777 /srv"),
        "everybody may write the directory /srv",
    );
    let ran = doctor(&tree, "chmod 755 /srv; chown 1000 /srv");
    problem(&ran, "the directory /srv belongs to the uid 1000");
}

#[test]
fn a_run_under_way_is_noted_with_who_it_is() {
    let tree = host(Database::Etc);
    sync(&tree);
    let path = tree.path("run/gosync/lock");
    let held = RunLock::take(&path, Purpose::Change("sync users"), Wait::No, &mut |_| {}).unwrap();
    let ran = doctor(&tree, "true");
    let words = format!(
        "the run lock is held by `gosync sync users`, pid {}, since ",
        std::process::id()
    );
    assert!(
        found(&ran, "NOTE").iter().any(|line| line.contains(&words)),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(0));
    drop(held);
    assert!(
        doctor(&tree, "true")
            .out
            .contains("no other run is under way")
    );
}

#[test]
fn foreign_text_is_never_printed_raw() {
    let tree = host(Database::Etc);
    sync(&tree);
    let prepare = r"printf 'e\033[2Jvil:x:20500:20500::/:/bin/sh\n' >> /etc/passwd
                    printf 'pass\033]0;wd: fi\033les\npasswd: \033[31m\n' > /etc/nsswitch.conf
                    printf '\033[31m 0 \033\n' > /run/gosync/lock
                    printf '*/5 * * * * root gosync \033[2J sync users\n' > /etc/cron.d/gosync
                    printf 'AllowUsers \033[2J\n' >> /etc/ssh/sshd_config; : > /etc/passwd.lock";
    let ran = doctor(&tree, prepare);
    assert!(ran.out.contains("u{1b}"), "{ran:?}");
    assert!(
        !format!("{}{}", ran.out, ran.err).contains(|c: char| c.is_control() && c != '\n'),
        "{ran:?}"
    );
}
