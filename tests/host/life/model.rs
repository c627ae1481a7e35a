//! A host in memory: who should have an account, open or locked, with which keys and in which groups, by the manual's
//! words alone. It shares no code with the program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::history::{ARCHIVE_DAYS, Event, GROUPS, Hand, PEOPLE, REMOVE_DAYS, Setting};
use super::manual_edits::Deed;
use crate::scenarios::KEYS;
use crate::small_host::{document, group, person};

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Never made, or removed by gosync.
    None,
    Open,
    Locked,
}

/// A person at the provider, and the account.
#[derive(Clone, Debug)]
pub struct Person {
    present: bool,
    active: bool,
    other_login: bool,
    wanted_gecos: String,
    wanted_shell: &'static str,
    wanted_keys: u8,
    pub state: State,
    /// Not so, if somebody deleted the account by hand.
    pub on_host: bool,
    pub name: String,
    pub home: String,
    pub has_home: bool,
    pub locked_by_hand: bool,
    pub gecos: String,
    /// The keys in place, a bit for each.
    keys: u8,
    pub shell: &'static str,
    /// What the provider wanted when the shell was last looked at.
    shell_applied: &'static str,
    missing_since: Option<u32>,
    locked_since: u32,
}

/// A group at the provider, and on the host.
#[derive(Clone, Debug)]
pub struct Team {
    present: bool,
    other_name: bool,
    wanted: BTreeSet<usize>,
    /// gosync made it, and did not remove it.
    owned: bool,
    /// Not so, if somebody deleted by hand what is owned.
    pub on_host: bool,
    pub name: String,
    pub members: BTreeSet<usize>,
    pub with_admin: bool,
    missing_since: Option<u32>,
    emptied_since: Option<u32>,
}

pub struct Model {
    pub setting: Setting,
    pub people: Vec<Person>,
    pub teams: Vec<Team>,
    /// Homes of removed accounts.
    leftovers: BTreeSet<String>,
    /// Links that stand where homes were, with what they point to.
    links: BTreeMap<String, String>,
    day: u32,
}

fn login(n: usize, other: bool) -> String {
    format!("{}{n}", if other { "q" } else { "p" })
}

fn team_name(g: usize, other: bool) -> String {
    format!("{}{g}", if other { "s" } else { "t" })
}

impl Model {
    /// Two people and a group of both are at the provider; gosync never ran.
    pub fn new(setting: Setting) -> Self {
        let person = |n: usize| Person {
            present: n < 2,
            active: true,
            other_login: false,
            wanted_gecos: "Name 0".to_owned(),
            wanted_shell: "/bin/bash",
            wanted_keys: 1,
            state: State::None,
            on_host: false,
            name: login(n, false),
            home: String::new(),
            has_home: false,
            locked_by_hand: false,
            gecos: String::new(),
            keys: 0,
            shell: "",
            shell_applied: "",
            missing_since: None,
            locked_since: 0,
        };
        let team = |g: usize| Team {
            present: g == 0,
            other_name: false,
            wanted: if g == 0 {
                BTreeSet::from([0, 1])
            } else {
                BTreeSet::new()
            },
            owned: false,
            on_host: false,
            name: team_name(g, false),
            members: BTreeSet::new(),
            with_admin: false,
            missing_since: None,
            emptied_since: None,
        };
        let (people, teams) = (
            (0..PEOPLE).map(person).collect(),
            (0..GROUPS).map(team).collect(),
        );
        Self {
            setting,
            people,
            teams,
            leftovers: BTreeSet::new(),
            links: BTreeMap::new(),
            day: 0,
        }
    }

    /// What the provider says.
    pub fn document(&self) -> Value {
        let mut users = vec![person("u-9", "fixed", "Fixed", true)];
        for (n, one) in self
            .people
            .iter()
            .enumerate()
            .filter(|(_, one)| one.present)
        {
            let mut user = person(
                &format!("u-{n}"),
                &login(n, one.other_login),
                &one.wanted_gecos,
                one.active,
            );
            user["shell"] = json!(one.wanted_shell);
            user["ssh_keys"] = json!(keys_of(one.wanted_keys));
            users.push(user);
        }
        let mut groups = vec![group("g-9", "rest", &["u-9"])];
        for (g, team) in self
            .teams
            .iter()
            .enumerate()
            .filter(|(_, team)| team.present)
        {
            let ids: Vec<String> = team.wanted.iter().map(|n| format!("u-{n}")).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            groups.push(group(
                &format!("g-{g}"),
                &team_name(g, team.other_name),
                &ids,
            ));
        }
        document(&users, &groups)
    }

