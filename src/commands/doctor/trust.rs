//! Who else may change, or read, what is trusted: the configuration and all it names, the program, gosync's own
//! directories, the account files. A file can be changed by whoever can change any directory above it.

use std::path::{Path, PathBuf};

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, Severity, names, word};
use crate::config::Settings;
use crate::ledger;
use crate::policy::keys::Place;
use crate::providers;
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

/// What something must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// gosync refuses it if others may write it, or the directory that it is in.
    Strict,
    /// The same, and others must not read it.
    Secret,
    /// It decides who gets an account, or a key; its owner may be somebody else on purpose.
    Source,
    /// What groups are called and allowed at the provider comes from it.
    Words,
    /// A directory of gosync's own.
    Private,
    /// A file of gosync's own.
    Own,
    /// The file of the run lock.
    Lock,
    /// The host's: only root may write it.
    Host,
    /// The same, and not everybody may read it.
    HostSecret,
}

impl Need {
    /// Whether its owner, or a group, may be somebody else than root on purpose.
    fn is_lenient(self) -> bool {
        matches!(self, Need::Source | Need::Words)
    }
}

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
    let mut all = Vec::new();
    let everywhere = Path::new("/");
    let settings = look.unusable.is_none().then(|| look.settings());
    for (what, path, need) in configured(&look.config_files, settings) {
        let found = inspect::chain(&path, everywhere);
        // Of a directory that the catalogue names, the configuration's check says that it is missing.
        let must_be = need != Need::Words;
        all.push(Trusted {
            what,
            path,
            need,
            must_be,
            found,
        });
    }
    if look.is_host() {
        let path = process::own_program().unwrap_or_default();
        let found = inspect::chain(&path, everywhere);
        all.push(Trusted {
            what: "the program",
            path,
            need: Need::Host,
            must_be: true,
            found,
        });
    } else {
        report.skipped(
            AREA,
            "the program itself: with --root it does not work on the host that it is on",
        );
    }
    for (what, path, need) in of_host(look) {
        let found = inspect::chain(&path, &look.top());
        all.push(Trusted {
            what,
            path,
            need,
            must_be: false,
            found,
        });
    }
    let there = all
        .iter()
        .filter(|one| matches!(one.found, Ok(Some(_))))
        .count();
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

