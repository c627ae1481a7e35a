//! `kind = "http"`: a directory document on a web server. What is the same is not fetched twice; whatever does not come
//! whole takes nothing from anybody, and ends with 12.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::scratch::{Ran, ScratchHost};
use crate::signer::signer;
use crate::web::{Asked, Reply, Spoil, Web, gzip};

/// What the server has; it may be another thing with each request.
type Content = Arc<Mutex<Reply>>;

fn document(logins: &[&str]) -> Value {
    let users = logins
        .iter()
        .map(|login| json!({"id": format!("u-{login}"), "login": login}));
    json!({"complete": true, "counts": {"users": logins.len()}, "users": users.collect::<Vec<_>>(),
        "groups": [{"id": "g-1", "name": "lab", "members": [{"user": "u-ann"}]}]})
}

fn plain(document: &Value) -> Reply {
    Reply::new(200, "application/json", document.to_string())
}

/// A server of one reply.
fn server(reply: Reply) -> (Web, Content) {
    let content = Arc::new(Mutex::new(reply));
    let shared = Arc::clone(&content);
    let web = Web::start(move |asked| answer(asked, &shared.lock().unwrap()));
    (web, content)
}

/// As RFC 9110 has it: nothing to whoever has it already.
fn answer(asked: &Asked, reply: &Reply) -> Reply {
    let of = |name: &str| {
        let header = reply.headers.iter().find(|(key, _)| key == name);
        header.map(|(_, value)| value.as_str())
    };
    let is_same = match asked.header("if-none-match") {
        Some(tag) => of("ETag") == Some(tag),
        None => {
            let since = asked.header("if-modified-since");
            since.is_some() && since == of("Last-Modified")
        }
    };
    match is_same {
        true => Reply::new(304, "application/json", ""),
        false => reply.clone(),
    }
}

fn host(web: &Web, keys: &str) -> ScratchHost {
    let mut host = bare_host();
    host.leaves_stamps = true;
    configure(&host, web, keys, "");
    host
}

