//! The ranges of ids: against each other, against those that useradd(8) and systemd give out,
//! against subordinate ids, and against who is there already. Rules: login.defs(5), subuid(5),
//! systemd's document UIDS-GIDS.

mod facts;

use self::facts::{Facts, For, Range};
use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names, word};
use crate::model::id_ranges::IdRanges;
use crate::model::shown;

const AREA: Area = Area::Ranges;

/// Ranges that parts of systemd give out as they need them: first, last, who.
const SYSTEMD: [(u32, u32, &str); 3] = [
    (60_001, 60_513, "systemd-homed"),
    (60_514, 60_577, "systemd-nspawn for users of the host"),
    (61_184, 65_519, "systemd for services with DynamicUser="),
];

/// Ids of containers: a block for each.
const CONTAINERS: (u32, u32) = (524_288, 1_879_048_191);

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let facts = facts::gather(look, report);
    let all: Vec<String> = facts.ranges.iter().map(|r| r.to_string()).collect();
    report.looked(AREA, all.join(", "));
    report.add(judge(&facts));
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, range) in facts.ranges.iter().enumerate() {
        found.extend(against_login_defs(range, facts));
        found.extend(against_systemd(range, facts));
        found.extend(against_subids(range, facts));
        found.extend(who_is_there(range, facts));
        found.extend(what_is_left(range, facts));
        found.extend(
            facts.ranges[index + 1..]
                .iter()
                .filter_map(|other| against_each_other(range, other)),
        );
    }
    match &facts.elsewhere {
        Ok(known) if known.is_empty() => {}
        Ok(known) => {
            let who: Vec<String> = known
                .iter()
                .map(|(name, id)| format!("{name} ({id})"))
                .collect();
            let what = format!(
                "other name services of this host know ids of our ranges: {} ({})",
                who.len(),
                names(&who)
            );
            let why = "gosync gives out what is free; where most is theirs, ids will meet on other hosts or file servers";
            found.push(AREA.warning(
                what,
                why,
                "choose ranges that sssd, winbind or LDAP do not use",
            ));
        }
        Err(reason) => {
            let why = "new ids cannot be compared with those of other sources; new accounts are refused meanwhile";
            found.push(AREA.warning(
                shown(reason),
                why,
                "getent passwd 20000; echo $?   # 2 is a proper answer",
            ));
        }
    }
    found
}

fn against_login_defs(range: &Range, facts: &Facts) -> Vec<Finding> {
    let def = |key: &str| facts.defs.get(key).copied().unwrap_or(0);
    let (prefix, tool) = match range.what {
        For::Accounts => ("UID", "useradd"),
        For::Groups => ("GID", "groupadd"),
        For::Subids => {
            let both = range.overlap(def("SUB_UID_MIN"), def("SUB_UID_MAX"));
            let finding = both.map(|(first, last)| {
                let what = format!("useradd gives out subordinate ids of {range}, too: {first} to {last}");
                let why =
                    "both look at what is in /etc/subuid, but useradd knows nothing of ids that gosync gave out once";
                let fix = match range.first > def("SUB_UID_MIN") {
                    true => set_defs(facts, &[("SUB_UID_MAX", range.first - 1), ("SUB_GID_MAX", range.first - 1)]),
                    false => format!("let {} begin above {}", range.place(), def("SUB_UID_MAX")),
                };
                AREA.note(what, why, fix)
            });
            return finding.into_iter().collect();
        }
    };
    let (min, max) = (format!("{prefix}_MIN"), format!("{prefix}_MAX"));
    let system = def(&format!("SYS_{prefix}_MAX")).max(999);
    let mut found = Vec::new();
    if let Some((first, last)) = range.overlap(0, system) {
        let what = format!("{range} holds ids of the system: {first} to {last}");
        let why = "packages and systemd give them to services, whose files people would own";
        found.push(AREA.problem(
            what,
            why,
            format!("let {} begin above {system}", range.place()),
        ));
    }
    if let Some((first, last)) = range.overlap(def(&min).max(system + 1), def(&max)) {
        let what = format!(
            "{tool} gives out ids of {range}, too: {first} to {last} ({min} to {max} of login.defs)"
        );
        let why = "it knows nothing of ids that gosync gave out once: a new local account or group gets the id of \
                   somebody who left, and the files that go with it; adduser has limits of its own in adduser.conf";
        let fix = match range.first > def(&min) {
            true => set_defs(facts, &[(&max, range.first - 1)]),
            false => format!("let {} begin above {}", range.place(), def(&max)),
        };
        found.push(AREA.warning(what, why, fix));
    }
    found
}

