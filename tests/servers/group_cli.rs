//! `gosync group` and `gosync shell` against SCIM and (a stand-in for) Globus, as typed; ldap_group.rs does LDAP.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::json;

use crate::globus_admin::club;
use crate::globus_server::{FakeGlobus, MAPPING, OWN, SECRET};
use crate::scim_server::{Server, TOKEN};
use crate::scratch::ScratchHost;

/// The program with a configuration.
struct Program {
    host: ScratchHost,
}

impl Program {
    fn new(config: &str, secret: &str) -> Self {
        let program = Self {
            host: ScratchHost::new_in(&std::env::temp_dir()),
        };
        program.write("gosync.toml", config);
        program.write("secret", &format!("{secret}\n"));
        program.write("mapping.json", MAPPING);
        program
    }

    fn globus(server: &FakeGlobus, catalogue: &str) -> Self {
        let url = server.url();
        let config = format!(
            "[provider.research]\nkind = \"globus\"\nclient_id = \"{OWN}\"\nclient_secret_file = \"secret\"\n\
             identity_mapping = \"mapping.json\"\ngroups_url = \"{url}\"\nauth_url = \"{url}\"\n{catalogue}"
        );
        Self::new(&config, SECRET)
    }

    fn write(&self, name: &str, text: &str) {
        self.host.write_with_mode(name, text, 0o600);
    }

    /// Status, standard output and standard error.
    fn run(&self, arguments: &[&str], input: &str) -> (i32, String, String) {
        let ran = self.host.gosync_fed(arguments, input);
        (ran.code.unwrap(), ran.out, ran.err)
    }

    fn group(&self, line: &str) -> (i32, String, String) {
        let words: Vec<&str> = std::iter::once("group").chain(line.split(' ')).collect();
        self.run(&words, "")
    }

    /// What a line prints that must succeed without a complaint.
    fn done(&self, line: &str) -> String {
        let (status, out, err) = self.group(line);
        assert_eq!((status, err.as_str()), (0, ""), "{line}: {out}");
        out
    }
}

#[test]
fn scim_groups_are_changed_by_login_and_what_scim_lacks_is_said() {
    let server = Server::start(false);
    let alice = server.person("alice");
    server.person("bob");
    let id = server.group("physics", &[&alice]);
    server.group("twin", &[]);
    server.group("twin", &[]);
    let config = format!(
        "[provider.cloud]\nkind = \"scim\"\nurl = \"{}\"\ntoken_file = \"secret\"\n",
        server.url()
    );
    let program = Program::new(&config, TOKEN);
    assert_eq!(program.done("get physics"), format!("physics {id}\n"));
    assert_eq!(program.done("members physics"), "physics (active) alice\n");
    let (status, out, err) = program.group("member physics bob nobody alice");
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (
            3,
            "gosync NOTICE: physics: `bob` is a member\ngosync NOTICE: physics: `alice` is a member already\n",
            "gosync ERROR: the provider has no user named `nobody`\n"
        )
    );
    assert_eq!(
        program.done("delmember physics alice"),
        "gosync NOTICE: physics: `alice` is out\n"
    );
    assert_eq!(program.done("members physics"), "physics (active) bob\n");
    let made = program.done("new -top chem.lab : bob");
    assert!(
        made.contains("chem.lab: made, with the id") && made.contains("`bob` is a member"),
        "{made}"
    );
    assert!(
        program
            .done("new -top chem.lab : bob")
            .contains("is there already")
    );
    let list = program.done("list -format csv");
    assert_eq!(
        list,
        "groupname,url,description\nchem.lab,,\nphysics,,\ntwin,,\ntwin,,\n"
    );
    let (status, _, err) = program.group("member twin alice");
    assert!(
        status == 1 && err.contains("2 groups are called `twin`: "),
        "{err}"
    );
    for (line, lack) in [
        ("manager physics alice", "managers of groups"),
        ("admin physics alice", "administrators of groups"),
        ("accept physics alice", "applicants who wait for approval"),
        (
            "accept physics alice a@example.org",
            "a member's own address in a group",
        ),
        ("syncdesc physics", "descriptions of groups"),
        ("syncpolicy physics", "policies of groups"),
        ("new chem.other", "groups below groups"),
    ] {
        let (status, out, err) = program.group(line);
        assert_eq!((status, out.as_str()), (1, ""), "{line}");
        assert_eq!(
            err,
            format!(
                "gosync ERROR: the provider `cloud` has no {lack}\ngosync HINT: Nothing was done\n"
            )
        );
    }
    assert_eq!(program.done("members physics"), "physics (active) bob\n");
}

