//! The provider: whether it answers, who we are there, and whether a small read works.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::commands::setup::Setup;
use crate::model::{Completeness, Untrusted, shown};
use crate::policy::select;
use crate::providers::kind::ProviderConfig;
use crate::providers::{FetchError, Query, Scope};
use crate::system::clock;

const AREA: Area = Area::Provider;

/// Who is asked for where nobody has an account yet. That nobody is called so does not matter.
const NOBODY: &str = "gosync";

/// How far the questions came.
enum Facts {
    /// It could not be set up.
    Unopened(String),
    /// It does not say who we are.
    Strange(FetchError),
    /// It does, but cannot be read.
    Unread(FetchError),
    /// It could be read.
    Read(Read),
}

/// What a small read showed.
struct Read {
    who: Untrusted,
    people: usize,
    /// Why the read was not complete.
    incomplete: Option<String>,
    /// Records that cannot be used, each with its reason.
    rejected: Vec<String>,
    /// The top group, if nobody can be selected by it, and why.
    top_group: Option<(String, String)>,
    /// Attributes of `inactive_when` that nobody's record has.
    unused: Vec<String>,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if look.offline {
        return report.skipped(AREA, "--offline");
    }
    if look.unusable.is_some() {
        return report.skipped(AREA, "without a configuration nobody knows which one it is");
    }
    let known = look
        .owned
        .accounts
        .values()
        .find(|account| account.state.is_present());
    let facts = ask(
        &look.setup,
        known.map_or(NOBODY, |account| account.name.as_str()),
    );
    let Ok(settings) = look.settings().provider() else {
        return;
    };
    if let Facts::Read(read) = &facts {
        let kind = settings.kind;
        let (name, who, people) = (shown(&settings.name), &read.who, read.people);
        report.looked(
            AREA,
            format!("{name} ({kind}), where we are {who}; a small read showed people: {people}"),
        );
    }
    report.add(judge(&facts, &settings.name, settings.config.as_ref()));
}

fn ask(setup: &Setup<'_>, login: &str) -> Facts {
    let deadline = clock::deadline(setup.settings.gosync.time_limit);
    let provider = match setup.provider() {
        Ok(provider) => provider,
        Err(e) => return Facts::Unopened(e.to_string()),
    };
    let who = match provider.identity(deadline) {
        Ok(who) => who,
        Err(e) => return Facts::Strange(e),
    };
    let top_group = setup.settings.rules.accounts.top_group.clone();
    let query = Query {
        scope: Scope::Users,
        only: Some(vec![login.to_owned()]),
        top_group: top_group.clone(),
        with_groups: false,
        deadline,
    };
    let snapshot = match provider.fetch(&query, &|_| {}) {
        Ok(snapshot) => snapshot,
        Err(e) => return Facts::Unread(e),
    };
    let unused = match provider.unused_inactive(deadline) {
        Ok(unused) => unused,
        Err(e) => return Facts::Unread(e),
    };
    let unselected = select::select(&snapshot.directory, top_group.as_deref()).err();
    Facts::Read(Read {
        who,
        people: snapshot.directory.users.len(),
        incomplete: match &snapshot.completeness {
            Completeness::Incomplete(reason) => Some(shown(&reason.to_string()).to_string()),
            _ => None,
        },
        rejected: snapshot
            .rejected
            .iter()
            .map(|r| format!("{}: {}", r.subject, shown(&r.reason)))
            .collect(),
        top_group: unselected.map(|e| (top_group.unwrap_or_default(), e.to_string())),
        unused,
    })
}

fn judge(facts: &Facts, name: &str, config: &dyn ProviderConfig) -> Vec<Finding> {
    let none = "nobody new gets an account, and nobody who leaves is locked, until it can be read";
    let section = format!("[provider.{}]", shown(name));
    match facts {
        Facts::Unopened(reason) => {
            let fix = format!("mend what is said there, or {section} in the configuration");
            vec![AREA.problem(reason, none, fix)]
        }
        Facts::Strange(e) | Facts::Unread(e) => {
            vec![AREA.problem(e, none, config.fix(e, &section))]
        }
        Facts::Read(read) => judge_read(read, &section),
    }
}

