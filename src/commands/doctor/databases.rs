//! The account files: whether they can be read and replaced, and what pwck(8) and grpck(8) say.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names, word};
use super::{odd_lines, owned};
use crate::formats::{GroupLine, PasswdLine};
use crate::model::shown;
use crate::policy::PrimaryGroup;
use crate::system::inspect::{self, Closed};
use crate::system::process;
use crate::targets::files::{Layout, Survey};

const AREA: Area = Area::Databases;

/// How long pwck(8) may take.
const LIMIT: Duration = Duration::from_secs(60);

/// With more accounts the two, which go through passwd for each line and each member, take minutes.
const MANY: usize = 20_000;

/// What it means if a database cannot be written.
const NOTHING: &str = "no run can change anything; it fails before it writes";

/// What is known besides the databases themselves.
struct Facts<'a> {
    survey: &'a Survey,
    layout: &'static Layout,
    /// The local group that new accounts get, if it is one.
    primary_group: Option<&'a str>,
    /// Groups of this host that `local_map` names.
    local: Vec<&'a str>,
    /// Directories in which nothing can be made.
    closed: Vec<(PathBuf, Closed)>,
    /// What pwck(8) and grpck(8) say, line by line.
    complaints: Vec<Complaints>,
    /// Names of our accounts and groups.
    ours: Vec<&'a str>,
}

/// The answer of one of the two programs.
struct Complaints {
    program: &'static str,
    lines: Result<Vec<String>, String>,
}

/// Asks the programs that check the databases, where there are such programs for this layout.
fn complaints(look: &HostLook<'_>, report: &mut Report) -> Vec<Complaints> {
    let mut complaints = Vec::new();
    let layout = look.layout();
    if !look.is_host() {
        let why = "pwck and grpck: with --root they would look at this host";
        report.skipped(AREA, why);
        return complaints;
    }
    if layout.checkers.is_empty() {
        let why = format!("pwck and grpck: they know /etc alone, not {}", layout.word);
        report.skipped(AREA, why);
    }
    let files = look.survey.named("passwd");
    let accounts: usize = files.map(|file| file.lines.len()).sum();
    for &program in layout.checkers {
        match process::find(program) {
            Some(_) if accounts > MANY => {
                let why = format!("{program}: it takes minutes with so many accounts");
                report.skipped(AREA, why);
            }
            Some(_) => complaints.push(Complaints {
                program,
                lines: ask(program),
            }),
            None => report.skipped(AREA, format!("{program}: it is not installed")),
        }
    }
    complaints
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let complaints = complaints(look, report);
    let written = look
        .survey
        .files
        .iter()
        .filter(|file| file.written && file.exists)
        .map(|file| file.name);
    report.looked(AREA, written.collect::<Vec<_>>().join(", "));
    report.add(judge(&Facts::new(look, complaints)));
    for owned in &look.owned {
        report.add(owned::judge(&look.survey, owned));
    }
    owned::check_homes(look, report);
}

impl<'a> Facts<'a> {
    fn new(look: &'a HostLook<'_>, complaints: Vec<Complaints>) -> Self {
        let (layout, rules) = (look.layout(), &look.settings().rules);
        let dirs = layout.directories().into_iter();
        let dirs = dirs
            .map(|dir| look.root().path(dir))
            .chain([look.setup.state_dir()]);
        let (accounts, groups) = (look.accounts(), look.groups());
        let accounts = accounts
            .filter(|own| own.state.is_present())
            .map(|own| own.name.as_str());
        let groups = groups
            .filter(|own| own.state.is_present())
            .map(|own| own.name.as_str());
        let mapped = rules.groups.local_map.groups().iter();
        Self {
            survey: &look.survey,
            layout,
            primary_group: match &rules.accounts.primary_group {
                PrimaryGroup::Local(name) => Some(name.as_str()),
                PrimaryGroup::Private | PrimaryGroup::Provider => None,
            },
            local: mapped.map(|group| group.name.as_str()).collect(),
            closed: dirs
                .filter_map(|dir| inspect::closed(&dir).map(|closed| (dir, closed)))
                .collect(),
            complaints,
            ours: accounts.chain(groups).collect(),
        }
    }
}

