//! `gosync sync` on a root of its own, with people from (a stand-in for) GitHub: who gets which account, and who never does.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::process::Command;

use crate::bare_host::bare_host;
use crate::github_server::{Account, FakeGithub, KEY, ORG, TOKEN, World, account, octo, team};
use crate::scratch::{Ran, ScratchHost};
use crate::web::Reply;

/// Another key than [`KEY`].
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// A scratch root with a configuration for a server.
struct Host(ScratchHost);

impl Host {
    fn new(server: &FakeGithub, more: &str) -> Self {
        let host = Self(bare_host());
        host.write("octo.token", &format!("{TOKEN}\n"));
        host.configure(server, more);
        host
    }

    fn configure(&self, server: &FakeGithub, more: &str) {
        let url = server.url();
        self.write(
            "gosync.toml",
            &format!(
                "[provider.octo]\nkind = \"github\"\norg = \"{ORG}\"\ntoken_file = \"octo.token\"\nurl = \"{url}\"\n{more}\n                 [departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n"
            ),
        );
    }

    fn write(&self, name: &str, text: &str) {
        self.0.write_with_mode(name, text, 0o600);
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.dir().join("root").join(name)).unwrap_or_default()
    }

    /// The uid of an account.
    fn uid(&self, name: &str) -> Option<String> {
        let passwd = self.read("etc/passwd");
        let line = passwd
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        line.split(':').nth(2).map(str::to_owned)
    }

    fn is_locked(&self, name: &str) -> bool {
        let shadow = self.read("etc/shadow");
        let line = shadow
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))
            .unwrap();
        line.split(':').nth(7) == Some("1")
    }

    fn keys(&self, name: &str) -> String {
        self.read(&format!("etc/ssh/authorized_keys.d/{name}"))
    }

    /// Who is in a group, by name.
    fn members(&self, group: &str) -> String {
        let groups = self.read("etc/group");
        let mut lines = groups.lines();
        let line = lines.find(|line| line.starts_with(&format!("{group}:")));
        let members = line.and_then(|line| line.rsplit(':').next());
        let mut members: Vec<&str> = members.unwrap_or_default().split(',').collect();
        members.sort_unstable();
        members.join(",")
    }

    /// Runs a command with all that can be logged, and looks for secrets in what it says and in what it leaves.
    fn gosync(&self, code: i32, arguments: &[&str]) -> String {
        let mut command = self.0.command(&[&["-vvv"], arguments].concat());
        let ran = Ran::from(command.output().unwrap()).expect(code);
        let said = ran.out + &ran.err;
        assert!(!said.contains("CANARY"), "{said}");
        let root = self.0.dir().join("root");
        let kept = Command::new("grep")
            .args(["-rlF", "CANARY"])
            .arg(root)
            .output()
            .unwrap();
        assert!(
            kept.stdout.is_empty(),
            "{}",
            String::from_utf8_lossy(&kept.stdout)
        );
        said
    }
}

#[test]
fn people_of_an_organisation_get_accounts_and_teams_become_groups() {
    let mut world = octo();
    world.accounts.push(account(5, "007-agent"));
    world.accounts.push(Account {
        is_member: false,
        ..account(9, "outsider")
    });
    // People and teams are numbered apart, so that a team may have the number of a person.
    world.teams.push(team(4, "four", &[4, 1]));
    let server = FakeGithub::start(world);
    let host = Host::new(&server, "");
    let said = host.gosync(0, &["sync", "--dry-run"]);
    assert!(said.contains("ann") && host.uid("ann").is_none(), "{said}");
    let said = host.gosync(0, &["sync"]);
    // Small letters; hyphens are fine; what begins with a digit is refused by name.
    for name in ["ann", "bob-by", "carol", "dave"] {
        assert!(host.uid(name).is_some(), "{name}");
        assert!(host.keys(name).contains(KEY), "{name}");
    }
    assert!(host.uid("outsider").is_none() && host.read("etc/passwd").lines().count() == 5);
    assert!(said.contains("007-agent"), "{said}");
    assert_eq!(host.members("ops"), "ann,bob-by,carol");
    assert_eq!(host.members("ops-night"), "carol");
    assert_eq!(host.members("four"), "ann,dave");
    // Nothing moved.
    let said = host.gosync(0, &["sync"]);
    assert!(said.contains("nothing to do"), "{said}");
    // Somebody leaves the team below, and so the one above; somebody leaves the organisation.
    server.change(|world| {
        world.teams[1].members.clear();
        world.teams[3].members = vec![1];
        world.accounts[3].is_member = false;
    });
    host.gosync(0, &["sync"]);
    assert_eq!(host.members("four"), "ann");
    assert_eq!(
        (host.members("ops"), host.members("ops-night")),
        ("ann,bob-by".to_owned(), String::new())
    );
    assert!(host.is_locked("dave") && host.keys("dave").is_empty() && !host.is_locked("carol"));
    // It finds that this host has no shells; the organisation it reads as a sync does.
    let said = host.gosync(1, &["doctor"]);
    assert!(
        said.contains("as the bearer of its token, for Octo-Org") && said.contains("007-agent"),
        "{said}"
    );
    let said = host.gosync(2, &["group", "members", "ops"]);
    assert!(said.contains("can only be read"), "{said}");
}

