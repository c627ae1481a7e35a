//! `gosync group` against a real LDAP server: every command, in both schemas, and what cannot be done.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use gosync::testing::providers::admin::GroupAdmin as _;
use gosync::testing::providers::ldap::{Config, Schema};

use crate::ldap_admin::{READER, admin, group, rfc2307, rfc2307bis};
use crate::scratch::ScratchHost;
use crate::slapd::PASSWORD;

/// The program with a configuration for this server.
struct Program {
    host: ScratchHost,
}

impl Program {
    fn new(config: &Config, password: &str) -> Self {
        let host = ScratchHost::new_in(&std::env::temp_dir());
        host.write_with_mode("password", format!("{password}\n"), 0o600);
        let description = "Über alles\nYour name here\n";
        host.write_with_mode("descriptions/physics.txt", description, 0o644);
        host.write_with_mode("policy.json", "{\"join_requests\": true}", 0o644);
        let schema = if config.schema == Schema::Rfc2307bis {
            "rfc2307bis"
        } else {
            "rfc2307"
        };
        let text = format!(
            "[provider.campus]\nkind = 'ldap'\nurl = '{}'\nschema = '{schema}'\nuser_base = '{}'\ngroup_base = '{}'\n\
             bind_dn = '{}'\npassword_file = 'password'\n[catalogue]\ndescription_dir = 'descriptions'\n\
             policy_dir = '.'\n[groups]\ngid_range = [60000, 60020]\n",
            config.url,
            config.user_base,
            config.group_base,
            config.bind_dn.as_deref().unwrap()
        );
        host.write_with_mode("gosync.toml", text, 0o644);
        Self { host }
    }

    /// Status, standard output and standard error of `gosync group`.
    fn group(&self, arguments: &[&str]) -> (i32, String, String) {
        let ran = self.host.gosync(&[&["group"], arguments].concat());
        (ran.code.unwrap(), ran.out, ran.err)
    }

    /// What a command prints that must succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let (status, out, err) = self.group(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}: {out}");
        out
    }
}

#[test]
fn the_program_does_it_all_by_login() {
    let (server, config) = rfc2307();
    let program = Program::new(&config, PASSWORD);
    let id = group(&admin(&config), "physics").id;
    assert_eq!(program.done(&["get", "physics"]), format!("physics {id}\n"));
    let list = program.done(&["list", "-format", "csv", "physics"]);
    assert!(list.contains("physics,,Old words"), "{list}");
    assert_eq!(
        program.done(&["member", "physics", "bob", "alice"]),
        "gosync NOTICE: physics: `bob` is a member\ngosync NOTICE: physics: `alice` is a member already\n"
    );
    assert_eq!(
        program.done(&["members", "physics"]),
        "physics (active) alice\nphysics (active) bob\nphysics (active) gone\n"
    );
    assert_eq!(
        program.done(&["delmember", "physics", "alice"]),
        "gosync NOTICE: physics: `alice` is out\n"
    );
    assert_eq!(
        program.done(&["syncdesc", "physics"]),
        "gosync NOTICE: physics: the description is set\n"
    );
    assert_eq!(
        program.done(&["syncdesc", "physics"]),
        "gosync NOTICE: physics: the description is set already\n"
    );
    assert_eq!(
        group(&admin(&config), "physics").description.unwrap().raw(),
        "Über alles<br/>\n"
    );
    // There is a policy for every group, and it cannot be set: nothing is made.
    let (status, _, err) = program.group(&["new", "chemistry"]);
    assert!(
        status == 1 && err.contains("the provider `campus` has no policies of groups"),
        "{err}"
    );
    std::fs::remove_file(program.host.dir().join("policy.json")).unwrap();
    let out = program.done(&["new", "chemistry, \"x\" (y)", ":", "alice", "zoe"]);
    assert!(
        out.contains("made, with the id") && out.contains("`zoe` is a member"),
        "{out}"
    );
    let again = program.done(&["new", "chemistry, \"x\" (y)", ":", "alice", "zoe"]);
    assert!(
        again.contains("is there already") && again.contains("`zoe` is a member already"),
        "{again}"
    );
    assert!(
        server
            .search("(gidNumber=60008)")
            .contains("memberUid: zoe")
    );
    let (status, _, err) = program.group(&["new", "chemistry.organic"]);
    assert!(
        status == 1 && err.contains("campus` has no groups below groups"),
        "{err}"
    );
}

