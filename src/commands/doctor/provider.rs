//! The provider: whether it answers, who we are there, and whether a read like that of a sync works.

use std::time::Instant;

use super::host_look::HostLook;
use super::people;
use super::report::{Area, Finding, Report};
use crate::commands::setup::Setup;
use crate::model::remedy::{KeyNames, Remedy};
use crate::model::{Completeness, Details, Untrusted, shown};
use crate::policy::select;
use crate::providers::kind::ProviderConfig;
use crate::providers::look::{self, Look, LookFor};
use crate::providers::{FetchError, Provider, Query, Scope};
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
    Read(Box<Read>),
}

/// What a look showed.
struct Read {
    who: Untrusted,
    look: Look,
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
        return report.skipped(AREA, "without a configuration the provider is not known");
    }
    for name in &look.settings().inactive {
        report.skipped(AREA, format!("{} is not active", shown(name)));
    }
    for setup in look.setup.of_each_provider() {
        check_one(look, &setup, report);
    }
}

fn check_one(look: &HostLook<'_>, setup: &Setup<'_>, report: &mut Report) {
    let Ok(settings) = setup.settings.provider() else {
        return;
    };
    let mut accounts = look.owned_of(&settings.name).accounts.values();
    let known = accounts.find(|account| account.state.is_present());
    let login = known.map_or(NOBODY, |account| account.name.as_str());
    let facts = ask(setup, look.full, login);
    if let Facts::Read(read) = &facts {
        let kind = settings.kind;
        let (name, who) = (shown(&settings.name), &read.who);
        let counted = people::count(look, &setup.env, &read.look);
        let figures = match &counted {
            Ok(facts) => people::figures(facts, &read.look),
            Err(_) => format!(
                "people: {}, groups: {}",
                read.look.people.directory.users.len(),
                read.look.groups.directory.groups.len()
            ),
        };
        report.looked(
            AREA,
            format!("{name} ({kind}), where we are {who}; {figures}"),
        );
        match &counted {
            Ok(facts) => report.add(people::judge(facts)),
            Err(e) => report.skipped(AREA, format!("who of them can be used: {e}")),
        }
    }
    report.add(judge(&facts, &settings.name, settings.config.as_ref()));
}

fn ask(setup: &Setup<'_>, full: bool, login: &str) -> Facts {
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
    let asked = LookFor {
        deadline,
        full,
        top_group: top_group.clone(),
    };
    let seen = match look::look(provider.as_ref(), &asked) {
        Ok(seen) => seen,
        Err(e) => return Facts::Unread(e),
    };
    let unused = match provider.unused_inactive(deadline) {
        Ok(unused) => unused,
        Err(e) => return Facts::Unread(e),
    };
    let top_group =
        match top_group.map(|group| unselected(provider.as_ref(), group, login, deadline)) {
            Some(Err(e)) => return Facts::Unread(e),
            Some(Ok(found)) => found,
            None => None,
        };
    Facts::Read(Box::new(Read {
        who,
        look: seen,
        top_group,
        unused,
    }))
}

/// The top group, if nobody can be selected by it, and why.
fn unselected(
    provider: &dyn Provider,
    group: String,
    login: &str,
    deadline: Instant,
) -> Result<Option<(String, String)>, FetchError> {
    let query = Query {
        scope: Scope::Users,
        only: Some(vec![login.to_owned()]),
        top_group: Some(group.clone()),
        details: Details::ALL,
        attribute: None,
        deadline,
    };
    let snapshot = provider.fetch(&query, &|_| {})?;
    let why = select::select(&snapshot.directory, Some(&group)).err();
    Ok(why.map(|e| (group, e.to_string())))
}

fn judge(facts: &Facts, name: &str, config: &dyn ProviderConfig) -> Vec<Finding> {
    let none = "no new accounts are made, and no account of a person who leaves is locked, until it can be read";
    let section = format!("[provider.{}]", shown(name));
    match facts {
        Facts::Unopened(reason) => {
            let fix = format!("fix what the message says, or {section} in the configuration");
            vec![AREA.problem(reason, none, fix)]
        }
        Facts::Strange(e) | Facts::Unread(e) => {
            vec![AREA.problem(e, none, config.fix(e, &section))]
        }
        Facts::Read(read) => judge_read(read, &section, &config.key_names()),
    }
}

/// What is said of lists that are cut, or empty.
fn judge_lists(read: &Read, section: &str, keys: &KeyNames) -> Vec<Finding> {
    let mut found = Vec::new();
    let Look { people, groups, .. } = &read.look;
    for (snapshot, what) in [(people, "people"), (groups, "groups")] {
        if let Completeness::Incomplete(reason) = &snapshot.completeness {
            let what = format!("the list of {what} is incomplete: {}", shown(reason));
            let why = "what is not read completely takes nothing away: people who left keep their accounts";
            let fix =
                "do what is said there; gosync -vv sync users --dry-run says more about the read";
            found.push(AREA.warning(what, why, fix));
        }
        let none = snapshot.directory.users.is_empty()
            && snapshot.directory.groups.is_empty()
            && snapshot.rejected.is_empty();
        if none {
            found.push(nothing(what, &read.look, section, keys));
        }
    }
    found
}

