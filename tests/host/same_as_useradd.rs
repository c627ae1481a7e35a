//! What gosync writes is what useradd(8) and its companions write, to the byte, but for what is named here; and the
//! name services, pwck(8) and grpck(8) agree.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::path::Path;

use serde_json::Value;

use crate::namespace::{check, run, sound_tree};
use crate::picture::differences;
use crate::small_host::{Database, SmallHost, document, group, person};

/// useradd(8), told to use the ids of gosync's configuration.
///
/// Deliberately different: gosync gives the password `*` (sshd without PAM takes `!` for locked), which usermod does
/// here; and it makes no mail spool, which CREATE_MAIL_SPOOL prevents.
fn useradd(uid: u32, login: &str, gecos: &str) -> String {
    format!(
        "printf '%s\\n' CREATE_MAIL_SPOOL=no > /etc/default/useradd\n\
         useradd -m -U -u {uid} -c '{gecos}' -s /bin/bash -K HOME_MODE=0700 -K SUB_UID_MIN=1000000 \
         -K SUB_UID_MAX=1999999999 -K SUB_GID_MIN=1000000 -K SUB_GID_MAX=1999999999 {login}\n\
         usermod -p '*' {login}\n"
    )
}

/// Two hosts, one for the tools and one for gosync, with the same commands done in their own ways.
struct Pair {
    tools: SmallHost,
    gosync: SmallHost,
}

impl Pair {
    fn new() -> Self {
        Self {
            tools: sound_tree(Database::Etc),
            gosync: sound_tree(Database::Etc),
        }
    }

    /// Does a change in both ways; then the files must be the same, and sound.
    #[track_caller]
    fn step(&self, tools: &str, document: Option<&Value>, gosync: &str) {
        run(&self.tools, tools);
        check(&self.tools);
        if let Some(document) = document {
            self.gosync.provide(document);
        }
        run(&self.gosync, gosync);
        check(&self.gosync);
        for name in Database::Etc.files() {
            let path = format!("etc/{name}");
            assert_eq!(
                self.gosync.read(&path),
                self.tools.read(&path),
                "{name} after `{gosync}`"
            );
        }
        let homes = |tree: &SmallHost| {
            let mut picture = tree.picture();
            picture.retain(|path, _| {
                let is_ours = path.starts_with("etc/gosync");
                path.starts_with("home/")
                    || path.starts_with("etc/") && !path.contains("default") && !is_ours
            });
            picture
        };
        let different = differences(&homes(&self.gosync), &homes(&self.tools));
        assert_eq!(different, [""; 0], "after `{gosync}`");
    }
}

/// Alice, Bob, and Carol, who stays whatever happens: gosync never takes the last account away.
fn people(alice: &str, bob: bool) -> Vec<Value> {
    vec![
        person("u-1", "alice", alice, true),
        person("u-2", "bob", "Bob", bob),
        person("u-3", "carol", "Carol", true),
    ]
}

/// The same by useradd.
fn add_people() -> String {
    useradd(20_000, "alice", "Alice")
        + &useradd(20_001, "bob", "Bob")
        + &useradd(20_002, "carol", "Carol")
}