fn ask(program: &'static str) -> Result<Vec<String>, String> {
    let path = process::find(program).ok_or("it is not installed")?;
    let answer = process::run(&path, &[OsStr::new("-r")], LIMIT).map_err(|e| e.to_string())?;
    let text = format!(
        "{}\n{}",
        String::from_utf8_lossy(&answer.output),
        answer.complaint
    );
    let said = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // What follows a finding is a question, and its answer by -r.
    let lines: Vec<String> = said
        .filter(|l| !l.contains("? No") && !l.ends_with(": no changes"))
        .map(str::to_owned)
        .collect();
    match answer.code {
        Some(0) => Ok(Vec::new()),
        Some(2) => Ok(lines),
        code => Err(format!(
            "status {}: {}",
            code.map_or("none".to_owned(), |c| c.to_string()),
            shown(&answer.complaint)
        )),
    }
}

fn judge(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = unusable(facts.survey);
    if let Some(reason) = &facts.survey.unswappable {
        let generations = facts.layout.generations.as_ref();
        let link = generations.map_or("", |there| there.link);
        found.push(AREA.problem(
            reason,
            NOTHING,
            format!("umount {link}   # and mount what is above instead"),
        ));
    }
    found.extend(facts.closed.iter().map(closed));
    found.extend(root_line(facts.survey));
    found.extend(primary_group(facts));
    found.extend(local_groups(facts));
    found.extend(odd_lines::judge(facts.survey, &facts.ours));
    found.extend(
        facts
            .complaints
            .iter()
            .flat_map(|complaints| complained(complaints, &facts.ours)),
    );
    found
}

/// Files that cannot be read or replaced, or are missing.
fn unusable(survey: &Survey) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &survey.files {
        if let Some(fault) = &file.fault {
            let fix = mend(fault, &file.path);
            found.push(AREA.problem(fault, NOTHING, fix));
        } else if !file.exists && file.required {
            let path = file.path.display();
            let fix = match file.name {
                "shadow" => "pwconv".to_owned(),
                // pwconv(8) makes a shadow of passwd; what group and passwd said is in their
                // backups alone.
                "group" | "passwd" => format!("cp -p {0}- {0}", word(&file.path)),
                _ => continue,
            };
            found.push(AREA.problem(format!("{path} is missing"), NOTHING, fix));
        }
    }
    found
}

/// A directory in which nothing can be made.
fn closed((dir, closed): &(PathBuf, Closed)) -> Finding {
    let (why, fix) = match closed {
        Closed::Immutable => ("is immutable", format!("chattr -i {}", word(dir))),
        Closed::ReadOnly => (
            "is on a read-only file system",
            format!("findmnt -T {}   # remount it rw", word(dir)),
        ),
        Closed::Denied => (
            "cannot be written by this user",
            "run gosync as root".to_owned(),
        ),
    };
    AREA.problem(format!("{} {why}", dir.display()), NOTHING, fix)
}

/// What to type where a database cannot be replaced.
fn mend(fault: &str, path: &std::path::Path) -> String {
    let name = word(path);
    if fault.contains("symbolic link") {
        format!(
            "cp --remove-destination \"$(readlink -f {name})\" {name}   # or use database = \"extrausers\""
        )
    } else if fault.contains("hard links") {
        format!("find / -xdev -samefile {name}   # and remove the others")
    } else if fault.contains("mount point") {
        format!("umount {name}   # a container that mounts it needs database = \"extrausers\"")
    } else if fault.contains("immutable") {
        format!("chattr -i -a {name}")
    } else {
        format!("ls -l {name}; findmnt -T {name}")
    }
}

