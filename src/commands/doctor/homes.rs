//! Homes, what they begin with, and shells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names, word};
use crate::formats::{self, PasswdLine};
use crate::model::shown;
use crate::system::inspect::{self, Chain, Closed, Kind, Node, Room};
use crate::system::{files, mounts};

const AREA: Area = Area::Homes;

/// A file system with less room, in bytes, is as good as full.
const ROOM: u64 = 1 << 30;

/// How deep the skeleton is looked at.
const DEPTH: usize = 8;

/// What is known.
struct Facts {
    us: u32,
    made: bool,
    mode: u32,
    bases: Vec<Base>,
    skeleton: Option<Vec<Node>>,
    skeleton_path: PathBuf,
    shell: Shell,
    /// The shell of locked accounts, if that is no program.
    no_lock_shell: Option<String>,
    /// Shells of our accounts that are not there, each with the accounts that have it.
    lost: BTreeMap<String, Vec<String>>,
}

/// Where homes are.
struct Base {
    path: PathBuf,
    /// Whether homes are made there; else the provider may name homes there.
    main: bool,
    found: Option<Chain>,
    room: Option<Room>,
    closed: Option<Closed>,
    kind: Option<String>,
    /// Whether something must be mounted on it.
    demanded: bool,
    /// Whether it is.
    mounted: bool,
}

/// The shell of those who have no other.
struct Shell {
    path: String,
    /// Whether shells(5) lists it.
    listed: bool,
    /// Whether it is a program.
    there: bool,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let rules = &look.settings().rules.accounts;
    let Some(local) = look.local() else { return };
    let mut bases: BTreeSet<&String> = rules.home_bases.iter().collect();
    bases.remove(&rules.home_base);
    let bases = std::iter::once(&rules.home_base).chain(bases);
    let skeleton_path = look.root().path(&local.skel);
    let mut facts = Facts {
        us: inspect::us(),
        made: rules.create_home,
        mode: local.home_mode,
        bases: bases.map(|path| base(look, path)).collect(),
        skeleton: skeleton(&skeleton_path),
        skeleton_path,
        shell: Shell {
            listed: listed(look).contains(&rules.shell),
            there: is_program(look, &rules.shell),
            path: rules.shell.clone(),
        },
        no_lock_shell: look.settings().rules.departed.lock_shell.clone(),
        lost: BTreeMap::new(),
    };
    facts.no_lock_shell.take_if(|shell| is_program(look, shell));
    lost(look, &mut facts.lost);
    let all: Vec<String> = facts
        .bases
        .iter()
        .map(|base| base.path.display().to_string())
        .collect();
    report.looked(
        AREA,
        format!(
            "{}, {}, {}",
            all.join(", "),
            facts.skeleton_path.display(),
            shown(&facts.shell.path)
        ),
    );
    report.add(judge(&facts));
}

fn base(look: &HostLook<'_>, base: &str) -> Base {
    let rules = &look.settings().rules.accounts;
    let path = look.root().path(base);
    Base {
        main: base == rules.home_base,
        found: inspect::chain(&path, &look.top()).ok().flatten(),
        room: inspect::room(&path),
        closed: inspect::closed(&path),
        kind: mounts::kind_of(&path),
        demanded: rules.home_base_mounted,
        mounted: mounts::is_mount_point(&path),
        path,
    }
}

/// All that is in the skeleton, itself first; `None`: there is none.
fn skeleton(path: &Path) -> Option<Vec<Node>> {
    let chain = inspect::chain(path, path).ok().flatten()?;
    let mut all = vec![chain.node];
    descend(path, DEPTH, &mut all);
    Some(all)
}

fn descend(dir: &Path, depth: usize, all: &mut Vec<Node>) {
    for name in files::list(dir).unwrap_or_default() {
        if let Ok(Some(node)) = inspect::node(&dir.join(name)) {
            if node.kind == Kind::Directory && depth > 0 {
                descend(&node.path, depth - 1, all);
            }
            all.push(node);
        }
    }
}

fn listed(look: &HostLook<'_>) -> BTreeSet<String> {
    let bytes = files::read_plain(&look.root().path("/etc/shells"))
        .ok()
        .flatten();
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let listed = formats::shells(text.as_deref());
    listed.map(str::to_owned).collect()
}

fn is_program(look: &HostLook<'_>, shell: &str) -> bool {
    let path = look.root().path(shell);
    match inspect::chain(&path, &look.top()) {
        Ok(Some(chain)) => chain.node.kind == Kind::File && chain.node.mode & 0o111 != 0,
        // In another tree a link may lead to a place that is there only when that tree is the root.
        _ => {
            !look.is_host()
                && inspect::node(&path)
                    .ok()
                    .flatten()
                    .is_some_and(|node| node.kind == Kind::Link)
        }
    }
}

