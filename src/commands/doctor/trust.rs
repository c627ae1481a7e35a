//! Who else may change, or read, what is trusted: the configuration and all it names, the program,
//! gosync's own directories, the account files. A file can be changed by whoever can change any
//! directory above it.

use std::path::{Path, PathBuf};

mod places;

use self::places::{Need, Place, configured, listed, of_host};
use super::host_look::HostLook;
use super::report::{Area, Finding, Report, Severity, names, word};
use crate::policy::keys;
use crate::system::PathError;
use crate::system::files;
use crate::system::inspect::{self, Chain, Kind, Node};
use crate::system::process;
use crate::system::programs::Distrust;

const AREA: Area = Area::Files;

/// Why sources matter.
const SOURCE: &str =
    "whoever can change it decides who gets an account on this host, or a key to one";

/// Why texts of groups matter.
const WORDS: &str =
    "whoever can change it decides what groups are said to be, and allowed, at the provider";

/// One thing that is trusted.
#[derive(Debug)]
struct Trusted {
    /// What it is, such as `the configuration`.
    what: &'static str,
    path: PathBuf,
    need: Need,
    /// Whether it must be there.
    must_be: bool,
    /// What is there.
    found: Result<Option<Chain>, PathError>,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if !look.is_host() {
        report.skipped(
            AREA,
            "the program itself: with --root it does not work on the host that it is on",
        );
    }
    let all = trusted(look);
    let is_there = |one: &&Trusted| matches!(one.found, Ok(Some(_)));
    let there = all.iter().filter(is_there).count();
    report.looked(
        AREA,
        format!("{there} files and directories, and what is above them"),
    );
    let us = inspect::us();
    report.add(all.iter().flat_map(|one| judge(one, us)));
    report.add(refused_keys(look));
    for (what, dir, need) in listed(look) {
        report.add(inside(what, need, &nodes(&dir), us));
    }
}

/// All that is trusted, with what is there.
fn trusted(look: &HostLook<'_>) -> Vec<Trusted> {
    let everywhere = Path::new("/");
    let trusted = |(what, path, need): Place, below: &Path, must_be| {
        let found = inspect::chain(&path, below);
        Trusted {
            what,
            path,
            need,
            must_be,
            found,
        }
    };
    let settings = look.unusable.is_none().then(|| look.settings());
    let named = configured(&look.config_files, settings).into_iter();
    // Of a directory that the catalogue names, the configuration's check says that it is missing.
    let named = named.map(|place| {
        let must_be = place.2 != Need::Words;
        trusted(place, everywhere, must_be)
    });
    let program = look.is_host().then(|| {
        let path = process::own_program().unwrap_or_default();
        trusted(("the program", path, Need::Host), everywhere, true)
    });
    let top = look.top();
    let of_host = of_host(look).into_iter();
    let of_host = of_host.map(|place| trusted(place, &top, false));
    named.chain(program).chain(of_host).collect()
}

/// Why the run writes no keys into their directory, if that is so; by its own rule.
fn refused_keys(look: &HostLook<'_>) -> Option<Finding> {
    let rules = &look.settings().rules.keys;
    let dir = look.root().path(&rules.directory);
    let is_used = rules.place == keys::Place::Directory;
    let reason = is_used
        .then(|| files::untrusted_directory(&dir, &look.top()).transpose())
        .flatten()?;
    let why = "whoever may write there can give themselves access; until it is fixed, the keys of people who leave stay";
    let (what, fix) = match reason {
        Ok(reason) => {
            let what = format!(
                "no keys are written or withdrawn in {}: {reason}",
                dir.display()
            );
            (what, mend(&reason, &word(&dir)))
        }
        Err(e) => (e.to_string(), format!("namei -l {}", word(&dir))),
    };
    Some(AREA.problem(what, why, fix))
}

/// What to type against the distrust of `name`, a word of a shell's command line.
pub(super) fn mend(reason: &Distrust, name: &str) -> String {
    match reason {
        Distrust::Writable(at) => format!("chmod go-w {}", word(at)),
        Distrust::Owner(at, _) => format!("chown -h root {}", word(at)),
        Distrust::NotExecutable => format!("chmod u+x {name}   # or move it elsewhere"),
        Distrust::Odd(_) | Distrust::Io(_) => {
            format!("namei -l {name}   # shows what stands there")
        }
    }
}

