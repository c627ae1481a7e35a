//! gosync against useradd(8) and its companions, all at once and for half a minute, on one host. What a program said
//! it did is there at the end, whoever did it.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "figures, for those who ask by --nocapture"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::namespace::{check, run, script, sound_tree};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};

const SECONDS: u64 = 30;

/// Loops of other programs. Each writes down in `/srv/NAME` what succeeded, in order.
const LOOPS: &[(&str, &str)] = &[
    // Makes accounts; every other one is changed, every third one removed again.
    (
        "useradd",
        "useradd -m -U -G users tool$n && echo add tool$n >> /srv/useradd
         [ $((n % 2)) = 1 ] || { usermod -c \"Changed $n\" tool$n && echo change tool$n >> /srv/useradd; }
         [ $((n % 3)) != 0 ] || { userdel -r tool$n 2>/dev/null; case $? in 0|12) echo del tool$n >> /srv/useradd;; esac; }",
    ),
    // Makes groups, with a member; every other one is removed again.
    (
        "groupadd",
        "groupadd extra$n && echo add extra$n >> /srv/groupadd
         gpasswd -a admin extra$n >/dev/null && echo member extra$n >> /srv/groupadd
         [ $((n % 2)) = 1 ] || { groupdel extra$n && echo del extra$n >> /srv/groupadd; }",
    ),
    // Changes one account over and over, in passwd and shadow.
    (
        "admin",
        "usermod -c \"Admin $n\" admin && echo \"Admin $n\" > /srv/admin
         echo \"admin:\\$6\\$x\\$$n\" | chpasswd -e && echo \"\\$6\\$x\\$$n\" > /srv/password
         chage -M $((n + 100)) admin && echo $((n + 100)) > /srv/age",
    ),
];

/// Makes accounts of services, as packages do.
const SYSUSERS: (&str, &str) = (
    "sysusers",
    // Where no number below 1000 is free, it makes nothing and ends with 0.
    "if [ $n -gt 600 ]; then sleep 1; continue; fi
     echo \"u service$n - Service\" | systemd-sysusers - 2>/dev/null && echo add service$n >> /srv/sysusers",
);

struct Loop(Child);

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Accounts that grow in number, with names and memberships that change in every round.
fn round(n: usize) -> Value {
    let users: Vec<Value> = (0..=n)
        .map(|i| {
            person(
                &format!("u-{i}"),
                &format!("person{i}"),
                &format!("Name {}", n - i % 3),
                true,
            )
        })
        .collect();
    let members: Vec<String> = (0..=n)
        .filter(|i| !(i + n / 8).is_multiple_of(10))
        .map(|i| format!("u-{i}"))
        .collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    document(&users, &[group("g-1", "physics", &members)])
}

/// Name and line, of a file of colons.
fn lines(tree: &SmallHost, path: &str) -> BTreeMap<String, Vec<String>> {
    let text = tree.read(path);
    let lines = text
        .lines()
        .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
    let found: Vec<(String, Vec<String>)> =
        lines.map(|fields| (fields[0].clone(), fields)).collect();
    let count = found.len();
    let map: BTreeMap<_, _> = found.into_iter().collect();
    assert_eq!(map.len(), count, "{path} has a name twice:\n{text}");
    map
}

/// What a loop of another program last did with each thing.
fn done(tree: &SmallHost, name: &str) -> BTreeMap<String, Vec<String>> {
    let mut done: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in tree.read(&format!("srv/{name}")).lines() {
        let (what, whom) = line.split_once(' ').unwrap();
        done.entry(whom.to_owned())
            .or_default()
            .push(what.to_owned());
    }
    done
}

#[test]
fn no_update_is_lost_between_gosync_and_other_programs() {
    beside_other_programs(SECONDS, false);
}