    /// Takes in what happens; what has to be done to a host for it, if it is something by hand.
    pub fn happens(&mut self, event: &Event) -> Option<Deed> {
        match *event {
            Event::Come(n) => (self.people[n].present, self.people[n].active) = (true, true),
            Event::Shut(n) => (self.people[n].present, self.people[n].active) = (true, false),
            Event::Leave(n) => self.people[n].present = false,
            Event::Rename(n) => self.people[n].other_login ^= true,
            Event::Gecos(n, text) => self.people[n].wanted_gecos = format!("Name {text}"),
            Event::Shell(n, plain) => {
                self.people[n].wanted_shell = if plain { "/bin/sh" } else { "/bin/bash" }
            }
            Event::Keys(n, keys) => self.people[n].wanted_keys = keys,
            // Of those who are missing a provider says nothing.
            Event::Join(n, g) if self.people[n].present => {
                self.teams[g].wanted.insert(n);
            }
            Event::Quit(n, g) if self.people[n].present => {
                self.teams[g].wanted.remove(&n);
            }
            Event::Join(..) | Event::Quit(..) => {}
            Event::GroupComes(g) => self.teams[g].present = true,
            Event::GroupLeaves(g) => self.teams[g].present = false,
            Event::GroupRenamed(g) => self.teams[g].other_name ^= true,
            Event::Hand(ref hand) => return self.by_hand(hand),
            Event::Days(days) => {
                self.day += days;
                return Some(Deed::Days(days));
            }
        }
        None
    }

    fn by_hand(&mut self, hand: &Hand) -> Option<Deed> {
        if let Hand::Add(g) | Hand::TakeOut(_, g) | Hand::DeleteGroup(g) = *hand
            && !self.teams[g].on_host
        {
            return None;
        }
        if let Hand::Add(g) = *hand {
            let team = &mut self.teams[g];
            let is_new = !std::mem::replace(&mut team.with_admin, true);
            return is_new.then(|| Deed::Add {
                group: team.name.clone(),
                who: "admin".to_owned(),
            });
        }
        if let Hand::DeleteGroup(g) = *hand {
            let team = &mut self.teams[g];
            (team.on_host, team.with_admin) = (false, false);
            team.members.clear();
            return Some(Deed::Delete(team.name.clone()));
        }
        let (Hand::Lock(n)
        | Hand::Open(n)
        | Hand::Shell(n)
        | Hand::Gecos(n)
        | Hand::Key(n)
        | Hand::Delete(n)
        | Hand::TakeOut(n, _)) = *hand
        else {
            return None;
        };
        let one = &mut self.people[n];
        let name = one.name.clone();
        if !one.on_host {
            return None;
        }
        match *hand {
            Hand::Lock(_) => {
                one.locked_by_hand |= one.state == State::Open;
                Some(Deed::Lock(name))
            }
            Hand::Open(_) => {
                one.locked_by_hand = false;
                Some(Deed::Open(name))
            }
            Hand::Shell(_) => {
                one.shell = "/bin/zsh";
                Some(Deed::Passwd {
                    name,
                    field: 6,
                    value: "/bin/zsh",
                })
            }
            Hand::Gecos(_) => {
                one.gecos = "By Hand".to_owned();
                Some(Deed::Passwd {
                    name,
                    field: 4,
                    value: "By Hand",
                })
            }
            Hand::Key(_) if !self.setting.keys_in_homes && one.state == State::Open => {
                one.keys |= 4;
                Some(Deed::Key(name))
            }
            Hand::Key(_) => None,
            Hand::Delete(_) => {
                one.on_host = false;
                self.nowhere(n);
                Some(Deed::Delete(name))
            }
            Hand::TakeOut(_, g) => {
                let team = &mut self.teams[g];
                team.members.remove(&n).then(|| Deed::TakeOut {
                    group: team.name.clone(),
                    who: name,
                })
            }
            Hand::Add(_) | Hand::DeleteGroup(_) => None,
        }
    }

    /// gosync runs until it finds nothing more to do.
    pub fn settle(&mut self) {
        for _ in 0..4 {
            (0..PEOPLE).for_each(|n| self.account(n));
        }
        for _ in 0..2 {
            (0..GROUPS).for_each(|g| self.team(g));
        }
    }

