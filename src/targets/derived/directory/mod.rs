//! `kind = "ldap"`: a directory that has what stands on this host, as entries of people and groups.
//!
//! `config` has the keys; `wanted` says which entries there are to be, `entries` which there are, `diff` and `steps` what is to be done so that there are, all of
//! them pure; `server` reads and changes. What stands there is read each time, so that a run that was killed needs no notes: the next one
//! does the rest. Entries that do not carry the id of a record of gosync's are never changed.

mod answers;
mod config;
mod diff;
mod entries;
mod replicas;
mod server;
mod steps;
mod term;
#[cfg(test)]
mod tests;
mod wanted;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

pub(crate) use self::config::Config;
use self::entries::{Found, Kind, Leaver};
use self::server::Done;
use self::steps::{Plan, Step};
use self::term::Fence;
use self::wanted::{Knows, Wanted};
use super::roll::{Gone, Roll};
use super::shared::{Begun, Leave, Replica, Shared};
use super::target::{Derived, Hand, Site};
use crate::ldap::client::Client;
use crate::model::history::EntryKind;
use crate::model::{Held, Term, counted, first_line, first_names, hex, shown};
use crate::plan::guard::elsewhere::{self, Lost};
use crate::system::files::{self, Trust};
use crate::system::tls::Trusted;

/// How often the plan is made anew because one change had to wait for another.
const PASSES: usize = 5;

/// How many failures are told one by one.
const TOLD: usize = 20;

impl Config {
    fn client(&self, deadline: Instant) -> Result<Client, String> {
        let read = |key: &str, path: Option<&PathBuf>, trust| {
            let bytes = path.map(|path| files::read_trusted(path, trust));
            bytes.transpose().map_err(|e| format!("`{key}`: {e}"))
        };
        let password = read("password_file", self.password_file.as_ref(), Trust::Secret)?;
        let password = password.map(|bytes| {
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| "`password_file`: what stands there is not UTF-8")?;
            Ok::<_, String>(SecretString::from(first_line(&text)))
        });
        let trusted = Trusted::new(
            read("ca_file", self.ca_file.as_ref(), Trust::Config)?,
            read(
                "server_certificate",
                self.server_certificate.as_ref(),
                Trust::Config,
            )?,
        )?;
        let server = self.access().server(password.transpose()?, &trusted)?;
        Ok(Client::new(server, deadline))
    }

    /// What groups have in common; `classes`: those of new ones.
    fn groups<'a>(&'a self, classes: &'a [String]) -> Kind<'a> {
        Kind {
            noun: "group",
            naming: "cn",
            number: "gidNumber",
            class: "posixGroup",
            mark: &self.group_id_attribute,
            base: &self.group_base,
            classes,
            are_groups: true,
            ..self.people()
        }
    }

    fn people<'a>(&'a self) -> Kind<'a> {
        Kind {
            noun: "account",
            naming: "uid",
            number: "uidNumber",
            class: "posixAccount",
            mark: &self.id_attribute,
            base: &self.user_base,
            classes: &self.user_classes,
            retired: self.retired_base.as_deref(),
            are_groups: false,
        }
    }

    /// What is to be done, and what stands in the way.
    fn plan(&self, client: &Client, roll: &Roll<'_>, knows: Knows) -> Result<Plan, String> {
        let people = self.people();
        let classes = self.group_classes();
        let groups = self.groups(&classes);
        let mut plan = Plan::default();
        let wanted: Vec<Wanted> = roll
            .accounts
            .iter()
            .map(|it| wanted::person(it, knows))
            .collect();
        let found = server::read(client, &people)?;
        let gone = leavers(&roll.gone, EntryKind::Account);
        let entries = diff::diff(&people, &wanted, &gone, &found, &mut plan);
        let absent = leavers(&roll.absent, EntryKind::Account);
        plan.unattended = diff::unattended(&people, &absent, &found);
        let of = |it| wanted::group(it, self.schema, &entries);
        let wanted: Vec<Wanted> = roll.groups.iter().map(of).collect();
        let found = server::read(client, &groups)?;
        let gone = leavers(&roll.gone, EntryKind::Group);
        diff::diff(&groups, &wanted, &gone, &found, &mut plan);
        Ok(plan)
    }
}

fn leavers(all: &[Gone], kind: EntryKind) -> Vec<Leaver> {
    let gone = all.iter().filter(|it| it.kind == kind);
    let leaver = |it: &Gone| Leaver {
        id: it.id.clone(),
        name: it.name.clone(),
        number: it.number,
    };
    gone.map(leaver).collect()
}

/// What is to be told of those who have an entry, and no account here.
fn unattended(names: &[String]) -> String {
    format!(
        "{} of people who have no account on this host: {}; lock or remove the entry of whoever has left",
        counted(names.len(), "open entry", "open entries"),
        first_names(names.iter().map(String::as_str), TOLD)
    )
}

/// What names exactly these steps, for `--approve`.
fn digest(steps: &[Step]) -> String {
    let mut digest = hex(&Sha256::digest(format!("{steps:?}")));
    digest.truncate(32);
    digest
}

