//! People and groups as a sync would take them: how many can be used, why others cannot, and what the configuration would
//! have to say for them. The plan of a sync judges; here it is only counted.

use std::collections::{BTreeMap, BTreeSet};

use super::host_look::HostLook;
use super::report::{Area, Finding, Severity, names};
use crate::error::Result;
use crate::model::host::Host;
use crate::model::name::BadName;
use crate::model::{Completeness, Snapshot, Untrusted, counted, shown};
use crate::plan::Plan;
use crate::policy::select::Selection;
use crate::policy::{PrimaryGroup, Reason, Refusal};
use crate::providers::look::Look;
use crate::run::view::ProviderView;
use crate::run::{Env, Options, PlanContext, Task};
use crate::targets::Hold;

const AREA: Area = Area::Provider;
/// So many causes are told of people, and of groups.
const CAUSES: usize = 5;
/// Ids below belong to the system.
const LOWEST: u32 = 1000;

/// Of whom something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    People,
    Groups,
}

/// People, or groups, in figures.
#[derive(Default)]
pub(super) struct Tally {
    /// Those who are let in.
    pub wanted: usize,
    /// Those of them who are not refused.
    pub usable: usize,
    /// Why others are refused: the most frequent cause first.
    pub causes: Vec<Same>,
}

/// Several refusals for one reason.
pub(super) struct Same {
    pub names: Vec<String>,
    /// The reason of the first.
    pub reason: Reason,
}

/// What the provider's people and groups are like, and what would fit them.
pub(super) struct Facts {
    pub people: Tally,
    pub groups: Tally,
    /// Uids, gids of groups, and numbers of primary groups that the provider names.
    pub uids: Vec<u32>,
    pub gids: Vec<u32>,
    pub primaries: Vec<u32>,
    /// What the number that most people have as primary group is called here.
    pub primary_here: Option<String>,
    /// Whether `primary_group` is a group of the host's.
    pub one_primary_group: bool,
}

/// Counts, by the plans of both syncs.
///
/// # Errors
/// When this host cannot be read.
pub(super) fn count(look: &HostLook<'_>, env: &Env, looked: &Look) -> Result<Facts> {
    let owned = look.owned_of(env.settings.first_provider());
    let mut env = env.clone();
    if !look.full {
        // Of a page nobody knows who is in the group.
        env.settings.rules.accounts.top_group = None;
    }
    let target = env.target()?;
    let current = target.read(Hold::Open)?;
    let host = current.host();
    let users = Task::Users {
        new: true,
        existing: true,
        only: Vec::new(),
    };
    let groups = Task::Groups { only: Vec::new() };
    let plan = |task: &Task, snapshot: Snapshot| -> Result<Plan> {
        let options = Options {
            dry_run: true,
            ..Options::default()
        };
        let cx = PlanContext {
            env: &env,
            options: &options,
            target: target.as_ref(),
            host: &host,
            owned,
        };
        ProviderView::new(&env, task, false, snapshot).plan(&cx, task)
    };
    let mut of_people = plan(&users, people_of(&env, looked))?;
    if !is_whole(&looked.groups) {
        // The group may be one of those that were not read.
        let is_known =
            |refusal: &Refusal| !matches!(refusal.reason, Reason::NoPrimaryGroupNamed { .. });
        of_people.refused.retain(is_known);
    }
    let of_groups = plan(&groups, looked.groups.clone())?;
    let primaries = numbers(looked.people.directory.users.iter().map(|user| &user.gid));
    Ok(Facts {
        people: tally(let_in(&env, &looked.people)?, &of_people.refused),
        groups: tally(
            looked.groups.directory.groups.len() + looked.groups.rejected.len(),
            &of_groups.refused,
        ),
        uids: numbers(looked.people.directory.users.iter().map(|user| &user.uid)),
        gids: numbers(
            looked
                .groups
                .directory
                .groups
                .iter()
                .map(|group| &group.gid),
        ),
        primary_here: most(&primaries).and_then(|gid| group_called(&host, gid)),
        primaries,
        one_primary_group: matches!(
            look.settings().rules.accounts.primary_group,
            PrimaryGroup::Local(_)
        ),
    })
}

