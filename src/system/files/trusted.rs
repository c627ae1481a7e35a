//! Files whose owner, mode and length are looked at before they are believed: the configuration, its secrets, documents
//! and keys.
//!
//! What others may write is told with the command that mends it, and is not mended here.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::libc::{O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK};
use rustix::fs::{CWD, Mode, OFlags, fstat, openat};

use super::{look, open_plain};
use crate::model::text::without_mark;
use crate::system::programs::{self, Distrust};
use crate::system::{Context as _, PathError, inputs};

/// Who may do what to a file that we trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nobody else may write it.
    Config,
    /// Nobody else may write or read it.
    Secret,
}

/// Reads a file that we trust: owned by root or by us, and not open to others as `trust` says; the same for the
/// directories above it, as far as writing goes.
///
/// # Errors
/// When it is not to be trusted, with the command that mends it, or cannot be read.
pub(crate) fn read_trusted(path: &Path, trust: Trust) -> Result<Vec<u8>, PathError> {
    let mut file = open_trusted(path, None)?;
    let meta = file.metadata().on("read", path)?;
    if trust == Trust::Secret && meta.mode() & 0o077 != 0 {
        let complaint = "it is a secret, and others may read it; `chmod 600` it".to_owned();
        return Err(distrusted(complaint)).on("trust", path);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).on("read", path)?;
    Ok(unmarked(bytes))
}

/// The same without a byte order mark, which editors put before texts that people write; none of these files is anything
/// else than text.
fn unmarked(mut bytes: Vec<u8>) -> Vec<u8> {
    let mark = bytes.len() - without_mark(&bytes).len();
    bytes.drain(..mark);
    bytes
}

/// Reads a file that says who there is, of at most `limit` bytes: trusted as [`read_trusted`] does, but that it and its
/// directories may be `owner`'s, too, if one is named.
///
/// # Errors
/// The same; and when it is longer.
pub(crate) fn read_source(
    path: &Path,
    limit: u64,
    owner: Option<u32>,
) -> Result<Vec<u8>, PathError> {
    to_limit(open_trusted(path, owner)?, path, limit)
}

/// Opens a regular file that nobody but root, we, and `owner` if one is named, can write or replace.
fn open_trusted(path: &Path, owner: Option<u32>) -> Result<File, PathError> {
    inputs::note(path);
    let file = match programs::open_unreplaceable(path, owner) {
        Ok(file) => file,
        Err(Distrust::Io(e)) => return Err(e).on("read", path),
        Err(reason) => return Err(distrusted(of_directory(path, &reason))).on("trust", path),
    };
    match complaint(&file.metadata().on("read", path)?, owner) {
        Some(complaint) => Err(distrusted(complaint)).on("trust", path),
        None => Ok(file),
    }
}

fn distrusted(complaint: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, complaint)
}

/// Whether an error says that others may write, or read, what is to be trusted.
pub(crate) fn is_distrust(error: &PathError) -> bool {
    error.action == "trust"
}

/// Why a file cannot be trusted, following no link, as far as its own owner and mode go; `None`: it can, or is not there.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn complaint_of(path: &Path) -> Result<Option<String>, PathError> {
    inputs::note(path);
    Ok(look(path)?.and_then(|meta| complaint(&meta, None)))
}

/// Why a file cannot be trusted, as far as its own owner and mode go.
fn complaint(meta: &Metadata, owner: Option<u32>) -> Option<String> {
    if !meta.is_file() {
        return Some("it is no regular file".to_owned());
    }
    if !is_trusted_owner(meta.uid()) && owner != Some(meta.uid()) {
        return Some(format!(
            "it belongs to the uid {}; `chown root` it",
            meta.uid()
        ));
    }
    (meta.mode() & 0o022 != 0).then(|| "others may write it; `chmod go-w` it".to_owned())
}