fn lost(look: &HostLook<'_>, lost: &mut BTreeMap<String, Vec<String>>) {
    let present = look.accounts().filter(|own| own.state.is_present());
    let owned: BTreeSet<&[u8]> = present.map(|own| own.name.as_bytes()).collect();
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for (_, line) in look
        .survey
        .written("passwd")
        .into_iter()
        .flat_map(|file| file.lines.entries())
    {
        let Some(line) = PasswdLine::parse(line).filter(|line| owned.contains(line.name)) else {
            continue;
        };
        let shell = String::from_utf8_lossy(line.shell).into_owned();
        if !*known
            .entry(shell.clone())
            .or_insert_with(|| is_program(look, &shell))
        {
            lost.entry(shell)
                .or_default()
                .push(String::from_utf8_lossy(line.name).into_owned());
        }
    }
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = facts
        .bases
        .iter()
        .flat_map(|base| judge_base(base, facts))
        .collect();
    if facts.made {
        found.extend(judge_skeleton(facts));
        if facts.mode & 0o077 != 0 {
            let what = format!("new homes have the mode {:04o}", facts.mode);
            found.push(AREA.note(
                what,
                "others may look into them",
                "home_mode = \"0700\" in [target.host]",
            ));
        }
    }
    found.extend(judge_shell(&facts.shell));
    if let Some(path) = &facts.no_lock_shell {
        let what = format!(
            "{}, `lock_shell` in [departed], is no program of this host",
            shown(path)
        );
        let why = "people whose accounts are locked cannot log in, and see no reason";
        found.push(AREA.warning(what, why, "install it, or set `lock_shell` in [departed]"));
    }
    for (shell, who) in &facts.lost {
        let what = format!(
            "accounts of gosync's whose shell {} is no program: {} ({})",
            shown(shell),
            who.len(),
            names(who)
        );
        found.push(AREA.problem(
            what,
            "they cannot log in",
            "install it, or usermod -s /bin/bash NAME",
        ));
    }
    found
}

fn judge_base(base: &Base, facts: &Facts) -> Vec<Finding> {
    let (path, name) = (base.path.display(), word(&base.path));
    let needed = base.main && facts.made;
    let Some(chain) = &base.found else {
        let why = "no home can be made there";
        let fix = format!("mount it, or mkdir -m 0755 {name}");
        let what = format!("{path}, where homes are, is not there");
        return vec![if needed {
            AREA.problem(what, why, fix)
        } else {
            AREA.warning(what, why, fix)
        }];
    };
    let mut found = Vec::new();
    let link = "whoever can change names there can redirect what root does; no home is made, moved or removed there";
    let stranger = |uid| uid != 0 && uid != facts.us;
    if chain.node.kind != Kind::Directory {
        let what = format!("{path}, where homes are, is no directory");
        return vec![AREA.problem(what, "no home can be made there", format!("ls -ld {name}"))];
    }
    for dir in std::iter::once(&chain.node).chain(&chain.above) {
        let (at, name) = (dir.path.display(), word(&dir.path));
        if stranger(dir.uid) {
            let what = format!(
                "{at}, through which homes are reached, belongs to the uid {}",
                dir.uid
            );
            found.push(AREA.problem(what, link, format!("chown root {name}")));
        }
        if dir.mode & 0o022 != 0 {
            let what = format!("others may write {at}, through which homes are reached");
            found.push(AREA.problem(what, link, format!("chmod go-w {name}")));
        }
    }
    if base.demanded && !base.mounted {
        let what = format!("nothing is mounted on {path}, where homes are");
        found.push(AREA.problem(
            what,
            "`home_base_mounted` in [accounts] demands it; no home is made, moved or removed there",
            format!("mount {name}"),
        ));
    }
    found.extend(judge_room(base, needed));
    found
}

fn judge_room(base: &Base, needed: bool) -> Vec<Finding> {
    let (path, name) = (base.path.display(), word(&base.path));
    let read_only =
        base.room.is_some_and(|room| room.read_only) || base.closed == Some(Closed::ReadOnly);
    let closed = match (read_only, base.closed) {
        (true, _) => Some((
            "on a read-only file system",
            format!("findmnt -T {name}   # remount it rw"),
        )),
        (false, Some(Closed::Immutable)) => Some(("immutable", format!("chattr -i {name}"))),
        (false, _) => None,
    };
    let closed = closed.filter(|_| needed).map(|(how, fix)| {
        let what = format!("{path}, where homes are, is {how}");
        AREA.problem(what, "no home can be made there", fix)
    });
    let no_exec = base.room.filter(|room| room.no_exec).map(|_| {
        let what = format!("{path}, where homes are, is mounted noexec");
        let why = "people cannot start programs and scripts of their own; tools of pip, cargo or conda among them";
        AREA.note(what, why, format!("findmnt -T {name}   # is that on purpose?"))
    });
    let room = base.room.filter(|_| needed && !read_only);
    let found = [
        closed,
        no_exec,
        room.and_then(|room| full(base, room)),
        on_server(base),
    ];
    found.into_iter().flatten().collect()
}

