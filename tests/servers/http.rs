//! The HTTP layer against servers that are slow, broken or hostile, and what it never says aloud.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod connections;
mod tokens;

use std::time::{Duration, Instant};

use gosync::testing::providers::FetchError;
use gosync::testing::providers::http::{
    Auth, ClientAuth, ClientCredentials, Http, HttpError, HttpErrorKind, Options, Request,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::slapd::certificates;
use crate::web::{Asked, Reply, Spoil, Web, gzip};

/// What must be seen nowhere but in an Authorization header.
const CANARY: &str = "canary-4c1f9e/token+value=";

fn quick() -> Options {
    Options {
        tries: 3,
        first_pause: Duration::from_millis(2),
        read_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_secs(5),
        ..Options::default()
    }
}

fn bearer() -> Auth {
    Auth::Bearer(SecretString::from(CANARY))
}

fn client(web: &Web) -> Http {
    Http::new(&web.url("/v2"), &quick(), bearer())
        .unwrap()
        .until(Instant::now() + Duration::from_secs(20))
}

fn get(http: &Http) -> Result<Value, HttpError> {
    http.get_json(&["Users"], &[("count", "2")])
}

/// An error that says nothing it must not.
fn quiet(error: HttpError, kind: HttpErrorKind) -> String {
    let said = format!("{error} {error:?} {:?}", FetchError::from(error.clone()));
    assert!(
        !said.contains("canary") && !said.contains("Y2FuYXJ5"),
        "{said}"
    );
    assert!(said.len() < 2_000, "{said}");
    assert_eq!(error.kind, kind, "{said}");
    said
}

fn fine() -> Reply {
    Reply::json(200, &json!({"totalResults": 0}))
}

#[test]
fn a_request_says_who_asks_and_for_what() {
    let web = Web::start(|_| fine());
    assert_eq!(get(&client(&web)).unwrap(), json!({"totalResults": 0}));
    let asked = web.asked().remove(0);
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("GET", "/v2/Users?count=2")
    );
    assert_eq!(
        asked.header("authorization"),
        Some(&*format!("Bearer {CANARY}"))
    );
    assert_eq!(
        asked.header("user-agent"),
        Some(concat!("gosync/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(asked.header("accept-encoding"), Some("gzip"));
}

#[test]
fn what_may_be_tried_again_is_tried_again() {
    for status in [429, 502, 503, 504] {
        let web = Web::start(move |asked| {
            if asked.number < 2 {
                Reply::new(status, "text/plain", "")
            } else {
                fine()
            }
        });
        assert!(get(&client(&web)).is_ok(), "{status}");
        assert_eq!(web.count(), 3);
    }
    for (status, kind) in [
        (429, HttpErrorKind::RateLimited),
        (503, HttpErrorKind::Unreachable),
    ] {
        let web = Web::start(move |_| Reply::new(status, "text/plain", ""));
        assert!(quiet(get(&client(&web)).unwrap_err(), kind).contains(&status.to_string()));
        assert_eq!(web.count(), 3, "{status}");
    }
    for (status, kind) in [
        (400, HttpErrorKind::Refused),
        (403, HttpErrorKind::Unauthorised),
        (404, HttpErrorKind::Refused),
        (500, HttpErrorKind::Unreachable),
        (501, HttpErrorKind::Refused),
    ] {
        let web = Web::start(move |_| Reply::new(status, "text/plain", ""));
        quiet(get(&client(&web)).unwrap_err(), kind);
        assert_eq!(web.count(), 1, "{status}");
    }
}

#[test]
fn retry_after_is_heeded_in_both_forms() {
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for value in ["0", past] {
        let web = Web::start(move |asked| match asked.number {
            0 => Reply::new(429, "text/plain", "").header("Retry-After", value),
            _ => fine(),
        });
        assert!(get(&client(&web)).is_ok(), "{value}");
        assert_eq!(web.count(), 2);
    }
    // A pause longer than what is left is not begun.
    for value in ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        let web =
            Web::start(move |_| Reply::new(429, "text/plain", "").header("Retry-After", value));
        quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::RateLimited);
        assert_eq!(web.count(), 1, "{value}");
    }
}

#[test]
fn what_may_have_been_done_is_not_done_again() {
    let send = |web: &Web, repeatable: bool| {
        let request = Request::post(&["Groups"]).body("application/json", &json!({}));
        client(web)
            .send(&if repeatable {
                request.repeatable()
            } else {
                request
            })
            .map(drop)
    };
    let web = Web::start(|_| Reply::new(503, "text/plain", ""));
    assert!(send(&web, false).is_err());
    assert_eq!(web.count(), 1);
    assert!(send(&web, true).is_err());
    assert_eq!(web.count(), 4);
    let cut = Web::start(|_| fine().spoilt(Spoil::CutAfter(0)));
    assert!(send(&cut, false).is_err());
    assert_eq!(cut.count(), 1);
    // 429 says that nothing was done.
    let web = Web::start(|asked| {
        if asked.number == 0 {
            Reply::new(429, "text/plain", "")
        } else {
            fine()
        }
    });
    assert!(send(&web, false).is_ok());
    assert_eq!(web.count(), 2);
}

#[test]
fn what_is_no_json_is_said_in_a_line() {
    let page = format!(
        "<html><body>Please log in. {}</body></html>",
        "x".repeat(100_000)
    );
    let web = Web::start(move |_| Reply::new(200, "text/html; charset=utf-8", page.clone()));
    let said = quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Malformed);
    assert!(
        said.contains("it sent text/html; charset=utf-8 instead of JSON")
            && !said.contains("log in"),
        "{said}"
    );
    assert_eq!(web.count(), 1);
    for body in [
        "{",
        "nonsense",
        "{\"a\": 1} trailing",
        "{\"personal\": \"data",
    ] {
        let web = Web::start(move |_| Reply::new(200, "application/json", body));
        let said = quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Malformed);
        assert!(!said.contains("personal"), "{said}");
    }
    // Deeper than any document is.
    let web = Web::start(|_| Reply::new(200, "application/json", "[".repeat(100_000)));
    quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Malformed);
}

