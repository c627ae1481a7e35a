//! The servers of a directory that this host writes to: whether they hold the same, and whether a number stands twice.

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::model::{first_names, shown};
use crate::system::clock;
use crate::targets::derived::{Replica, ReplicaState};

const AREA: Area = Area::Directory;

/// How many entries are named.
const TOLD: usize = 5;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if look.unusable.is_some() {
        return;
    }
    for (name, target) in look.settings().derived_targets() {
        let Some(shared) = target.shared() else {
            continue;
        };
        if look.offline {
            report.skipped(AREA, "--offline");
            continue;
        }
        let deadline = clock::deadline(look.settings().gosync.time_limit);
        let all = shared.replicas(deadline);
        let servers = all.iter().map(|it| it.url.as_str());
        report.looked(
            AREA,
            format!("{}: {}", shown(name), first_names(servers, TOLD)),
        );
        report.add(judge(&all));
    }
}

/// `all`: the server that is written to, and its replicas.
fn judge(all: &[Replica]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Replica { url, state } in all {
        let found = match state {
            Ok(state) => doubled(url, state),
            Err(why) => vec![AREA.warning(
                format!("{} could not be read: {why}", shown(url)),
                "nobody knows whether it holds what the others hold",
                "see that it runs, and that `bind_dn` of the target may read there",
            )],
        };
        findings.extend(found);
    }
    let Some((first, others)) = all.split_first() else {
        return findings;
    };
    if let Ok(state) = &first.state {
        for other in others {
            let theirs = other.state.as_ref().ok();
            findings.extend(theirs.and_then(|it| differs((&first.url, state), (&other.url, it))));
        }
    }
    findings
}

fn doubled(url: &str, state: &ReplicaState) -> Vec<Finding> {
    let all = state.doubled.iter();
    all.map(|it| {
        let places = first_names(it.places.iter().map(String::as_str), TOLD);
        AREA.problem(
            format!("{}: {} is that of {places}", shown(url), shown(&it.number)),
            "whoever has one of them can use the files of the other",
            "give one of them another number, and chown what is theirs",
        )
    })
    .collect()
}

fn differs(
    (first, one): (&str, &ReplicaState),
    (second, other): (&str, &ReplicaState),
) -> Option<Finding> {
    if one.digest == other.digest {
        return None;
    }
    let what = format!(
        "{} and {} do not hold the same: {} and {} entries",
        shown(first),
        shown(second),
        one.entries,
        other.entries
    );
    Some(match one.csns == other.csns {
        true => AREA.problem(
            format!("{what}, though both say that they are as far as each other (contextCSN)"),
            "they will not come in step by themselves: a deletion met a change, or one was restored",
            format!("find out which one is right, and load the other one anew from it (slapadd); {} is the one that is written to", shown(first)),
        ),
        false => AREA.warning(
            format!("{what}, and one has not seen all changes of the other (contextCSN)"),
            "hosts that read there do not see who came or left",
            "run it again in a minute; if it stays, look at the replication (syncrepl) of both",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::targets::derived::Doubled;

    fn replica(url: &str, csn: &str, digest: &str) -> Replica {
        Replica {
            url: url.to_owned(),
            state: Ok(ReplicaState {
                csns: [csn.to_owned()].into(),
                entries: 3,
                digest: digest.to_owned(),
                doubled: Vec::new(),
            }),
        }
    }

    #[test]
    fn those_that_differ_are_told_and_those_that_are_alike_are_not() {
        let severities = |all: &[Replica]| -> Vec<Severity> {
            judge(all).iter().map(|it| it.severity).collect()
        };
        let first = || replica("a", "1", "x");
        assert_eq!(severities(&[first(), replica("b", "1", "x")]), []);
        assert_eq!(
            severities(&[first(), replica("b", "1", "y")]),
            [Severity::Problem]
        );
        assert_eq!(
            severities(&[first(), replica("b", "2", "y")]),
            [Severity::Warning]
        );
        let away = Replica {
            url: "b".to_owned(),
            state: Err("no".to_owned()),
        };
        assert_eq!(severities(&[first(), away]), [Severity::Warning]);
        let mut twice = first();
        if let Ok(state) = &mut twice.state {
            state.doubled.push(Doubled {
                number: "uidNumber 7".to_owned(),
                places: vec!["uid=a".to_owned(), "uid=b".to_owned()],
            });
        }
        let found = judge(&[twice]);
        assert!(
            found[0]
                .what
                .contains("uidNumber 7 is that of uid=a, uid=b"),
            "{found:?}"
        );
    }
}