fn set_defs(facts: &Facts, values: &[(&str, u32)]) -> String {
    let path = word(&facts.login_defs);
    let set = |(key, value): &(&str, u32)| match facts.stated.contains(*key) {
        true => format!("sed -i 's/^{key}[[:space:]].*/{key} {value}/' {path}"),
        false => format!("echo '{key} {value}' >> {path}"),
    };
    values.iter().map(set).collect::<Vec<_>>().join(" && ")
}

fn against_systemd(range: &Range, facts: &Facts) -> Option<Finding> {
    if range.what == For::Subids {
        let (first, last) = range.overlap(CONTAINERS.0, CONTAINERS.1)?;
        let what =
            format!("systemd-nspawn gives out ids of {range} to containers: {first} to {last}");
        let why = "it does not look at /etc/subuid; a container of a person and one of the host may share ids";
        let fix =
            "let nspawn take fixed ids (PrivateUsers=FIRST:65536), or do not use it on this host";
        return Some(AREA.note(what, why, fix));
    }
    let met: Vec<String> = SYSTEMD
        .iter()
        .filter_map(|(first, last, who)| {
            range
                .overlap(*first, *last)
                .map(|(a, b)| format!("{a} to {b} by {who}"))
        })
        .collect();
    let containers = range
        .overlap(CONTAINERS.0, CONTAINERS.1)
        .map(|(a, b)| format!("{a} to {b} by systemd-nspawn"));
    let fix = match free(range.size(), facts) {
        Some((first, last)) => {
            format!(
                "{} = [{first}, {last}] in [{}]; what was given out stays",
                range.key, range.section
            )
        }
        None => "choose a range between 65536 and 524287 that nobody else uses".to_owned(),
    };
    let what =
        |met: &[String]| format!("systemd gives out ids of {range}, too: {}", met.join(", "));
    let why = "it asks whether an id is in use only when it gives one out; whoever gets the id later shares the files";
    match (met.is_empty(), containers) {
        (false, _) => Some(AREA.warning(what(&met), why, fix)),
        (true, Some(containers)) => Some(AREA.note(what(&[containers]), why, fix)),
        (true, None) => None,
    }
}

/// A range of this size that nobody else uses, above what fits into 16 bits and below the ids of
/// containers.
fn free(size: u32, facts: &Facts) -> Option<(u32, u32)> {
    let subids: IdRanges = facts
        .subids
        .iter()
        .map(|(_, first, last)| (*first, *last))
        .collect();
    let sub_min = facts.defs.get("SUB_UID_MIN").copied().unwrap_or(0);
    let mut candidates = (70_000..500_000_u32)
        .step_by(10_000)
        .map(|first| (first, first + (size - 1).min(400_000)));
    candidates.find(|(first, last)| {
        let in_use = facts.taken.range(*first..=*last).next().is_some()
            || subids.overlapping(*first, *last).is_some();
        let wanted = facts
            .ranges
            .iter()
            .any(|range| range.overlap(*first, *last).is_some());
        let login =
            *last >= sub_min && *first <= facts.defs.get("SUB_UID_MAX").copied().unwrap_or(0);
        last - first + 1 == size && *last < CONTAINERS.0 && !in_use && !wanted && !login
    })
}