/// What is in a directory; nothing, if it cannot be read: that is told elsewhere.
fn nodes(dir: &Path) -> Vec<Node> {
    let names = files::entries(dir).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| inspect::node(&dir.join(name)).ok().flatten())
        .collect()
}

/// What is wrong with the files of a directory, told once for all of them.
fn inside(what: &str, need: Need, nodes: &[Node], us: u32) -> Vec<Finding> {
    let why = match need {
        Need::Words => WORDS,
        Need::Source(_) => SOURCE,
        _ => {
            "whoever can change one can give themselves access; sshd ignores it, and `gosync keys` refuses it"
        }
    };
    let told = |wrong: &dyn Fn(&Node) -> bool, so: &str, severity, command: &str| {
        let paths: Vec<&Node> = nodes
            .iter()
            .filter(|node| node.kind == Kind::File && wrong(node))
            .collect();
        let first = paths.first()?;
        let all: Vec<String> = paths
            .iter()
            .map(|node| node.path.display().to_string())
            .collect();
        let more = if paths.len() > 1 {
            "   # and the others"
        } else {
            ""
        };
        let text = format!("{what} that {so}: {} ({})", paths.len(), names(&all));
        Some(AREA.finding(
            severity,
            text,
            why,
            format!("{command} {}{more}", word(&first.path)),
        ))
    };
    let owned = severity(need == Need::Words);
    let strange = |node: &Node| node.uid != 0 && node.uid != us && !need.allows(node.uid);
    let open = |node: &Node| node.mode & 0o022 != 0;
    let found = [
        told(&open, "others may write", Severity::Problem, "chmod go-w"),
        told(
            &strange,
            "do not belong to root",
            owned,
            &format!("chown {us}"),
        ),
    ];
    found.into_iter().flatten().collect()
}

fn judge(one: &Trusted, us: u32) -> Vec<Finding> {
    let Trusted {
        what, path, need, ..
    } = one;
    let chain = match &one.found {
        Ok(Some(chain)) => chain,
        Ok(None) if !one.must_be => return Vec::new(),
        Ok(None) => {
            let what = format!("{what}, {}, is not there", path.display());
            let fix = "make it, or correct its path in the configuration";
            let why = match *need {
                Need::Source(_) => {
                    "the configuration names it; without it nothing is done, or no account of a person who leaves is locked"
                }
                _ => "the configuration names it, and no run works without it",
            };
            return vec![AREA.problem(what, why, fix)];
        }
        Err(e) => {
            let why = "what cannot be examined cannot be trusted";
            return vec![AREA.problem(e, why, format!("namei -l {}", word(path)))];
        }
    };
    let mut found = itself(what, *need, &chain.node, us);
    // The directory that our own files are in is judged as one of our own.
    let near = usize::from(matches!(need, Need::Own | Need::Lock));
    for dir in chain.above.iter().skip(near) {
        found.extend(above(what, *need, dir, us));
    }
    found
}

/// What is wrong with the thing itself.
fn itself(what: &str, need: Need, node: &Node, us: u32) -> Vec<Finding> {
    let why = matters(need);
    let found = [
        strange(what, need, node, us).map(|(severity, text, fix)| (severity, text, why, fix)),
        writable(what, need, node).map(|(severity, text, fix)| (severity, text, why, fix)),
        readable(what, need, node),
    ];
    let found = found.into_iter().flatten();
    let mut found: Vec<Finding> = found
        .map(|(severity, text, why, fix)| AREA.finding(severity, text, why, fix))
        .collect();
    if matches!(need, Need::Own | Need::Lock) && node.kind == Kind::File && node.links != 1 {
        let (path, name) = (node.path.display(), word(&node.path));
        found.push(AREA.problem(
            format!("{what}, {path}, has {} names", node.links),
            "under another name others may be able to change it",
            format!("find / -xdev -samefile {name}   # and remove the others"),
        ));
    }
    found
}

