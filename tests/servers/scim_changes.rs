//! A SCIM server that is trusted in `meta.lastModified` is asked what has changed, and what comes of it is what a read of everything
//! gives: for any history of changes and deletions, and whatever the server makes of the question.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::histories::{Dice, accounts, locked, sync};
use crate::scim_server::{Server, TOKEN};
use crate::scratch::ScratchHost;
use crate::web::{Asked, Reply, Web};

const PEOPLE: usize = 40;
const MOVED: &str = "nothing has moved since all was read at";
const POSIX: &str = "urn:example:posix:2.0:User";

/// What a server makes of a filter by `meta.lastModified`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sees {
    /// What it is.
    Changes,
    /// Nothing: it gives everybody.
    Nothing,
    /// A filter that nobody passes.
    Nobody,
    /// A mistake.
    Mistake,
    /// What it is; but it does not say what time it is.
    NoTime,
    /// What it is; but it counts what is in a page.
    PagesOnly,
}

/// A server with a clock of its own.
struct World {
    sees: Sees,
    now: i64,
    people: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    /// How many resources it has sent.
    sent: usize,
}

impl World {
    fn new(sees: Sees) -> Self {
        let mut world = Self {
            sees,
            now: 1_795_000_000,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            sent: 0,
        };
        (0..PEOPLE).for_each(|n| world.person(&format!("u{n:04}"), 20_000 + n));
        (0..4).for_each(|n| world.group(&format!("g{n}"), 60_001 + n, &["u0000", "u0001"]));
        world.now += 3_600;
        world
    }

    fn person(&mut self, login: &str, uid: usize) {
        let person =
            json!({"id": login, "userName": login, "active": true, POSIX: {"uidNumber": uid}});
        self.put(&format!("/Users/{login}"), person);
    }

    fn group(&mut self, name: &str, gid: usize, members: &[&str]) {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let group = json!({"id": name, "displayName": name, "gidNumber": gid, "members": members});
        self.put(&format!("/Groups/{name}"), group);
    }

    fn all(&mut self, path: &str) -> &mut BTreeMap<String, Value> {
        match path.starts_with("/Users") {
            true => &mut self.people,
            false => &mut self.groups,
        }
    }

    fn put(&mut self, path: &str, mut resource: Value) {
        resource["meta"] =
            json!({"lastModified": Timestamp::from_second(self.now).unwrap().to_string()});
        let id = resource["id"].as_str().unwrap().to_owned();
        self.all(path).insert(id, resource);
    }

    /// Changes what is there; what is not, is not.
    fn change(&mut self, path: &str, change: impl FnOnce(&mut Value)) {
        let id = path.rsplit('/').next().unwrap();
        if let Some(mut resource) = self.all(path).get(id).cloned() {
            change(&mut resource);
            self.put(path, resource);
        }
    }

    fn delete(&mut self, path: &str) {
        let id = path.rsplit('/').next().unwrap();
        self.all(path).remove(id);
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        let reply = self.said(asked);
        let now = Timestamp::from_second(self.now).unwrap();
        match self.sees {
            Sees::NoTime => reply,
            _ => reply.header(
                "Date",
                now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            ),
        }
    }

    fn said(&mut self, asked: &Asked) -> Reply {
        let path = asked.path();
        if path == "/ServiceProviderConfig" {
            return Reply::json(200, &json!({}));
        }
        let sees = self.sees;
        let all = self.all(path);
        if !matches!(path, "/Users" | "/Groups") {
            return match all.get(path.rsplit('/').next().unwrap()) {
                Some(resource) => Reply::json(200, resource),
                None => Reply::json(404, &json!({})),
            };
        }
        let filter = asked.parameter("filter");
        let after = filter.as_deref().map(|filter| {
            let time = filter.strip_prefix("meta.lastModified gt \"").unwrap();
            time.trim_end_matches('"').parse::<Timestamp>().unwrap()
        });
        if after.is_some() && sees == Sees::Mistake {
            return Reply::json(400, &json!({"scimType": "invalidFilter"}));
        }
        let passes = |resource: &&Value| match (after, sees) {
            (None, _) | (_, Sees::Nothing) => true,
            (_, Sees::Nobody) => false,
            (Some(after), _) => {
                let at = resource["meta"]["lastModified"].as_str().unwrap();
                at.parse::<Timestamp>().unwrap() > after
            }
        };
        let found: Vec<Value> = all.values().filter(passes).cloned().collect();
        let number = |name, unsaid| {
            asked
                .parameter(name)
                .map_or(unsaid, |text| text.parse().unwrap())
        };
        let (from, count) = (number("startIndex", 1), number("count", 100));
        let page: Vec<&Value> = found.iter().skip(from - 1).take(count).collect();
        self.sent += page.len();
        let total = match sees {
            Sees::PagesOnly => page.len(),
            _ => found.len(),
        };
        Reply::json(200, &json!({"totalResults": total, "Resources": page}))
    }
}