/// Runs gosync for so many seconds beside other programs, and says how many runs came to their end. `sysusers`:
/// systemd-sysusers(8) is one of them.
pub fn beside_other_programs(seconds: u64, sysusers: bool) -> usize {
    let tree = sound_tree(Database::Etc);
    tree.configure("[limits]\nmax_removals = 1000\nmax_removals_percent = 100\n");
    run(
        &tree,
        "printf '%s\\n' CREATE_MAIL_SPOOL=no > /etc/default/useradd",
    );
    let start = |(_, body): &(&str, &str)| {
        let text = format!("n=0; while [ ! -e /srv/stop ]; do n=$((n + 1))\n{body}\ndone");
        Loop(
            script(&tree, &text)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    };
    let mut loops: Vec<Loop> = LOOPS
        .iter()
        .chain(sysusers.then_some(&SYSUSERS))
        .map(start)
        .collect();
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut rounds, mut well, mut overrun) = (0, 0, 0);
    while Instant::now() < until {
        tree.provide(&round(rounds));
        for command in ["$GOSYNC -q sync users", "$GOSYNC -q sync groups"] {
            let ran = Ran::from(script(&tree, command).output().unwrap());
            match ran.code {
                Some(0) => well += 1,
                // It may give up, but must say why and have done nothing.
                Some(1)
                    if ran.err.contains("were changed by others")
                        || ran.err.contains("password lock") =>
                {
                    overrun += 1
                }
                _ => panic!("{command}: {ran:?}"),
            }
        }
        rounds += 1;
    }
    fs::write(tree.path("srv/stop"), "").unwrap();
    for other in &mut loops {
        other.0.wait().unwrap();
    }
    let last_word = run(&tree, "$GOSYNC sync users; $GOSYNC sync groups");
    let last_word = last_word.out + &last_word.err;
    let again = run(&tree, "$GOSYNC sync users; $GOSYNC sync groups").out;
    assert!(
        again.contains("sync users: nothing to do") && again.contains("sync groups: nothing to do"),
        "{again}"
    );
    check(&tree);

    let (passwd, shadow) = (lines(&tree, "etc/passwd"), lines(&tree, "etc/shadow"));
    let (groups, gshadow) = (lines(&tree, "etc/group"), lines(&tree, "etc/gshadow"));
    let (subuid, subgid) = (lines(&tree, "etc/subuid"), lines(&tree, "etc/subgid"));
    assert_eq!(
        passwd.keys().collect::<Vec<_>>(),
        shadow.keys().collect::<Vec<_>>()
    );
    assert_eq!(
        groups.keys().collect::<Vec<_>>(),
        gshadow.keys().collect::<Vec<_>>()
    );
    for (number, file) in [(2, &passwd), (2, &groups), (1, &subuid), (1, &subgid)] {
        let ids: std::collections::BTreeSet<_> =
            file.values().map(|fields| &fields[number]).collect();
        assert_eq!(ids.len(), file.len(), "an id is there twice: {file:?}");
    }
    // gosync's side.
    for i in 0..rounds {
        let name = format!("person{i}");
        assert!(
            passwd.contains_key(&name),
            "{name} is missing; gosync says:\n{last_word}\n{passwd:#?}"
        );
        assert_eq!(passwd[&name][4], format!("Name {}", rounds - 1 - i % 3));
        assert!(tree.path(&format!("home/{name}/.profile")).exists() && subuid.contains_key(&name));
    }
    let members: Vec<String> = (0..rounds)
        .filter(|i| !(i + (rounds - 1) / 8).is_multiple_of(10))
        .map(|i| format!("person{i}"))
        .collect();
    let mut found: Vec<&str> = groups["physics"][3].split(',').collect();
    found.sort_unstable();
    let mut expected: Vec<&str> = members.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // The other programs' side.
    let accounts = done(&tree, "useradd");
    for (name, did) in &accounts {
        let there = passwd.get(name);
        assert_eq!(
            there.is_some(),
            did.last().unwrap() != "del",
            "{name}: {did:?}, {there:?}"
        );
        if let Some(fields) = there {
            let number = name.trim_start_matches("tool");
            let changed = did.iter().any(|what| what == "change");
            assert_eq!(
                fields[4],
                if changed {
                    format!("Changed {number}")
                } else {
                    String::new()
                }
            );
            assert!(
                groups["users"][3].split(',').any(|member| member == name)
                    && subuid.contains_key(name)
            );
        }
    }
    let extra = done(&tree, "groupadd");
    for (name, did) in &extra {
        let there = groups.get(name);
        assert_eq!(
            there.is_some(),
            did.last().unwrap() != "del",
            "{name}: {did:?}, {there:?}"
        );
        let has_member = there.is_some_and(|fields| fields[3] == "admin");
        assert_eq!(
            has_member,
            there.is_some() && did.iter().any(|what| what == "member"),
            "{name}: {there:?}"
        );
    }
    if sysusers {
        let services = done(&tree, "sysusers");
        assert!(services.len() > 5, "systemd-sysusers did nothing");
        for name in services.keys() {
            assert!(
                passwd.contains_key(name) && groups.contains_key(name),
                "{name}"
            );
        }
    }
    let last = |name: &str| tree.read(&format!("srv/{name}")).trim().to_owned();
    assert_eq!(
        (
            &passwd["admin"][4],
            &shadow["admin"][1],
            &shadow["admin"][4]
        ),
        (&last("admin"), &last("password"), &last("age"))
    );
    println!(
        "concurrent: {seconds} s, {rounds} rounds of gosync, {well} runs done, {overrun} gave up; {} accounts and {} \
         groups by others; nothing lost",
        accounts.len(),
        extra.len()
    );
    assert!(
        accounts.len() > 5 && extra.len() > 5,
        "the other programs did nothing"
    );
    assert!(
        well > overrun,
        "gosync hardly comes to anything: {well} runs done, {overrun} gave up"
    );
    well
}