/// Whether the limits let a plan through.
fn judge(plan: &Plan, site: &Site<'_>) -> Result<(), String> {
    let (losses, limits) = (&plan.losses, site.limits);
    let mut excesses = Vec::new();
    let lost = [
        (Lost::Open, &losses.closed, plan.accounts),
        (Lost::Locked, &losses.removed, plan.accounts),
        (Lost::Groups, &losses.groups, plan.groups),
    ];
    for (lost, names, of) in lost {
        elsewhere::judge(lost, (names, of), limits, &mut excesses);
    }
    for (name, (of, names)) in &losses.members {
        elsewhere::judge(Lost::Members(name), (names, *of), limits, &mut excesses);
    }
    let digest = digest(&plan.steps);
    match excesses.first() {
        Some(first) if site.approved != Some(digest.as_str()) => Err(format!(
            "nothing is written there, since more would go than [limits] allows: {first}; if that is right, run once with --approve {digest}"
        )),
        _ => Ok(()),
    }
}

impl Derived for Config {
    fn check(&self) -> Result<(), String> {
        self.fit()
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        let files = [
            &mut self.password_file,
            &mut self.ca_file,
            &mut self.server_certificate,
        ];
        files.into_iter().flatten().collect()
    }

    fn wants_keys(&self) -> bool {
        true
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }

    fn believed(&self, most: Duration) -> Option<Duration> {
        // Others may change it, and no file of this host tells.
        Some(most)
    }

    fn bring(&self, roll: &Roll<'_>, site: &Site<'_>, hand: &mut dyn Hand) -> Result<(), String> {
        if let Some(why) = roll.twice() {
            return Err(why);
        }
        match site.leave {
            Leave::Alone | Leave::Term(_) => {}
            Leave::StandsBy => return Ok(()),
            Leave::Unknown(why) => {
                return Err(format!(
                    "nothing is written there, since nobody knows who writes: {why}"
                ));
            }
        }
        let client = self.client(site.deadline)?;
        let at = |why: String| format!("{}: {why}", shown(&self.url));
        let knows = server::knows(&client, self).map_err(at)?;
        if !knows.keys && roll.has_keys() {
            hand.warn("SSH keys are left out: the server has no attribute sshPublicKey".to_owned());
        }
        let mut done = Done::default();
        let ended = self.passes(&client, roll, (knows, site), &mut done);
        if let Some(words) = done.words() {
            hand.did(words);
        }
        let left = ended.map_err(at)?;
        let all: Vec<String> = left.into_iter().chain(done.failed).collect();
        for text in all.iter().take(TOLD) {
            hand.warn(text.clone());
        }
        match all.as_slice() {
            [] => Ok(()),
            [only] => Err(only.clone()),
            [first, rest @ ..] => Err(format!("{first}; and {} more", rest.len())),
        }
    }
}

impl Shared for Config {
    fn place(&self) -> String {
        format!("{} at {}", shown(&self.writer_dn()), shown(&self.url))
    }

    fn term(&self, deadline: Instant) -> Result<Option<Term>, String> {
        let client = self.client(deadline)?;
        term::read(&client, &self.writer_dn()).map_err(|why| self.at(&why))
    }

    fn begin(
        &self,
        before: Option<&Term>,
        next: &Term,
        deadline: Instant,
    ) -> Result<Begun, String> {
        let client = self.client(deadline)?;
        term::begin(&client, &self.writer_dn(), before, next).map_err(|why| self.at(&why))
    }

    fn held(&self, deadline: Instant) -> Result<Vec<Held>, String> {
        let client = self.client(deadline)?;
        let people = self.people();
        let classes = self.group_classes();
        let groups = self.groups(&classes);
        let mut all = Vec::new();
        for kind in [&people, &groups] {
            let found = server::read(&client, kind).map_err(|why| self.at(&why))?;
            all.extend(found.iter().filter_map(|it| it.held(kind)));
            if let Some(base) = kind.retired {
                let found = server::read(&client, &Kind { base, ..*kind });
                let found = found.map_err(|why| self.at(&why))?;
                let is_one = |it: &&Found| it.has("objectClass", kind.class);
                all.extend(found.iter().filter(is_one).filter_map(|it| it.held(kind)));
            }
        }
        Ok(all)
    }

    fn replicas(&self, deadline: Instant) -> Vec<Replica> {
        self.look_at_replicas(deadline)
    }

    fn notice(&self) -> Duration {
        term::BELIEVED
    }
}

impl Config {
    fn at(&self, why: &str) -> String {
        format!("{}: {why}", shown(&self.url))
    }

    /// Plans and carries out, until nothing waits any more; what stands in the way.
    fn passes(
        &self,
        client: &Client,
        roll: &Roll<'_>,
        (knows, site): (Knows, &Site<'_>),
        done: &mut Done,
    ) -> Result<Vec<String>, String> {
        let mut left = Vec::new();
        for pass in 0..PASSES {
            let plan = self.plan(client, roll, knows)?;
            judge(&plan, site)?;
            let is_last = pass + 1 == PASSES || plan.steps.is_empty() || plan.waiting.is_empty();
            let fence = Fence::new(self, site.leave);
            server::carry_out(client, &plan.steps, &fence, done)?;
            if is_last || !done.failed.is_empty() {
                left = plan.refused;
                if let (Leave::Term(_), [_, ..]) = (site.leave, plan.unattended.as_slice()) {
                    left.push(unattended(&plan.unattended));
                }
                left.extend(plan.waiting);
                break;
            }
        }
        Ok(left)
    }
}