/// What is wrong with what was read.
fn judge_read(read: &Read, section: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(reason) = &read.incomplete {
        let why =
            "what is not read completely takes nothing away: people who left keep their accounts";
        let fix = "gosync -vv sync users --dry-run   # says more about the read";
        found.push(AREA.warning(format!("a small read was incomplete: {reason}"), why, fix));
    }
    if let Some((group, reason)) = &read.top_group {
        let what = format!("{reason}: `{}`", shown(group));
        let fix = "mend `top_group` in [accounts], or let gosync see the group at the provider";
        found.push(AREA.problem(what, "no run can tell who gets an account", fix));
    }
    for name in &read.unused {
        let what = format!(
            "`inactive_when` in {section} names `{}`, and nobody's record has it",
            shown(name)
        );
        let fix = format!(
            "mend its spelling in {section}, or let gosync see the attribute at the provider"
        );
        found.push(AREA.warning(what, "it shuts nobody out", fix));
    }
    if let Some(first) = read.rejected.first() {
        let what = format!(
            "records that cannot be used: {}; such as {first}",
            read.rejected.len()
        );
        let fix = "mend them at the provider; gosync sync users --dry-run names all of them";
        found.push(AREA.warning(
            what,
            "these people get no account, and changes of theirs do not arrive",
            fix,
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::providers::file;

    fn read() -> Read {
        Read {
            who: Untrusted::new("us"),
            people: 1,
            incomplete: None,
            rejected: vec![],
            top_group: None,
            unused: vec![],
        }
    }

    fn document(path: &str) -> file::Config {
        file::Config {
            path: path.into(),
            owner: None,
            max_age: None,
            inactive_when: Default::default(),
        }
    }

    fn worst(facts: &Facts) -> Option<Severity> {
        let found = judge(facts, "p\n", &document("/d"));
        assert!(found.iter().all(|f| !format!("{f:?}").contains("p\n")));
        found.iter().map(|finding| finding.severity).min()
    }

    #[test]
    fn each_way_to_fail_is_told_apart() {
        assert_eq!(worst(&Facts::Read(read())), None);
        assert_eq!(
            worst(&Facts::Unopened("x".to_owned())),
            Some(Severity::Problem)
        );
        let e = || FetchError::Unreachable {
            place: "p".to_owned(),
            reason: Untrusted::new("gone").into(),
        };
        assert_eq!(worst(&Facts::Strange(e())), Some(Severity::Problem));
        let fix = |facts: &Facts| judge(facts, "p", &document("/d.json")).swap_remove(0).fix;
        let at = |place: &str| FetchError::Unreachable {
            place: place.to_owned(),
            reason: Untrusted::new("gone").into(),
        };
        assert!(fix(&Facts::Unread(at("/d.json"))).starts_with("ls -l /d.json"));
        assert!(
            fix(&Facts::Unread(at("/f.csv"))).contains("`fields` in [provider.p]"),
            "not the document's fault"
        );
        assert_eq!(worst(&Facts::Unread(e())), Some(Severity::Problem));
        let cut = Facts::Read(Read {
            incomplete: Some("cut".to_owned()),
            ..read()
        });
        assert_eq!(worst(&cut), Some(Severity::Warning));
        let group = Some(("staff\n".to_owned(), "not there".to_owned()));
        assert_eq!(
            worst(&Facts::Read(Read {
                top_group: group,
                ..read()
            })),
            Some(Severity::Problem)
        );
        let unused = vec!["status\n".to_owned()];
        assert_eq!(
            worst(&Facts::Read(Read { unused, ..read() })),
            Some(Severity::Warning)
        );
        let rejected = vec!["x: no login".to_owned()];
        assert_eq!(
            worst(&Facts::Read(Read { rejected, ..read() })),
            Some(Severity::Warning)
        );
    }
}