#[test]
fn the_life_of_an_account_leaves_the_lines_that_useradd_and_its_companions_leave() {
    let pair = Pair::new();
    pair.step(
        &add_people(),
        Some(&document(&people("Alice", true), &[])),
        "$GOSYNC sync users",
    );
    let physics =
        |members: &[&str]| document(&people("Alice", true), &[group("g-1", "physics", members)]);
    pair.step(
        "groupadd -g 60000 physics; gpasswd -a alice physics; usermod -a -G physics bob",
        Some(&physics(&["u-1", "u-2"])),
        "$GOSYNC sync groups",
    );
    pair.step(
        "gpasswd -d alice physics",
        Some(&physics(&["u-2"])),
        "$GOSYNC sync groups",
    );
    pair.step(
        "gpasswd -a alice physics",
        Some(&physics(&["u-2", "u-1"])),
        "$GOSYNC sync groups",
    );
    let mut changed = people("Alice Liddell", true);
    changed[1]["shell"] = "/bin/sh".into();
    pair.step(
        "usermod -c 'Alice Liddell' alice; usermod -s /bin/sh bob",
        Some(&document(&changed, &[])),
        "$GOSYNC sync users",
    );
    changed[1]["active"] = false.into();
    pair.step(
        "usermod -L -e 1 bob",
        Some(&document(&changed, &[])),
        "$GOSYNC sync users",
    );
    changed[1]["active"] = true.into();
    pair.step(
        "usermod -U -e '' bob",
        Some(&document(&changed, &[])),
        "$GOSYNC sync users",
    );
    pair.step("userdel bob", None, "$GOSYNC deluser bob");
    // userdel finds no mail spool, says so, and is content.
    pair.step(
        "userdel -r alice",
        None,
        "$GOSYNC deluser alice --remove-home",
    );
    assert!(
        pair.gosync.path("home/bob/.profile").exists() && !pair.gosync.path("home/alice").exists()
    );
}

#[test]
fn an_account_locked_with_a_password_gets_it_back() {
    let pair = Pair::new();
    let mut all = people("Alice", true);
    pair.step(
        &add_people(),
        Some(&document(&all, &[])),
        "$GOSYNC sync users",
    );
    let password = "usermod -p '$6$abc$def' alice; chage -d 20000 -m 1 -M 90 -W 9 -I 30 alice";
    pair.step(password, None, password);
    all[0]["active"] = false.into();
    pair.step(
        "usermod -L -e 1 alice",
        Some(&document(&all, &[])),
        "$GOSYNC sync users",
    );
    all[0]["active"] = true.into();
    pair.step(
        "usermod -U -e '' alice",
        Some(&document(&all, &[])),
        "$GOSYNC sync users",
    );
    assert!(
        pair.gosync
            .read("etc/shadow")
            .contains("alice:$6$abc$def:20000:1:90:9:30::\n")
    );
}

#[test]
fn accounts_with_a_shared_primary_group_have_the_same_lines() {
    let pair = Pair::new();
    let config = std::fs::read_to_string(pair.gosync.config())
        .unwrap()
        .replace("\"private\"", "\"users\"");
    std::fs::write(pair.gosync.config(), config).unwrap();
    let add = add_people().replace(" -U ", " -N -g users ");
    pair.step(
        &add,
        Some(&document(&people("Alice", true), &[])),
        "$GOSYNC sync users",
    );
    pair.step("userdel alice", None, "$GOSYNC deluser alice");
}

#[test]
fn a_group_that_others_use_outlives_its_account() {
    // userdel(8) keeps a group of the account's name that has other members, or is somebody else's primary group; the
    // second only without -f.
    for others in ["gpasswd -a admin alice", "usermod -g alice admin"] {
        let tree = sound_tree(Database::Etc);
        tree.provide(&document(&people("Alice", true), &[]));
        run(
            &tree,
            &format!("$GOSYNC sync users; {others}; $GOSYNC deluser alice"),
        );
        check(&tree);
        assert!(
            tree.read("etc/group").contains("\nalice:x:20000:"),
            "after `{others}`:\n{}",
            tree.read("etc/group")
        );
        assert!(!tree.read("etc/passwd").contains("\nalice:"));
        run(&tree, "$GOSYNC deluser bob");
        assert!(!tree.read("etc/group").contains("\nbob:"));
        check(&tree);
        run(&tree, "$GOSYNC sync users");
        check(&tree);
        assert!(tree.read("etc/passwd").contains("\nalice:x:20000:20000:"));
    }
}

