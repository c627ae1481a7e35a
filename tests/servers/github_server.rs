//! A stand-in for GitHub for one test: the lists of its REST API with pages, links and entity tags, GraphQL for people by their
//! nodes, and tokens of an app. It follows GitHub's OpenAPI document and its schema of GraphQL, as far as gosync uses them.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::providers::github::{Config, Github};
use gosync::testing::providers::http::Secrets;
use gosync::testing::providers::{Query, Scope};
use serde_json::{Value, json};

use crate::web::{Asked, Reply, Web};

/// The organisation.
pub const ORG: &str = "Octo-Org";
/// The token that lets us in; stands in no message.
pub const TOKEN: &str = "ghp_CANARY";
/// The token that an app is given.
pub const OF_APP: &str = "ghs_CANARY";
/// A key.
pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5sxTlDIiBoLDbZ+jUTpT5UOlsUJUqUSfE8o2dNTbpW";

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: u64,
    pub login: String,
    pub name: Option<String>,
    pub email: String,
    pub keys: Vec<String>,
    pub suspended: bool,
    /// Whether it is in the organisation.
    pub is_member: bool,
}

/// A team; who is in a team below it, is in it, too.
#[derive(Clone, Debug)]
pub struct Team {
    pub id: u64,
    pub slug: String,
    pub description: String,
    pub parent: Option<u64>,
    pub members: Vec<u64>,
}

/// All that the server knows.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub accounts: Vec<Account>,
    pub teams: Vec<Team>,
    /// What the app may do.
    pub permissions: Value,
}

/// Somebody in the organisation.
pub fn account(id: u64, login: &str) -> Account {
    Account {
        id,
        login: login.to_owned(),
        name: Some(format!("{login} Ü")),
        email: format!("{login}@example.org"),
        keys: vec![KEY.to_owned()],
        suspended: false,
        is_member: true,
    }
}

/// A team at the top.
pub fn team(id: u64, slug: &str, members: &[u64]) -> Team {
    Team {
        id,
        slug: slug.to_owned(),
        description: format!("About {slug}"),
        parent: None,
        members: members.to_vec(),
    }
}

/// Four people, one of whom is in no team, and a team below another.
pub fn octo() -> World {
    let below = Team {
        parent: Some(71),
        ..team(72, "ops-night", &[3])
    };
    World {
        accounts: vec![
            account(1, "ann"),
            account(2, "Bob-By"),
            account(3, "carol"),
            account(4, "dave"),
        ],
        teams: vec![team(71, "ops", &[1, 2]), below, team(73, "web", &[1])],
        permissions: json!({"members": "read"}),
    }
}

/// What a server does instead of what it should.
pub type Fault = Box<dyn Fn(&Asked, Reply) -> Reply + Send>;

struct State {
    world: World,
    fault: Option<Fault>,
}

/// A running server.
pub struct FakeGithub {
    web: Web,
    state: Arc<Mutex<State>>,
    /// What stands before each path.
    prefix: &'static str,
}

impl FakeGithub {
    /// As at github.com.
    pub fn start(world: World) -> Self {
        Self::below("", world)
    }

    /// As a GitHub Enterprise Server.
    pub fn enterprise(world: World) -> Self {
        Self::below("/api/v3", world)
    }

    fn below(prefix: &'static str, world: World) -> Self {
        let state = State { world, fault: None };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let web = Web::start(move |asked| {
            let state = shared.lock().unwrap();
            let reply = answer(&state.world, prefix, asked);
            match &state.fault {
                Some(fault) => fault(asked, reply),
                None => reply,
            }
        });
        Self { web, state, prefix }
    }

    pub fn port(&self) -> u16 {
        self.web.port
    }

    /// Where its API is.
    pub fn url(&self) -> String {
        self.web.url(self.prefix)
    }

    /// The keys that lead there.
    pub fn config(&self) -> Config {
        config(self.prefix, self.port())
    }

    /// A provider that reads it.
    pub fn github(&self) -> Github {
        github(&self.config(), TOKEN)
    }