/// A passwd without root is no sound one.
fn root_line(survey: &Survey) -> Option<Finding> {
    let etc = survey
        .named("passwd")
        .find(|file| file.path.ends_with("etc/passwd"))
        .filter(|file| file.exists)?;
    let mut lines = etc
        .lines
        .entries()
        .filter_map(|(_, line)| PasswdLine::parse(line));
    if etc.fault.is_some() && etc.lines.is_empty()
        || lines.any(|line| line.name == b"root" && line.uid == 0)
    {
        return None;
    }
    let what = format!("{} has no line `root` with the uid 0", etc.path.display());
    let fix = format!("diff {0} {0}-   # and put the line back", word(&etc.path));
    Some(AREA.problem(
        what,
        "it was cut or broken; gosync writes nothing, lest it make that permanent",
        fix,
    ))
}

fn primary_group(facts: &Facts<'_>) -> Option<Finding> {
    let name = facts
        .primary_group
        .filter(|_| !facts.survey.is_unread("group"))?;
    let shown = shown(name);
    let groups = facts
        .survey
        .named("group")
        .flat_map(|file| file.lines.entries());
    let gid = groups
        .filter_map(|(_, line)| GroupLine::parse(line))
        .find(|g| g.name == name.as_bytes())
        .map(|g| g.gid);
    let fix = "set primary_group = \"private\" in [accounts], or the name of another group";
    match (gid, &facts.layout.reader) {
        (None, _) => {
            let what =
                format!("there is no group `{shown}`, which `primary_group` in [accounts] names");
            Some(AREA.problem(
                what,
                "no new account can be made",
                format!("groupadd {shown}   # or {fix}"),
            ))
        }
        (Some(gid), Some(reader)) if gid < reader.smallest_id => {
            let what = format!(
                "the gid of `{shown}`, which `primary_group` in [accounts] names, is {gid}"
            );
            let why = format!(
                "{} passes over accounts with an id below {}; no new account is made",
                reader.package, reader.smallest_id
            );
            Some(AREA.problem(what, why, fix))
        }
        _ => None,
    }
}

/// Groups that should get members and are not there.
fn local_groups(facts: &Facts<'_>) -> Option<Finding> {
    let groups = facts
        .survey
        .named("group")
        .flat_map(|file| file.lines.entries());
    let there: Vec<&[u8]> = groups
        .filter_map(|(_, line)| GroupLine::parse(line))
        .map(|group| group.name)
        .collect();
    let missing =
        |name: &&str| !facts.survey.is_unread("group") && !there.contains(&name.as_bytes());
    let missing: Vec<&str> = facts.local.iter().copied().filter(missing).collect();
    let first = shown(missing.first()?);
    let what = format!(
        "groups that `local_map` in [groups] names and that are not there: {}",
        names(&missing)
    );
    let fix = format!("groupadd --system {first}   # or take it out of `local_map`");
    Some(AREA.warning(
        what,
        "gosync makes no groups for it, and nobody gets what they grant",
        fix,
    ))
}

