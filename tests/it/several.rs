//! Several providers on one host: each is read by itself, in the order of precedence, and one that fails holds up nobody of the
//! others.

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

/// What a configuration of these two has besides them.
const FRAME: &str = "[limits]\nmax_removals = 1\nmax_removals_percent = 1\n\
    [departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n";

/// A host with the providers `campus` and `lab`, in this order.
fn host(campus: &Value, lab: &Value) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    configure(&host, "providers = [\"campus\", \"lab\"]", "");
    say(&host, "campus", campus);
    say(&host, "lab", lab);
    host
}

/// `more`: what stands in the section of `lab` besides.
fn configure(host: &ScratchHost, chosen: &str, more: &str) {
    let section = |name| format!("[provider.{name}]\nkind = \"file\"\npath = \"{name}.json\"\n");
    let (campus, lab) = (section("campus"), section("lab"));
    host.write(
        "gosync.toml",
        &format!("[gosync]\n{chosen}\n{campus}{lab}{more}{FRAME}"),
    );
}

fn say(host: &ScratchHost, name: &str, document: &Value) {
    host.write(&format!("{name}.json"), &document.to_string());
}

fn people(logins: &[&str]) -> Value {
    let person = |login: &&str| json!({"id": format!("id-{login}"), "login": login});
    let users: Vec<Value> = logins.iter().map(person).collect();
    let members: Vec<Value> = logins
        .iter()
        .map(|login| json!({"user": format!("id-{login}")}))
        .collect();
    let groups = json!([{"id": "g", "name": format!("of-{}", logins[0]), "members": members}]);
    json!({"users": users, "groups": groups})
}

fn sync(host: &ScratchHost) -> Ran {
    host.gosync(&["sync"])
}

/// The lines of passwd that gosync wrote, each with its name and uid.
fn accounts(host: &ScratchHost) -> Vec<(String, u32)> {
    let passwd = host.read("etc/passwd");
    let fields = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let pairs = fields.map(|fields| (fields[0].to_owned(), fields[2].parse().unwrap()));
    pairs.filter(|(_, uid)| *uid >= 20_000).collect()
}

