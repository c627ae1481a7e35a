//! To whom a connection leads: proxies, certificates, redirects, and servers that are not there or close it.

use super::*;

#[test]
fn nobody_listening_is_unreachable() {
    let port = { Web::start(|_| fine()).port };
    let http = Http::new(&format!("http://127.0.0.1:{port}/"), &quick(), bearer()).unwrap();
    quiet(get(&http).unwrap_err(), HttpErrorKind::Unreachable);
}

#[test]
fn redirects_stay_within_the_origin() {
    let web = Web::start(|asked| match asked.path() {
        "/v2/Users" => Reply::new(307, "text/plain", "").header("Location", "/elsewhere?count=2"),
        _ => fine(),
    });
    assert!(get(&client(&web)).is_ok());
    assert_eq!(
        web.asked()[1].header("authorization"),
        Some(&*format!("Bearer {CANARY}"))
    );
    let thief = Web::start(|_| fine());
    for (status, host) in [
        (301, "127.0.0.1"),
        (302, "localhost"),
        (307, "127.0.0.1"),
        (308, "127.0.0.1"),
    ] {
        let location = format!("http://{host}:{}/v2/Users", thief.port);
        let web = Web::start(move |_| {
            Reply::new(status, "text/plain", "").header("Location", location.clone())
        });
        quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Malformed);
        let own = web.port;
        let web = Web::start(move |_| {
            Reply::new(status, "text/plain", "")
                .header("Location", format!("https://127.0.0.1:{own}/"))
        });
        quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Malformed);
    }
    assert_eq!(thief.count(), 0, "not even without a header");
    let circle = Web::start(|_| Reply::new(302, "text/plain", "").header("Location", "/again"));
    assert!(
        quiet(get(&client(&circle)).unwrap_err(), HttpErrorKind::Malformed).contains("without end")
    );
    assert_eq!(circle.count(), 6);
    let post = Web::start(|_| Reply::new(307, "text/plain", "").header("Location", "/again"));
    let refused = client(&post).send(&Request::post(&["x"]).form(&[("a", "b")]));
    quiet(refused.unwrap_err(), HttpErrorKind::Malformed);
    assert_eq!(post.count(), 1);
}

#[test]
fn a_proxy_is_used_where_it_is_configured() {
    let proxy = Web::start(|_| fine());
    let options = Options {
        proxy: Some(proxy.url("/")),
        ..quick()
    };
    let http = Http::new("http://127.0.0.1:9/v2", &options, bearer()).unwrap();
    assert!(get(&http).is_ok());
    assert_eq!(
        proxy.asked()[0].target,
        "http://127.0.0.1:9/v2/Users?count=2"
    );
}

#[test]
fn only_a_certificate_of_the_right_authority_for_the_right_name_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "DNS:localhost");
    let web = Web::start_tls(dir.path(), |_| fine());
    let ca = std::fs::read(dir.path().join("ca.pem")).unwrap();
    let ask = |host: &str, ca: &[u8]| {
        let options = Options {
            trusted: Some(ca.to_vec()).into(),
            ..quick()
        };
        get(&Http::new(&format!("https://{host}:{}/", web.port), &options, bearer()).unwrap())
    };
    assert!(ask("localhost", &ca).is_ok());
    assert_eq!(
        web.asked()[0].header("authorization"),
        Some(&*format!("Bearer {CANARY}"))
    );
    let said = quiet(
        ask("127.0.0.1", &ca).unwrap_err(),
        HttpErrorKind::Unauthorised,
    );
    assert!(
        said.contains("its certificate `CN=test-server` is for localhost"),
        "{said}"
    );
    let other = tempfile::tempdir().unwrap();
    certificates(other.path(), "DNS:localhost");
    let other = std::fs::read(other.path().join("ca.pem")).unwrap();
    quiet(
        ask("localhost", &other).unwrap_err(),
        HttpErrorKind::Unauthorised,
    );
    assert_eq!(web.count(), 1);
    // A server without TLS behind https.
    let plain = Web::start(|_| fine());
    let options = Options {
        trusted: Some(ca).into(),
        ..quick()
    };
    let http = Http::new(
        &format!("https://localhost:{}/", plain.port),
        &options,
        bearer(),
    )
    .unwrap();
    quiet(get(&http).unwrap_err(), HttpErrorKind::Unreachable);
    assert_eq!(plain.count(), 0);
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_not_used_again() {
    let web = Web::start(|_| fine().header("X-Keep", "yes"));
    let http = client(&web);
    for _ in 0..5 {
        // Not to be sent twice, and so not to be sent into a closed connection either.
        assert!(
            http.send(&Request::post(&["Groups"]).body("application/json", &json!({})))
                .is_ok()
        );
        // On a busy machine it takes its time until a client sees that.
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(web.count(), 5);
}
