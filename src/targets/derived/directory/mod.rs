//! `kind = "ldap"`: a directory that has what stands on this host, as entries of people and groups.
//!
//! `config` has the keys; `wanted` says which entries there are to be, `entries` which there are, `diff` and `steps` what is to be done so that there are, all of
//! them pure; `server` reads and changes; `look` is the doctor's; `ahead` supposes for a dry run that changes were made. What stands there is read each time, so that a run that was killed needs no notes: the next one
//! does the rest. Entries that do not carry the id of a record of gosync's are never changed.

mod ahead;
mod answers;
mod config;
mod diff;
mod entries;
mod look;
mod own;
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
use self::entries::{Found, Kind, Leaver, Standing};
use self::server::Done;
use self::steps::{Losses, Plan, Step};
use self::term::Fence;
use self::wanted::{Knows, Wanted};
use super::roll::{Gone, Roll};
use super::shared::{Begun, Leave, Replica, Shared};
use super::target::{Derived, Hand, Looked, Mode, Needs, Reads, Site};
use crate::ldap::client::Client;
use crate::model::history::EntryKind;
use crate::model::{Held, Term, counted, first_line, first_names, hex, shown};
use crate::plan::guard::Limits;
use crate::plan::guard::elsewhere::{self, Lost, LostBefore};
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

    /// `classes`: those of new ones.
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

    /// All that stands there.
    fn read(&self, client: &Client) -> Result<Standing, String> {
        Ok(Standing {
            people: server::read(client, &self.people())?,
            groups: server::read(client, &self.groups(&self.group_classes()))?,
        })
    }

    /// What is to be done, and what stands in the way.
    fn plan(&self, standing: &Standing, roll: &Roll<'_>, knows: Knows) -> Plan {
        let people = self.people();
        let classes = self.group_classes();
        let groups = self.groups(&classes);
        let mut plan = Plan::default();
        let wanted: Vec<Wanted> = roll
            .accounts
            .iter()
            .map(|it| wanted::person(it, knows))
            .collect();
        let (gone, absent) = (&roll.gone, leavers(&roll.absent, EntryKind::Account));
        let leavers_of = |kind| leavers(gone, kind);
        let leavers = leavers_of(EntryKind::Account);
        let entries = diff::diff(&people, &wanted, &leavers, &standing.people, &mut plan);
        let of = |it| wanted::group(it, self.schema, &entries);
        let mut wanted: Vec<Wanted> = roll.groups.iter().map(of).collect();
        if self.private_groups {
            wanted.extend(own::groups(roll).iter().map(of));
        }
        plan.unattended = diff::unattended(&people, &absent, &standing.people);
        let mut leavers = leavers_of(EntryKind::Group);
        leavers.extend(own::leavers(roll, &groups, &standing.groups));
        diff::diff(&groups, &wanted, &leavers, &standing.groups, &mut plan);
        plan
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

/// All that a plan takes away, and of how many.
fn lost<'p>(plan: &'p Plan) -> impl Iterator<Item = (Lost<'p>, &'p [String], usize)> {
    let losses = &plan.losses;
    let of_all = [
        (Lost::Open, losses.closed.as_slice(), plan.accounts),
        (Lost::Locked, losses.removed.as_slice(), plan.accounts),
        (Lost::Groups, losses.groups.as_slice(), plan.groups),
    ];
    let members = losses.members.iter();
    let members = members.map(|(name, (of, names))| (Lost::Members(name), names.as_slice(), *of));
    of_all.into_iter().chain(members)
}

/// Whether what a plan takes away counts in the next 24 hours: not what an administrator lets through. `gone`: what went before.
///
/// # Errors
/// Why the limits do not let it through.
fn judge(
    plan: &Plan,
    limits: &Limits,
    gone: &LostBefore,
    approved: Option<&str>,
) -> Result<bool, String> {
    let mut excesses = Vec::new();
    for (lost, names, of) in lost(plan) {
        elsewhere::judge(lost, (names, of), (limits, gone), &mut excesses);
    }
    let digest = digest(&plan.steps);
    match excesses.first() {
        Some(first) if approved != Some(digest.as_str()) => Err(format!(
            "nothing is written there, since more would go than [limits] allows: {first}; if that is right, run once with --approve {digest}"
        )),
        first => Ok(first.is_none()),
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

    fn reads(&self) -> Vec<Reads> {
        let files = [
            ("the target's password", &self.password_file, Needs::Secret),
            (
                "the authorities of the target",
                &self.ca_file,
                Needs::Trusted,
            ),
            (
                "the certificate of the target",
                &self.server_certificate,
                Needs::Trusted,
            ),
        ];
        let files = files.into_iter();
        files
            .filter_map(|(what, path, needs)| {
                let path = path.clone()?;
                Some(Reads { what, path, needs })
            })
            .collect()
    }

    fn look(&self, deadline: Instant) -> Option<Result<Looked, String>> {
        let looked = self.look_at(deadline);
        Some(looked.map_err(|why| format!("{}: {why}", shown(&self.url))))
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
        let ended = self.passes((&client, site), (roll, knows), &mut done, hand);
        let made = done.made();
        if !made.is_empty() {
            hand.did(made);
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
        (client, site): (&Client, &Site<'_>),
        (roll, knows): (&Roll<'_>, Knows),
        done: &mut Done,
        hand: &mut dyn Hand,
    ) -> Result<Vec<String>, String> {
        let (limits, now) = (self.limits.over(site.limits), site.now.seconds());
        let gone = hand.gone();
        gone.prune(now);
        for account in roll.accounts.iter().filter(|it| it.active) {
            gone.take_back(Lost::Open, account.name);
        }
        // The passes of one run are one plan that is carried out by parts.
        let before = gone.clone();
        let mut standing = self.read(client)?;
        for pass in 0..PASSES {
            let plan = self.plan(&standing, roll, knows);
            let counts = judge(&plan, &limits, &before, site.approved)?;
            let is_last = pass + 1 == PASSES || plan.steps.is_empty() || plan.waiting.is_empty();
            match site.mode {
                Mode::Carry => {
                    if counts && plan.losses != Losses::default() {
                        for (lost, names, _) in lost(&plan) {
                            hand.gone().add(lost, names, now);
                        }
                        hand.remember()?;
                    }
                    let fence = Fence::new(self, site.leave);
                    server::carry_out(client, &plan.steps, &fence, done)?;
                }
                Mode::Show => done.suppose(&plan.steps),
            }
            if is_last || !done.failed.is_empty() {
                let mut left = plan.refused;
                if let (Leave::Term(_), [_, ..]) = (site.leave, plan.unattended.as_slice()) {
                    left.push(unattended(&plan.unattended));
                }
                left.extend(plan.waiting);
                return Ok(left);
            }
            match site.mode {
                Mode::Carry => standing = self.read(client)?,
                Mode::Show => standing.suppose(&plan.steps),
            }
        }
        Ok(Vec::new())
    }
}