/// Why the run writes no keys into their directory, if that is so; by its own rule.
fn refused_keys(look: &HostLook<'_>) -> Option<Finding> {
    let rules = &look.settings().rules.keys;
    let dir = look.root().path(&rules.directory);
    let is_used = rules.place == Place::Directory;
    let reason = is_used
        .then(|| files::untrusted_directory(&dir, &look.top()).transpose())
        .flatten()?;
    let why = "whoever may write there lets themselves in; until it is mended, the keys of those who leave stay";
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

/// The directories whose files count one by one.
fn listed(look: &HostLook<'_>) -> Vec<(&'static str, PathBuf, Need)> {
    let (keys, settings) = (&look.settings().rules.keys, look.settings());
    let mut all = vec![(
        "files with keys",
        look.root().path(&keys.directory),
        Need::Host,
    )];
    if look.unusable.is_none() {
        let fields = settings.providers.iter().flat_map(|it| &it.fields);
        let sources = fields.filter_map(|fields| fields.keys_dir.clone());
        all.extend(sources.map(|dir| ("files that keys come from", dir, Need::Source)));
        let catalogue = [settings.description_dir(), settings.policy_dir()];
        let catalogue = catalogue.into_iter().flatten();
        all.extend(catalogue.map(|dir| ("texts of groups", dir, Need::Words)));
    }
    all
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
        Need::Source => SOURCE,
        _ => {
            "whoever can change one lets themselves in; sshd passes over it, and gosync keys refuses it"
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
    let owned = if need == Need::Host {
        Severity::Problem
    } else {
        Severity::Warning
    };
    let strange = |node: &Node| node.uid != 0 && node.uid != us;
    let open = |node: &Node| node.mode & 0o022 != 0;
    let found = [
        told(&open, "others may write", Severity::Problem, "chmod go-w"),
        told(
            &strange,
            "belong to somebody else than root",
            owned,
            &format!("chown {us}"),
        ),
    ];
    found.into_iter().flatten().collect()
}

/// What the configuration is and names.
fn configured(
    files: &[PathBuf],
    settings: Option<&Settings>,
) -> Vec<(&'static str, PathBuf, Need)> {
    let mut all: Vec<_> = files
        .iter()
        .map(|path| ("the configuration", path.clone(), Need::Strict))
        .collect();
    let Some(settings) = settings else { return all };
    let files = settings.providers.iter().flat_map(|it| &it.files);
    all.extend(files.map(|file| {
        let need = match file.need {
            providers::kind::Need::Source => Need::Source,
            providers::kind::Need::Trusted => Need::Strict,
            providers::kind::Need::Secret => Need::Secret,
        };
        (file.what, file.path.clone(), need)
    }));
    let mut add = |what, path: Option<&PathBuf>, need| {
        all.extend(path.map(|path| (what, path.clone(), need)))
    };
    for fields in settings.providers.iter().flat_map(|it| &it.fields) {
        add("the file with fields", fields.csv.as_ref(), Need::Source);
        add(
            "the directory of keys",
            fields.keys_dir.as_ref(),
            Need::Source,
        );
        add(
            "the authorities of the keys",
            fields.keys_ca_file.as_ref(),
            Need::Strict,
        );
    }
    add(
        "the directory of descriptions",
        settings.description_dir().as_ref(),
        Need::Words,
    );
    add(
        "the directory of policies",
        settings.policy_dir().as_ref(),
        Need::Words,
    );
    all
}

/// What is on the managed host.
fn of_host(look: &HostLook<'_>) -> Vec<(&'static str, PathBuf, Need)> {
    let root = look.root();
    let state = look.setup.state_dir();
    let lock = root.path(&look.settings().gosync.lock_file);
    let mut all = vec![
        ("the ledger", state.join(ledger::FILE), Need::Own),
        ("the lock file", lock.clone(), Need::Lock),
        ("the password lock", root.path("/etc/.pwd.lock"), Need::Host),
        ("the list of shells", root.path("/etc/shells"), Need::Host),
        (
            "the name service switch",
            root.path("/etc/nsswitch.conf"),
            Need::Host,
        ),
        (
            "the directory of packed homes",
            root.path(&look.settings().rules.departed.archive_dir),
            Need::Private,
        ),
    ];
    all.extend(
        lock.parent()
            .map(|dir| ("the lock's directory", dir.to_owned(), Need::Private)),
    );
    all.extend(
        look.local()
            .map(|local| ("the skeleton of homes", root.path(&local.skel), Need::Host)),
    );
    let keys = &look.settings().rules.keys;
    if keys.place != Place::Directory {
        // Where they are written, the run's own rule is asked.
        all.push((
            "the directory of keys",
            root.path(&keys.directory),
            Need::Host,
        ));
    }
    if let Some(there) = &look.layout().generations {
        all.push((
            "the databases' directory",
            root.path(there.link),
            Need::Host,
        ));
    }
    for file in &look.survey.files {
        let need = if file.name.contains("shadow") {
            Need::HostSecret
        } else {
            Need::Host
        };
        all.push(("an account file", file.path.clone(), need));
        let backup = PathBuf::from(format!("{}-", file.path.display()));
        all.push(("the backup of an account file", backup, need));
    }
    // Backups in it hold lines of shadow, too.
    let own = files::list(&state).unwrap_or_default();
    all.extend(
        own.into_iter()
            .map(|name| ("a file of gosync's own", state.join(name), Need::Own)),
    );
    all.push(("the state directory", state, Need::Private));
    all
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
            let fix = "make it, or mend its path in the configuration";
            let why = match *need {
                Need::Source => {
                    "the configuration names it; without it nothing is done, or nobody who leaves is locked"
                }
                _ => "the configuration names it, and no run works without it",
            };
            return vec![AREA.problem(what, why, fix)];
        }
        Err(e) => {
            let why = "what cannot be looked at cannot be trusted";
            return vec![AREA.problem(e, why, format!("namei -l {}", word(path)))];
        }
    };
    let mut found = itself(what, *need, &chain.node, us);
    // The directory that our own files are in is judged as one of our own.
    let near = usize::from(matches!(need, Need::Own | Need::Lock));
    for (distance, dir) in chain.above.iter().enumerate().skip(near) {
        found.extend(above(what, *need, dir, distance == 0, us));
    }
    found
}

