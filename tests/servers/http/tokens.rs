//! Tokens for client credentials: had once, renewed, refused.

use super::*;

/// A server with a token endpoint whose tokens are `CANARY` and a number, and are good if `good` says so.
fn tokens(good: impl Fn(usize) -> bool + Send + Sync + 'static) -> Web {
    let given = std::sync::atomic::AtomicUsize::new(0);
    Web::start(move |asked| {
        if asked.path() == "/token" {
            let n = given.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return Reply::json(
                200,
                &json!({"access_token": format!("{CANARY}{n}"), "token_type": "Bearer", "expires_in": "3600"}),
            );
        }
        let token = asked
            .header("authorization")
            .and_then(|value| value.strip_prefix(&format!("Bearer {CANARY}")));
        match token.and_then(|n| n.parse().ok()).is_some_and(&good) {
            true => fine(),
            false => Reply::json(401, &json!({"detail": format!("bad token {token:?}")})),
        }
    })
}

fn credentials(web: &Web, style: ClientAuth) -> ClientCredentials {
    let secret = SecretString::from("canary secret/+é");
    ClientCredentials::new(&web.url("/token"), &quick(), "id:1 é", secret, style)
        .unwrap()
        .with_scope(Some("a b"))
}

fn with_tokens(web: &Web, style: ClientAuth) -> Http {
    Http::new(
        &web.url("/v2"),
        &quick(),
        Auth::Token(Box::new(credentials(web, style))),
    )
    .unwrap()
}

#[test]
fn a_token_is_had_once_and_renewed_once() {
    let web = tokens(|_| true);
    let http = with_tokens(&web, ClientAuth::Post);
    assert!(get(&http).is_ok() && get(&http).is_ok() && get(&http).is_ok());
    let paths: Vec<String> = web
        .asked()
        .iter()
        .map(|asked| asked.path().to_owned())
        .collect();
    assert_eq!(paths, ["/token", "/v2/Users", "/v2/Users", "/v2/Users"]);
    // The first token is not good any more.
    let web = tokens(|n| n == 1);
    let http = with_tokens(&web, ClientAuth::Post);
    assert!(get(&http).is_ok() && get(&http).is_ok());
    let paths: Vec<String> = web
        .asked()
        .iter()
        .map(|asked| asked.path().to_owned())
        .collect();
    assert_eq!(
        paths,
        ["/token", "/v2/Users", "/token", "/v2/Users", "/v2/Users"]
    );
    // None is ever good.
    let web = tokens(|_| false);
    quiet(
        get(&with_tokens(&web, ClientAuth::Post)).unwrap_err(),
        HttpErrorKind::Unauthorised,
    );
    assert_eq!(web.count(), 4);
    // A token that was given to us is not renewed.
    let web = Web::start(|_| Reply::new(401, "text/plain", ""));
    quiet(get(&client(&web)).unwrap_err(), HttpErrorKind::Unauthorised);
    assert_eq!(web.count(), 1);
}

#[test]
fn client_credentials_come_in_three_forms() {
    let form = |style| {
        let web = tokens(|_| true);
        assert!(get(&with_tokens(&web, style)).is_ok());
        web.asked().remove(0)
    };
    let asked = form(ClientAuth::Post);
    assert_eq!(asked.header("authorization"), None);
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let id = "client_id=id%3A1+%C3%A9&client_secret=canary+secret%2F%2B%C3%A9";
    assert_eq!(
        asked.body,
        format!("grant_type=client_credentials&scope=a+b&{id}")
    );
    let asked = form(ClientAuth::Basic);
    assert_eq!(asked.body, "grant_type=client_credentials&scope=a+b");
    // id%3A1+%C3%A9:canary+secret%2F%2B%C3%A9
    let encoded = "Basic aWQlM0ExKyVDMyVBOTpjYW5hcnkrc2VjcmV0JTJGJTJCJUMzJUE5";
    assert_eq!(asked.header("authorization"), Some(encoded));
    let web = tokens(|_| true);
    let secret = SecretString::from("canary/+");
    let raw = ClientCredentials::new(
        &web.url("/token"),
        &quick(),
        "id",
        secret,
        ClientAuth::BasicRaw,
    )
    .unwrap();
    assert!(get(&Http::new(&web.url("/"), &quick(), Auth::Token(Box::new(raw))).unwrap()).is_ok());
    // id:canary/+
    assert_eq!(
        web.asked()[0].header("authorization"),
        Some("Basic aWQ6Y2FuYXJ5Lys=")
    );
}

#[test]
fn a_token_endpoint_that_says_no_is_named_without_the_secret() {
    let echo = |asked: &Asked| {
        let body =
            json!({"error": "invalid_client", "error_description": format!("no: {}", asked.body)});
        Reply::json(401, &body)
    };
    let web = Web::start(echo);
    let said = quiet(
        get(&with_tokens(&web, ClientAuth::Basic)).unwrap_err(),
        HttpErrorKind::Unauthorised,
    );
    assert!(
        said.contains("/token") && said.contains("no: grant_type"),
        "{said}"
    );
    for body in [
        json!({"access_token": 7}),
        json!({"access_token": ""}),
        json!({"access_token": "canary two words"}),
        json!({"access_token": "canary", "token_type": "mac"}),
        json!({}),
    ] {
        let web = Web::start(move |_| Reply::json(200, &body));
        quiet(
            get(&with_tokens(&web, ClientAuth::Basic)).unwrap_err(),
            HttpErrorKind::Malformed,
        );
        assert_eq!(web.count(), 1);
    }
}