#[test]
fn the_program_does_it_all_by_entry() {
    let (_server, config) = rfc2307bis();
    let program = Program::new(&config, PASSWORD);
    std::fs::remove_file(program.host.dir().join("policy.json")).unwrap();
    program.done(&["new", "Ämter + Co", ":", "zoe"]);
    assert_eq!(
        program.done(&["members", "Ämter + Co"]),
        "Ämter + Co (active) zoe\n"
    );
    assert_eq!(
        program.done(&["members", "outer"]),
        "outer (active) alice\nouter (active) bob\n"
    );
    let (status, out, err) = program.group(&["delmember", "outer", "alice", "bob", "nobody"]);
    assert_eq!(
        (status, out.as_str()),
        (3, "gosync NOTICE: outer: `bob` is out\n")
    );
    assert!(
        err.contains("`nobody`")
            && err.contains("outer: `alice`: the provider refused: not listed"),
        "{err}"
    );
    let (status, _, err) = program.group(&["delmember", "last", "bob"]);
    assert!(status == 1 && err.contains("at least one member"), "{err}");
}

#[test]
fn the_program_says_what_is_lacking_and_does_nothing() {
    let (server, config) = rfc2307();
    let before = server.search("(objectClass=*)");
    let program = Program::new(&config, PASSWORD);
    for (arguments, lack) in [
        (&["manager", "physics", "bob"][..], "managers of groups"),
        (&["admin", "physics", "bob"], "administrators of groups"),
        (
            &["accept", "physics", "bob"],
            "applicants who wait for approval",
        ),
        (
            &["accept", "physics", "bob", "bob@example.org"],
            "a member's own address in a group",
        ),
        (&["syncpolicy", "physics"], "policies of groups"),
        (&["new", "-parent", "physics", "lab"], "groups below groups"),
    ] {
        let (status, out, err) = program.group(arguments);
        assert_eq!((status, out.as_str()), (1, ""), "{arguments:?}");
        assert_eq!(
            err,
            format!(
                "gosync ERROR: the provider `campus` has no {lack}\ngosync HINT: Nothing was done\n"
            ),
            "{arguments:?}"
        );
    }
    assert_eq!(server.search("(objectClass=*)"), before);
}

#[test]
fn the_program_tells_each_failure() {
    let (server, config) = rfc2307();
    let program = Program::new(&config, PASSWORD);
    let (status, out, err) = program.group(&["member", "physics", "nobody", "bob"]);
    assert_eq!(
        (status, out.as_str()),
        (3, "gosync NOTICE: physics: `bob` is a member\n")
    );
    assert_eq!(
        err,
        "gosync ERROR: the provider has no user named `nobody`\n"
    );
    let admin = admin(&config);
    let mut ids: Vec<String> = admin
        .groups(false)
        .unwrap()
        .into_iter()
        .filter(|g| g.name.raw() == "twin")
        .map(|g| g.id.to_string())
        .collect();
    ids.sort();
    let (status, _, err) = program.group(&["member", "twin", "bob"]);
    assert_eq!(status, 1);
    assert!(
        err.contains(&format!("2 groups are called `twin`: {}", ids.join(", "))),
        "{err}"
    );
    let before = server.search("(objectClass=posixGroup)");
    let reader = Program::new(
        &Config {
            bind_dn: Some(READER.to_owned()),
            ..config.clone()
        },
        "only looking",
    );
    let (status, out, err) = reader.group(&["member", "physics", "zoe", "alice", "bob"]);
    assert_eq!((status, err.matches("ERROR").count()), (3, 1), "{out}{err}");
    assert!(
        err.contains("physics: `zoe`: the provider refused: we may not do that, insufficientAccessRights (50)"),
        "{err}"
    );
    let (status, _, err) = reader.group(&["delmember", "physics", "alice", "bob"]);
    assert_eq!(
        (status, err.matches("insufficientAccessRights").count()),
        (1, 2),
        "{err}"
    );
    assert_eq!(server.search("(objectClass=posixGroup)"), before);
    // Two people with one login: nobody guesses who is meant.
    server.modify(
        "dn: cn=other,ou=people,dc=example,dc=org\nchangetype: add\nobjectClass: account\nobjectClass: posixAccount\n\
         uid: bob\ncn: other\nuidNumber: 20009\ngidNumber: 100\nhomeDirectory: /home/other\n",
    );
    let (status, _, err) = program.group(&["delmember", "physics", "bob"]);
    assert!(
        status == 1 && err.contains("2 people have the login `bob`: "),
        "{err}"
    );
    let wrong = Program::new(&config, "wrong");
    let (status, _, err) = wrong.group(&["members", "physics"]);
    assert!(status == 12 && err.contains("invalidCredentials"), "{err}");
}
