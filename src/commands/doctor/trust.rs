//! Who else may change, or read, what is trusted: the configuration and all it names, the program, gosync's own
//! directories, the account files. A file can be changed by whoever can change any directory above it.

use std::path::{Path, PathBuf};

use super::report::{Area, Finding, Report, Severity, word};
use super::scene::Scene;
use crate::config::{ProviderKind, ProviderSettings};
use crate::ledger;
use crate::system::PathError;
use crate::system::files;
use crate::system::inspect::{self, Chain, Kind, Node};
use crate::system::process;
use crate::target::local::Database;

const AREA: Area = Area::Files;

/// What something must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// gosync refuses it if others may write it, or the directory that it is in.
    Strict,
    /// The same, and others must not read it.
    Secret,
    /// It decides who gets an account, or a key; its owner may be somebody else on purpose.
    Source,
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

pub fn check(scene: &Scene<'_>, report: &mut Report) {
    let mut all = Vec::new();
    let everywhere = Path::new("/");
    let named = configured(&scene.config_files, &scene.settings().provider, scene.unusable.is_none());
    for (what, path, need) in named {
        let found = inspect::chain(&path, everywhere);
        all.push(Trusted { what, path, need, must_be: true, found });
    }
    if scene.is_host() {
        let path = process::own_program().unwrap_or_default();
        let found = inspect::chain(&path, everywhere);
        all.push(Trusted { what: "the program", path, need: Need::Host, must_be: true, found });
    } else {
        report.skipped(AREA, "the program itself: with --root it does not work on the host that it is on");
    }
    for (what, path, need) in of_host(scene) {
        let found = inspect::chain(&path, &scene.top());
        all.push(Trusted { what, path, need, must_be: false, found });
    }
    let there = all.iter().filter(|one| matches!(one.found, Ok(Some(_)))).count();
    report.looked(AREA, format!("{there} files and directories, and what is above them"));
    let us = inspect::us();
    report.add(all.iter().flat_map(|one| judge(one, us)));
}

/// What the configuration is and names.
fn configured(files: &[PathBuf], provider: &ProviderSettings, usable: bool) -> Vec<(&'static str, PathBuf, Need)> {
    let mut all: Vec<_> = files.iter().map(|path| ("the configuration", path.clone(), Need::Strict)).collect();
    if !usable {
        return all;
    }
    let mut add = |what, path: Option<&PathBuf>, need| all.extend(path.map(|path| (what, path.clone(), need)));
    match &provider.kind {
        ProviderKind::File(path) => add("the directory document", Some(path), Need::Source),
        ProviderKind::Ldap(config) => {
            add("the provider's password", config.password_file.as_ref(), Need::Secret);
            add("the provider's authorities", config.ca_file.as_ref(), Need::Strict);
        }
        ProviderKind::Scim(config) => {
            add("the provider's token", config.token_file.as_ref(), Need::Secret);
            add("the provider's client secret", config.client_secret_file.as_ref(), Need::Secret);
            add("the provider's authorities", config.ca_file.as_ref(), Need::Strict);
        }
        ProviderKind::Globus(config) => {
            add("the provider's client secret", Some(&config.client_secret_file), Need::Secret);
            add("the identity mapping", config.identity_mapping.as_ref(), Need::Strict);
            add("the provider's authorities", config.ca_file.as_ref(), Need::Strict);
        }
    }
    if let Some(fields) = &provider.fields {
        add("the file with fields", fields.csv.as_ref(), Need::Source);
        add("the directory of keys", fields.keys_dir.as_ref(), Need::Source);
        add("the authorities of the keys", fields.keys_ca_file.as_ref(), Need::Strict);
    }
    all
}