#[test]
fn globus_groups_are_changed_in_every_way() {
    let server = FakeGlobus::start(&club());
    let program = Program::globus(
        &server,
        "[catalogue]\ndescription_dir = \".\"\npolicy_dir = \".\"\n",
    );
    program.write("club.txt", "A club of friends\nYour club\n");
    program.write(
        "policy.club.json",
        "{\"join\": {\"anybody\": {\"value\": true}}, \"invites\": {\"all\": {\"value\": true}}}",
    );
    let members = program.done("members club");
    assert!(
        members.contains("club (active) alice") && members.contains("club (pending) bob"),
        "{members}"
    );
    assert!(program.done("accept club bob").contains("club: `bob"));
    assert_eq!(
        server.standing(11, 2),
        Some(("member".to_owned(), "active".to_owned()))
    );
    assert!(
        program
            .done("accept club frank Frank@Mail.org")
            .contains("is accepted")
    );
    assert!(program.done("manager club bob").contains("is a manager"));
    assert!(
        program
            .done("admin club bob")
            .contains("is an administrator")
    );
    assert_eq!(
        server.standing(11, 2),
        Some(("admin".to_owned(), "active".to_owned()))
    );
    // Somebody who is in the group only through one below cannot be taken out here; the others are.
    let (status, out, err) = program.group("delmember club dave frank");
    assert!(
        status == 3 && out.contains("frank") && err.contains("below"),
        "{out}{err}"
    );
    assert!(
        program
            .done("syncdesc club")
            .contains("club: the description is set")
    );
    assert_eq!(
        server.known("club")["description"],
        "A club of friends<br/>\n"
    );
    let (status, _, err) = program.group("syncpolicy club");
    assert!(
        status == 0 && err.contains("`invites.all` cannot be expressed"),
        "{err}"
    );
    assert_eq!(server.known("club")["policies"]["join_requests"], true);
    let list = program.done("list -format csv -portal app.example.org club");
    assert!(
        list.contains(",https://app.example.org/Groups#id=") && list.contains("A club of friends"),
        "{list}"
    );
}

#[test]
fn what_was_made_before_a_failure_is_said_and_completed_by_the_same_command() {
    let server = FakeGlobus::start(&club());
    let program = Program::globus(
        &server,
        "[catalogue]\npolicy_dir = \".\"\nadmins = [[[\"*\"], [\"bob\"]]]\n",
    );
    program.write("policy.json", "{\"group_visibility\": \"authenticated\"}");
    server.faults(
        &json!([{"match": "policies", "kind": "status", "status": 403, "body": {"code": "X", "detail": "No"}}]),
    );
    let (status, out, err) = program.group("new club.new : alice");
    assert_ne!(status, 0);
    assert!(
        out.contains("club.new: made, with the id") && !out.contains("alice"),
        "{out}"
    );
    assert!(
        err.contains("club.new: the policy could not be set")
            && err.contains("Run the same command again to continue"),
        "{err}"
    );
    server.faults(&json!([]));
    let out = program.done("new club.new : alice");
    let said = [
        "club.new: is there already",
        "the policy is set",
        "is an administrator",
        "is a member",
    ];
    assert!(said.iter().all(|what| out.contains(what)), "{out}");
    assert_eq!(
        server.known("club.new")["policies"]["group_visibility"],
        "authenticated"
    );
}

#[test]
fn a_shell_signs_in_once() {
    let server = FakeGlobus::start(&club());
    let program = Program::globus(&server, "");
    server.log();
    assert_eq!(program.group("get club").0, 0);
    let once = server
        .log()
        .iter()
        .filter(|line| line.contains("oauth2/token"))
        .count();
    assert!(once > 0);
    let (status, out, err) = program.run(
        &["shell"],
        "group get club\ngroup get club\ngroup list\ngroup get club.below\n",
    );
    assert_eq!((status, out.matches("club ").count()), (0, 2), "{out}{err}");
    let log = server.log();
    assert_eq!(
        log.iter()
            .filter(|line| line.contains("oauth2/token"))
            .count(),
        once,
        "{log:?}"
    );
    assert!(
        log.iter().filter(|line| line.contains("my_groups")).count() >= 4,
        "{log:?}"
    );
}