/// Why something on the way to a file makes it one that cannot be trusted.
fn of_directory(path: &Path, reason: &Distrust) -> String {
    if path.is_dir() {
        return "it is no regular file".to_owned();
    }
    let is_parent = |dir: &Path| {
        let real = fs::canonicalize(path).ok();
        real.is_some_and(|real| real.parent() == Some(dir))
    };
    let called = |dir: &Path| match is_parent(dir) {
        true => format!("its directory {}", dir.display()),
        false => format!("{}, on the way to it,", dir.display()),
    };
    match reason {
        Distrust::Owner(dir, uid) => {
            format!("{} belongs to the uid {uid}", called(dir))
        }
        Distrust::Writable(dir) if is_parent(dir) => {
            format!("others may write {}; `chmod go-w` it", called(dir))
        }
        other => other.to_string(),
    }
}

/// Reads any file that decides nothing about people; at most `limit` bytes.
///
/// # Errors
/// When it cannot be read or is longer.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, PathError> {
    inputs::note(path);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(path)
        .on("read", path)?;
    if !file.metadata().on("read", path)?.is_file() {
        return Err(io::Error::other("it is no regular file")).on("read", path);
    }
    to_limit(file, path, limit)
}

fn to_limit(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, PathError> {
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .on("read", path)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes"))).on("read", path);
    }
    Ok(unmarked(bytes))
}

/// Makes sure that nobody but root, we, and `owner` if one is named, can put or replace anything in a directory.
///
/// # Errors
/// When it is not so, with the command that mends it, or cannot be looked at.
pub(crate) fn check_source_directory(dir: &Path, owner: Option<u32>) -> Result<(), PathError> {
    inputs::note(dir);
    match programs::check_directory(dir, owner) {
        Ok(()) => Ok(()),
        Err(Distrust::Io(e)) => Err(e).on("read", dir),
        Err(reason) => Err(distrusted(reason.to_string())).on("trust", dir),
    }
}

/// Reads a regular file of at most `limit` bytes in a directory, following no link. `name` is the name of a file and no
/// path. It must be as [`read_source`] wants it. `Ok(None)`: there is none.
///
/// # Errors
/// When it is something else than a regular file, not to be trusted, cannot be read, or is longer.
pub(crate) fn read_entry(
    (dir, owner): (&Path, Option<u32>),
    name: &str,
    limit: u64,
) -> Result<Option<Vec<u8>>, PathError> {
    let path = dir.join(name);
    inputs::note(&path);
    if Path::new(name).components().count() != 1 || path.parent() != Some(dir) {
        return Err(io::Error::other("it is not the name of a file")).on("read", &path);
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(&path);
    let file = match file {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(io::Error::other("it is a symbolic link")).on("read", &path);
        }
        other => other.on("read", &path)?,
    };
    let meta = file.metadata().on("read", &path)?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no regular file")).on("read", &path);
    }
    if let Some(complaint) = complaint(&meta, owner) {
        return Err(distrusted(complaint)).on("trust", &path);
    }
    to_limit(file, &path, limit).map(Some)
}

/// When a file was written last, in seconds since 1970.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn modified(path: &Path) -> Result<i64, PathError> {
    inputs::note(path);
    Ok(fs::metadata(path).on("look at", path)?.mtime())
}

/// Whether everybody may write a file, or into a directory, links followed.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn is_everybodys(path: &Path) -> Result<bool, PathError> {
    inputs::note(path);
    let meta = fs::metadata(path).on("look at", path)?;
    Ok(meta.mode() & 0o002 != 0)
}

/// What is in a file, and its mode if it belongs to root or to us.
pub(crate) type Shown = (Vec<u8>, Option<u32>);

/// Reads a regular file that everybody may see, following no link at its end. `Ok(None)`: there is none.
///
/// # Errors
/// When it is something else than a regular file, cannot be read, or is longer than `limit`.
pub(crate) fn read_shown(path: &Path, limit: u64) -> Result<Option<Shown>, PathError> {
    let Some((file, length)) = open_plain(path)? else {
        return Ok(None);
    };
    let meta = file.metadata().on("read", path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .on("read", path)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes"))).on("read", path);
    }
    let is_ours = is_trusted_owner(meta.uid());
    Ok(Some((bytes, is_ours.then_some(meta.mode() & 0o7777))))
}