#[test]
fn a_login_is_a_name_and_no_person() {
    let server = FakeGithub::start(octo());
    let host = Host::new(&server, "");
    host.gosync(0, &["sync"]);
    let (ann, bob) = (host.uid("ann"), host.uid("bob-by"));
    // ann is called otherwise, and somebody else takes her login.
    let stranger = |id: u64, login: &str| Account {
        keys: vec![OTHER.to_owned()],
        ..account(id, login)
    };
    server.change(|world| {
        world.accounts[0].login = "Annika".to_owned();
        world.accounts.push(stranger(60, "ann"));
    });
    let said = host.gosync(0, &["sync"]);
    assert_eq!(host.uid("annika"), ann, "{said}");
    assert!(host.keys("annika").contains(KEY) && !host.keys("annika").contains(OTHER));
    assert_ne!(host.uid("ann"), ann, "{said}");
    assert_eq!(host.members("ops"), "annika,bob-by,carol");
    // bob is gone for good, and somebody else takes his login at once: no account, and no key in his.
    server.change(|world| {
        world.accounts.retain(|account| account.id != 2);
        world.teams[0].members.push(61);
        world.accounts.push(stranger(61, "bob-by"));
    });
    for _ in 0..2 {
        let said = host.gosync(0, &["sync"]);
        assert_eq!(host.uid("bob-by"), bob, "{said}");
        assert!(
            host.is_locked("bob-by") && host.keys("bob-by").is_empty(),
            "{said}"
        );
        assert!(
            !host.members("ops").contains("bob-by"),
            "{}",
            host.members("ops")
        );
    }
}

#[test]
fn who_is_in_no_named_team_is_let_out_at_once_and_only_for_certain() {
    let server = FakeGithub::start(octo());
    let host = Host::new(&server, "teams = [\"ops\"]");
    host.gosync(0, &["sync"]);
    assert!(host.uid("carol").is_some() && host.uid("dave").is_none());
    assert!(
        host.read("etc/group")
            .lines()
            .all(|line| !line.starts_with("web:"))
    );
    // Nothing of this is a reason: a team that cannot be read, one that is renamed, a limit.
    server.fault(|asked, reply| match asked.path().contains("/team/") {
        true => Reply::new(403, "application/json", "{}").header("X-RateLimit-Remaining", "0"),
        false => reply,
    });
    let said = host.gosync(12, &["sync"]);
    assert!(said.contains("busy") && said.contains("`app_id`"), "{said}");
    server.mend();
    server.change(|world| world.teams[0].slug = "sre".to_owned());
    let said = host.gosync(12, &["sync"]);
    assert!(said.contains("the slug `ops`"), "{said}");
    assert!(!host.is_locked("ann") && !host.is_locked("carol"));
    assert_eq!(host.members("ops"), "ann,bob-by,carol");
    // The same team by its new slug is the same group, and who left it is out.
    server.change(|world: &mut World| world.teams[0].members = vec![1]);
    host.configure(&server, "teams = [\"sre\"]");
    host.gosync(0, &["sync"]);
    assert!(host.is_locked("bob-by") && host.keys("bob-by").is_empty());
    assert!(!host.is_locked("carol") && !host.is_locked("ann"));
    assert_eq!(host.members("sre"), "ann,carol");
}

#[test]
fn what_is_wrong_with_the_section_is_said_before_anybody_is_asked() {
    let server = FakeGithub::start(octo());
    let host = Host::new(&server, "app_id = 1");
    let said = host.gosync(2, &["sync"]);
    assert!(
        said.contains("set either token_file, or all of app_id"),
        "{said}"
    );
    host.write("octo.token", "wrong\n");
    host.configure(&server, "");
    let said = host.gosync(12, &["sync"]);
    assert!(
        said.contains("Bad credentials") && said.contains("`token_file`"),
        "{said}"
    );
    host.write("octo.token", &format!("{TOKEN}\n"));
    server.fault(|_, _| Reply::new(404, "application/json", r#"{"message": "Not Found"}"#));
    let said = host.gosync(12, &["sync"]);
    assert!(said.contains("`org` and `url`"), "{said}");
    let path = host.0.dir().join("octo.token");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(path, open).unwrap();
    let first = server.asked().len();
    host.gosync(2, &["sync"]);
    assert_eq!(server.asked().len(), first);
}