/// There is not much room left.
fn full(base: &Base, room: Room) -> Option<Finding> {
    if room.size == 0 {
        return None;
    }
    let (path, name) = (base.path.display(), word(&base.path));
    let what = format!("the file system of {path} has {} MiB left", room.free >> 20);
    let why = "a home that does not fit is not made, and its account neither";
    let fix = format!("df -h {name}; df -i {name}");
    let is_counted = room.files > 0;
    if room.free < 1 << 20 || is_counted && room.files_free == 0 {
        return Some(AREA.problem(what, why, fix));
    }
    let is_nearly_full = room.free < ROOM && room.free < room.size / 20
        || is_counted && room.files_free < room.files / 50;
    is_nearly_full.then(|| AREA.warning(what, why, fix))
}

/// Homes are on another machine.
fn on_server(base: &Base) -> Option<Finding> {
    let kind = base.kind.as_deref()?;
    if !kind.starts_with("nfs") && kind != "autofs" && kind != "cifs" {
        return None;
    }
    let path = base.path.display();
    let what = format!("{path}, where homes are, is on {}", shown(kind));
    let why = "if the server maps root to nobody, gosync cannot make a home there";
    let fix = "export it with no_root_squash to this host, or set create_home = false and make homes on the server";
    Some(AREA.note(what, why, fix))
}

fn judge_skeleton(facts: &Facts) -> Vec<Finding> {
    let path = facts.skeleton_path.display();
    let name = word(&facts.skeleton_path);
    let Some(all) = &facts.skeleton else {
        let what = format!("the skeleton {path} is not there");
        return vec![AREA.note(
            what,
            "new homes are empty",
            format!("install -d -m 0755 {name}   # and fill it"),
        )];
    };
    let found = [loose(all, facts), keys_of_ssh(all, &name), not_copied(all)];
    found.into_iter().flatten().collect()
}

/// The paths of those of the skeleton that are so; `None`: there are none.
fn paths(all: &[Node], wanted: impl Fn(&Node) -> bool) -> Option<Vec<String>> {
    let all = all.iter().filter(|node| wanted(node));
    let paths: Vec<String> = all.map(|node| node.path.display().to_string()).collect();
    (!paths.is_empty()).then_some(paths)
}

/// What others may change.
fn loose(all: &[Node], facts: &Facts) -> Option<Finding> {
    let loose = paths(all, |node| {
        node.uid != 0 && node.uid != facts.us || node.kind != Kind::Link && node.mode & 0o022 != 0
    })?;
    let what = format!(
        "others may change what homes begin with: {} ({})",
        loose.len(),
        names(&loose)
    );
    let name = word(&facts.skeleton_path);
    Some(AREA.problem(
        what,
        "what they put there is run by every new person at login",
        format!("chown -R root {name}; chmod -R go-w {name}"),
    ))
}

/// Files of ssh, which would be everybody's.
fn keys_of_ssh(all: &[Node], skeleton: &str) -> Option<Finding> {
    let keys = paths(all, |node| {
        let mut parts = node.path.components();
        node.kind == Kind::File && parts.any(|part| part.as_os_str() == ".ssh")
    })?;
    Some(AREA.warning(
        format!("homes begin with files of ssh: {}", names(&keys)),
        "a key in authorized_keys there opens every account; a private key is everybody's",
        format!("rm -r {skeleton}/.ssh   # unless it is there on purpose"),
    ))
}

/// What is neither file nor directory nor link.
fn not_copied(all: &[Node]) -> Option<Finding> {
    let left_out = paths(all, |node| node.kind == Kind::Other)?;
    Some(AREA.note(
        format!(
            "the skeleton holds what is not copied: {}",
            names(&left_out)
        ),
        "devices, sockets and fifos do not belong into a home",
        "remove them",
    ))
}

fn judge_shell(shell: &Shell) -> Option<Finding> {
    let path = shown(&shell.path).to_string();
    let shut = ["nologin", "false"]
        .iter()
        .any(|name| path.ends_with(&format!("/{name}")));
    match (shell.there, shell.listed || shut) {
        (false, _) => {
            let what = format!("{path}, `shell` in [accounts], is no program of this host");
            Some(AREA.problem(
                what,
                "whoever gets it cannot log in",
                "install it, or set `shell` in [accounts]",
            ))
        }
        (true, false) => {
            let what = format!("{path}, `shell` in [accounts], is not in /etc/shells");
            let why = "chsh, su -s, ftp and mail servers take such accounts for closed ones";
            Some(AREA.warning(what, why, format!("echo {path} >> /etc/shells")))
        }
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests;
