//! What of HTTP can be tested without a server.

use std::time::Duration;

use secrecy::SecretString;

use super::request::is_json;
use super::*;

fn http(base: &str) -> Result<Http, String> {
    Http::new(base, &Options::default(), Auth::None)
}

#[test]
fn nothing_goes_over_a_network_in_the_clear() {
    for url in [
        "http://scim.example.org/v2",
        "http://10.0.0.1/",
        "http://localhost.example.org",
        "http://[fe80::1]/",
    ] {
        assert!(check_url(url).unwrap_err().contains("unencrypted"), "{url}");
    }
    for url in [
        "https://scim.example.org/v2",
        "http://localhost:80/",
        "http://127.3.2.1",
        "http://[::1]:8080/v2",
    ] {
        assert!(check_url(url).is_ok(), "{url}");
    }
    for url in [
        "",
        "x",
        "ftp://x/",
        "https://",
        "https://u@x/",
        "https://u:p@x/",
        "https://x/?a=b",
        "https://x/#a",
    ] {
        assert!(check_url(url).is_err(), "{url}");
    }
    let through = |base: &str, proxy: &str| {
        Http::new(
            base,
            &Options {
                proxy: Some(proxy.to_owned()),
                ..Options::default()
            },
            Auth::None,
        )
        .map(drop)
    };
    assert!(
        through("http://127.0.0.1/", "http://proxy.example.org:3128")
            .unwrap_err()
            .contains("unencrypted")
    );
    assert!(through("http://127.0.0.1/", "http://127.0.0.1:3128").is_ok());
    for proxy in [
        "",
        "proxy:3128",
        "socks5://x:1",
        "http://u:p@127.0.0.1:1",
        "http://127.0.0.1/path",
    ] {
        assert!(through("http://127.0.0.1/", proxy).is_err(), "{proxy}");
    }
}

#[test]
fn links_stay_within_the_origin() {
    let http = http("http://127.0.0.1:8080/scim/v2").unwrap();
    for link in [
        "/next?x=1",
        "http://127.0.0.1:8080/other",
        "//127.0.0.1:8080/",
    ] {
        assert!(http.link(link).is_ok(), "{link}");
    }
    for link in [
        "http://127.0.0.1:8081/",
        "https://127.0.0.1:8080/",
        "http://127.0.0.2:8080/",
        "//evil.example.org/",
        "http://u:p@127.0.0.1:8080/",
        "http://[",
    ] {
        assert_eq!(
            http.link(link).unwrap_err().kind,
            HttpErrorKind::Malformed,
            "{link}"
        );
    }
}

#[test]
fn ids_cannot_leave_their_place_in_a_path() {
    let base = check_url("https://x/scim/v2/").unwrap();
    let url = |path: &[&str], query: &[(&str, &str)]| {
        let query: Vec<_> = query
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        origin::below(&base, path, &query).map(|url| url.to_string())
    };
    assert_eq!(
        url(&["Users", "a/../b?c#d%2f"], &[]).unwrap(),
        "https://x/scim/v2/Users/a%2F..%2Fb%3Fc%23d%252f"
    );
    assert_eq!(url(&["Users"], &[("filter", "a eq \"b+c\"")]).unwrap(), {
        "https://x/scim/v2/Users?filter=a%20eq%20%22b%2Bc%22"
    });
    assert_eq!(url(&[], &[]).unwrap(), "https://x/scim/v2/");
    for bad in ["", ".", ".."] {
        assert!(url(&["Users", bad], &[]).is_err(), "{bad}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let after = |text: &str| retry::after(text, 784_111_777 - 90);
    assert_eq!(after("120"), Some(Duration::from_secs(120)));
    assert_eq!(after(" 0 "), Some(Duration::ZERO));
    assert_eq!(
        after("Sun, 06 Nov 1994 08:49:37 GMT"),
        Some(Duration::from_secs(90))
    );
    assert_eq!(
        after("Sun, 06 Nov 1994 08:40:37 GMT"),
        Some(Duration::ZERO),
        "past"
    );
    assert_eq!(
        after("99999999999999999999"),
        Some(Duration::from_secs(u64::MAX))
    );
    for bad in ["", "-1", "1.5", "soon", "06-11-94"] {
        assert_eq!(after(bad), None, "{bad}");
    }
}

#[test]
fn pauses_grow_and_stay_bounded() {
    let first = Duration::from_millis(500);
    for (failures, doubled) in [
        (1, 500),
        (2, 1000),
        (3, 2000),
        (6, 16_000),
        (7, 20_000),
        (1000, 20_000),
    ] {
        let (least, most) = (
            retry::pause(first, failures, 0),
            retry::pause(first, failures, u64::MAX),
        );
        assert_eq!(least, Duration::from_millis(doubled / 2), "{failures}");
        assert!(
            least < most && most <= Duration::from_millis(doubled),
            "{failures}"
        );
    }
}

#[test]
fn json_has_many_names() {
    for yes in [
        "application/json",
        "application/scim+json; charset=utf-8",
        "Application/JSON",
        "text/json",
    ] {
        assert!(is_json(yes), "{yes}");
    }
    for no in ["", "text/html", "application/jsonp", "text/plain; x=+json"] {
        assert!(!is_json(no), "{no}");
    }
}

#[test]
fn a_listing_ends() {
    let options = Options {
        max_pages: 2,
        max_objects: 10,
        ..Options::default()
    };
    let http = Http::new("http://127.0.0.1/", &options, Auth::None).unwrap();
    let mut listing = http.listing();
    assert!(listing.page(5).is_ok() && listing.page(5).is_ok());
    assert!(listing.page(0).is_err());
    let mut listing = http.listing();
    assert!(listing.page(11).is_err());
    assert!(listing.marker("a").is_ok() && listing.marker("b").is_ok());
    assert!(listing.marker("a").unwrap_err().contains("circles"));
}

#[test]
fn secrets_are_checked_and_not_shown() {
    let canary = "canary-7f3a";
    let bearer = |token: &str| {
        Http::new(
            "http://127.0.0.1/",
            &Options::default(),
            Auth::Bearer(SecretString::from(token)),
        )
    };
    let http = bearer(canary).unwrap();
    assert!(!format!("{http:?}").contains(canary));
    for bad in ["", "two words", "line\nbreak", "é"] {
        assert!(bearer(bad).is_err(), "{bad}");
    }
    let secret = SecretString::from(canary);
    let client = ClientCredentials::new(
        "http://127.0.0.1/",
        &Options::default(),
        "me",
        secret,
        ClientAuth::Post,
    );
    assert!(!format!("{:?}", client.unwrap()).contains(canary));
    let empty = SecretString::from("");
    assert!(
        ClientCredentials::new(
            "http://x/",
            &Options::default(),
            "me",
            empty,
            ClientAuth::Post
        )
        .is_err()
    );
    let wrong = ClientCredentials::new(
        "http://x/",
        &Options::default(),
        "me",
        canary.into(),
        ClientAuth::Post,
    );
    assert!(wrong.unwrap_err().starts_with("token_url:"));
}

#[test]
fn an_authority_file_is_read_only_where_there_is_tls() {
    let options = Options {
        trusted: Some(b"hello".to_vec()).into(),
        ..Options::default()
    };
    assert!(
        Http::new("https://x/", &options, Auth::None)
            .unwrap_err()
            .contains("ca_file")
    );
}