/// People as a sync reads them: with the groups, where these say who gets which primary group.
fn people_of(env: &Env, looked: &Look) -> Snapshot {
    let mut people = looked.people.clone();
    if env.names_primary_groups() {
        let known: BTreeSet<_> = people
            .directory
            .groups
            .iter()
            .map(|g| g.id.clone())
            .collect();
        let groups = looked.groups.directory.groups.iter();
        let others = groups.filter(|group| !known.contains(&group.id)).cloned();
        people.directory.groups.extend(others);
    }
    people
}

/// How many are let in; records that cannot be used may be anybody's.
fn let_in(env: &Env, people: &Snapshot) -> Result<usize> {
    let selection = env.selection(&people.directory)?;
    let users = people.directory.users.iter();
    let selected = users.filter(|user| selection(user) == Selection::Selected);
    Ok(selected.count() + people.rejected.len())
}

fn is_whole(snapshot: &Snapshot) -> bool {
    matches!(snapshot.completeness, Completeness::Complete(_))
}

fn group_called(host: &Host<'_>, gid: u32) -> Option<String> {
    let found = host.groups.iter().find(|(_, group)| group.gid == gid);
    found.map(|(name, _)| (*name).to_owned())
}

fn numbers<'a>(texts: impl Iterator<Item = &'a Option<Untrusted>>) -> Vec<u32> {
    texts
        .filter_map(|text| text.as_ref()?.raw().trim().parse().ok())
        .collect()
}

/// The number that stands most often.
fn most(numbers: &[u32]) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for number in numbers {
        *counts.entry(*number).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(number, _)| number)
}

fn tally(wanted: usize, refused: &[Refusal]) -> Tally {
    let mut causes: BTreeMap<&str, Same> = BTreeMap::new();
    for refusal in refused {
        let cause = causes.entry(key(&refusal.reason)).or_insert_with(|| Same {
            names: Vec::new(),
            reason: refusal.reason.clone(),
        });
        cause.names.push(refusal.subject.raw().to_owned());
    }
    let mut causes: Vec<Same> = causes.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.names.len()));
    Tally {
        wanted,
        usable: wanted.saturating_sub(refused.len()),
        causes,
    }
}

/// What makes two reasons one cause: a dot is mended otherwise than a blank.
fn key(reason: &Reason) -> &'static str {
    match reason {
        Reason::BadName {
            why: BadName::Dot, ..
        } => "dot",
        reason => reason.word(),
    }
}

/// The figures, for the row of what was looked at.
pub(super) fn figures(facts: &Facts, looked: &Look) -> String {
    let rest = |whole: bool| match whole {
        true => "",
        false => " of the first page",
    };
    format!(
        "people{}: {} usable, {} refused, {} not let in; groups{}: {} usable, {} refused",
        rest(is_whole(&looked.people)),
        facts.people.usable,
        refused(&facts.people),
        looked
            .people
            .directory
            .users
            .len()
            .saturating_sub(facts.people.wanted - looked.people.rejected.len()),
        rest(is_whole(&looked.groups)),
        facts.groups.usable,
        refused(&facts.groups),
    )
}

fn refused(tally: &Tally) -> usize {
    tally.causes.iter().map(|cause| cause.names.len()).sum()
}

/// What keeps people and groups out, and what would let them in.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (tally, kind, sync) in [
        (&facts.people, Whom::People, "users"),
        (&facts.groups, Whom::Groups, "groups"),
    ] {
        for cause in tally.causes.iter().take(CAUSES) {
            found.push(of_cause(facts, tally, cause, (kind, sync)));
        }
        let others = tally
            .causes
            .iter()
            .skip(CAUSES)
            .map(|cause| cause.names.len());
        let others: usize = others.sum();
        if others > 0 {
            let what = format!(
                "{others} more {} are refused for other reasons",
                noun(kind, others)
            );
            let fix = format!("gosync sync {sync} --dry-run   # names them");
            found.push(AREA.warning(what, "each of them lacks something of its own", fix));
        }
    }
    found.extend(unnamed_uids(facts));
    found.extend(unused_primaries(facts));
    found
}

