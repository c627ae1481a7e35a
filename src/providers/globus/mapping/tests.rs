use super::*;
use crate::model::RemoteId;

fn identity(username: &str) -> Identity {
    let id = RemoteId::new("ae341a98-d274-11e5-b888-dbae3a8ba545").unwrap();
    Identity {
        name: None,
        email: None,
        ..Identity::new(id, username)
    }
}

fn mapping(mappings: &str) -> Result<Mapping, String> {
    Mapping::new(
        format!(
            r#"{{"DATA_TYPE": "expression_identity_mapping#1.0.0", "mappings": [{mappings}]}}"#
        )
        .as_bytes(),
    )
}

/// One mapping of usernames.
fn username(matching: &str, output: &str) -> Mapping {
    let entry = serde_json::json!({"source": "{username}", "match": matching, "output": output});
    mapping(&entry.to_string()).unwrap()
}

fn login(mapping: &Mapping, name: &str) -> Option<String> {
    mapping.login(&identity(name)).ok()
}

#[test]
fn the_manuals_examples_work() {
    let domain = username(r"(.*)@example\.org", "{0}");
    assert_eq!(
        login(&domain, "alice@example.org").as_deref(),
        Some("alice")
    );
    assert_eq!(login(&domain, "alice@example.com"), None);
    assert_eq!(login(&domain, "alice@sub.example.org"), None);
    let rewritten = username(r"(.*)@example\.edu", "{0}@data.example.edu");
    assert_eq!(
        login(&rewritten, "bob@example.edu").as_deref(),
        Some("bob@data.example.edu")
    );
    let common = username(r"(alice|bob)@example\.org", "globus");
    assert_eq!(login(&common, "bob@example.org").as_deref(), Some("globus"));
    assert_eq!(login(&common, "carol@example.org"), None);
    let one = r#"{"source": "{id}", "match": "ae341a98-d274-11e5-b888-dbae3a8ba545", "output": "application"}"#;
    assert_eq!(
        login(&mapping(one).unwrap(), "x@y").as_deref(),
        Some("application")
    );
}

#[test]
fn two_signs_in_a_username_are_not_taken_apart_by_guess() {
    let nasty = "sirosen@globus.org@accounts.google.com";
    assert_eq!(login(&username(r"(.*)@globus\.org", "{0}"), nasty), None);
    assert_eq!(
        login(&username(r"sirosen@globus\.org", "sirosen"), nasty),
        None
    );
    // Whoever writes this gets all of it; the policy refuses such a name.
    let all = username(r"(.*)@accounts\.google\.com", "{0}");
    assert_eq!(login(&all, nasty).as_deref(), Some("sirosen@globus.org"));
    let two = username(r"(.*)@(.*)@accounts\.google\.com", "{0}_{1}");
    assert_eq!(login(&two, nasty).as_deref(), Some("sirosen_globus.org"));
}

#[test]
fn the_first_match_decides() {
    let entry = |m: &str, o: &str| {
        serde_json::json!({"source": "{username}", "match": m, "output": o}).to_string()
    };
    let mapping =
        mapping(&[entry(r"root@.*", "nobody"), entry(r"(.*)@x\.org", "{0}")].join(",")).unwrap();
    assert_eq!(login(&mapping, "root@x.org").as_deref(), Some("nobody"));
    assert_eq!(login(&mapping, "ann@x.org").as_deref(), Some("ann"));
    assert_eq!(
        mapping.login(&identity("ann@y.org")).unwrap_err(),
        "no mapping matches it"
    );
}

#[test]
fn a_mapping_that_needs_what_is_not_known_gives_up() {
    let email = r#"{"source": "{email}", "match": "(.*)@x\\.org", "output": "{0}"}"#;
    let name = r#"{"source": "{username}", "match": "(.*)@x\\.org", "output": "{0}"}"#;
    let both = mapping(&[email, name].join(",")).unwrap();
    let mut ann = identity("ann@x.org");
    assert_eq!(
        both.login(&ann).unwrap_err(),
        "mapping 1 needs its email, which is not known"
    );
    ann.email = Some(Untrusted::new("annie@x.org"));
    assert_eq!(both.login(&ann).unwrap(), "annie");
    assert!(!both.needs_only_names());
    assert!(mapping(name).unwrap().needs_only_names());
    // A branch that was not taken holds nothing.
    let branch = username("(a)|(b)", "{1}");
    assert!(
        branch
            .login(&identity("a"))
            .unwrap_err()
            .contains("{1}, which holds nothing")
    );
    assert_eq!(login(&branch, "b").as_deref(), Some("b"));
    assert!(
        username("(.*)", "{0}")
            .login(&identity(""))
            .unwrap_err()
            .contains("empty login")
    );
}

#[test]
fn what_is_put_in_is_not_looked_at_again() {
    let source = r#"{"source": "{name}/{username}", "match": "(.*)/(.*)", "output": "{0}-{1}"}"#;
    let mapping = mapping(source).unwrap();
    let mut mallory = identity("mallory@x.org");
    mallory.name = Some(Untrusted::new("{1}{username}"));
    assert_eq!(
        mapping.login(&mallory).unwrap(),
        "{1}{username}-mallory@x.org"
    );
}

