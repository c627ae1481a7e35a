//! The configuration: whether it can be used, and whether what it names is there.

use std::path::{Path, PathBuf};

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, word};
use crate::error::Error;

const AREA: Area = Area::Configuration;

/// What is known about it.
struct Facts<'a> {
    unusable: Option<&'a Error>,
    /// Why a place would not be below the root.
    outside: Vec<String>,
    /// Directories that are named and not there.
    missing: Vec<(&'static str, PathBuf)>,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let settings = look.settings();
    let named = [
        ("description_dir", settings.description_dir()),
        ("policy_dir", settings.policy_dir()),
    ];
    let named = named.into_iter().filter_map(|(key, dir)| Some((key, dir?)));
    let facts = Facts {
        unusable: look.unusable.as_ref(),
        outside: look
            .setup
            .places()
            .into_iter()
            .chain(look.setup.home_bases())
            .filter_map(|p| Some(look.root().contains(&p).err()?.to_string()))
            .collect(),
        missing: named.filter(|(_, dir)| !is_dir(dir)).collect(),
    };
    match &look.unusable {
        Some(_) => report.skipped(
            AREA,
            "it cannot be used; what follows is checked as if every key had its default",
        ),
        None => {
            let files: Vec<String> = look
                .setup
                .sources
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let providers: Vec<&str> = settings
                .providers
                .iter()
                .map(|provider| provider.name.as_str())
                .collect();
            report.looked(
                AREA,
                format!("{}, provider {}", files.join(", "), providers.join(", ")),
            );
        }
    }
    report.add(judge(&facts));
}

fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

fn judge(facts: &Facts<'_>) -> Vec<Finding> {
    let unusable = facts.unusable.map(|error| {
        let fix = match error.hints.is_empty() {
            true => {
                "fix what the message says; gosync.toml(5) and gosync.toml.example list every key"
                    .to_owned()
            }
            false => error.hints.join(". "),
        };
        AREA.problem(
            error,
            "gosync does nothing without a configuration that it understands wholly",
            fix,
        )
    });
    let outside = facts.outside.iter().map(|text| {
        let why = "a write there would change another host than the one below --root";
        AREA.problem(
            text,
            why,
            "replace the link by a relative one, or by a directory",
        )
    });
    let missing = facts.missing.iter().map(|(key, dir)| {
        let what = format!(
            "`{key}` in [catalogue] names {}, which is no directory",
            dir.display()
        );
        AREA.warning(
            what,
            "`gosync group new` finds no descriptions or policies",
            format!("mkdir {}", word(dir)),
        )
    });
    unusable.into_iter().chain(outside).chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    #[test]
    fn an_unusable_configuration_is_a_problem_with_its_hint() {
        let error = Error::usage("there is no configuration").hint("Write one");
        let facts = Facts {
            unusable: Some(&error),
            outside: vec![],
            missing: vec![("policy_dir", "/x y".into())],
        };
        let found = judge(&facts);
        assert_eq!(
            (found[0].severity, found[0].fix.as_str()),
            (Severity::Problem, "Write one")
        );
        assert_eq!(
            (found[1].severity, found[1].fix.as_str()),
            (Severity::Warning, "mkdir '/x y'")
        );
        let plain = Error::usage("line 3: odd");
        let facts = Facts {
            unusable: Some(&plain),
            outside: vec!["a link".into()],
            missing: vec![],
        };
        assert!(
            judge(&facts)[0].fix.contains("gosync.toml(5)")
                && judge(&facts)[1].severity == Severity::Problem
        );
    }
}