#[test]
fn an_answer_cut_anywhere_is_no_answer() {
    let whole = Reply::json(
        200,
        &json!({"totalResults": 1, "Resources": [{"id": "u1", "userName": "alice"}]}),
    );
    let total = whole.clone().header("x", "y").body.len() + 150;
    for n in (0..total).step_by(13) {
        let reply = whole.clone();
        let web = Web::start(move |_| reply.clone().spoilt(Spoil::CutAfter(n)));
        let options = Options {
            tries: 1,
            ..quick()
        };
        let http = Http::new(&web.url("/"), &options, bearer()).unwrap();
        match get(&http) {
            Ok(document) => assert_eq!(document["Resources"][0]["id"], "u1", "cut after {n}"),
            Err(error) => drop(quiet(error.clone(), error.kind)),
        }
    }
    let reply = whole.clone();
    let web = Web::start(move |asked| match asked.number {
        0 => reply.clone().spoilt(Spoil::CutAfter(170)),
        _ => reply.clone(),
    });
    assert!(get(&client(&web)).is_ok(), "once more, and it is whole");
}

#[test]
fn slow_servers_cost_no_more_than_the_limits() {
    for n in [0, 20, 100] {
        let web = Web::start(move |_| fine().spoilt(Spoil::StallAfter(n)));
        let http = Http::new(
            &web.url("/"),
            &Options {
                tries: 1,
                ..quick()
            },
            bearer(),
        )
        .unwrap();
        quiet(get(&http).unwrap_err(), HttpErrorKind::Unreachable);
    }
    // Something comes all the time, and yet it has to end: by the deadline alone.
    let web = Web::start(|_| fine().spoilt(Spoil::Drip(Duration::from_millis(50))));
    let http = Http::new(&web.url("/"), &quick(), bearer())
        .unwrap()
        .until(Instant::now() + Duration::from_secs(1));
    quiet(get(&http).unwrap_err(), HttpErrorKind::Unreachable);
    let past = client(&web).until(Instant::now());
    let before = web.count();
    quiet(get(&past).unwrap_err(), HttpErrorKind::Unreachable);
    assert_eq!(web.count(), before);
}

