//! Which of several admin hosts writes: asked before a run gives out numbers, and what this one has to learn when it is its turn.
//!
//! A host whose ledger has not seen the present term learns all that stands in the directory first, in the same run: so it does not
//! matter where a takeover was broken off, or whether the ledger was lost.

use std::collections::BTreeSet;

use super::anchored;
use super::env::{Asked, Env};
use super::job::{Options, Task};
use super::rights::{Right, Rights};
use super::watch::Watch;
use crate::error::{Error, Kind, Result};
use crate::ledger::{Contradiction, Has, Known, Learned, Ledger};
use crate::model::history::EntryKind;
use crate::model::{
    Completeness, Directory, Held, RemoteId, Snapshot, Term, WriterName, counted, shown,
};
use crate::policy::writers::Writing;
use crate::providers::Scope;
use crate::system::clock;
use crate::targets::derived::{Begun, Leave, Shared};

/// How often the term is looked at again because somebody else began one meanwhile.
const LOOKS: u32 = 3;

/// Who this host is among several.
///
/// # Errors
/// When it is none of them.
pub(crate) fn own_name(env: &Env) -> Result<Option<&WriterName>> {
    match &env.settings.writing {
        Writing::Alone => Ok(None),
        Writing::As(name) => Ok(Some(name)),
        Writing::Unnamed(why) => Err(Error::usage(why)
            .hint("Give it a line in [writers], on all admin hosts, with ranges that no other host has; or say which of them it is by --writer NAME")
            .hint("A host that gives out no numbers has no [writers]; `ids = \"provider\"` in [accounts] makes sure of it")),
    }
}

/// The targets that several hosts may write to.
pub(super) fn shared(env: &Env) -> Vec<(&str, &dyn Shared)> {
    let all = env.settings.derived_targets();
    all.filter_map(|(name, target)| Some((name, target.shared()?)))
        .collect()
}

/// The same, of which there must be one.
///
/// # Errors
/// When there is none.
pub(super) fn shared_some(env: &Env) -> Result<Vec<(&str, &dyn Shared)>> {
    match shared(env) {
        all if all.is_empty() => Err(Error::usage(
            "no target of this host is a directory that several hosts write to",
        )
        .hint("Name a section with kind = \"ldap\" in `targets` of [gosync]")),
        all => Ok(all),
    }
}

/// Finds out, under the lock and before anything is read or given out, whether this host writes.
///
/// # Errors
/// When another one does, or nobody can say who.
pub(crate) fn begin(env: &Env, tasks: &[Task], options: &Options) -> Result<Rights> {
    let own = own_name(env)?;
    let learns = tasks.iter().any(Task::learns);
    let mut rights = Rights::new();
    if options.dry_run {
        let own = own.into_iter();
        let all = own.flat_map(|own| shared(env).into_iter().map(move |it| (own, it)));
        rights
            .extend(all.map(|(own, (name, target))| (name.to_owned(), seen_dry(env, own, target))));
        return Ok(rights);
    }
    let Some(own) = own else {
        let targets = shared(env).into_iter().filter(|_| learns);
        for (name, target) in targets {
            let right = Right {
                leave: Leave::Alone,
                lesson: Some(lesson(env, name, target)?),
            };
            rights.insert(name.to_owned(), right);
        }
        return Ok(rights);
    };
    for (name, target) in shared(env) {
        let seen = seen(env, name);
        let leave = match leave(env, own, (name, target), seen) {
            // Somebody is locked on this host whoever writes, and a ledger that is lost is made anew.
            Err(_) if tasks.iter().all(Task::may_stand_by) => Leave::StandsBy,
            other => other?,
        };
        let lesson = match &leave {
            _ if learns => Some(lesson(env, name, target)?),
            Leave::Term(term) if seen != Some(term.number) => Some(lesson(env, name, target)?),
            Leave::Term(_) | Leave::Alone | Leave::StandsBy | Leave::Unknown(_) => None,
        };
        rights.insert(name.to_owned(), Right { leave, lesson });
    }
    Ok(rights)
}