/// Stops the test if the name service of a database is not installed.
pub fn need_the_module(database: Database) {
    let Some(service) = database.service() else {
        return;
    };
    let arch = std::env::consts::ARCH;
    let dirs = ["/usr/lib".to_owned(), format!("/usr/lib/{arch}-linux-gnu")];
    let module = |dir: &String| Path::new(dir).join(format!("libnss_{service}.so.2"));
    assert!(
        dirs.iter().any(|dir| module(dir).exists()),
        "libnss_{service}.so.2 is missing: install the Debian package libnss-{service}"
    );
}

#[test]
fn the_name_services_see_what_is_written() {
    for database in [Database::Etc, Database::Extrausers, Database::NssCache] {
        need_the_module(database);
        let tree = sound_tree(database);
        let groups = [group("g-1", "physics", &["u-1", "u-2"])];
        tree.provide(&document(&people("Alice Liddell", true), &groups));
        run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
        check(&tree);
        let ask = |question: &str| run(&tree, question).out;
        assert_eq!(
            ask("getent passwd alice"),
            "alice:x:20000:20000:Alice Liddell:/home/alice:/bin/bash\n"
        );
        assert_eq!(
            ask("getent passwd 20001"),
            "bob:x:20001:20001:Bob:/home/bob:/bin/bash\n"
        );
        assert_eq!(ask("getent group physics"), "physics:x:60000:alice,bob\n");
        assert!(ask("getent shadow alice").starts_with("alice:*:"));
        assert_eq!(ask("id -Gn bob"), "bob physics\n");
        assert_eq!(
            ask("stat -c %U:%G:%a /home/alice /home/bob/.profile"),
            "alice:alice:700\nbob:bob:644\n"
        );
        assert_eq!(
            ask("getent passwd | grep -c ^"),
            if database == Database::Etc {
                "7\n"
            } else {
                "8\n"
            }
        );
        assert_eq!(ask("getent passwd | cut -d: -f1 | sort | uniq -d"), "");
        tree.provide(&document(&people("Alice", false), &groups));
        // Other tests have processes of the same number on this machine.
        run(&tree, "$GOSYNC sync users; $GOSYNC deluser --force alice");
        check(&tree);
        assert!(
            ask("getent shadow bob").starts_with("bob:!*:")
                && ask("getent shadow bob").ends_with(":1:\n")
        );
        assert_eq!(
            ask("getent passwd alice || echo gone; getent group alice || echo gone"),
            "gone\ngone\n"
        );
        assert_eq!(ask("getent group physics"), "physics:x:60000:bob\n");
        if database != Database::Etc {
            assert_eq!(
                ask("getent passwd local"),
                "local:x:1500:1500:Local:/home/local:/bin/sh\n"
            );
        }
    }
}

#[test]
fn useradd_goes_on_where_gosync_wrote() {
    let tree = sound_tree(Database::Etc);
    tree.provide(&document(
        &people("Alice", true),
        &[group("g-1", "physics", &["u-1"])],
    ));
    run(
        &tree,
        "$GOSYNC sync users; $GOSYNC sync groups; useradd -m -G physics dave; usermod -a -G physics admin",
    );
    check(&tree);
    // Members that people added stay, and nothing is done a second time.
    let before = tree.picture();
    let said = run(&tree, "$GOSYNC sync users; $GOSYNC sync groups").out;
    assert!(
        said.contains("sync users: nothing to do") && said.contains("sync groups: nothing to do"),
        "{said}"
    );
    assert_eq!(differences(&tree.picture(), &before), [""; 0]);
    assert!(
        tree.read("etc/group")
            .contains("physics:x:60000:alice,dave,admin\n")
    );
}