#[test]
fn several_fields_and_escaped_braces() {
    let entry =
        r#"{"source": "{status}:{username}", "match": "used:(.*)@x\\.org", "output": "{0}\\{0}"}"#;
    let mut ann = identity("ann@x.org");
    ann.status = Some(Untrusted::new("used"));
    // The backslash stays, so the policy refuses such a login.
    assert_eq!(mapping(entry).unwrap().login(&ann).unwrap(), r"ann\{0}");
}

#[test]
fn ignoring_case_and_literal_texts() {
    let entry = r#"{"source": "{username}", "match": "Ann@X.org", "output": "ann", "ignore_case": true, "literal": true}"#;
    let mapping = mapping(entry).unwrap();
    assert_eq!(login(&mapping, "aNN@x.ORG").as_deref(), Some("ann"));
    assert_eq!(login(&mapping, "annaxborg"), None);
    assert_eq!(login(&mapping, "ann@xyorg"), None);
}

#[test]
fn what_could_never_work_is_refused_with_its_place() {
    for (entry, reason) in [
        (
            r#"{"source": "{username}", "match": "(.*)", "output": "{1}"}"#,
            "mapping 1: output: {1} refers to no group",
        ),
        (
            r#"{"source": "{0}", "match": "(.*)", "output": "x"}"#,
            "mapping 1: source: {0} refers to no group",
        ),
        (
            r#"{"source": "{username}", "match": "(.*)", "output": "{0}", "literal": true}"#,
            "{0} refers to no group",
        ),
        (
            r#"{"source": "{user}", "match": "(.*)", "output": "{0}"}"#,
            "`user` is no field",
        ),
        (
            r#"{"source": "{}", "match": "(.*)", "output": "{0}"}"#,
            "`` is no field",
        ),
        (
            r#"{"source": "{username}", "match": "(.*)", "output": "{-1}"}"#,
            "`-1` is no field",
        ),
        (
            r#"{"source": "{username}", "match": "*", "output": "x"}"#,
            "mapping 1: match: there is nothing",
        ),
        (
            r#"{"source": "{username}", "match": "x", "output": "x", "regex": true}"#,
            "unknown field",
        ),
        (
            r#"{"source": "{username}", "match": "x"}"#,
            "missing field `output`",
        ),
        ("", "no mappings"),
    ] {
        let error = mapping(entry).unwrap_err();
        assert!(error.contains(reason), "{entry}: {error}");
    }
}

#[test]
fn other_documents_are_refused() {
    for document in [
        "[]",
        "{}",
        "nonsense",
        r#"{"DATA_TYPE": "expression_identity_mapping#2.0.0", "mappings": []}"#,
        r#"{"DATA_TYPE": "external_identity_mapping#1.0.0", "command": ["/bin/map"]}"#,
        r#"{"mappings": []}"#,
    ] {
        assert!(Mapping::new(document.as_bytes()).is_err(), "{document}");
    }
    let external = Mapping::new(
        br#"{"DATA_TYPE": "external_identity_mapping#1.0.0", "command": ["/bin/map"]}"#,
    );
    assert!(external.unwrap_err().contains("DATA_TYPE"));
}

#[test]
fn without_a_document_nobody_has_a_login() {
    let error = Mapping::default()
        .login(&identity("alice@example.org"))
        .unwrap_err();
    assert!(error.contains("identity_mapping"), "{error}");
}

#[test]
fn simple_mappings_can_be_read_backwards() {
    let found = |mapping: &Mapping, login: &str| mapping.usernames(login);
    assert_eq!(
        found(&username(r"(.*)@example\.org", "{0}"), "alice"),
        ["alice@example.org"]
    );
    assert_eq!(
        found(&username(r"(.*)@example\.org", "x-{0}-y"), "x-alice-y"),
        ["alice@example.org"]
    );
    assert!(found(&username(r"(.*)@example\.org", "x-{0}"), "alice").is_empty());
    assert_eq!(
        found(&username(r"alice@example\.org", "root2"), "root2"),
        ["alice@example.org"]
    );
    assert!(found(&username(r"alice@example\.org", "root2"), "alice").is_empty());
    // Nobody can tell who it is, or which part of it.
    for (matching, output) in [
        ("(.*)", "all"),
        ("(alice|bob)@x", "{0}"),
        ("(.*)@(.*)", "{0}"),
        ("(.*)@x", "{0}{id}"),
        ("a.c", "{username}"),
    ] {
        assert!(
            found(&username(matching, output), "alice").is_empty(),
            "{matching}"
        );
    }
    let id = r#"{"source": "{id}", "match": "(.*)", "output": "{0}"}"#;
    assert!(found(&mapping(id).unwrap(), "alice").is_empty());
    assert!(Mapping::default().usernames("alice").is_empty());
    let several = [(r"(.*)@a\.org", "{0}"), (r"(.*)@b\.org", "{0}")];
    let entry = |(m, o): (&str, &str)| {
        serde_json::json!({"source": "{username}", "match": m, "output": o}).to_string()
    };
    let both = mapping(&several.map(entry).join(",")).unwrap();
    assert_eq!(found(&both, "ann"), ["ann@a.org", "ann@b.org"]);
}