/// Why it matters who can change it, or read it.
fn matters(need: Need) -> &'static str {
    match need {
        Need::Strict | Need::Host | Need::HostSecret => {
            "whoever can change it decides what root does, or who is root"
        }
        Need::Secret => {
            "whoever has it can act as gosync at the provider; gosync refuses to use it like this"
        }
        Need::Source(_) => SOURCE,
        Need::Words => WORDS,
        Need::Lock => "whoever can open it can hold the lock, and no run begins; gosync refuses it",
        Need::Private | Need::Own => {
            "it holds what gosync owns, and copies of the account files; gosync refuses it"
        }
    }
}

fn severity(is_tolerable: bool) -> Severity {
    if is_tolerable {
        Severity::Warning
    } else {
        Severity::Problem
    }
}

/// It belongs to somebody else than us and, where it may be root's, than root.
fn strange(what: &str, need: Need, node: &Node, us: u32) -> Option<(Severity, String, String)> {
    let ours_alone = matches!(need, Need::Private | Need::Own | Need::Lock);
    if node.uid == us || node.uid == 0 && !ours_alone || need.allows(node.uid) {
        return None;
    }
    let path = node.path.display();
    let text = format!("{what}, {path}, belongs to the uid {}", node.uid);
    let fix = format!("chown {us} {}", word(&node.path));
    Some((severity(need.is_lenient()), text, fix))
}

/// Its group, or everybody, may write it.
fn writable(what: &str, need: Need, node: &Node) -> Option<(Severity, String, String)> {
    let (group, others) = (node.mode & 0o020 != 0, node.mode & 0o002 != 0);
    if !group && !others {
        return None;
    }
    let who = if others { "everybody" } else { "its group" };
    let text = format!("{who} may write {what}, {}", node.path.display());
    let fix = format!("chmod go-w {}", word(&node.path));
    Some((severity(need.is_lenient() && !others), text, fix))
}

/// Others may read what is none of their business, with why that matters.
fn readable(
    what: &str,
    need: Need,
    node: &Node,
) -> Option<(Severity, String, &'static str, String)> {
    let (open, mode) = match need {
        Need::Secret | Need::Own | Need::Lock if node.kind != Kind::Directory => {
            (node.mode & 0o077, "go=")
        }
        Need::Private => (node.mode & 0o055, "go="),
        Need::HostSecret => (node.mode & 0o005, "o="),
        _ => (0, ""),
    };
    if open & 0o055 == 0 {
        return None;
    }
    let why = match need {
        Need::HostSecret => "whoever reads password hashes can try to crack them",
        Need::Secret | Need::Lock => matters(need),
        _ => "it contains private data: copies of shadow, or of homes",
    };
    let text = format!("others may read {what}, {}", node.path.display());
    let fix = format!("chmod {mode} {}", word(&node.path));
    Some((severity(need == Need::Private), text, why, fix))
}

/// What is wrong with a directory above it.
fn above(what: &str, need: Need, dir: &Node, us: u32) -> Vec<Finding> {
    let (path, name) = (dir.path.display(), word(&dir.path));
    let why = format!("whoever can put something else there can replace {what}");
    let mut found = Vec::new();
    if dir.uid != 0 && dir.uid != us && !need.allows(dir.uid) {
        let severity = severity(need.is_lenient());
        let text = format!("the directory {path} belongs to the uid {}", dir.uid);
        found.push(AREA.finding(severity, text, &why, format!("chown root {name}")));
    }
    let sticky = dir.mode & 0o1000 != 0;
    let (group, others) = (dir.mode & 0o020 != 0, dir.mode & 0o002 != 0);
    if sticky || !(group || others) {
        return found;
    }
    let refused = matches!(need, Need::Strict | Need::Secret | Need::Source(_));
    let text = format!(
        "{} may write the directory {path}",
        if others { "everybody" } else { "its group" }
    );
    let fix = format!("chmod go-w {name}");
    match (others || refused, dir.gid) {
        (true, _) => found.push(AREA.problem(text, why, fix)),
        // Root's own group holds nobody else.
        (false, 0) => {}
        (false, _) => found.push(AREA.warning(text, why, fix)),
    }
    found
}

#[cfg(test)]
mod tests;