/// What is on the managed host.
fn of_host(scene: &Scene<'_>) -> Vec<(&'static str, PathBuf, Need)> {
    let root = scene.root();
    let state = scene.setup.state_dir();
    let lock = root.path(&scene.settings().lock_file);
    let mut all = vec![
        ("the ledger", state.join(ledger::FILE), Need::Own),
        ("the lock file", lock.clone(), Need::Lock),
        ("the password lock", root.path("/etc/.pwd.lock"), Need::Host),
        ("the list of shells", root.path("/etc/shells"), Need::Host),
        ("the name service switch", root.path("/etc/nsswitch.conf"), Need::Host),
        ("the directory of keys", root.path("/etc/ssh/authorized_keys.d"), Need::Host),
    ];
    all.extend(lock.parent().map(|dir| ("the lock's directory", dir.to_owned(), Need::Private)));
    all.extend(scene.local().map(|local| ("the skeleton of homes", root.path(&local.skel), Need::Host)));
    if scene.database() == Database::Extrausers {
        all.push(("the databases' directory", root.path("/var/lib/extrausers"), Need::Host));
    }
    for file in &scene.survey.files {
        let need = if file.name.contains("shadow") { Need::HostSecret } else { Need::Host };
        all.push(("an account file", file.path.clone(), need));
        let backup = PathBuf::from(format!("{}-", file.path.display()));
        all.push(("the backup of an account file", backup, need));
    }
    // Backups in it hold lines of shadow, too.
    let own = files::list(&state).unwrap_or_default();
    all.extend(own.into_iter().map(|name| ("a file of gosync's own", state.join(name), Need::Own)));
    all.push(("the state directory", state, Need::Private));
    all
}

