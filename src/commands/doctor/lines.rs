//! Lines of group that are too long for some programs, and people in too many groups for NFS.
//!
//! Reports of users: trifectatechfoundation/sudo-rs#1569 (519 bytes, and every group below is
//! lost), acassen/keepalived#2605 (about 1 KiB), Perl/perl5#8092 (3 KB), Go's bufio.Scanner (64
//! KiB), linux-pam/linux-pam#568 (14,400 members).

use std::collections::BTreeMap;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names};
use crate::formats::GroupLine;
use crate::formats::group::names as member_names;
use crate::model::shown;
use crate::system::{mounts, process};
use crate::targets::files::Survey;

const AREA: Area = Area::LongLines;

/// Longest lines in bytes, without the newline, and who fails at longer ones. A line that is too
/// long for one is too long for those before it.
const READERS: [(usize, &str); 3] = [
    (
        519,
        "sudo-rs reads neither this group nor any below it in the file",
    ),
    (
        1_024,
        "keepalived fails, and so do programs that give getgrnam_r(3) a buffer of 1 KiB; old Perls at 3 KB",
    ),
    (
        65_536,
        "programs in Go read neither this group nor any below it; PAM's limits by group fail at some 14,000 members",
    ),
];

/// How many groups of a person NFS passes on (AUTH_SYS, RFC 5531).
const NFS_GROUPS: usize = 16;

/// What is known.
struct Facts<'a> {
    survey: &'a Survey,
    sudo_rs: bool,
    keepalived: bool,
    /// Whether homes are on NFS.
    nfs: bool,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let is_host = look.is_host();
    let installed = |name| is_host && process::find(name).is_some();
    let rules = &look.settings().rules.accounts;
    let mut bases = rules
        .home_bases
        .iter()
        .chain([&rules.home_base])
        .map(|base| look.root().path(base));
    let facts = Facts {
        survey: &look.survey,
        sudo_rs: installed("sudo-rs"),
        keepalived: installed("keepalived"),
        nfs: bases.any(|base| mounts::kind_of(&base).is_some_and(|kind| kind.starts_with("nfs"))),
    };
    let lengths = look
        .survey
        .files
        .iter()
        .filter(|file| file.name == "group")
        .flat_map(|file| file.lines.iter());
    let longest = lengths.map(<[u8]>::len).max().unwrap_or(0);
    report.looked(
        AREA,
        format!("the longest line of group has {longest} bytes"),
    );
    report.add(judge(&facts));
}

fn judge(facts: &Facts<'_>) -> Vec<Finding> {
    let mut classes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut groups_of: BTreeMap<&[u8], usize> = BTreeMap::new();
    for file in facts
        .survey
        .files
        .iter()
        .filter(|file| file.name == "group")
    {
        for (_, line) in file.lines.entries() {
            if let Some(class) = READERS.iter().rposition(|(limit, _)| line.len() > *limit) {
                let name =
                    String::from_utf8_lossy(line.split(|&b| b == b':').next().unwrap_or_default());
                classes.entry(class).or_default().push(format!(
                    "{} ({} bytes)",
                    shown(&name),
                    line.len()
                ));
            }
            if let Some(group) = GroupLine::parse(line).filter(|_| facts.nfs) {
                member_names(group.members)
                    .for_each(|member| *groups_of.entry(member).or_default() += 1);
            }
        }
    }
    let mut found: Vec<Finding> = classes
        .iter()
        .rev()
        .map(|(class, all)| too_long(*class, all, facts))
        .collect();
    let many: Vec<String> = groups_of
        .iter()
        .filter(|(_, count)| **count >= NFS_GROUPS)
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect();
    if !many.is_empty() {
        let what = format!(
            "homes are on NFS, and people are in more than {NFS_GROUPS} groups: {}",
            names(&many)
        );
        let why =
            "with sec=sys the server sees only the first 16 groups; access by the others fails";
        found.push(AREA.warning(
            what,
            why,
            "rpc.mountd --manage-gids   # on the server, or sec=krb5",
        ));
    }
    found
}

fn too_long(class: usize, all: &[String], facts: &Facts<'_>) -> Finding {
    let (limit, _) = READERS[class];
    let why: Vec<&str> = READERS[..=class]
        .iter()
        .rev()
        .map(|(_, why)| *why)
        .collect();
    let what = format!(
        "lines of group with more than {limit} bytes: {} ({})",
        all.len(),
        names(all)
    );
    let fix = "split the group at the provider, or leave it out by `filter` in [groups]; a primary group lists nobody";
    let hurts = facts.sudo_rs || class >= 1 && facts.keepalived || class >= 2;
    if hurts {
        AREA.warning(what, why.join("; "), fix)
    } else {
        AREA.note(what, why.join("; "), fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;
    use crate::formats::Lines;
    use crate::targets::files::survey::Surveyed;

    fn survey(text: String) -> Survey {
        let file = Surveyed {
            name: "group",
            path: "/etc/group".into(),
            written: true,
            required: true,
            exists: true,
            lines: Lines::new(text.into_bytes()),
            fault: None,
        };
        Survey {
            files: vec![file],
            unswappable: None,
        }
    }

    fn line(name: &str, bytes: usize) -> String {
        let start = format!("{name}:x:1:");
        format!("{start}{}\n", "m".repeat(bytes - start.len()))
    }

    #[test]
    fn each_length_names_who_fails() {
        for (bytes, plain, with_sudo_rs, named) in [
            (519, None, None, ""),
            (
                520,
                Some(Severity::Note),
                Some(Severity::Warning),
                "sudo-rs",
            ),
            (
                1_025,
                Some(Severity::Note),
                Some(Severity::Warning),
                "keepalived",
            ),
            (
                65_537,
                Some(Severity::Warning),
                Some(Severity::Warning),
                "Go",
            ),
        ] {
            let survey = survey(line("short", 100) + &line("long\u{1b}", bytes));
            for (sudo_rs, wanted) in [(false, plain), (true, with_sudo_rs)] {
                let found = judge(&Facts {
                    survey: &survey,
                    sudo_rs,
                    keepalived: false,
                    nfs: false,
                });
                assert_eq!(
                    found.first().map(|finding| finding.severity),
                    wanted,
                    "{bytes}"
                );
                assert!(
                    found
                        .iter()
                        .all(|f| f.why.contains(named) && f.what.contains("(long\\u{1b} (")),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn many_groups_matter_on_nfs_alone() {
        let survey = survey(
            (0..16)
                .map(|n| format!("g{n}:x:{n}:ann,bob{n}\n"))
                .collect(),
        );
        let found = |nfs| {
            judge(&Facts {
                survey: &survey,
                sudo_rs: false,
                keepalived: false,
                nfs,
            })
        };
        assert!(
            found(false).is_empty()
                && found(true).len() == 1
                && found(true)[0].what.ends_with(": ann")
        );
    }
}