fn noun(kind: Whom, count: usize) -> &'static str {
    match (kind, count) {
        (Whom::People, 1) => "person",
        (Whom::People, _) => "people",
        (Whom::Groups, 1) => "group",
        (Whom::Groups, _) => "groups",
    }
}

fn of_cause(facts: &Facts, tally: &Tally, cause: &Same, (kind, sync): (Whom, &str)) -> Finding {
    let count = cause.names.len();
    let what = format!(
        "{count} of {} {} refused, such as {}: {}",
        counted(tally.wanted, noun(kind, 1), noun(kind, 2)),
        if count == 1 { "is" } else { "are" },
        names(&cause.names),
        cause.reason
    );
    let fix = match (&cause.reason, kind) {
        (Reason::BadName { why: BadName::Dot, .. }, Whom::People) => {
            "dots = true in [accounts]".to_owned()
        }
        (Reason::BadName { why: BadName::Dot, .. }, Whom::Groups) => {
            "dots = true in [groups]".to_owned()
        }
        (Reason::BadName { .. }, Whom::People) => {
            "a rule of `names` in [accounts], or another login at the provider".to_owned()
        }
        (Reason::BadName { .. }, Whom::Groups) => {
            "a rule of `names` in [groups], such as names = [[\"(\\\\S+) (\\\\S+)\", \"${1}_$2\"]], or another name at the provider"
                .to_owned()
        }
        (Reason::OutOfRange { .. }, Whom::People) => {
            range("uid_range", "accounts", &facts.uids)
        }
        (Reason::OutOfRange { .. }, Whom::Groups) => range("gid_range", "groups", &facts.gids),
        (Reason::NoPrimaryGroup { .. }, _) => match &facts.primary_here {
            Some(name) => format!("primary_group = \"{}\" in [accounts]", shown(name)),
            None => "primary_group = \"private\" in [accounts], or the name of a group of this host".to_owned(),
        },
        _ => format!("gosync sync {sync} --dry-run   # names all of them"),
    };
    let severity = match count >= tally.wanted {
        true => Severity::Problem,
        false => Severity::Warning,
    };
    let why = match kind {
        Whom::People => "they get no account, and changes of theirs do not arrive",
        Whom::Groups => "these groups are not made here, and do not follow the provider",
    };
    AREA.finding(severity, what, why, fix)
}

/// A range that holds what the provider names.
fn range(key: &str, section: &str, numbers: &[u32]) -> String {
    let own = || numbers.iter().copied().filter(|n| *n >= LOWEST);
    match (own().min(), own().max()) {
        (Some(first), Some(last)) => {
            let (first, last) = fitting(first, last);
            format!(
                "{key} = [{first}, {last}] in [{section}]   # what the provider names lies there, and gosync gives out the rest"
            )
        }
        _ => format!("{key} in [{section}]; the provider names none from {LOWEST} on"),
    }
}

/// Round numbers around two.
fn fitting(first: u32, last: u32) -> (u32, u32) {
    let step = if last - first < 5_000 { 1_000 } else { 10_000 };
    let low = (first / step * step).max(LOWEST);
    let high = (last / step).saturating_add(1).saturating_mul(step) - 1;
    (low, high.max(low + step - 1))
}

/// Numbers that are this host's own differ from those of the next host.
fn unnamed_uids(facts: &Facts) -> Option<Finding> {
    let without = facts.people.wanted.saturating_sub(facts.uids.len());
    if facts.people.wanted == 0 || without == 0 {
        return None;
    }
    let what = match facts.uids.is_empty() {
        true => "the provider names no uids: they are this host's own".to_owned(),
        false => format!(
            "the provider names no uid for {without} of {}: theirs are this host's own",
            counted(facts.people.wanted, "person", "people")
        ),
    };
    let why = "another host gives the same people other numbers; with homes on a file server, they get each other's files";
    let fix = "name uids at the provider, or in `csv` below [provider.NAME.fields]; one host alone needs nothing";
    Some(AREA.note(what, why, fix))
}

