//! Reads the databases, and shows them to planning as one [`Host`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::anchor;
use super::db::Db;
use super::error::LocalError;
use super::layout::{HOST_PASSWD, Missing, Way};
use super::local::Local;
use crate::formats::{
    GroupLine, GshadowLine, Lines, PasswdLine, ShadowLine, SubidLine, name_of, number_of, shells,
};
use crate::model::host::{Host, HostAccount, HostGroup, ODD};
use crate::model::shells::Shells;
use crate::model::subordinates::SubuidBook;
use crate::model::{AccountFields, ByName};
use crate::system::root::Root;
use crate::system::{files, replace};
use crate::targets::Contents;

/// One database as it was read.
#[derive(Debug)]
pub(super) struct Image {
    pub path: PathBuf,
    pub lines: Lines,
    /// Whether there is such a file at all.
    pub exists: bool,
}

impl Image {
    fn read(path: PathBuf, ahead: &Contents) -> Result<Self, LocalError> {
        let bytes = match ahead.get(&path) {
            Some(bytes) => Some(bytes.clone()),
            None => files::read_plain(&path)?,
        };
        let exists = bytes.is_some();
        Ok(Self {
            path,
            lines: Lines::new(bytes.unwrap_or_default()),
            exists,
        })
    }

    /// Whether the file is still as it was read.
    pub(super) fn is_current(&self) -> Result<bool, LocalError> {
        Ok(files::is_still(
            &self.path,
            self.exists.then_some(self.lines.bytes()),
        )?)
    }
}

/// Which subordinate uids are whose.
pub(super) fn subuids(target: &Local) -> Result<SubuidBook, LocalError> {
    let Some(path) = target.paths.path(Db::Subuid) else {
        return Ok(SubuidBook::default());
    };
    let image = Image::read(path, &target.ahead)?;
    let lines = image.lines.entries().filter_map(|(_, line)| {
        let SubidLine {
            owner,
            first,
            count,
        } = SubidLine::parse(line)?;
        let last = first.saturating_add(count.checked_sub(1)?);
        Some((String::from_utf8_lossy(owner).into_owned(), first, last))
    });
    Ok(SubuidBook::new(lines))
}

/// All databases as they were read.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) databases: BTreeMap<Db, Image>,
    /// Databases that are read and never written.
    reference: Vec<(Db, Image)>,
    shells: Option<String>,
    root: Root,
}

impl Current {
    pub(super) fn read(target: &Local) -> Result<Self, LocalError> {
        let mut databases = BTreeMap::new();
        for file in target.paths.layout.written {
            let path = target.paths.of(file);
            databases.insert(file.db, Image::read(path, &target.ahead)?);
        }
        let mut reference = Vec::new();
        for (db, path) in target.paths.references() {
            reference.push((db, Image::read(path, &target.ahead)?));
        }
        let shells = files::read_plain(&target.root.path("/etc/shells"))?;
        let shells = shells.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let current = Self {
            databases,
            reference,
            shells,
            root: target.root.clone(),
        };
        current.check(target)?;
        Ok(current)
    }

    /// All files, those that are written first.
    fn images(&self) -> impl Iterator<Item = &Image> {
        let reference = self.reference.iter().map(|(_, image)| image);
        self.databases.values().chain(reference)
    }

    /// Finds out, before anything is planned, whether the databases are sound and can be replaced.
    fn check(&self, target: &Local) -> Result<(), LocalError> {
        self.check_host(target.root.path(HOST_PASSWD))?;
        let unfit = |image: &Image, reason: &str| LocalError::Unfit {
            path: image.path.clone(),
            reason: reason.to_owned(),
        };
        for file in target.paths.layout.written.iter().rev() {
            let image = self.databases.get(&file.db).filter(|image| !image.exists);
            if let Some(image) = image.filter(|_| file.missing == Missing::Refused) {
                let reason = "it is missing; make it with pwconv(8) or grpconv(8)";
                return Err(unfit(image, reason));
            }
        }
        let written = target.paths.layout.written.iter();
        for dir in written.map(|file| file.dir).collect::<BTreeSet<_>>() {
            check_directory(target, dir)?;
        }
        check_directory(target, anchor::DIR)?;
        replace::probe(&anchor::path(target))?;
        target
            .paths
            .generations()
            .map_or(Ok(()), |there| there.probe())?;
        for (db, image) in &self.databases {
            let file = target.paths.layout.file(*db);
            if file.is_some_and(|file| file.way == Way::Alone) {
                replace::probe(&image.path)?;
            }
        }
        Ok(())
    }

    /// Finds out whether this is a host's tree at all.
    fn check_host(&self, passwd: PathBuf) -> Result<(), LocalError> {
        let image = self.images().find(|image| image.path == passwd);
        let mut lines = image.into_iter().flat_map(|image| image.lines.entries());
        let reason = if image.is_some_and(|image| !image.exists) {
            "it is missing; is this a host's tree?"
        } else if !lines.any(|(_, line)| is_root(line)) {
            "there is no line `root` with the uid 0: this is no sound passwd file, and nothing is written"
        } else {
            return Ok(());
        };
        Err(LocalError::Unfit {
            path: passwd,
            reason: reason.to_owned(),
        })
    }