/// Whether what belongs to a uid is root's or ours.
pub(crate) fn is_trusted_owner(uid: u32) -> bool {
    uid == 0 || uid == nix::unistd::geteuid().as_raw()
}

/// Why a directory, or one above it that is below `top`, cannot be trusted: others may write there. `None`: it can, or
/// it is not there yet.
///
/// # Errors
/// When nobody can say.
pub(crate) fn untrusted_directory(dir: &Path, top: &Path) -> Result<Option<Distrust>, PathError> {
    if look(dir)?.is_some_and(|meta| !meta.is_dir()) {
        return Ok(Some(Distrust::Odd("it is no directory")));
    }
    let mut there = dir;
    while look(there)?.is_none() {
        there = there.parent().unwrap_or(top);
    }
    match open_trusted_directory(there, top) {
        Ok(_) => Ok(None),
        Err(Distrust::Io(e)) => Err(e).on("look at", dir),
        Err(distrust) => Ok(Some(distrust)),
    }
}

/// Opens a directory that nobody but root and we can write or replace, nor any directory above it down from `top`, nor
/// where a link on the way to it stands. What is looked at is what is opened.
///
/// # Errors
/// Why it is not so; or that there is no such directory.
pub(crate) fn open_trusted_directory(dir: &Path, top: &Path) -> Result<OwnedFd, Distrust> {
    open_directory(dir, top, Judged::Each)
}

/// Opens a directory that nobody but root and we can write, though somebody else may own one above it, as Prometheus does in
/// Debian. Whoever may put another one in its place can only put one there that is like it, and by no link: so that what is
/// written there must go by what is opened, and under a name that is harmless wherever it stands.
///
/// # Errors
/// As [`open_trusted_directory`].
pub(crate) fn open_own_directory(dir: &Path, top: &Path) -> Result<OwnedFd, Distrust> {
    open_directory(dir, top, Judged::Last)
}

/// Which of the directories on a way must be root's or ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Each,
    Last,
}

fn open_directory(dir: &Path, top: &Path, judged: Judged) -> Result<OwnedFd, Distrust> {
    inputs::note(dir);
    let (real, top) = (fs::canonicalize(dir)?, fs::canonicalize(top)?);
    for link in std::path::absolute(dir)?.ancestors() {
        let meta = fs::symlink_metadata(link)?;
        let Some(place) = link.parent().filter(|_| meta.is_symlink()) else {
            continue;
        };
        let place = fs::canonicalize(place)?;
        if place.starts_with(&top) {
            check_owner(meta.uid(), link)?;
            walk(&place, &top, Judged::Each)?;
        }
    }
    let end = walk(&real, &top, judged)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(&end, c".", flags, Mode::empty()).map_err(io::Error::from)?)
}

/// Goes from `top` down to a directory, with no link on the way, and looks at owner and mode.
fn walk(real: &Path, top: &Path, judged: Judged) -> Result<OwnedFd, Distrust> {
    let Ok(below) = real.strip_prefix(top) else {
        return Err(Distrust::Odd(
            "a link leads out of --root; make it a relative one",
        ));
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = |dir: BorrowedFd<'_>, name: &Path| {
        openat(dir, name, flags, Mode::empty()).map_err(io::Error::from)
    };
    let (mut here, mut at) = (open(CWD, top)?, top.to_owned());
    for part in below.components() {
        if judged == Judged::Each {
            check(&here, &at)?;
        }
        here = open(here.as_fd(), Path::new(part.as_os_str()))?;
        at.push(part);
    }
    check(&here, &at)?;
    Ok(here)
}

fn check(dir: &OwnedFd, at: &Path) -> Result<(), Distrust> {
    let stat = fstat(dir).map_err(io::Error::from)?;
    check_owner(stat.st_uid, at)?;
    match stat.st_mode & 0o022 {
        0 => Ok(()),
        _ => Err(Distrust::Writable(at.to_owned())),
    }
}

fn check_owner(uid: u32, at: &Path) -> Result<(), Distrust> {
    match is_trusted_owner(uid) {
        true => Ok(()),
        false => Err(Distrust::Owner(at.to_owned(), uid)),
    }
}