fn complained(complaints: &Complaints, ours: &[&str]) -> Vec<Finding> {
    let program = complaints.program;
    let fix = format!("{program} -r   # shows them; {program} mends them one by one");
    let lines = match &complaints.lines {
        Ok(lines) => lines,
        Err(reason) => {
            let what = format!("{program} failed: {}", shown(reason));
            return vec![AREA.warning(what, "it is not known what it would have found", fix)];
        }
    };
    let ours: BTreeSet<&str> = ours.iter().copied().collect();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '$');
    let names_us = |line: &&String| {
        line.split(|c| !is_of_name(c))
            .any(|word| ours.contains(word))
    };
    let (about_us, about_others): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| names_us(line));
    let mut found = Vec::new();
    if !about_us.is_empty() {
        let what = format!(
            "{program} complains about what gosync owns: {}",
            names(&about_us)
        );
        found.push(AREA.warning(what, "programs may refuse these accounts or groups", &fix));
    }
    if !about_others.is_empty() {
        let what = format!("{program} complains about others: {}", names(&about_others));
        found.push(AREA.note(what, "gosync leaves these lines as they are", fix));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::formats::Lines;
    use crate::targets::files::survey::Surveyed;
    use crate::targets::files::{ETC, EXTRAUSERS};

    fn file(name: &'static str, text: &str) -> Surveyed {
        let path = format!("/etc/{name}").into();
        Surveyed {
            name,
            path,
            written: true,
            required: true,
            exists: true,
            lines: Lines::new(text.into()),
            fault: None,
        }
    }

    fn sound() -> Survey {
        let files = vec![
            file("passwd", "root:x:0:0::/:/bin/sh\n"),
            file("group", "users:x:100:\n"),
            file("shadow", ""),
        ];
        Survey {
            files,
            unswappable: None,
        }
    }

    fn facts(survey: &Survey) -> Facts<'_> {
        let (layout, primary_group) = (&ETC, Some("users"));
        let (closed, complaints) = (vec![], vec![]);
        Facts {
            survey,
            layout,
            primary_group,
            local: vec!["users"],
            closed,
            complaints,
            ours: vec!["ann"],
        }
    }

    fn told(facts: &Facts<'_>) -> Vec<(Severity, String)> {
        judge(facts)
            .into_iter()
            .map(|finding| (finding.severity, finding.fix))
            .collect()
    }

    #[test]
    fn sound_files_are_not_mentioned() {
        assert_eq!(told(&facts(&sound())), []);
    }

    #[test]
    fn what_keeps_a_file_from_being_replaced_has_its_own_mend() {
        for (fault, fix) in [
            ("it is a symbolic link, and", "cp --remove-destination"),
            ("it has other hard links", "find /"),
            ("it is a mount point (a bind mount?)", "umount"),
            ("it is immutable or append-only", "chattr -i -a /etc/passwd"),
            ("Permission denied", "ls -l"),
        ] {
            let mut survey = sound();
            survey.files[0].fault = Some(fault.to_owned());
            let told = told(&facts(&survey));
            assert!(
                told.len() == 1 && told[0].0 == Severity::Problem && told[0].1.starts_with(fix),
                "{told:?}"
            );
        }
        let mut survey = sound();
        survey.files[2].exists = false;
        assert_eq!(
            told(&facts(&survey)),
            [(Severity::Problem, "pwconv".to_owned())]
        );
        let closed = vec![("/etc".into(), Closed::Immutable)];
        assert_eq!(
            told(&Facts {
                closed,
                ..facts(&sound())
            }),
            [(Severity::Problem, "chattr -i /etc".to_owned())]
        );
    }

    #[test]
    fn root_and_the_primary_group_must_be_there() {
        let mut survey = sound();
        survey.files[0] = file("passwd", "root:x:5:0::/:/bin/sh\n");
        assert_eq!(told(&facts(&survey)).len(), 1);
        let survey = sound();
        assert_eq!(
            told(&Facts {
                primary_group: Some("staff"),
                ..facts(&survey)
            })
            .len(),
            1
        );
        assert_eq!(
            told(&Facts {
                primary_group: None,
                ..facts(&survey)
            }),
            []
        );
        let lost = judge(&Facts {
            local: vec!["users", "docker"],
            ..facts(&survey)
        });
        assert_eq!((lost.len(), lost[0].severity), (1, Severity::Warning));
        assert!(
            lost[0].what.ends_with("not there: docker")
                && lost[0].fix.starts_with("groupadd --system docker")
        );
        assert_eq!(
            told(&Facts {
                layout: &EXTRAUSERS,
                ..facts(&survey)
            })
            .len(),
            1
        );
    }

    #[test]
    fn complaints_about_us_are_told_apart_from_those_about_others() {
        let survey = sound();
        let lines = vec![
            "user 'lp': directory '/var/spool/lpd' does not exist".to_owned(),
            "user 'ann': x".to_owned(),
            "group ann: no user".to_owned(),
        ];
        let complaints = vec![Complaints {
            program: "pwck",
            lines: Ok(lines),
        }];
        let told = told(&Facts {
            complaints,
            ..facts(&survey)
        });
        assert_eq!(
            told.iter()
                .map(|(severity, _)| *severity)
                .collect::<Vec<_>>(),
            [Severity::Warning, Severity::Note]
        );
        let complaints = vec![Complaints {
            program: "grpck",
            lines: Err("status 3".to_owned()),
        }];
        assert_eq!(
            judge(&Facts {
                complaints,
                ..facts(&survey)
            })[0]
                .severity,
            Severity::Warning
        );
    }
}