/// Numbers of primary groups that nothing uses.
fn unused_primaries(facts: &Facts) -> Option<Finding> {
    let gid = most(&facts.primaries).filter(|_| facts.one_primary_group)?;
    let count = facts
        .primaries
        .iter()
        .filter(|number| **number == gid)
        .count();
    let here = facts.primary_here.as_deref();
    let what = format!(
        "the provider names a primary group for {}, most often {gid}{}; `primary_group` in [accounts] decides instead",
        counted(facts.primaries.len(), "person", "people"),
        here.map_or_else(String::new, |name| format!(" (`{}` here)", shown(name))),
    );
    let fix = match here {
        Some(name) => format!("primary_group = \"{}\" in [accounts], if that is meant", shown(name)),
        None => "nothing, if that is meant; else primary_group = \"provider\" in [accounts], or the name of a group of this host".to_owned(),
    };
    (count > 0).then(|| AREA.note(what, "new files get the group that this host gives", fix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdRange;
    use crate::model::history::EntryKind;

    fn facts() -> Facts {
        Facts {
            people: Tally::default(),
            groups: Tally::default(),
            uids: vec![],
            gids: vec![],
            primaries: vec![],
            primary_here: None,
            one_primary_group: true,
        }
    }

    fn refusal(name: &str, reason: Reason) -> Refusal {
        Refusal {
            id: None,
            subject: Untrusted::new(name),
            reason,
        }
    }

    fn out_of_range(id: u32) -> Reason {
        Reason::OutOfRange {
            kind: EntryKind::Account,
            id,
            range: IdRange::new(20_000, 59_999).unwrap(),
        }
    }

    #[test]
    fn one_cause_is_one_finding_and_what_keeps_all_out_is_a_problem() {
        let refused = [
            refusal("a", out_of_range(5_001)),
            refusal("b", out_of_range(5_002)),
        ];
        let some = Facts {
            people: tally(3, &refused),
            uids: vec![5_001, 5_002, 20_000],
            ..facts()
        };
        let found = judge(&some);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(
            found[0]
                .fix
                .starts_with("uid_range = [1000, 29999] in [accounts]"),
            "{}",
            found[0].fix
        );
        let all = Facts {
            people: tally(2, &refused),
            uids: vec![5_001, 5_002],
            ..facts()
        };
        assert_eq!(judge(&all)[0].severity, Severity::Problem);
        assert!(
            judge(&all)[0]
                .fix
                .starts_with("uid_range = [5000, 5999] in [accounts]")
        );
    }

    #[test]
    fn dots_and_other_characters_are_two_causes() {
        let bad = |why| Reason::BadName {
            kind: EntryKind::Account,
            name: Untrusted::new("x"),
            why,
        };
        let tally = tally(
            3,
            &[
                refusal("a.b", bad(BadName::Dot)),
                refusal("c.d", bad(BadName::Dot)),
                refusal("e f", bad(BadName::BadCharacter)),
            ],
        );
        assert_eq!((tally.usable, tally.causes.len()), (0, 2));
        let found = judge(&Facts {
            people: tally,
            ..facts()
        });
        assert_eq!(found[0].fix, "dots = true in [accounts]");
        assert!(found[1].fix.contains("`names` in [accounts]"));
    }

    #[test]
    fn numbers_of_this_hosts_own_are_noted() {
        let without = |uids: Vec<u32>| {
            let people = Tally {
                wanted: 2,
                usable: 2,
                ..Tally::default()
            };
            judge(&Facts {
                people,
                uids,
                ..facts()
            })
        };
        assert!(
            without(vec![])[0]
                .what
                .contains("names no uids: they are this host's own")
        );
        assert!(
            without(vec![20_000])[0]
                .what
                .contains("no uid for 1 of 2 people")
        );
        assert!(without(vec![20_000, 20_001]).is_empty());
    }

    #[test]
    fn a_range_is_round_and_holds_all() {
        assert_eq!(fitting(20_000, 20_999), (20_000, 20_999));
        assert_eq!(fitting(10_000, 58_123), (10_000, 59_999));
        assert_eq!(fitting(1_000, 1_000), (1_000, 1_999));
    }
}