    /// Changes what it knows.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.state.lock().unwrap().world);
    }

    /// From now on this goes wrong.
    pub fn fault(&self, fault: impl Fn(&Asked, Reply) -> Reply + Send + 'static) {
        self.state.lock().unwrap().fault = Some(Box::new(fault));
    }

    /// From now on all is well.
    pub fn mend(&self) {
        self.state.lock().unwrap().fault = None;
    }

    /// What it was asked from the `first` request on: `GET /orgs/...`.
    pub fn log(&self, first: usize) -> Vec<String> {
        let asked = self.web.asked();
        let line = |asked: &Asked| format!("{} {}", asked.method, asked.target);
        asked.iter().skip(first).map(line).collect()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.web.asked()
    }
}

/// The keys for a server on a port of this machine.
pub fn config(prefix: &str, port: u16) -> Config {
    Config {
        url: format!("http://127.0.0.1:{port}{prefix}"),
        token_file: Some("unused".into()),
        ..Config::new(ORG)
    }
}

/// A provider of this configuration.
pub fn github(config: &Config, token: &str) -> Github {
    let secrets = Secrets {
        token: Some(token.to_owned().into()),
        ..Secrets::default()
    };
    Github::new("octo", config, secrets, None).unwrap()
}

/// A query for everything, to be answered within some seconds.
pub fn query(scope: Scope) -> Query {
    Query {
        scope,
        only: None,
        top_group: None,
        details: Details::ALL,
        attribute: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    let body = json!({"message": message, "documentation_url": "https://docs.example.org/rest"});
    Reply::new(status, "application/json; charset=utf-8", body.to_string())
}

fn document(value: &Value) -> Reply {
    Reply::new(200, "application/json; charset=utf-8", value.to_string())
}

fn answer(world: &World, prefix: &str, asked: &Asked) -> Reply {
    let token = asked.header("authorization").unwrap_or_default();
    let path = asked.path();
    if asked.method == "POST" && path == format!("{prefix}/app/installations/8/access_tokens") {
        // Whose token this is, the tests look at.
        let answer = json!({"token": OF_APP, "expires_at": "2999-01-01T00:00:00Z", "permissions": world.permissions});
        return Reply::new(201, "application/json", answer.to_string());
    }
    if ![TOKEN, OF_APP].contains(&token.trim_start_matches("Bearer ")) {
        return refuse(401, "Bad credentials");
    }
    let graphql = format!("{}/graphql", prefix.trim_end_matches("/v3"));
    if asked.method == "POST" && path == graphql {
        return document(&people(world, prefix, asked));
    }
    let Some(path) = path.strip_prefix(prefix) else {
        return refuse(404, "Not Found");
    };
    let base = format!("http://{}{prefix}", asked.header("host").unwrap());
    let org = format!("/orgs/{ORG}");
    let all = match path.strip_prefix(&org) {
        Some("/teams") => Some(
            world
                .teams
                .iter()
                .map(|team| of_team(world, team, &base))
                .collect(),
        ),
        Some("/members") => {
            let members = world.accounts.iter().filter(|account| account.is_member);
            Some(members.map(of_account).collect())
        }
        _ => team_of(path).and_then(|id| {
            let members = in_team(world, id)?;
            let members = world.accounts.iter().filter(|a| members.contains(&a.id));
            Some(members.map(of_account).collect())
        }),
    };
    match all {
        Some(all) => page(all, &format!("{base}{path}"), asked),
        None => refuse(404, "Not Found"),
    }
}

/// The team whose members are listed there.
fn team_of(path: &str) -> Option<u64> {
    let id = path.strip_prefix("/organizations/1/team/")?;
    id.strip_suffix("/members")?.parse().ok()
}

fn in_team(world: &World, id: u64) -> Option<BTreeSet<u64>> {
    let team = world.teams.iter().find(|team| team.id == id)?;
    let mut members: BTreeSet<u64> = team.members.iter().copied().collect();
    let below = world.teams.iter().filter(|team| team.parent == Some(id));
    members.extend(below.filter_map(|team| in_team(world, team.id)).flatten());
    Some(members)
}

fn of_account(account: &Account) -> Value {
    json!({
        "login": account.login, "id": account.id, "node_id": format!("U_{}", account.id), "type": "User",
        "site_admin": false, "url": format!("https://api.example.org/users/{}", account.login),
    })
}

fn of_team(world: &World, team: &Team, base: &str) -> Value {
    let above = |id: u64| {
        let above = world.teams.iter().find(|team| team.id == id).unwrap();
        json!({"id": id, "slug": above.slug})
    };
    json!({
        "id": team.id, "node_id": format!("T_{}", team.id), "name": team.slug.to_uppercase(), "slug": team.slug,
        "description": team.description, "privacy": "closed", "parent": team.parent.map(above),
        "members_url": format!("{base}/organizations/1/team/{}/members{{/member}}", team.id),
    })
}

/// One page of a list, as `per_page` and `page` say.
fn page(all: Vec<Value>, url: &str, asked: &Asked) -> Reply {
    let number = |name: &str| asked.parameter(name)?.parse::<usize>().ok();
    let size = number("per_page").unwrap_or(30).clamp(1, 100);
    let place = number("page").unwrap_or(1).max(1);
    let shown: Vec<Value> = all
        .iter()
        .skip((place - 1) * size)
        .take(size)
        .cloned()
        .collect();
    let shown = Value::from(shown);
    let mut digest = DefaultHasher::new();
    shown.to_string().hash(&mut digest);
    let tag = format!("W/\"{:x}\"", digest.finish());
    let reply = match asked.header("if-none-match") {
        Some(known) if known == tag => Reply::new(304, "application/json", ""),
        _ => document(&shown),
    };
    let reply = reply.header("ETag", tag);
    let at = |page: usize, rel: &str| format!("<{url}?per_page={size}&page={page}>; rel=\"{rel}\"");
    let last = all.len().div_ceil(size).max(1);
    let mut links = Vec::new();
    if place > 1 {
        links.extend([at(place - 1, "prev"), at(1, "first")]);
    }
    if place < last {
        links.extend([at(place + 1, "next"), at(last, "last")]);
    }
    match links.is_empty() {
        true => reply,
        false => reply.header("Link", links.join(", ")),
    }
}

/// What GraphQL tells of the people that it is asked for.
fn people(world: &World, prefix: &str, asked: &Asked) -> Value {
    let question: Value = serde_json::from_str(&asked.body).unwrap();
    let query = question["query"].as_str().unwrap();
    let wants = |field: &str| query.contains(field);
    assert!(
        !wants("suspendedAt") || prefix == "/api/v3",
        "it is no field at github.com"
    );
    let (mut nodes, mut errors) = (Vec::new(), Vec::new());
    let ids = question["variables"]["ids"].as_array().unwrap();
    assert!(ids.len() <= 100);
    for (place, id) in ids.iter().enumerate() {
        let id = id.as_str().unwrap();
        let found = world
            .accounts
            .iter()
            .find(|account| format!("U_{}", account.id) == id);
        let Some(account) = found else {
            nodes.push(Value::Null);
            errors.push(json!({"type": "NOT_FOUND", "path": ["nodes", place], "message": "Could not resolve to a node"}));
            continue;
        };
        let mut node = json!({"databaseId": account.id, "name": account.name});
        if wants("email") {
            node["email"] = json!(account.email);
        }
        if wants("suspendedAt") {
            node["suspendedAt"] = json!(account.suspended.then_some("2026-11-01T00:00:00Z"));
        }
        if wants("publicKeys") {
            let keys = account.keys.iter().take(100).map(|key| json!({"key": key}));
            let keys: Vec<Value> = keys.collect();
            node["publicKeys"] = json!({"totalCount": account.keys.len(), "nodes": keys});
        }
        nodes.push(node);
    }
    match errors.is_empty() {
        true => json!({"data": {"nodes": nodes}}),
        false => json!({"data": {"nodes": nodes}, "errors": errors}),
    }
}