fn configure(host: &ScratchHost, web: &Web, keys: &str, more: &str) {
    let url = web.url("/gosync/directory.json");
    let text = format!(
        "[provider.hub]\nkind = 'http'\nurl = '{url}'\n{keys}\n[accounts]\ncreate_home = false\n{more}"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

fn sync(host: &ScratchHost, what: &str) -> Ran {
    host.gosync(&["sync", what])
}

const ALL_READ: &str = "all was read, and nothing has moved since";

/// Whether a run of both commands ended since nothing has moved.
fn are_saved(host: &ScratchHost) -> [bool; 2] {
    ["users", "groups"].map(|what| sync(host, what).expect(0).out.contains(ALL_READ))
}

/// Runs until all is done, and once more when what changed on the hosts is no longer of just now: then there are stamps.
fn settle(hosts: &[&ScratchHost]) {
    for pause in [4, 0] {
        for host in hosts {
            are_saved(host);
        }
        thread::sleep(Duration::from_secs(pause));
    }
}

/// What the last requests said that they have already.
fn conditions(web: &Web, last: usize) -> Vec<Option<String>> {
    let asked = web.asked();
    let last = asked.iter().skip(asked.len() - last);
    let of = |asked: &Asked| {
        let header = asked.header("if-none-match");
        header
            .or_else(|| asked.header("if-modified-since"))
            .map(str::to_owned)
    };
    last.map(of).collect()
}

#[test]
fn a_document_with_a_tag_is_fetched_when_it_is_another_one() {
    let of = |logins: &[&str], tag: &str| plain(&document(logins)).header("ETag", tag);
    let (web, content) = server(of(&["ann", "bob"], "W/\"1\""));
    let host = host(&web, "");
    for what in ["users", "groups"] {
        sync(&host, what).expect(0);
    }
    assert!(host.read("etc/group").contains("lab:x:60000:ann"));
    assert_eq!(conditions(&web, web.count()), [None, None]);
    settle(&[&host]);
    let before = web.count();
    assert_eq!(are_saved(&host), [true, true]);
    assert_eq!(web.count() - before, 2, "one request each");
    let tag = || Some("W/\"1\"".to_owned());
    assert_eq!(conditions(&web, 2), [tag(), tag()]);
    *content.lock().unwrap() = of(&["ann", "bob", "eve"], "W/\"2\"");
    let ran = sync(&host, "users").expect(0);
    assert!(ran.out.contains("1 created"), "{ran:?}");
    assert!(!sync(&host, "groups").expect(0).out.contains(ALL_READ));
    // All is read when somebody wants it.
    settle(&[&host]);
    host.gosync(&["sync", "users", "--full"]).expect(0);
    assert_eq!(conditions(&web, 1), [None]);
    // What was read long ago is read again.
    configure(&host, &web, "", "[gosync]\nfull_read_every = '0s'\n");
    sync(&host, "users").expect(0);
    sync(&host, "users").expect(0);
    assert_eq!(conditions(&web, 2), [None, None]);
}

#[test]
fn a_document_is_known_again_by_its_date_or_its_content() {
    let dated = plain(&document(&["ann"])).header("Last-Modified", "Sat, 28 Nov 2020 12:00:00 GMT");
    let (web, content) = server(dated.clone());
    let dated_host = host(&web, "");
    settle(&[&dated_host]);
    assert_eq!(are_saved(&dated_host), [true, true]);
    let date = || Some("Sat, 28 Nov 2020 12:00:00 GMT".to_owned());
    assert_eq!(conditions(&web, 2), [date(), date()]);
    // A date of just now does not tell two changes in one second apart.
    let now = jiff::Timestamp::now()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    for reply in [
        plain(&document(&["ann"])),
        plain(&document(&["ann"]))
            .header("Last-Modified", now.clone())
            .header("Date", now),
    ] {
        *content.lock().unwrap() = reply;
        let host = host(&web, "");
        settle(&[&host]);
        assert_eq!(are_saved(&host), [true, true]);
        assert_eq!(conditions(&web, 2), [None, None]);
    }
    *content.lock().unwrap() = plain(&document(&["ann", "bob"]));
    let ran = sync(&dated_host, "users").expect(0);
    assert!(ran.out.contains("1 created"), "{ran:?}");
}

#[test]
fn one_run_of_both_asks_once() {
    let (web, _) = server(plain(&document(&["ann"])).header("ETag", "\"a\""));
    let host = host(&web, "");
    host.gosync(&["sync"]).expect(0);
    assert_eq!(web.count(), 1);
    assert!(host.read("etc/group").contains("lab:x:60000:ann"));
    settle(&[&host]);
    host.gosync(&["sync"]).expect(0);
    let before = web.count();
    let ran = host.gosync(&["sync"]).expect(0);
    assert_eq!(ran.out.matches(ALL_READ).count(), 2, "{ran:?}");
    assert_eq!(web.count() - before, 1);
}

#[test]
fn a_document_that_grows_old_is_not_believed_although_it_is_the_same() {
    let mut dated = document(&["ann"]);
    let made = jiff::Timestamp::now();
    dated["generated"] = made.to_string().into();
    let (web, content) = server(plain(&dated).header("ETag", "\"a\""));
    let fresh = host(&web, "max_age = '2h'");
    settle(&[&fresh]);
    assert_eq!(are_saved(&fresh), [true, true]);
    let stamp = fresh.read("var/lib/gosync/sync-users.stamp");
    let stamp: Value = serde_json::from_str(stamp.split_once('\n').unwrap().1).unwrap();
    assert_eq!(stamp["due"], made.as_second() + 2 * 3_600 + 1);
    let old = "Sat, 28 Nov 2020 12:00:00 GMT";
    *content.lock().unwrap() = plain(&document(&["ann"])).header("Last-Modified", old);
    let ran = sync(&host(&web, "max_age = '2h'"), "users").expect(12);
    assert!(ran.err.contains("of 2020-11-28T12:00:00Z"), "{ran:?}");
    *content.lock().unwrap() = plain(&document(&["ann"]));
    let ran = sync(&host(&web, "max_age = '2h'"), "users").expect(12);
    assert!(ran.err.contains("it has no `generated`"), "{ran:?}");
}

#[test]
fn what_does_not_say_that_it_is_all_takes_nothing_and_is_asked_for_again() {
    let (web, content) = server(plain(&document(&["ann", "bob"])).header("ETag", "\"1\""));
    let host = host(&web, "");
    sync(&host, "users").expect(0);
    configure(
        &host,
        &web,
        "",
        "[departed]\nabsent_runs = 1\nabsent_for = '0s'\n",
    );
    let shadow = host.read("etc/shadow");
    let mut part = document(&["ann"]);
    for (complete, counts, said) in [
        (Value::Null, 1, "a whole one says `\"complete\": true`"),
        (json!(false), 1, "says that it is not complete"),
        (json!(true), 2, "says that it has 2 users, and it has 1"),
    ] {
        part["complete"] = complete;
        part["counts"] = json!({"users": counts});
        if part["complete"].is_null() {
            part.as_object_mut().unwrap().remove("complete");
        }
        *content.lock().unwrap() = plain(&part).header("ETag", "\"2\"");
        for _ in 0..2 {
            let ran = sync(&host, "users").expect(12);
            assert!(ran.err.contains(said), "{ran:?}");
            assert!(ran.err.contains("/directory.json: "), "{ran:?}");
        }
        assert_eq!(conditions(&web, 1), [None]);
        assert_eq!(host.read("etc/shadow"), shadow);
    }
    *content.lock().unwrap() = plain(&document(&["ann"]));
    sync(&host, "users").expect(0);
    assert_ne!(host.read("etc/shadow"), shadow, "and now bob is locked");
}

#[test]
fn every_way_to_fail_is_told_and_changes_nothing() {
    let whole = plain(&document(&["ann", "bob"]));
    let long = json!({"complete": true, "users": [], "x": "a".repeat(2 << 20)}).to_string();
    let bomb = Reply::new(200, "application/json", gzip(long.as_bytes()))
        .header("Content-Encoding", "gzip");
    for (reply, said, hint) in [
        (
            Reply::new(404, "text/plain", "no"),
            "it answered 404",
            "check `url`",
        ),
        (
            Reply::new(403, "text/plain", "no"),
            "it answered 403",
            "`token_file`",
        ),
        (
            Reply::new(500, "text/html", "<html>\u{1b}[2J"),
            "is out of order: it answered 500",
            "log",
        ),
        (
            Reply::new(204, "application/json", ""),
            "it answered 204, which is no document",
            "`url`",
        ),
        (
            Reply::new(206, "application/json", "{}"),
            "it answered 206, which is no document",
            "`url`",
        ),
        (
            Reply::new(304, "application/json", ""),
            "it answered 304, which is no document",
            "`url`",
        ),
        (
            Reply::new(200, "text/html", "<html>Sign in</html>"),
            "it sent text/html instead of JSON",
            "`url`",
        ),
        (
            Reply::new(200, "text/html", document(&["ann"]).to_string()),
            "text/html instead of JSON",
            "`url`",
        ),
        (
            Reply::new(200, "application/json", "{\"users\": ["),
            "EOF while parsing",
            "what writes it",
        ),
        (
            Reply::new(200, "application/json", "[]"),
            "it is no object in braces",
            "what writes it",
        ),
        (
            whole.clone().spoilt(Spoil::CutAfter(200)),
            "broke off or is damaged",
            "To mend it",
        ),
        (
            Reply::new(200, "application/json", long),
            "it has more than 1MiB (`max_size`)",
            "`url`",
        ),
        (bomb, "it has more than 1MiB (`max_size`)", "`url`"),
        (
            whole.clone().spoilt(Spoil::StallAfter(150)),
            "the time limit ran out",
            "To mend it",
        ),
        (
            Reply::new(302, "text/plain", "").header("Location", "https://other.example/x"),
            "it leads to another place",
            "`url`",
        ),
    ] {
        let (web, _) = server(reply);
        let host = host(&web, "max_size = '1MiB'");
        configure(
            &host,
            &web,
            "max_size = '1MiB'",
            "[gosync]\ntime_limit = '2s'\n",
        );
        let passwd = host.read("etc/passwd");
        let ran = sync(&host, "users").expect(12);
        assert!(
            ran.err.contains(said) && ran.err.contains(hint),
            "{said}\n{ran:?}"
        );
        assert!(ran.err.contains("/gosync/directory.json"), "{ran:?}");
        assert!(!ran.err.contains('\u{1b}'), "{ran:?}");
        assert_eq!(host.read("etc/passwd"), passwd);
    }
    let plain = Reply::new(200, "text/plain", document(&["ann"]).to_string());
    let (web, _) = server(plain);
    sync(&host(&web, ""), "users").expect(0);
}

#[test]
fn a_token_is_sent_and_never_shown() {
    let web = Web::start(|asked| match asked.header("authorization") {
        Some("Bearer geheim-4711") => plain(&document(&["ann"])),
        other => {
            let said = format!("who is {other:?}?");
            Reply::json(401, &json!({"detail": said}))
        }
    });
    let host = host(&web, "token_file = 'hub.token'");
    host.write_with_mode("hub.token", "geheim-4711\n", 0o600);
    sync(&host, "users").expect(0);
    let status = host.gosync(&["status"]);
    assert!(
        status.out.contains("as the bearer of its token, "),
        "{status:?}"
    );
    host.write_with_mode("hub.token", "geheim-0815\n", 0o600);
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("refused us: it answered 401") && ran.err.contains("`token_file`"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("0815"), "{ran:?}");
    host.write_with_mode("hub.token", "geheim-4711\n", 0o644);
    let ran = sync(&host, "users").expect(2);
    assert!(ran.err.contains("hub.token"), "{ran:?}");
    // Another token is another question: what was answered before does not count.
    host.write_with_mode("hub.token", "geheim-4711\n", 0o600);
    settle(&[&host]);
    sync(&host, "users").expect(0);
    host.write_with_mode("hub.token", "geheim-0815\n", 0o600);
    sync(&host, "users").expect(12);
}

#[test]
fn a_token_by_client_credentials_leaves_a_stamp_too() {
    let web = Web::start(|asked| match asked.path() {
        "/token" => Reply::json(
            200,
            &json!({"access_token": "t-1", "token_type": "Bearer", "expires_in": 600}),
        ),
        _ if asked.header("authorization") == Some("Bearer t-1") => {
            answer(asked, &plain(&document(&["ann"])).header("ETag", "\"1\""))
        }
        _ => Reply::new(401, "text/plain", "no"),
    });
    let keys = format!(
        "client_id = 'gosync'\nclient_secret_file = 'hub.secret'\ntoken_url = '{}'",
        web.url("/token")
    );
    let host = host(&web, &keys);
    host.write_with_mode("hub.secret", "s-1\n", 0o600);
    are_saved(&host);
    settle(&[&host]);
    assert_eq!(are_saved(&host), [true, true]);
}

#[test]
fn the_doctor_looks_at_it_and_groups_are_changed_elsewhere() {
    let (web, _) = server(plain(&document(&["ann", "bob"])));
    let host = host(&web, "inactive_when = { state = ['left'] }");
    let doctor = host.gosync(&["doctor"]);
    assert!(
        doctor.out.contains("hub (http), where we are "),
        "{doctor:?}"
    );
    assert!(
        doctor.out.contains("as nobody, ") && doctor.out.contains("`state`"),
        "{doctor:?}"
    );
    host.gosync(&["check"]).expect(0);
    let ran = host.gosync(&["group", "member", "lab", "bob"]).expect(2);
    assert!(ran.err.contains("can only be read"), "{ran:?}");
}

/// A hub whose snapshot is signed and served, and who may sign.
fn signing_hub() -> (ScratchHost, Web, PathBuf) {
    let hub = bare_host();
    let fleet = hub.root().join("srv/fleet");
    std::fs::create_dir_all(&fleet).unwrap();
    let [key, allowed] = signer(&hub, "snapshot.key");
    let text = format!(
        "[gosync]\ntargets = ['host', 'fleet']\n[provider.p]\nkind = 'file'\npath = 'directory.json'\n[accounts]\ncreate_home = false\n\
         [target.fleet]\nkind = 'snapshot'\npath = '/srv/fleet'\nsign_key = '{}'\n",
        key.display()
    );
    hub.write_with_mode("gosync.toml", text, 0o600);
    let web = Web::start(move |asked| {
        let name = asked
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        match std::fs::read(fleet.join(name)) {
            Ok(bytes) => Reply::new(200, "application/octet-stream", bytes),
            Err(_) => Reply::new(404, "text/plain", "there is no such file"),
        }
    });
    (hub, web, allowed)
}

#[test]
fn a_signed_snapshot_of_a_hub_is_believed_and_no_other() {
    let (hub, web, allowed) = signing_hub();
    let said = document(&["ann", "bob"]).to_string();
    hub.write_with_mode("directory.json", said, 0o600);
    hub.gosync(&["sync"]).expect(0);
    let spoke = bare_host();
    let text = format!(
        "[provider.hub]\nkind = 'http'\nurl = '{}'\nverify = '{}'\n[accounts]\ncreate_home = false\nids = 'provider'\n",
        web.url("/gosync"),
        allowed.display()
    );
    spoke.write_with_mode("gosync.toml", text, 0o600);
    spoke.gosync(&["sync"]).expect(0);
    for file in ["etc/passwd", "etc/group"] {
        assert_eq!(hub.read(file), spoke.read(file), "{file}");
    }
    let status = spoke.gosync(&["status"]);
    assert!(status.out.contains("reachable"), "{status:?}");
    // Somebody else may be asked who has the server, but not who has the key.
    let [_, stranger] = signer(&hub, "stranger.key");
    std::fs::copy(stranger, &allowed).unwrap();
    let ran = spoke.gosync(&["sync"]).expect(12);
    assert!(ran.err.contains("is not signed by `gosync`"), "{ran:?}");
}
