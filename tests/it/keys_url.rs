//! Keys from a URL for each person, by a server in the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::model::{Completeness, RemoteId, Snapshot, User};
use gosync::testing::providers::fields::{Config, Sources, Template};
use gosync::testing::providers::{Query, Scope};
use gosync::testing::system::tls::Trusted;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ";

type Answer = (u16, &'static str, String);

/// A server on this machine that answers by path and remembers what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &log, answer.as_ref()));
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: &TcpStream, log: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Answer) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, header, body) = answer(&path);
        log.lock().unwrap().push(path);
        let head = format!(
            "HTTP/1.1 {status} X\r\n{header}Content-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// People with these logins.
fn people(logins: &[&'static str]) -> Snapshot {
    let mut snapshot = Snapshot::new(
        Default::default(),
        Vec::new(),
        Completeness::Complete("all".to_owned()),
    );
    let user = |login: &&str| {
        let id = RemoteId::new(&format!("u-{}", login.len())).unwrap();
        User::new(id, *login)
    };
    snapshot.directory.users = logins.iter().map(user).collect();
    snapshot
}

fn fetch(url: String, logins: &[&'static str], limit: Duration) -> Snapshot {
    let config = Config {
        keys_url: Some(Template::try_from(url).unwrap()),
        ..Config::default()
    };
    let query = Query {
        scope: Scope::Users,
        only: None,
        top_group: None,
        details: Details::ALL,
        attribute: None,
        deadline: Instant::now() + limit,
    };
    let mut snapshot = people(logins);
    let sources = Sources::new(&config, Trusted::System).unwrap();
    let opened = sources.open().unwrap();
    opened.fill(&mut snapshot, &vec![true; logins.len()], &query, &|_| {});
    snapshot
}

fn soon(url: String, logins: &[&'static str]) -> Snapshot {
    fetch(url, logins, Duration::from_secs(20))
}

fn keys(snapshot: &Snapshot) -> Vec<Vec<&str>> {
    snapshot
        .directory
        .users
        .iter()
        .map(|u| u.ssh_keys.iter().map(|key| key.raw()).collect())
        .collect()
}

fn ok(body: &str) -> Answer {
    (200, "Content-Type: text/plain\r\n", body.to_owned())
}

#[test]
fn each_person_is_asked_for_once() {
    let server = Server::start(|path| match path {
        "/ann.keys" => ok(&format!("{KEY}\n{KEY} two\n")),
        "/b%2F..%2F%C3%A9%3F.keys" => ok(KEY),
        "/none.keys" => ok(""),
        _ => (404, "", "Not Found".to_owned()),
    });
    let found = soon(
        server.url("/{login}.keys"),
        &["ann", "b/../é?", "none", "gone", ".."],
    );
    let two = format!("{KEY} two");
    assert_eq!(
        keys(&found),
        [vec![KEY, &two], vec![KEY], vec![], vec![], vec![]]
    );
    assert_eq!(
        server.asked(),
        [
            "/ann.keys",
            "/b%2F..%2F%C3%A9%3F.keys",
            "/none.keys",
            "/gone.keys"
        ]
    );
    let gaps: Vec<_> = found.gaps.iter().map(|gap| gap.subject.raw()).collect();
    assert_eq!(gaps, [".."], "cannot stand in an address");
    assert!(matches!(found.completeness, Completeness::Complete(_)));
}

#[test]
fn ids_can_stand_in_a_query() {
    let server = Server::start(|_| ok(KEY));
    soon(server.url("/keys?who={id}&as={login}"), &["a&b"]);
    assert_eq!(server.asked(), ["/keys?who=u-3&as=a%26b"]);
}

#[test]
fn one_persons_failure_is_a_gap() {
    let server = Server::start(|path| match path {
        "/ann" => ok(KEY),
        "/html" => (
            200,
            "Content-Type: text/html\r\n",
            "<html>sign in</html>".to_owned(),
        ),
        "/away" => (
            302,
            "Location: https://evil.example.org/\r\n",
            String::new(),
        ),
        "/empty" => (204, "", String::new()),
        "/long" => ok(&format!("{KEY}\n").repeat(10_000)),
        _ => (
            403,
            "Content-Type: application/json\r\n",
            "{\"message\": \"no\\u001b[2J\"}".to_owned(),
        ),
    });
    let found = soon(
        server.url("/{login}"),
        &["ann", "html", "away", "empty", "long", "other"],
    );
    assert_eq!(keys(&found).concat(), [KEY]);
    let reasons: Vec<_> = found
        .gaps
        .iter()
        .map(|gap| gap.reason.split_once("{login}: ").unwrap().1)
        .collect();
    for (reason, words) in reasons.iter().zip([
        "no SSH public key",
        "leads to another place",
        "answered 204",
        "262144 bytes",
        "answered 403",
    ]) {
        assert!(
            reason.contains(words) && !reason.contains('\u{1b}'),
            "{reason}"
        );
    }
    assert_eq!(reasons.len(), 5);
    assert!(
        matches!(found.completeness, Completeness::Complete(_)),
        "all of them are there"
    );
}

#[test]
fn a_server_that_is_out_of_order_is_left_alone() {
    let server = Server::start(|path| match path {
        "/1" => ok(KEY),
        _ => (500, "", String::new()),
    });
    let found = soon(
        server.url("/{login}"),
        &["1", "22", "333", "4444", "55555", "666666"],
    );
    assert_eq!(server.asked().len(), 4, "{:?}", server.asked());
    assert_eq!((found.gaps.len(), keys(&found)[0].len()), (5, 1));
    assert!(
        found.gaps[4].reason.contains("{login}: it answered 500"),
        "{:?}",
        found.gaps
    );
    assert!(
        matches!(found.completeness, Completeness::Complete(_)),
        "nobody's account stays open for it"
    );
}

#[test]
fn nobody_there_and_an_address_that_leads_nowhere() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let found = soon(
        format!("http://127.0.0.1:{closed}/{{login}}"),
        &["1", "22", "333", "4444"],
    );
    assert_eq!(found.gaps.len(), 4);
    assert!(matches!(found.completeness, Completeness::Complete(_)));
    let server = Server::start(|_| (404, "", String::new()));
    let found = soon(server.url("/wrong/{login}"), &["1", "22"]);
    assert_eq!(found.gaps.len(), 2);
    assert!(
        found.gaps[0]
            .reason
            .ends_with("it knows nobody who was looked up")
    );
    assert!(matches!(found.completeness, Completeness::Complete(_)));
}

#[test]
fn the_time_limit_holds_for_all_together() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_millis(300));
        ok(KEY)
    });
    let begun = Instant::now();
    let found = fetch(
        server.url("/{login}"),
        &["1", "22", "333", "4444", "55555"],
        Duration::from_millis(500),
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((keys(&found).concat().len(), found.gaps.len()), (1, 4));
    assert!(matches!(found.completeness, Completeness::Complete(_)));
}
