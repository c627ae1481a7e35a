//! Names that files such as sudoers(5) give power to, or let in: which of them nobody on this host has, and which are
//! gosync's.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names};
use crate::model::owned::Owned;
use crate::model::power::{Place, Powers};
use crate::model::shown;
use crate::policy::protect;
use crate::targets::files::Survey;
use crate::targets::read_powers;

const AREA: Area = Area::Power;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let rules = &look.settings().rules;
    let trusted = (&rules.accounts.trusted_names, &rules.groups.trusted_names);
    let powers = read_powers(look.root()).trusting(trusted.0, trusted.1);
    let count = powers.users().count() + powers.groups().count();
    report.looked(
        AREA,
        format!("{count} in sudoers, doas, polkit, sshd, access.conf, cron, at and su"),
    );
    let taken = Taken::of(&look.survey);
    report.add(judge(&powers, &taken, &look.owned));
}

/// The names that stand in the databases.
struct Taken {
    accounts: std::collections::BTreeSet<String>,
    groups: std::collections::BTreeSet<String>,
}

impl Taken {
    fn of(survey: &Survey) -> Self {
        let names = |database: &str| {
            let lines = survey.named(database).flat_map(|file| file.lines.iter());
            lines
                .map(crate::formats::name_of)
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect()
        };
        Self {
            accounts: names("passwd"),
            groups: names("group"),
        }
    }
}

fn judge(powers: &Powers, taken: &Taken, owned: &[Owned]) -> Vec<Finding> {
    let why = "the names in them are not known, so gosync may give such a name to a new account";
    let unclear = powers.unclear.iter();
    let mut found: Vec<Finding> = unclear
        .map(|told| {
            AREA.warning(
                told,
                why,
                "correct the line, or make sure that no such name is given out",
            )
        })
        .collect();
    let is_free = |name: &str| !protect::is_protected(name);
    let users = powers
        .users()
        .filter(|(name, _)| is_free(name) && !taken.accounts.contains(*name));
    let groups = powers
        .groups()
        .filter(|(name, _)| is_free(name) && !taken.groups.contains(*name));
    let free = told(users, "").chain(told(groups, "%")).collect::<Vec<_>>();
    if !free.is_empty() {
        let text = format!(
            "names in files that grant power or access, which no account or group of this host has: {} ({})",
            free.len(),
            names(&free)
        );
        let why = "gosync gives no new account or group such a name; other tools may";
        let fix = "remove what is not needed any more; what is meant goes into `trusted_names` in [accounts] or [groups]";
        found.push(AREA.note(text, why, fix));
    }
    let ours = owned.iter().flat_map(|it| it.accounts.values());
    let ours = ours.filter(|own| own.state.is_present());
    let ours = ours.filter_map(|own| Some((own.name.as_str(), powers.user(&own.name)?)));
    let groups = owned.iter().flat_map(|it| it.groups.values());
    let groups = groups.filter(|own| own.state.is_present());
    let groups = groups.filter_map(|own| Some((own.name.as_str(), powers.group(&own.name)?)));
    let ours = told(ours, "").chain(told(groups, "%")).collect::<Vec<_>>();
    if !ours.is_empty() {
        let text = format!(
            "accounts and groups of gosync's in files that give power or let people in: {} ({})",
            ours.len(),
            names(&ours)
        );
        let why = "the accounts stay as they are; the groups get no new members, since the provider would decide who gets what they grant";
        let fix = "what is meant goes into `trusted_names` in [accounts] or [groups]";
        found.push(AREA.note(text, why, fix));
    }
    found
}

fn told<'a>(
    all: impl Iterator<Item = (&'a str, &'a Place)>,
    sign: &'static str,
) -> impl Iterator<Item = String> {
    all.map(move |(name, place)| format!("{sign}{} in {place}", shown(name)))
}