/// A server, and what it has.
fn server(sees: Sees) -> (Web, Arc<Mutex<World>>) {
    let world = Arc::new(Mutex::new(World::new(sees)));
    let shared = Arc::clone(&world);
    let web = Web::start(move |asked| shared.lock().unwrap().answer(asked));
    (web, world)
}

fn configure(host: &ScratchHost, url: &str, keys: &str, more: &str) {
    let text = format!(
        "[provider.cloud]\nkind = 'scim'\nurl = '{url}'\ntoken_file = 'token'\n{keys}\n\
         [accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n\
         [limits]\nmax_removals = 1000\nmax_removals_percent = 100\n{more}"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

const AT_ONCE: &str = "[departed]\nabsent_runs = 1\nabsent_for = '0s'\n";
const PATHS: &str =
    "attributes = { uid = 'urn:example:posix:2.0:User:uidNumber', group_gid = 'gidNumber' }";

fn trusting() -> String {
    format!("trust_last_modified = true\n{PATHS}")
}

fn host(url: &str, keys: &str) -> ScratchHost {
    let host = bare_host();
    host.write_with_mode("token", TOKEN, 0o600);
    configure(&host, url, keys, AT_ONCE);
    host
}

/// How many resources a sync of both costs.
fn cost(world: &Arc<Mutex<World>>, host: &ScratchHost) -> usize {
    let before = world.lock().unwrap().sent;
    sync(host);
    world.lock().unwrap().sent - before
}

/// All that is there is read by a sync of people, and by one of groups.
const ALL: usize = 2 * PEOPLE;

/// One change; `step` makes what is new new.
fn happen(world: &mut World, dice: &mut Dice, step: usize) {
    let one = format!("/Users/u{:04}", dice.below(PEOPLE - 1) + 1);
    let group = format!("/Groups/g{}", dice.below(4));
    let member = json!({"value": format!("u{:04}", dice.below(PEOPLE))});
    match dice.below(10) {
        0 => world.person(&format!("n{step}"), 30_000 + step),
        1 => world.change(&one, |user| {
            user["displayName"] = json!(format!("Step {step}"))
        }),
        2 => world.change(&one, |user| user["userName"] = json!(format!("r{step}"))),
        3 => world.change(&one, |user| user["active"] = json!(false)),
        4 => world.change(&one, |user| user["active"] = json!(true)),
        5 => world.delete(&one),
        // As many as before.
        6 => {
            world.delete(&one);
            world.person(&format!("n{step}"), 30_000 + step);
        }
        7 => world.change(&group, |group| {
            group["members"] = json!([{"value": "u0000"}, member])
        }),
        8 => world.change(&group, |group| {
            group["members"].as_array_mut().unwrap().push(member)
        }),
        _ => world.change(&one, |_| {}),
    }
}

fn any_history_gives_the_same(seed: u64) {
    let (web, world) = server(Sees::Changes);
    let by_changes = host(&web.url(""), &trusting());
    let in_one = host(&web.url(""), &trusting());
    let in_full = host(&web.url(""), PATHS);
    let mut dice = Dice(seed);
    let mut costs = Vec::new();
    for step in 0..25 {
        {
            let mut world = world.lock().unwrap();
            for n in 0..=dice.below(3) {
                happen(&mut world, &mut dice, 10 * step + n);
                world.now += [0, 1, 200, 600][dice.below(4)];
            }
        }
        costs.push(cost(&world, &by_changes));
        sync(&in_full);
        let ran = in_one.gosync(&["sync"]);
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
        let wanted = accounts(&in_full);
        for (way, host) in [("by changes", &by_changes), ("in one", &in_one)] {
            let found = accounts(host);
            let here = found.iter().filter(|line| !wanted.contains(line));
            let there = wanted.iter().filter(|line| !found.contains(line));
            let differences: Vec<&String> = here.chain(there).collect();
            assert!(
                differences.is_empty(),
                "step {step}, {way}: {differences:#?}"
            );
        }
    }
    // Deletions are seen by a read of everything; some steps had none.
    let few = costs.iter().filter(|cost| **cost < ALL / 2).count();
    assert!(few >= 5, "{costs:?}");
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full() {
    any_history_gives_the_same(0x5eed_0011);
}

#[test]
fn a_host_by_other_changes_is_the_same_as_one_in_full() {
    any_history_gives_the_same(0x5eed_0012);
}

#[test]
fn nothing_is_read_where_nothing_has_changed() {
    let (web, world) = server(Sees::Changes);
    let mut host = host(&web.url(""), &trusting());
    host.leaves_stamps = true;
    sync(&host);
    thread::sleep(Duration::from_secs(4));
    sync(&host);
    for (what, most) in [("users", 2), ("groups", 4)] {
        let (asked, sent) = (web.count(), world.lock().unwrap().sent);
        let ran = host.gosync(&["sync", what]).expect(0);
        assert!(ran.out.contains(MOVED), "{ran:?}");
        assert_eq!(web.count() - asked, most, "{what}");
        assert_eq!(world.lock().unwrap().sent, sent, "{what}");
    }
    // Whoever is changed is asked for, and nobody else.
    {
        let mut world = world.lock().unwrap();
        world.change("/Users/u0003", |user| {
            user["displayName"] = json!("Another")
        });
        world.now += 10;
    }
    let sent = world.lock().unwrap().sent;
    let ran = host.gosync(&["sync", "users"]).expect(0);
    assert!(!ran.out.contains(MOVED), "{ran:?}");
    assert!(host.read("etc/passwd").contains(":Another:"));
    let sent = world.lock().unwrap().sent - sent;
    assert!((1..5).contains(&sent), "{sent}");
    // Everything is read where somebody wants it.
    let sent = world.lock().unwrap().sent;
    host.gosync(&["sync", "users", "--full"]).expect(0);
    assert!(world.lock().unwrap().sent - sent >= PEOPLE);
}

const ALL_OF_THEM: [Sees; 6] = [
    Sees::Changes,
    Sees::Nothing,
    Sees::Nobody,
    Sees::Mistake,
    Sees::NoTime,
    Sees::PagesOnly,
];

/// Nothing that a server says keeps a run from looking where something has changed, just now or a while ago.
#[test]
fn no_change_is_hidden_by_what_a_server_says_of_itself() {
    let hosts = ALL_OF_THEM.map(|sees| {
        let (web, world) = server(sees);
        let mut host = host(&web.url(""), &trusting());
        host.leaves_stamps = true;
        sync(&host);
        (sees, web, world, host)
    });
    thread::sleep(Duration::from_secs(4));
    for (sees, _web, world, host) in &hosts {
        sync(host);
        let ran = host.gosync(&["sync", "users"]).expect(0);
        assert_eq!(
            ran.out.contains(MOVED),
            *sees == Sees::Changes,
            "{sees:?}: {ran:?}"
        );
        for (step, later) in [0, 1, 600].into_iter().enumerate() {
            {
                let mut world = world.lock().unwrap();
                world.now += later;
                let name = format!("Step {step}");
                world.change("/Users/u0003", |user| user["displayName"] = json!(name));
                let group = if step == 1 {
                    "/Groups/g1"
                } else {
                    "/Groups/g2"
                };
                world.change(group, |group| {
                    group["members"] = json!([{"value": "u0003"}])
                });
            }
            sync(host);
            assert!(
                host.read("etc/passwd").contains(&format!(":Step {step}:")),
                "{sees:?}"
            );
        }
        let groups = host.read("etc/group");
        for group in ["g1:x:60002:u0003\n", "g2:x:60003:u0003\n"] {
            assert!(groups.contains(group), "{sees:?}: {groups}");
        }
    }
}

/// Whatever the server makes of the question, every change and every deletion is seen.
#[test]
fn a_server_that_is_not_to_be_trusted_is_read_in_full() {
    for sees in ALL_OF_THEM {
        let (web, world) = server(sees);
        let host = host(&web.url(""), &trusting());
        sync(&host);
        sync(&host);
        let change = |n: usize| {
            let mut world = world.lock().unwrap();
            let name = format!("Name {n}");
            world.now += 600;
            world.change("/Users/u0003", |user| user["displayName"] = json!(name));
        };
        change(1);
        let cost_of_one = cost(&world, &host);
        assert!(host.read("etc/passwd").contains(":Name 1:"), "{sees:?}");
        assert_eq!(
            cost_of_one < ALL,
            sees == Sees::Changes,
            "{sees:?}: {cost_of_one}"
        );
        world.lock().unwrap().delete("/Users/u0005");
        assert!(cost(&world, &host) >= ALL - 2, "{sees:?}");
        assert_eq!(locked(&host), 1, "{sees:?}");
        let ran = host.gosync(&["-v", "sync", "users"]);
        let is_doubted = ran.err.contains("`trust_last_modified` has no effect");
        assert_eq!(is_doubted, sees != Sees::Changes, "{sees:?}: {ran:?}");
        // And afterwards as before.
        change(2);
        assert_eq!(
            cost(&world, &host) < ALL - 2,
            sees == Sees::Changes,
            "{sees:?}"
        );
        assert!(host.read("etc/passwd").contains(":Name 2:"), "{sees:?}");
    }
}

#[test]
fn who_is_deleted_goes_by_the_ordinary_steps() {
    let (web, world) = server(Sees::Changes);
    let host = host(&web.url(""), &trusting());
    configure(
        &host,
        &web.url(""),
        &trusting(),
        "[departed]\nabsent_runs = 3\nabsent_for = '0s'\n",
    );
    sync(&host);
    sync(&host);
    world.lock().unwrap().delete("/Users/u0005");
    for (run, wanted) in [(1, 0), (2, 0), (3, 1)] {
        let before = world.lock().unwrap().sent;
        host.gosync(&["sync", "users"]).expect(0);
        assert_eq!(locked(&host), wanted, "run {run}");
        let sent = world.lock().unwrap().sent - before;
        assert_eq!(sent > PEOPLE / 2, run == 1, "run {run}: {sent}");
    }
}

/// What is kept is for this server, for whom we are to it, and for what is asked; and the server is asked so only if it is trusted.
#[test]
fn what_is_kept_is_of_use_only_where_it_was_read() {
    let (web, world) = server(Sees::Changes);
    let host = host(&web.url(""), &trusting());
    sync(&host);
    sync(&host);
    let change = || {
        let mut world = world.lock().unwrap();
        world.now += 600;
        let name = format!("Name {}", world.now);
        world.change("/Users/u0003", |user| user["displayName"] = json!(name));
    };
    let is_cheap = || {
        change();
        cost(&world, &host) < ALL / 2
    };
    assert!(is_cheap());
    host.write_with_mode("token", "another", 0o600);
    assert!(!is_cheap(), "another token");
    assert!(is_cheap());
    let named = format!("request_attributes = true\n{}", trusting());
    configure(&host, &web.url(""), &named, AT_ONCE);
    assert!(!is_cheap(), "other attributes");
    assert!(is_cheap());
    let never = format!("{AT_ONCE}[gosync]\nfull_read_every = '0s'\n");
    configure(&host, &web.url(""), &named, &never);
    assert!(!is_cheap() && !is_cheap(), "nothing is believed");
    let before = web.count();
    configure(&host, &web.url(""), PATHS, AT_ONCE);
    assert!(!is_cheap() && !is_cheap(), "it is not trusted");
    let asked = web.asked();
    let mut asked = asked.iter().skip(before);
    assert!(asked.all(|asked| asked.parameter("filter").is_none()));
}

/// The real one, whose clock is our own: whatever it has was changed just now, so that all is read. It knows the filter.
#[test]
fn a_real_server_can_be_trusted() {
    let server = Server::start(false);
    server.people(30);
    let ann = server.person("ann");
    server.group("lab", &[&ann]);
    let host = host(&server.url(), "trust_last_modified = true");
    sync(&host);
    sync(&host);
    for name in ["users", "groups"] {
        host.read(&format!("var/lib/gosync/{name}.reading"));
    }
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Ann Other"}],
    });
    let (status, told) = server.ask("PATCH", &format!("/Users/{ann}"), &patch);
    assert!(matches!(status, 200 | 204), "{told}");
    sync(&host);
    assert!(host.read("etc/passwd").contains(":Ann Other:"));
    server.ask("DELETE", &format!("/Users/{ann}"), &Value::Null);
    sync(&host);
    assert_eq!(locked(&host), 1);
}