fn names(host: &ScratchHost) -> Vec<String> {
    let mut names: Vec<String> = accounts(host).into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

#[test]
fn people_of_two_providers_are_brought_in_step_by_one_command() {
    let mut host = host(&people(&["ann", "bob"]), &people(&["cat"]));
    host.leaves_stamps = true;
    let dry = host.gosync(&["sync", "-n"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    let ran = sync(&host);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(names(&host), ["ann", "bob", "cat"]);
    for line in [
        "sync users (campus): 2 created",
        "sync users (lab): 1 created",
    ] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    let plans = |out: &str| -> Vec<String> {
        let is_change = |line: &&str| line.contains(" + ") || line.starts_with('+');
        out.lines()
            .filter(is_change)
            .map(|line| line.replace("gosync NOTICE: ", ""))
            .collect()
    };
    assert_eq!(plans(&dry.out).len(), 5, "{dry:?}");
    assert_eq!(plans(&dry.out), plans(&ran.out), "the dry run is exact");
    assert!(host.read("etc/group").contains("of-cat:x:"));
    std::thread::sleep(std::time::Duration::from_secs(3));
    // The first run after a change leaves a stamp, the second finds it.
    assert_eq!(sync(&host).code, Some(0));
    let unmoved = sync(&host);
    assert_eq!(
        unmoved.out.matches("nothing has moved since").count(),
        4,
        "{}",
        unmoved.out
    );
}

#[test]
fn one_that_cannot_be_read_holds_up_nobody_of_the_others_and_loses_nobody() {
    let host = host(&people(&["ann", "bob"]), &people(&["cat"]));
    assert_eq!(sync(&host).code, Some(0));
    host.write("campus.json", "{");
    say(&host, "lab", &people(&["cat", "dan"]));
    let ran = sync(&host);
    assert_eq!(ran.code, Some(12), "{}", ran.err);
    assert_eq!(ran.err.matches("campus: ").count(), 1, "{}", ran.err);
    assert_eq!(names(&host), ["ann", "bob", "cat", "dan"]);
    let status = host.gosync(&["status"]);
    assert_eq!(status.code, Some(1), "{}", status.out);
    assert!(
        status.out.contains("`sync users -u campus` ended with 12"),
        "{}",
        status.out
    );
    assert!(!status.out.contains("-u lab` ended"), "{}", status.out);
    say(&host, "campus", &people(&["ann", "bob"]));
    assert_eq!(sync(&host).code, Some(0));
    assert_eq!(host.gosync(&["status"]).code, Some(0));
}

#[test]
fn a_limit_holds_up_one_provider_only() {
    let mut open = people(&["ann", "bob", "bea", "ben"]);
    open["groups"] = json!([]);
    let host = host(&open, &people(&["cat"]));
    assert_eq!(sync(&host).code, Some(0));
    let mut shut = open.clone();
    for user in shut["users"].as_array_mut().unwrap() {
        user["active"] = false.into();
    }
    say(&host, "campus", &shut);
    say(&host, "lab", &people(&["cat", "dan"]));
    let ran = sync(&host);
    assert_eq!(ran.code, Some(10), "{}", ran.err);
    assert!(
        ran.err.contains("campus: nothing was written"),
        "{}",
        ran.err
    );
    assert!(names(&host).contains(&"dan".to_owned()));
    // What is committed for others meanwhile leaves the digest good.
    let digest = ran.err.split("--approve ").nth(1).unwrap();
    let digest = digest.split_whitespace().next().unwrap();
    let approved = host.gosync(&["sync", "--approve", digest]);
    assert_eq!(approved.code, Some(0), "{}", approved.err);
    assert!(host.read("etc/shadow").contains("ben:!"));
}

#[test]
fn of_two_with_one_login_the_first_is_let_in_and_order_takes_nothing_over() {
    let host = host(&people(&["ann"]), &people(&["ann", "cat"]));
    let ran = sync(&host);
    assert!(ran.err.contains("x refuse ann"), "{ran:?}");
    let before = accounts(&host);
    assert_eq!(before.len(), 2);
    let owner = |host: &ScratchHost| {
        let listed = host.gosync(&["accounts", "ann", "--format", "json"]);
        let listed: Value = serde_json::from_str(&listed.out).unwrap();
        let mut all = listed["accounts"].as_array().unwrap().iter();
        all.find(|it| it["state"] == "owned").unwrap()["provider"].clone()
    };
    assert_eq!(owner(&host), "campus");
    configure(&host, "providers = [\"lab\", \"campus\"]", "");
    sync(&host);
    assert_eq!(owner(&host), "campus", "what the ledger has given stays");
    assert_eq!(accounts(&host), before);
}

#[test]
fn one_that_is_not_active_is_not_read_and_its_people_stay() {
    let host = host(&people(&["ann"]), &people(&["cat"]));
    assert_eq!(sync(&host).code, Some(0));
    configure(
        &host,
        "providers = [\"campus\", \"lab\"]",
        "active = false\n",
    );
    say(&host, "lab", &people(&["dan"]));
    let before = accounts(&host);
    let ran = sync(&host);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("[provider.lab] is not active"),
        "{}",
        ran.out
    );
    assert_eq!(accounts(&host), before);
    assert!(host.gosync(&["status"]).out.contains("lab, not active"));
    let asked = host.gosync(&["-u", "lab", "sync"]);
    assert_eq!(asked.code, Some(2), "{}", asked.err);
    // The only one there is, too.
    configure(&host, "provider = \"lab\"", "active = false\n");
    let ran = sync(&host);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(accounts(&host), before);
}

#[test]
fn an_account_of_one_that_is_not_active_can_be_locked_and_nobody_is_asked() {
    let host = host(&people(&["ann"]), &people(&["cat"]));
    assert_eq!(sync(&host).code, Some(0));
    configure(
        &host,
        "providers = [\"campus\", \"lab\"]",
        "active = false\n",
    );
    let locked = host.gosync(&["lock", "cat"]).expect(0);
    assert!(locked.out.contains("lock (lab): 1 locked"), "{locked:?}");
    assert!(host.read("etc/shadow").contains("cat:!"));
    let unlocked = host.gosync(&["unlock", "cat"]).expect(0);
    assert!(
        unlocked.err.contains("[provider.lab] is not active"),
        "{unlocked:?}"
    );
    assert!(
        host.read("etc/shadow").contains("cat:!"),
        "the provider lets in, and is not asked"
    );
}

#[test]
fn each_may_have_a_top_group_of_its_own() {
    let mut lab = people(&["cat", "dan"]);
    lab["groups"][0]["members"] = json!([{"user": "id-cat"}]);
    let host = host(&people(&["ann"]), &lab);
    configure(
        &host,
        "providers = [\"campus\", \"lab\"]",
        "top_group = \"of-cat\"\n",
    );
    assert_eq!(sync(&host).code, Some(0));
    assert_eq!(names(&host), ["ann", "cat"]);
}

#[test]
fn commands_about_one_account_go_by_whose_it_is() {
    let host = host(&people(&["ann"]), &people(&["cat"]));
    assert_eq!(sync(&host).code, Some(0));
    for words in [
        &["lock", "cat"][..],
        &["unlock", "cat"],
        &["deluser", "cat"],
    ] {
        let ran = host.gosync(words);
        assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.err);
    }
    assert_eq!(names(&host), ["ann"]);
    assert_eq!(sync(&host).code, Some(0));
    assert_eq!(names(&host), ["ann", "cat"]);
    let why = host.gosync(&["why", "cat"]);
    assert_eq!(why.code, Some(0), "{}", why.err);
    assert!(why.out.contains(" at lab"), "{}", why.out);
    let last = host.gosync(&["history", "--format", "json"]);
    assert!(last.out.contains("\"lab\""), "{}", last.out);
    let adopt = host.gosync(&["adopt", "--all", "--yes"]);
    assert_eq!(adopt.code, Some(2), "{}", adopt.err);
    assert!(adopt.err.contains("choose one with -u"), "{}", adopt.err);
}

#[test]
fn a_list_that_cannot_be_meant_is_refused() {
    let host = host(&people(&["ann"]), &people(&["cat"]));
    for (chosen, word) in [
        ("providers = [\"campus\", \"campus\"]", "twice"),
        ("providers = [\"campus\", \"labs\"]", "did you mean `lab`"),
        (
            "providers = [\"campus\"]\nprovider = \"lab\"",
            "keep one of them",
        ),
        ("", "set it to one of campus, lab"),
    ] {
        configure(&host, chosen, "");
        let ran = sync(&host);
        assert_eq!(ran.code, Some(2), "{chosen}: {}", ran.err);
        assert!(ran.err.contains(word), "{chosen}: {}", ran.err);
    }
}