fn against_subids(range: &Range, facts: &Facts) -> Option<Finding> {
    if range.what == For::Subids {
        return None;
    }
    let met = facts
        .subids
        .iter()
        .filter(|(_, first, last)| range.overlap(*first, *last).is_some());
    let who: Vec<String> = met
        .map(|(owner, first, last)| format!("{owner} ({first} to {last})"))
        .collect();
    (!who.is_empty()).then(|| {
        let what = format!("subordinate ids of others are in {range}: {}", names(&who));
        let why =
            "whoever has them can act as every account or group with such an id (CVE-2024-56433)";
        AREA.problem(
            what,
            why,
            format!(
                "choose another range for {}, or usermod --del-subuids FIRST-LAST OWNER",
                range.place()
            ),
        )
    })
}

fn who_is_there(range: &Range, facts: &Facts) -> Option<Finding> {
    let inside = |all: &[(String, u32)]| -> Vec<String> {
        // Ids that are never given out may be anybody's.
        let counts =
            |id| (range.first..=range.last).contains(&id) && !matches!(id, 65_534 | 65_535);
        let inside = all.iter().filter(|(_, id)| counts(*id));
        inside.map(|(name, id)| format!("{name} ({id})")).collect()
    };
    let (what, who) = match range.what {
        For::Accounts => ("accounts that are not gosync's", inside(&facts.accounts)),
        For::Groups => ("groups that are not gosync's", inside(&facts.groups)),
        For::Subids => ("accounts", inside(&facts.accounts)),
    };
    if who.is_empty() {
        return None;
    }
    let text = format!(
        "{what} have ids of {range}: {} ({})",
        who.len(),
        names(&who)
    );
    Some(match range.what {
        For::Subids => {
            let why = "whoever gets these subordinate ids can act as them";
            AREA.problem(
                text,
                why,
                format!("choose another range for {}", range.place()),
            )
        }
        _ => {
            let why = "gosync passes these ids over; they show that something else gives out ids here, too";
            AREA.note(text, why, "keep local accounts and groups below the range")
        }
    })
}

fn what_is_left(range: &Range, facts: &Facts) -> Option<Finding> {
    let (free, size, unit) = match range.what {
        For::Subids => {
            let count = u64::from(facts.subid_count.max(1));
            let inside = facts
                .taken_subids
                .iter()
                .filter_map(|(a, b)| range.overlap(a, b));
            let taken: u64 = inside.map(|(a, b)| u64::from(b - a) + 1).sum();
            (
                u64::from(range.size()).saturating_sub(taken) / count,
                u64::from(range.size()) / count,
                "blocks of ids",
            )
        }
        _ => {
            let taken = facts.taken.range(range.first..=range.last).count() as u64;
            (
                u64::from(range.size()).saturating_sub(taken),
                u64::from(range.size()),
                "ids",
            )
        }
    };
    let what = format!("{unit} left in {range}: {free} of {size}");
    let why = "ids are never given out twice, so that a range only shrinks; without one nobody new gets an account";
    let fix = format!("let {} end higher; what was given out stays", range.place());
    match free {
        0 => Some(AREA.problem(what, why, fix)),
        free if free * 10 < size => Some(AREA.warning(what, why, fix)),
        _ => None,
    }
}

fn against_each_other(one: &Range, other: &Range) -> Option<Finding> {
    let (first, last) = one.overlap(other.first, other.last)?;
    let what = format!("{one} and {other} share {first} to {last}");
    match (one.what, other.what) {
        // The manual allows ranges of groups to overlap, and gosync gives no id twice.
        (For::Groups, For::Groups) => None,
        (For::Subids, _) | (_, For::Subids) => {
            let why = "whoever gets such subordinate ids can act as the account or group that has one of them";
            Some(AREA.problem(
                what,
                why,
                format!("choose another range for {}", other.place()),
            ))
        }
        _ => {
            let why = "an id is given to an account or to a group, never to both: each takes from the other";
            Some(AREA.note(
                what,
                why,
                format!("choose another range for {}", other.place()),
            ))
        }
    }
}

#[cfg(test)]
mod tests;