    fn account(&mut self, n: usize) {
        let day = self.day;
        let patience = u32::from(self.setting.patient);
        let one = &mut self.people[n];
        let is_wanted = one.present && one.active;
        if one.present {
            one.missing_since = None;
        }
        match one.state {
            State::None if is_wanted => self.make(n),
            State::None => {}
            _ if !one.on_host && is_wanted && self.setting.restore => {
                one.make();
            }
            State::Open if !one.on_host => {}
            State::Locked if !one.on_host && is_wanted => {}
            State::Open if !one.present => {
                let since = *one.missing_since.get_or_insert(day);
                if day - since >= patience {
                    (one.state, one.locked_since) = (State::Locked, day);
                }
            }
            State::Locked if !is_wanted => {
                if one.present && one.on_host {
                    self.rename(n);
                    self.people[n].fields();
                }
                self.climb(n);
            }
            _ => {
                self.rename(n);
                let keep = self.setting.keep_lock;
                let one = &mut self.people[n];
                match (is_wanted, one.state) {
                    (true, State::Locked) => one.open(),
                    (true, _) => one.locked_by_hand &= keep,
                    (false, _) => (one.state, one.locked_since) = (State::Locked, day),
                }
                one.fields();
            }
        }
    }

    fn make(&mut self, n: usize) {
        let one = &mut self.people[n];
        one.name = login(n, one.other_login);
        one.home = format!("/home/{}", one.name);
        one.make();
        self.leftovers.remove(&one.home);
    }

    fn rename(&mut self, n: usize) {
        let moves = self.setting.rename_home;
        let one = &mut self.people[n];
        let to = login(n, one.other_login);
        if to == one.name {
            return;
        }
        let new = format!("/home/{to}");
        if moves && one.home == format!("/home/{}", one.name) {
            // A home never comes over anything else than a link to itself.
            let linked = one.has_home && self.links.get(&new) == Some(&one.home);
            if self.leftovers.contains(&new) || self.links.contains_key(&new) && !linked {
                return;
            }
            self.links.remove(&new);
            if one.has_home {
                self.links.insert(one.home.clone(), new.clone());
            }
            one.home = new;
        }
        one.name = to;
    }

    /// What becomes of one who is locked and gone.
    fn climb(&mut self, n: usize) {
        let one = &mut self.people[n];
        let gone = self.day - one.locked_since;
        if self.setting.archive && gone >= ARCHIVE_DAYS && one.on_host {
            one.has_home = false;
        }
        if self.setting.remove && gone >= REMOVE_DAYS {
            if one.has_home {
                self.leftovers.insert(one.home.clone());
            }
            (one.state, one.on_host, one.has_home) = (State::None, false, false);
            self.nowhere(n);
        }
    }

    /// Takes somebody out of every group.
    fn nowhere(&mut self, n: usize) {
        for team in &mut self.teams {
            team.members.remove(&n);
        }
    }

    fn team(&mut self, g: usize) {
        let (day, patience) = (self.day, u32::from(self.setting.patient));
        let is_in = |n: &usize| self.people[*n].state == State::Open && self.people[*n].on_host;
        let (team, restore) = (&mut self.teams[g], self.setting.restore);
        if team.present {
            (team.missing_since, team.emptied_since) = (None, None);
            if team.owned && !team.on_host && !restore {
                return;
            }
            (team.owned, team.on_host) = (true, true);
            team.name = team_name(g, team.other_name);
            team.members = team.wanted.iter().copied().filter(is_in).collect();
        } else if team.owned {
            let since = *team.missing_since.get_or_insert(day);
            if let Some(emptied) = team.emptied_since {
                let is_due =
                    self.setting.remove && day - emptied >= REMOVE_DAYS && !team.with_admin;
                (team.owned, team.on_host) = (!is_due, team.on_host && !is_due);
            } else if team.on_host && day - since >= patience {
                team.emptied_since = Some(day);
                team.members.clear();
            }
        }
    }
}

impl Person {
    /// Open: nothing that was shut by hand stays.
    fn open(&mut self) {
        (self.state, self.locked_by_hand, self.has_home) = (State::Open, false, true);
    }

    /// A line of its own making.
    fn make(&mut self) {
        (self.on_host, self.shell, self.shell_applied) =
            (true, self.wanted_shell, self.wanted_shell);
        self.gecos.clone_from(&self.wanted_gecos);
        self.keys = self.wanted_keys;
        self.open();
    }

    /// A shell that was set by hand stays until the provider says something else than before; the name does not.
    fn fields(&mut self) {
        if self.shell == self.shell_applied || self.shell_applied != self.wanted_shell {
            self.shell = self.wanted_shell;
        }
        self.shell_applied = self.wanted_shell;
        self.gecos.clone_from(&self.wanted_gecos);
        self.keys = self.wanted_keys;
    }

    /// The keys that let the person in.
    pub fn keys(&self) -> Vec<&'static str> {
        if self.state == State::Open && self.on_host {
            keys_of(self.keys)
        } else {
            Vec::new()
        }
    }
}

fn keys_of(bits: u8) -> Vec<&'static str> {
    KEYS.iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, key)| *key)
        .collect()
}