/// What a dry run shows of a target: it asks who writes, and begins nothing.
fn seen_dry(env: &Env, own: &WriterName, target: &dyn Shared) -> Right {
    let deadline = clock::deadline(env.settings.gosync.time_limit);
    let leave = match target.term(deadline) {
        Ok(Some(term)) if term.writer == *own => Leave::Term(term),
        Ok(Some(_)) => Leave::StandsBy,
        Ok(None) => Leave::Alone,
        Err(why) => Leave::Unknown(why),
    };
    Right {
        leave,
        lesson: None,
    }
}

/// In which term the ledger knows this host to write; `None`: in none, or there is no ledger that could say so.
pub(super) fn seen(env: &Env, target: &str) -> Option<u64> {
    let ledger = anchored::read(env).ok()??;
    ledger.term(target).ok()?
}

fn leave(
    env: &Env,
    own: &WriterName,
    (name, target): (&str, &dyn Shared),
    seen: Option<u64>,
) -> Result<Leave> {
    for _ in 0..LOOKS {
        let deadline = clock::deadline(env.settings.gosync.time_limit);
        let first = Term {
            writer: own.clone(),
            // One that was removed there is not begun anew.
            number: seen.unwrap_or(0) + 1,
        };
        let found = match target.term(deadline) {
            Ok(None) => target
                .begin(None, &first, deadline)
                .map(|begun| match begun {
                    Begun::Yes => Some(first),
                    Begun::Overtaken => None,
                }),
            found => found,
        };
        match found {
            Ok(Some(term)) if term.writer == *own => return Ok(Leave::Term(term)),
            Ok(Some(term)) => return Err(not_own(env, own, (name, target), (&term, seen))),
            Ok(None) => {}
            // What the host itself needs goes on, as where the directory is away; the target is not in step.
            Err(why) if seen.is_some() => return Ok(Leave::Unknown(why)),
            Err(why) => return Err(nobody_knows(name, &why)),
        }
    }
    let text = "the entry that says who writes comes and goes";
    Err(nobody_knows(name, text))
}

/// Another host writes.
fn not_own(
    env: &Env,
    own: &WriterName,
    (name, target): (&str, &dyn Shared),
    (term, seen): (&Term, Option<u64>),
) -> Error {
    if seen.is_some() {
        let forgotten = Ledger::open(&env.state_dir()).and_then(|mut it| it.forget_term(name));
        if let Err(error) = forgotten {
            tracing::info!(%error, "the ledger does not know yet that another host writes");
        }
    }
    let message = format!(
        "{} writes to target {} (term {}, as {} says), and {own} stands by: nothing was done",
        term.writer,
        shown(name),
        term.number,
        target.place()
    );
    Error::new(Kind::Busy, message).hint(format!(
        "If {} is out of order, or is to stop: `gosync takeover` on this host",
        term.writer
    ))
}

fn nobody_knows(name: &str, why: &str) -> Error {
    Error::failed(format!(
        "whether this host writes to target {} could not be found out: {why}",
        shown(name)
    ))
    .hint("Nothing was done: another host may be the one that writes; the next run tries again")
}

/// All that stands in a target, with the providers whose it is.
///
/// # Errors
/// When it cannot be read, or nobody can say which of several providers it is of.
pub(super) fn lesson(env: &Env, name: &str, target: &dyn Shared) -> Result<Vec<Known>> {
    let deadline = clock::deadline(env.settings.gosync.time_limit);
    let held = target.held(deadline).map_err(|why| {
        Error::failed(format!("target {} could not be read: {why}", shown(name)))
            .hint("Nothing was done: a number that stands there might be given to somebody else")
    })?;
    let owners = Owners::read(env)?;
    let known = held.into_iter().map(|held| Known {
        provider: owners.of(&held),
        held,
    });
    Ok(known.collect())
}

/// Whose the records of a directory are.
enum Owners {
    /// There is one provider.
    One(String),
    /// There are several, each with the ids that it has.
    Several(Vec<(String, Ids)>),
}