/// What is wrong with the thing itself.
fn itself(what: &str, need: Need, node: &Node, us: u32) -> Vec<Finding> {
    let (path, name) = (node.path.display(), word(&node.path));
    let why = match need {
        Need::Strict | Need::Host | Need::HostSecret => {
            "whoever can change it decides what root does, or who is root"
        }
        Need::Secret => {
            "whoever has it is gosync to the provider; gosync refuses to use it like this"
        }
        Need::Source => SOURCE,
        Need::Words => WORDS,
        Need::Lock => "whoever can open it can hold the lock, and no run begins; gosync refuses it",
        Need::Private | Need::Own => {
            "it holds what gosync owns, and copies of the account files; gosync refuses it"
        }
    };
    let mut found = Vec::new();
    let stranger =
        node.uid != us && (node.uid != 0 || matches!(need, Need::Private | Need::Own | Need::Lock));
    if stranger {
        let severity = if need.is_lenient() {
            Severity::Warning
        } else {
            Severity::Problem
        };
        let text = format!("{what}, {path}, belongs to the uid {}", node.uid);
        found.push(AREA.finding(severity, text, why, format!("chown {us} {name}")));
    }
    let (group, others) = (node.mode & 0o020 != 0, node.mode & 0o002 != 0);
    if group || others {
        let tolerable = need.is_lenient() && !others;
        let severity = if tolerable {
            Severity::Warning
        } else {
            Severity::Problem
        };
        let who = if others { "everybody" } else { "its group" };
        found.push(AREA.finding(
            severity,
            format!("{who} may write {what}, {path}"),
            why,
            format!("chmod go-w {name}"),
        ));
    }
    let (open, mode) = match need {
        Need::Secret | Need::Own | Need::Lock if node.kind != Kind::Directory => {
            (node.mode & 0o077, "go=")
        }
        Need::Private => (node.mode & 0o055, "go="),
        Need::HostSecret => (node.mode & 0o005, "o="),
        _ => (0, ""),
    };
    if open & 0o055 != 0 {
        let why = match need {
            Need::HostSecret => "password hashes can be tried out by whoever reads them",
            Need::Secret | Need::Lock => why,
            _ => "what it holds is nobody else's business: copies of shadow, or of homes",
        };
        let severity = if need == Need::Private {
            Severity::Warning
        } else {
            Severity::Problem
        };
        let text = format!("others may read {what}, {path}");
        found.push(AREA.finding(severity, text, why, format!("chmod {mode} {name}")));
    }
    if matches!(need, Need::Own | Need::Lock) && node.kind == Kind::File && node.links != 1 {
        let text = format!("{what}, {path}, has {} names", node.links);
        let fix = format!("find / -xdev -samefile {name}   # and remove the others");
        found.push(AREA.problem(
            text,
            "under another name others may be able to change it",
            fix,
        ));
    }
    found
}

/// What is wrong with a directory above it; `parent`: it is in that one.
fn above(what: &str, need: Need, dir: &Node, parent: bool, us: u32) -> Vec<Finding> {
    let (path, name) = (dir.path.display(), word(&dir.path));
    let why = format!("whoever can put something else there can replace {what}");
    let mut found = Vec::new();
    if dir.uid != 0 && dir.uid != us {
        let severity = if need.is_lenient() {
            Severity::Warning
        } else {
            Severity::Problem
        };
        let text = format!("the directory {path} belongs to the uid {}", dir.uid);
        found.push(AREA.finding(severity, text, &why, format!("chown root {name}")));
    }
    let sticky = dir.mode & 0o1000 != 0;
    let (group, others) = (dir.mode & 0o020 != 0, dir.mode & 0o002 != 0);
    if sticky || !(group || others) {
        return found;
    }
    let refused = parent && matches!(need, Need::Strict | Need::Secret);
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
