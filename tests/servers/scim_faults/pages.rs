//! Answers that are cut, repeat, contradict themselves or do not end.

use super::*;

#[test]
fn an_answer_spoilt_anywhere_is_never_a_complete_read() {
    let web = Web::start(sound);
    assert!(whole(&fetch(&web, &query(Scope::Groups))));
    let requests = web.count();
    assert_eq!(requests, 6);
    for bad in 0..requests {
        for spoil in [
            Spoil::CutAfter(40),
            Spoil::CutAfter(110),
            Spoil::Corrupt(150),
            Spoil::Corrupt(9),
        ] {
            // From one request on all are spoilt, so that it does not help to try again.
            let web = Web::start(move |asked| {
                let reply = sound(asked);
                if asked.number >= bad {
                    reply.spoilt(spoil)
                } else {
                    reply
                }
            });
            let result = fetch(&web, &within(1, Scope::Groups));
            // A byte that is another one may change a name, which nobody can notice; the number has to be right.
            if !matches!(spoil, Spoil::Corrupt(_)) {
                assert!(!whole(&result), "{bad} {spoil:?}");
            }
        }
    }
}

#[test]
fn lists_without_end_are_ended() {
    let growing = |asked: &Asked| match asked.path() {
        "/v2/Users" => {
            let start = asked
                .parameter("startIndex")
                .and_then(|n| n.parse::<usize>().ok())
                .unwrap_or(1);
            Reply::json(
                200,
                &json!({"Resources": [person(start)], "startIndex": start}),
            )
        }
        _ => sound(asked),
    };
    let web = Web::start(growing);
    incomplete(fetch(&web, &within(1, Scope::Users)));
    let next = AtomicUsize::new(0);
    let web = Web::start(move |asked| match asked.path() {
        "/v2/Users" => {
            let n = next.fetch_add(1, Ordering::SeqCst);
            Reply::json(
                200,
                &json!({"Resources": [person(n)], "nextCursor": format!("c{n}")}),
            )
        }
        _ => sound(asked),
    });
    incomplete(fetch(&web, &within(1, Scope::Users)));
    let web = Web::start(|asked| match asked.path() {
        "/v2/Users" => Reply::json(
            200,
            &json!({"Resources": [person(1)], "nextCursor": "again"}),
        ),
        _ => sound(asked),
    });
    assert!(incomplete(fetch(&web, &query(Scope::Users))).contains("circles"));
    assert_eq!(web.count(), 3);
    assert_eq!(web.asked()[2].parameter("cursor").as_deref(), Some("again"));
}

#[test]
fn pages_that_do_not_fit_together_are_noticed() {
    let spoilt = |change: fn(&Asked, &mut Value)| {
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Users" => {
                let mut document = page(asked, 25);
                change(asked, &mut document);
                Reply::json(200, &document)
            }
            _ => sound(asked),
        });
        incomplete(fetch(&web, &query(Scope::Users)))
    };
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            d["totalResults"] = json!(24)
        })
        .contains("changed")
    );
    assert!(spoilt(|asked, d| d["totalResults"] = json!(25 + asked.number)).contains("changed"));
    assert!(
        spoilt(|_, d| d["Resources"] = json!((0..10).map(person).collect::<Vec<_>>()))
            .contains("repeats")
    );
    assert!(spoilt(|_, d| d["totalResults"] = json!(30)).contains("ended after 25 of 30"));
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            d["Resources"].as_array_mut().unwrap().remove(0);
        })
        .contains("changed")
    );
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            *d = json!({"schemas": ["x:Error"], "detail": "busy"})
        })
        .contains("busy")
    );
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            *d = json!({})
        })
        .contains("neither Resources nor totalResults")
    );
    assert!(
        spoilt(|_, d| d["Resources"][3] = json!({"userName": "nameless"}))
            .contains("without a usable id")
    );
}

#[test]
fn what_is_no_list_is_no_empty_directory() {
    for (status, media_type, body) in [
        (200, "text/html", "<html>log in</html>"),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (200, "application/json", "null"),
        (200, "application/json", ""),
        (204, "application/json", ""),
        (404, "application/json", "{}"),
    ] {
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Users" => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        let error = fetch(&web, &query(Scope::Groups)).unwrap_err();
        assert!(
            matches!(error, FetchError::Malformed { .. }),
            "{status} {body}: {error:?}"
        );
        // And in the middle.
        let web = Web::start(move |asked| match (asked.path(), asked.number) {
            ("/v2/Users", 2..) => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        incomplete(fetch(&web, &query(Scope::Groups)));
        // The groups cannot be read at all: the people are no complete read either.
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Groups" => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        assert!(!whole(&fetch(&web, &query(Scope::Groups))));
    }
}