/// The ids of a provider's records.
struct Ids {
    accounts: BTreeSet<RemoteId>,
    groups: BTreeSet<RemoteId>,
}

impl Ids {
    fn of(snapshot: Snapshot) -> Self {
        let Directory { users, groups, .. } = snapshot.directory;
        Self {
            accounts: users.into_iter().map(|user| user.id).collect(),
            groups: groups.into_iter().map(|group| group.id).collect(),
        }
    }
}

impl Owners {
    fn read(env: &Env) -> Result<Self> {
        let settings = &env.settings;
        if !settings.are_several {
            return Ok(Self::One(settings.first_provider().to_owned()));
        }
        let names = settings.gosync.providers.iter();
        let sections = names.filter_map(|name| settings.sections.get(name));
        let mut all = Vec::new();
        for section in sections {
            let env = env.of_provider(section);
            let asked = Asked::all(Scope::Both);
            let snapshot = env.fetch(asked, &mut super::watch::Silent)?;
            if let Completeness::Incomplete(reason) = &snapshot.completeness {
                let name = shown(&section.name);
                return Err(Error::new(
                    Kind::Source,
                    format!("{name}: the read was incomplete: {reason}"),
                )
                .hint(
                    "Nothing was done: the directory does not say of which provider somebody is",
                ));
            }
            all.push((section.name.clone(), Ids::of(snapshot)));
        }
        Ok(Self::Several(all))
    }

    fn of(&self, held: &Held) -> Option<String> {
        match self {
            Self::One(name) => Some(name.clone()),
            Self::Several(all) => {
                let id = held.id.as_ref()?;
                let mut own = all.iter().filter(|(_, ids)| match held.kind {
                    EntryKind::Account => ids.accounts.contains(id),
                    EntryKind::Group | EntryKind::LocalGroup => ids.groups.contains(id),
                });
                match (own.next(), own.next()) {
                    (Some((name, _)), None) => Some(name.clone()),
                    _ => None,
                }
            }
        }
    }
}

/// Has the ledger learn what it has not seen yet.
///
/// # Errors
/// When that cannot be written.
pub(super) fn learn(env: &Env, ledger: &mut Ledger, watch: &mut dyn Watch) -> Result<()> {
    for (name, right) in env.rights.iter() {
        let Some(lesson) = &right.lesson else {
            continue;
        };
        let term = match &right.leave {
            Leave::Term(term) => Some((name.as_str(), term.number)),
            Leave::Alone | Leave::StandsBy | Leave::Unknown(_) => None,
        };
        // The sync before this one may have learned it.
        if let Some((_, number)) = term
            && ledger.term(name).map_err(Error::failed)? == Some(number)
        {
            continue;
        }
        let learned = ledger.learn(lesson, term);
        let learned = learned.map_err(Error::failed)?;
        if learned.new > 0 {
            watch.notice(said(name, &learned));
        }
        for text in contradictions(&learned) {
            watch.warn(format!("target {}: {text}", shown(name)));
        }
    }
    Ok(())
}

/// What was learned, in one line.
pub(super) fn said(name: &str, learned: &Learned) -> String {
    format!(
        "target {}: {} that stand there were new to the ledger of this host, and stay whose they are",
        shown(name),
        counted(learned.new, "number", "numbers")
    )
}

/// What contradicts the ledger, each with both owners.
pub(super) fn contradictions(learned: &Learned) -> Vec<String> {
    let all = learned.contradictions.iter();
    all.map(|Contradiction { held, has }| {
        let id = held.id.as_ref().map_or("", |id| id.as_str());
        let there = format!(
            "`{}` has the number {} for the id {}",
            shown(&held.place),
            held.number,
            shown(id)
        );
        match has {
            Has::Number { name, number } => format!(
                "{there}, and the ledger gave that id the number {number}, as `{}`: nothing is changed for it, and nobody else gets {}",
                shown(name),
                held.number
            ),
            Has::Owner { name, id } => format!(
                "{there}, and the ledger gave that number to `{}`, the id {}: nothing is changed for it",
                shown(name),
                shown(id)
            ),
        }
    })
    .collect()
}