    /// Whether all files are still as they were read.
    pub(super) fn is_current(&self) -> Result<bool, LocalError> {
        for image in self.images() {
            if !image.is_current()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the databases say.
    pub(super) fn host(&self) -> Host<'_> {
        let lines = |db| self.databases.get(&db).map_or(0, |image| image.lines.len());
        let mut host = Host {
            accounts: ByName::with_room(lines(Db::Passwd)),
            groups: ByName::with_room(lines(Db::Group)),
            shells: self.shells(),
            ..Host::default()
        };
        let shut = self.shut(&mut host.broken);
        let written = self.databases.iter().map(|(db, image)| (*db, image, true));
        let read = self.reference.iter().map(|(db, image)| (*db, image, false));
        let (mut ids, mut subids) = (Vec::new(), Vec::new());
        for (db, image, writable) in written.chain(read) {
            for (_, line) in image.lines.entries() {
                match db {
                    Db::Passwd => {
                        ids.extend(add_account(&mut host, line, &shut, writable));
                    }
                    Db::Group => ids.extend(add_group(&mut host, line, writable)),
                    Db::Subuid | Db::Subgid => subids.extend(
                        SubidLine::parse(line)
                            .map(|s| (s.first, s.first.saturating_add(s.count.saturating_sub(1)))),
                    ),
                    Db::Shadow if writable => {} // looked at before
                    Db::Shadow if ShadowLine::parse(line).is_none() => {
                        add_broken(&mut host.broken, line);
                    }
                    Db::Gshadow if GshadowLine::parse(line).is_none() => {
                        add_broken(&mut host.broken, line);
                    }
                    Db::Shadow | Db::Gshadow => {}
                }
            }
        }
        host.ids = ids.into_iter().collect();
        host.subids = subids.into_iter().collect();
        host.databases = self
            .images()
            .map(|i| {
                (
                    i.path.display().to_string(),
                    i.exists.then_some(i.lines.bytes()),
                )
            })
            .collect();
        host
    }

    fn shells(&self) -> Shells<'_> {
        let is_there = |path: &str| files::look(&self.root.path(path)).is_ok_and(|it| it.is_some());
        Shells::new(shells(self.shells.as_deref()), is_there)
    }

    /// Accounts that are locked or expire, by name: few of all. Adds the names of lines that are malformed.
    fn shut<'a>(&'a self, broken: &mut BTreeSet<&'a str>) -> Shut<'a> {
        let shadow = self.databases.get(&Db::Shadow).into_iter();
        let mut shut = Shut::new();
        for (_, line) in shadow.flat_map(|image| image.lines.entries()) {
            match ShadowLine::parse(line) {
                None => add_broken(broken, line),
                Some(line) if line.is_locked() || !line.expire.is_empty() => {
                    let how = (line.is_locked(), line.expire);
                    shut.entry(line.name).or_insert(how);
                }
                Some(_) => {}
            }
        }
        shut
    }
}

/// Refuses a directory of databases that others may replace, or what is in it; it may be a link.
fn check_directory(target: &Local, dir: &str) -> Result<(), LocalError> {
    let (path, top) = (target.root.path(dir), target.root.path("/"));
    let real = files::goal(&path)?;
    for at in path.parent().into_iter().chain(real.as_deref()) {
        if let Some(distrust) = files::untrusted_directory(at, &top)? {
            let reason = format!("nothing is written into it: {distrust}");
            return Err(LocalError::Unfit { path, reason });
        }
    }
    Ok(())
}

/// Whether the password is locked, and the expiry, by name.
type Shut<'a> = BTreeMap<&'a [u8], (bool, &'a [u8])>;

/// Whether a line of passwd(5) is root's.
fn is_root(line: &[u8]) -> bool {
    PasswdLine::parse(line).is_some_and(|line| line.name == b"root" && line.uid == 0)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or(ODD)
}

/// Adds an account; gives its uid and gid.
fn add_account<'a>(
    host: &mut Host<'a>,
    line: &'a [u8],
    shut: &Shut<'a>,
    writable: bool,
) -> impl Iterator<Item = u32> + use<> {
    let Some(line) = PasswdLine::parse(line) else {
        add_broken(&mut host.broken, line);
        return [number_of(line), None].into_iter().flatten();
    };
    let ids = [Some(line.uid), Some(line.gid)].into_iter().flatten();
    if line.name.is_empty() {
        return ids;
    }
    let name = text(line.name);
    let (locked, expire) = match line.is_shadowed() {
        true => shut.get(line.name).copied().unwrap_or((false, b"")),
        false => (line.password.starts_with(b"!"), &b""[..]),
    };
    let account = HostAccount {
        uid: line.uid,
        gid: line.gid,
        fields: AccountFields {
            gecos: text(line.gecos),
            home: text(line.home),
            shell: text(line.shell),
        },
        locked,
        expire: text(expire),
        writable,
    };
    if !host.accounts.insert_first(name, account) {
        host.repeated.insert(name);
    }
    ids
}

fn add_broken<'a>(broken: &mut BTreeSet<&'a str>, line: &'a [u8]) {
    broken.insert(text(name_of(line)));
}

/// Adds a group; gives its gid.
fn add_group<'a>(host: &mut Host<'a>, line: &'a [u8], writable: bool) -> Option<u32> {
    let Some(line) = GroupLine::parse(line) else {
        add_broken(&mut host.broken, line);
        return number_of(line);
    };
    if line.name.is_empty() {
        return Some(line.gid);
    }
    let name = text(line.name);
    let group = HostGroup {
        gid: line.gid,
        members: text(line.members).into(),
        writable,
    };
    if !host.groups.insert_first(name, group) {
        host.repeated.insert(name);
    }
    Some(line.gid)
}

/// The gid of a group in the databases, by name.
pub(super) fn gid_of(target: &Local, name: &str) -> Option<u32> {
    let bytes = files::read_plain(&target.root.path("/etc/group")).ok()??;
    let lines = Lines::new(bytes);
    let found = lines
        .entries()
        .filter_map(|(_, l)| GroupLine::parse(l))
        .find(|g| g.name == name.as_bytes());
    found.map(|g| g.gid)
}