/// The lines of a file without regard to their order.
fn sorted(tree: &SmallHost, path: &str) -> Vec<String> {
    let mut lines: Vec<String> = tree.read(path).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_rename_leaves_the_lines_that_usermod_and_groupmod_leave_in_their_places() {
    let pair = Pair::new();
    let config = std::fs::read_to_string(pair.gosync.config()).unwrap();
    std::fs::write(
        pair.gosync.config(),
        config.replace("[target.host]", "rename_home = true\n[target.host]"),
    )
    .unwrap();
    pair.step(
        &add_people(),
        Some(&document(&people("Alice", true), &[])),
        "$GOSYNC sync users",
    );
    let groups = |name: &str| {
        [
            group("g-1", name, &["u-1", "u-2"]),
            group("g-2", "rest", &["u-1"]),
        ]
    };
    pair.step(
        "groupadd -g 60000 physics; groupadd -g 60001 rest; usermod -a -G physics,rest alice; usermod -a -G physics bob",
        Some(&document(&people("Alice", true), &groups("physics"))),
        "$GOSYNC sync groups",
    );
    let by_hand = "usermod -p '$6$abc$def' alice; chage -d 20000 -M 90 alice; usermod -a -G admin alice\n\
                   gpasswd -A alice,admin physics; gpasswd -a admin alice; touch /home/alice/thesis /var/mail/alice\n\
                   chown alice: /home/alice/thesis /var/mail/alice";
    pair.step(by_hand, None, by_hand);
    let places = |tree: &SmallHost, path: &str| -> Vec<String> {
        tree.read(path)
            .lines()
            .map(|line| line.split(':').next().unwrap().replace("alicia", "alice"))
            .collect()
    };
    let before: Vec<_> = Database::Etc
        .files()
        .iter()
        .map(|name| places(&pair.gosync, &format!("etc/{name}")))
        .collect();

    // usermod(8) forgets the subordinate ids and the group; a link is gosync's own.
    let tools = "usermod -l alicia -d /home/alicia -m alice; groupmod -n alicia alice\n\
                 sed -i s/^alice:/alicia:/ /etc/subuid /etc/subgid; ln -s alicia /home/alice; groupmod -n chemistry physics";
    run(&pair.tools, tools);
    check(&pair.tools);
    let mut renamed = people("Alice", true);
    renamed[0]["login"] = "alicia".into();
    pair.gosync
        .provide(&document(&renamed, &groups("chemistry")));
    run(&pair.gosync, "$GOSYNC sync users; $GOSYNC sync groups");
    check(&pair.gosync);
    for (name, before) in Database::Etc.files().iter().zip(before) {
        let path = format!("etc/{name}");
        assert_eq!(
            sorted(&pair.gosync, &path),
            sorted(&pair.tools, &path),
            "{name}"
        );
        let now: Vec<_> = places(&pair.gosync, &path)
            .iter()
            .map(|n| n.replace("chemistry", "physics"))
            .collect();
        assert_eq!(now, before, "each line of {name} keeps its place");
    }
    let below = |tree: &SmallHost| {
        let mut picture = tree.picture();
        picture.retain(|path, _| path.starts_with("home/") || path.starts_with("var/mail/"));
        picture
    };
    assert_eq!(
        differences(&below(&pair.gosync), &below(&pair.tools)),
        [""; 0]
    );
    let ask = |question: &str| run(&pair.gosync, question).out;
    assert_eq!(ask("id -Gn alicia"), "alicia admin chemistry rest\n");
    assert_eq!(
        ask("stat -L -c %U /home/alice/thesis /home/alicia/thesis /var/mail/alicia"),
        "alicia\nalicia\nalicia\n"
    );
    let again = run(&pair.gosync, "$GOSYNC sync users; $GOSYNC sync groups").out;
    assert_eq!(again.matches("nothing to do").count(), 2, "{again}");
    // And back: the link gives way to the home.
    pair.gosync
        .provide(&document(&people("Alice", true), &groups("physics")));
    run(&pair.gosync, "$GOSYNC sync users; $GOSYNC sync groups");
    check(&pair.gosync);
    assert_eq!(
        ask("readlink /home/alicia; stat -c %U /home/alice /home/alice/thesis"),
        "alice\nalice\nalice\n"
    );
}