/// What is wrong with what was read.
fn judge_read(read: &Read, section: &str, keys: &KeyNames) -> Vec<Finding> {
    let mut found = judge_lists(read, section, keys);
    for unseen in &read.look.unseen {
        let what = format!(
            "`{}` in {section} names `{}`, and no record has it",
            unseen.key,
            shown(&unseen.name)
        );
        let fix = format!(
            "correct its spelling in {section}, or let {} see it at the provider",
            keys.credentials
        );
        found.push(AREA.warning(what, "it is read as if it were empty for everybody", fix));
    }
    if let Some(hidden) = &read.look.hidden {
        let why =
            "people who are disabled at the provider keep open accounts, if gosync cannot see that";
        let fix = format!(
            "give {} the right to read it; what else says so, `inactive_when` in {section} names",
            keys.credentials
        );
        found.push(AREA.note(hidden, why, fix));
    }
    if let Some((group, reason)) = &read.top_group {
        let what = format!("{reason}: `{}`", shown(group));
        let fix = "correct `top_group` in [accounts], or let gosync see the group at the provider";
        found.push(AREA.problem(what, "no run can tell who gets an account", fix));
    }
    for name in &read.unused {
        let what = format!(
            "`inactive_when` in {section} names `{}`, which no record has",
            shown(name)
        );
        let fix = format!(
            "correct its spelling in {section}, or let gosync see the attribute at the provider"
        );
        found.push(AREA.warning(what, "it disables nobody", fix));
    }
    found
}

/// Nobody, or no group, where there should be some.
fn nothing(what: &str, look: &Look, section: &str, keys: &KeyNames) -> Finding {
    let why = match what {
        "people" => "no account is made; a sync reports the same as on a host that is in step",
        _ => "no group is made; memberships of existing groups stay as they are",
    };
    let fix = match look.proposals.is_empty() {
        true => Remedy::Base.words(section, keys, ""),
        false => format!(
            "{} in {section}, by what the server shows",
            look.proposals.join(", ")
        ),
    };
    AREA.problem(
        format!("the provider shows no {what}; see {}", keys.base),
        why,
        fix,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::model::{Directory, Group, RemoteId, Snapshot, User};
    use crate::providers::file;
    use crate::providers::look::Unseen;

    fn read() -> Read {
        let one = |users, groups| {
            let whole = Completeness::Complete("x".to_owned());
            Snapshot::new(Directory { users, groups }, vec![], whole)
        };
        let id = || RemoteId::new("1").unwrap();
        let group = Group {
            id: id(),
            name: Untrusted::new("g"),
            description: None,
            parent: None,
            gid: None,
            members: vec![],
        };
        Read {
            who: Untrusted::new("us"),
            look: Look {
                people: one(vec![User::new(id(), "a")], vec![]),
                groups: one(vec![], vec![group]),
                unseen: vec![],
                proposals: vec![],
                hidden: None,
            },
            top_group: None,
            unused: vec![],
        }
    }

    fn seen(read: Read) -> Facts {
        Facts::Read(Box::new(read))
    }

    fn document(path: &str) -> file::Config {
        file::Config {
            verify: None,
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
        assert_eq!(worst(&seen(read())), None);
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
        let mut cut = read();
        cut.look.people.completeness = Completeness::Incomplete("cut".to_owned());
        assert_eq!(worst(&seen(cut)), Some(Severity::Warning));
        let mut nobody = read();
        nobody.look.people.directory.users.clear();
        nobody.look.proposals = vec!["user_base = \"ou=p\"".to_owned()];
        assert!(fix(&seen(nobody)).starts_with("user_base = \"ou=p\" in [provider.p]"));
        let mut no_groups = read();
        no_groups.look.groups.directory.groups.clear();
        assert_eq!(worst(&seen(no_groups)), Some(Severity::Problem));
        let mut misspelt = read();
        misspelt.look.unseen.push(Unseen {
            key: "attributes.uid".to_owned(),
            name: "uidNumbr\n".to_owned(),
        });
        assert_eq!(worst(&seen(misspelt)), Some(Severity::Warning));
        let mut hidden = read();
        hidden.look.hidden = Some("x".to_owned());
        assert_eq!(worst(&seen(hidden)), Some(Severity::Note));
        let group = Some(("staff\n".to_owned(), "not there".to_owned()));
        assert_eq!(
            worst(&seen(Read {
                top_group: group,
                ..read()
            })),
            Some(Severity::Problem)
        );
        let unused = vec!["status\n".to_owned()];
        assert_eq!(
            worst(&seen(Read { unused, ..read() })),
            Some(Severity::Warning)
        );
    }
}