#[test]
fn decompression_has_a_limit() {
    let small = gzip(b"{\"totalResults\": 0}");
    let compressed = small.clone();
    let web = Web::start(move |_| {
        Reply::new(200, "application/json", compressed.clone()).header("Content-Encoding", "gzip")
    });
    assert!(get(&client(&web)).is_ok());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let options = Options {
        max_bytes: 1 << 20,
        ..quick()
    };
    for encoding in ["gzip", "gzip, gzip"] {
        let bomb = if encoding == "gzip" {
            bomb.clone()
        } else {
            gzip(&bomb)
        };
        let web = Web::start(move |_| {
            Reply::new(200, "application/json", bomb.clone()).header("Content-Encoding", encoding)
        });
        let error = get(&Http::new(&web.url("/"), &options, bearer()).unwrap()).unwrap_err();
        // What is packed twice is unpacked once, and no JSON then.
        let wanted = match encoding {
            "gzip" => HttpErrorKind::TooLong,
            _ => HttpErrorKind::Malformed,
        };
        assert_eq!(error.kind, wanted, "{error}");
    }
    for n in (100..100 + small.len()).step_by(3) {
        let reply =
            Reply::new(200, "application/json", small.clone()).header("Content-Encoding", "gzip");
        let web = Web::start(move |_| reply.clone().spoilt(Spoil::Corrupt(n)));
        let http = Http::new(
            &web.url("/"),
            &Options {
                tries: 1,
                ..quick()
            },
            bearer(),
        )
        .unwrap();
        match get(&http) {
            Ok(document) => assert_eq!(document, json!({"totalResults": 0}), "{n}"),
            Err(error) => drop(quiet(error.clone(), error.kind)),
        }
    }
    let web = Web::start(|_| {
        Reply::new(
            200,
            "application/json",
            format!("\"{}\"", "x".repeat(2 << 20)),
        )
    });
    let error = get(&Http::new(&web.url("/"), &options, bearer()).unwrap()).unwrap_err();
    assert!(quiet(error, HttpErrorKind::TooLong).contains("more than 1048576 bytes"));
    // The words of an error are read only so far.
    let web = Web::start(|_| Reply::new(404, "application/json", vec![b' '; 4 << 20]));
    quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Refused);
}

#[test]
fn a_server_that_repeats_our_secret_is_not_quoted() {
    let echo = |asked: &Asked| {
        let header = asked.header("authorization").unwrap_or_default().to_owned();
        Reply::json(
            400,
            &json!({"detail": format!("you sent {header}, and \u{1b}[31mthat is wrong")}),
        )
    };
    let web = Web::start(echo);
    let error = get(&client(&web)).unwrap_err();
    let document: Value = error.json().unwrap();
    assert!(!document.to_string().contains("canary"));
    let said = quiet(error, HttpErrorKind::Refused);
    assert!(
        said.contains("[secret]") && !said.contains('\u{1b}'),
        "{said}"
    );
    let basic = Auth::Basic("me".to_owned(), SecretString::from(CANARY));
    let said = quiet(
        get(&Http::new(&web.url("/"), &quick(), basic).unwrap()).unwrap_err(),
        HttpErrorKind::Refused,
    );
    assert!(said.contains("[secret]"), "{said}");
    let long = Web::start(|_| Reply::json(400, &json!({"detail": "y".repeat(10_000)})));
    quiet(get(&client(&long)).unwrap_err(), HttpErrorKind::Refused);
}