fn judge(one: &Trusted, us: u32) -> Vec<Finding> {
    let Trusted { what, path, need, .. } = one;
    let chain = match &one.found {
        Ok(Some(chain)) => chain,
        Ok(None) if !one.must_be => return Vec::new(),
        Ok(None) => {
            let what = format!("{what}, {}, is not there", path.display());
            let fix = "make it, or mend its path in the configuration";
            return vec![AREA.problem(what, "the configuration names it, and no run works without it", fix)];
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
        Need::Strict | Need::Host | Need::HostSecret => "whoever can change it decides what root does, or who is root",
        Need::Secret => "whoever has it is gosync to the provider; gosync refuses to use it like this",
        Need::Source => "whoever can change it decides who gets an account on this host, or a key to one",
        Need::Lock => "whoever can open it can hold the lock, and no run begins; gosync refuses it",
        Need::Private | Need::Own => "it holds what gosync owns, and copies of the account files; gosync refuses it",
    };
    let mut found = Vec::new();
    let stranger = node.uid != us && (node.uid != 0 || matches!(need, Need::Private | Need::Own | Need::Lock));
    if stranger {
        let severity = if need == Need::Source { Severity::Warning } else { Severity::Problem };
        let text = format!("{what}, {path}, belongs to the uid {}", node.uid);
        found.push(AREA.finding(severity, text, why, format!("chown {us} {name}")));
    }
    let (group, others) = (node.mode & 0o020 != 0, node.mode & 0o002 != 0);
    if group || others {
        let tolerable = need == Need::Source && !others;
        let severity = if tolerable { Severity::Warning } else { Severity::Problem };
        let who = if others { "everybody" } else { "its group" };
        found.push(AREA.finding(
            severity,
            format!("{who} may write {what}, {path}"),
            why,
            format!("chmod go-w {name}"),
        ));
    }
    let (open, mode) = match need {
        Need::Secret | Need::Own | Need::Lock if node.kind != Kind::Directory => (node.mode & 0o077, "go="),
        Need::Private => (node.mode & 0o055, "go="),
        Need::HostSecret => (node.mode & 0o005, "o="),
        _ => (0, ""),
    };
    if open & 0o055 != 0 {
        let why = match need {
            Need::HostSecret => "password hashes can be tried out by whoever reads them",
            Need::Secret | Need::Lock => why,
            _ => "what it holds is nobody else's business; copies of shadow are among it",
        };
        let severity = if need == Need::Private { Severity::Warning } else { Severity::Problem };
        let text = format!("others may read {what}, {path}");
        found.push(AREA.finding(severity, text, why, format!("chmod {mode} {name}")));
    }
    if matches!(need, Need::Own | Need::Lock) && node.kind == Kind::File && node.links != 1 {
        let text = format!("{what}, {path}, has {} names", node.links);
        let fix = format!("find / -xdev -samefile {name}   # and remove the others");
        found.push(AREA.problem(text, "under another name others may be able to change it", fix));
    }
    found
}

/// What is wrong with a directory above it; `parent`: it is in that one.
fn above(what: &str, need: Need, dir: &Node, parent: bool, us: u32) -> Vec<Finding> {
    let (path, name) = (dir.path.display(), word(&dir.path));
    let why = format!("whoever can put something else there can replace {what}");
    let mut found = Vec::new();
    if dir.uid != 0 && dir.uid != us {
        let severity = if need == Need::Source { Severity::Warning } else { Severity::Problem };
        let text = format!("the directory {path} belongs to the uid {}", dir.uid);
        found.push(AREA.finding(severity, text, &why, format!("chown root {name}")));
    }
    let sticky = dir.mode & 0o1000 != 0;
    let (group, others) = (dir.mode & 0o020 != 0, dir.mode & 0o002 != 0);
    if sticky || !(group || others) {
        return found;
    }
    let refused = parent && matches!(need, Need::Strict | Need::Secret);
    let text = format!("{} may write the directory {path}", if others { "everybody" } else { "its group" });
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
mod tests {
    use super::*;

    const US: u32 = 1000;

    fn node(path: &str, kind: Kind, uid: u32, mode: u32) -> Node {
        Node { path: path.into(), kind, uid, gid: 50, mode, links: 1 }
    }

    fn worst(need: Need, file: (u32, u32), dir: (u32, u32), top: (u32, u32)) -> Option<Severity> {
        let kind = if need == Need::Private { Kind::Directory } else { Kind::File };
        let above = vec![node("/t/d", Kind::Directory, dir.0, dir.1), node("/t", Kind::Directory, top.0, top.1)];
        let chain = Chain { node: node("/t/d/f", kind, file.0, file.1), above };
        let one = Trusted { what: "x", path: "/t/d/f".into(), need, must_be: true, found: Ok(Some(chain)) };
        judge(&one, US).iter().map(|finding| finding.severity).min()
    }

    #[test]
    fn files_are_judged_by_what_they_are_for() {
        let (ok, problem, warning) = (None, Some(Severity::Problem), Some(Severity::Warning));
        let dir = (0, 0o755);
        for (need, file, wanted) in [
            (Need::Strict, (0, 0o644), ok),
            (Need::Strict, (US, 0o600), ok),
            (Need::Strict, (7, 0o600), problem),
            (Need::Strict, (0, 0o664), problem),
            (Need::Strict, (0, 0o646), problem),
            (Need::Secret, (0, 0o600), ok),
            (Need::Secret, (0, 0o640), problem),
            (Need::Secret, (0, 0o604), problem),
            (Need::Source, (7, 0o644), warning),
            (Need::Source, (0, 0o664), warning),
            (Need::Source, (0, 0o666), problem),
            (Need::Private, (US, 0o700), ok),
            (Need::Private, (0, 0o700), problem),
            (Need::Private, (US, 0o755), warning),
            (Need::Private, (US, 0o770), problem),
            (Need::Own, (US, 0o600), ok),
            (Need::Own, (US, 0o644), problem),
            (Need::Lock, (US, 0o600), ok),
            (Need::Lock, (US, 0o640), problem),
            (Need::Host, (0, 0o755), ok),
            (Need::Host, (0, 0o777), problem),
            (Need::HostSecret, (0, 0o640), ok),
            (Need::HostSecret, (0, 0o644), problem),
        ] {
            assert_eq!(worst(need, file, dir, dir), wanted, "{need:?} {file:?}");
        }
    }

    #[test]
    fn a_directory_anywhere_above_counts() {
        let (ok, problem, warning) = (None, Some(Severity::Problem), Some(Severity::Warning));
        let (file, dir) = ((0, 0o600), (0, 0o755));
        for (near, far, wanted) in [
            (dir, dir, ok),
            (dir, (0, 0o1777), ok),
            (dir, (0, 0o777), problem),
            (dir, (0, 0o775), warning),
            (dir, (9, 0o755), problem),
            ((0, 0o775), dir, problem),
            ((US, 0o700), dir, ok),
        ] {
            assert_eq!(worst(Need::Secret, file, near, far), wanted, "{near:?} {far:?}");
        }
        assert_eq!(worst(Need::Host, (0, 0o755), (0, 0o775), dir), warning, "a folder of a group's");
    }

    #[test]
    fn what_is_named_must_be_there_and_what_is_not_need_not() {
        let one = |must_be| Trusted { what: "x", path: "/a".into(), need: Need::Secret, must_be, found: Ok(None) };
        assert_eq!(judge(&one(true), US)[0].severity, Severity::Problem);
        assert!(judge(&one(false), US).is_empty());
    }

    #[test]
    fn a_file_of_our_own_has_one_name() {
        let node = Node { links: 2, ..node("/f", Kind::File, US, 0o600) };
        assert_eq!(itself("x", Need::Own, &node, US).len(), 1);
    }
}
