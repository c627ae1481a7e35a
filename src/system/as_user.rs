//! Writes `.ssh/authorized_keys` in a home, in a process that is the home's owner and nobody else.
//!
//! Root never touches what is below a home (threat L2). gosync starts itself, the new process gives up root for good
//! before it looks at the home, and whatever its owner has planted there, links or fifos, leads no further than the
//! owner could go alone. Links are not followed all the same.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, setgid, setgroups, setuid, unlinkat};
use serde::{Deserialize, Serialize};

use super::mounts::Foreigners;
use super::process;

/// The argument that makes gosync call [`obey`].
pub(crate) const WORD: &str = "--write-keys";

/// How long a home may take at most: it may be on a file system that does not answer.
const LIMIT: Duration = Duration::from_secs(20);

/// A longer file is left alone.
const MAX_BYTES: u64 = 1 << 20;

/// What stands before the id in the comment of our lines.
const MARK: &[u8] = b"gosync:";

const SSH: &str = ".ssh";
const KEYS: &str = "authorized_keys";
const NEW: &str = ".authorized_keys.gosync";

/// What is to be written, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The owner.
    pub uid: u32,
    /// The owner's primary group.
    pub gid: u32,
    /// The home.
    pub home: PathBuf,
    /// Our lines; empty: none.
    pub lines: String,
}

/// Writes keys as the owner of a home, in a process of its own, which has `left` at most. Nothing is begun in a home that
/// is on, or has in it, a file system that somebody else than root mounted.
///
/// # Errors
/// Why they were not written. It may have been written by the owner of the home.
pub(crate) fn write_keys(
    order: &Order,
    foreign: &Foreigners,
    left: Duration,
) -> Result<(), String> {
    if let Some(foreign) = foreign.at(&order.home) {
        return Err(foreign.to_string());
    }
    let input = serde_json::to_vec(order).map_err(|e| e.to_string())?;
    // The program may have been replaced since it was started, and its owner may not be able to run it.
    let itself = Path::new("/proc/self/exe");
    match process::run_with(itself, &[OsStr::new(WORD)], &input, LIMIT.min(left)) {
        Ok(answer) if answer.code == Some(0) => Ok(()),
        Ok(answer) => Err(answer
            .complaint
            .trim_start_matches("gosync ERROR: ")
            .to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// Does what the order on standard input says.
///
/// # Errors
/// What could not be done.
pub(crate) fn obey() -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().lock().take(1 << 25).read_to_end(&mut input)?;
    let order: Order = serde_json::from_slice(&input).map_err(io::Error::other)?;
    become_owner(&order)?;
    put(&order.home, order.lines.as_bytes())
}

/// Gives up root for good. Without root, it must be the owner already.
fn become_owner(order: &Order) -> io::Result<()> {
    if order.uid == 0 || order.gid == 0 {
        return Err(io::Error::other("root's home is not gosync's to write"));
    }
    if process::is_root() {
        setgroups(&[])?;
        setgid(Gid::from_raw(order.gid))?;
        setuid(Uid::from_raw(order.uid))?;
    }
    let uids = nix::unistd::getresuid()?;
    let all = [uids.real, uids.effective, uids.saved];
    if all.iter().any(|uid| uid.as_raw() != order.uid) || setuid(Uid::from_raw(0)).is_ok() {
        return Err(io::Error::other(format!(
            "this process cannot become the uid {}",
            order.uid
        )));
    }
    Ok(())
}

fn open(at: &OwnedFd, name: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | ResolveFlag::RESOLVE_NO_SYMLINKS
        | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let flags = flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    Ok(openat2(
        at.as_fd(),
        name,
        OpenHow::new().flags(flags).mode(mode).resolve(resolve),
    )?)
}

fn odd(what: &str, mend: &str) -> io::Error {
    io::Error::other(format!("{what}; left alone; {mend}"))
}

/// Puts our lines into the file of a home.
fn put(home: &Path, lines: &[u8]) -> io::Result<()> {
    let us = nix::unistd::geteuid().as_raw();
    // The home itself may be reached through a link of root's, such as /home.
    let home = nix::fcntl::open(home, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let dir_flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
    let ssh = match open(&home, SSH, dir_flags, Mode::empty()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && lines.is_empty() => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            mkdirat(home.as_fd(), SSH, Mode::from_bits_truncate(0o700))?;
            File::from(home.try_clone()?).sync_all()?;
            open(&home, SSH, dir_flags, Mode::empty())?
        }
        Err(e)
            if [nix::libc::ELOOP, nix::libc::ENOTDIR]
                .map(Some)
                .contains(&e.raw_os_error()) =>
        {
            return Err(odd(
                ".ssh is no directory",
                "move it away, or put a directory of its owner's in its place",
            ));
        }
        other => other?,
    };
    let meta = File::from(ssh.try_clone()?).metadata()?;
    if meta.uid() != us || meta.mode() & 0o022 != 0 {
        return Err(odd(
            ".ssh belongs to somebody else, or others may write it",
            "chown it, or chmod go-w it",
        ));
    }
    let (old, mode) = read(&ssh, us)?;
    let new = merge(&old, lines);
    if new == old {
        return Ok(());
    }
    match unlinkat(ssh.as_fd(), NEW, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(nix::errno::Errno::ENOENT) => {}
        Err(e) => return Err(e.into()),
    }
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
    let mut file = File::from(open(&ssh, NEW, flags, Mode::from_bits_truncate(0o600))?);
    file.write_all(&new)?;
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    renameat(ssh.as_fd(), NEW, ssh.as_fd(), KEYS)?;
    File::from(ssh).sync_all()
}

/// What is in the file, and its mode without what would let others write.
fn read(ssh: &OwnedFd, us: u32) -> io::Result<(Vec<u8>, u32)> {
    let file = match open(ssh, KEYS, OFlag::O_RDONLY, Mode::empty()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0o600)),
        Err(e) if e.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(odd(
                "authorized_keys is a link",
                "put a plain file in its place",
            ));
        }
        other => File::from(other?),
    };
    let meta = file.metadata()?;
    let what = "authorized_keys is no plain file of its own, or belongs to somebody else";
    if !meta.is_file() || meta.nlink() != 1 || meta.uid() != us {
        return Err(odd(what, "move it away, or put a plain file in its place"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(odd("authorized_keys is longer than 1 MiB", "shorten it"));
    }
    Ok((bytes, meta.mode() & 0o755))
}

/// The person's own lines in their order, byte for byte, and ours where the first of ours was, else at the end.
fn merge(old: &[u8], lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(old.len() + lines.len() + 1);
    let mut rest = Some(lines);
    for line in old.split_inclusive(|&b| b == b'\n') {
        if is_ours(line) {
            out.extend(rest.take().unwrap_or_default());
        } else {
            out.extend(line);
        }
    }
    if let Some(lines) = rest.filter(|lines| !lines.is_empty()) {
        if out.last().is_some_and(|&b| b != b'\n') {
            out.push(b'\n');
        }
        out.extend(lines);
    }
    out
}

fn is_ours(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let last = line
        .rsplit(|b| matches!(b, b' ' | b'\t'))
        .next()
        .unwrap_or_default();
    !line.starts_with(b"#") && last.len() < line.len() && last.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const OURS: &[u8] = b"ssh-ed25519 AAAA1 gosync:u-1\nssh-rsa AAAA2 gosync:u-1\n";

    fn home() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("ann");
        fs::create_dir(&home).unwrap();
        (dir, home)
    }

    #[test]
    fn the_persons_own_lines_stay_as_they_are() {
        let own =
            "# gosync:u-1 is a word\n\nssh-rsa BBBB ann@home\nfrom=\"a b\" ssh-rsa CCCC no end";
        let (before, after) = own.split_at(own.find("from").unwrap());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ours = text(OURS.to_vec());
        assert_eq!(text(merge(b"", OURS)), ours);
        assert_eq!(text(merge(own.as_bytes(), OURS)), format!("{own}\n{ours}"));
        let mixed =
            format!("{before}ssh-ed25519 OLD gosync:u-1\n{after}\nssh-ed25519 OLDER\tgosync:u-0\n");
        assert_eq!(
            text(merge(mixed.as_bytes(), OURS)),
            format!("{before}{ours}{after}\n")
        );
        assert_eq!(text(merge(mixed.as_bytes(), b"")), format!("{own}\n"));
        assert_eq!(text(merge(own.as_bytes(), b"")), own);
    }

    #[test]
    fn keys_are_written_where_there_are_none_and_taken_back() {
        let (_dir, home) = home();
        put(&home, b"").unwrap();
        assert!(!home.join(".ssh").exists());
        put(&home, OURS).unwrap();
        assert_eq!(fs::read(home.join(".ssh/authorized_keys")).unwrap(), OURS);
        assert_eq!(
            fs::metadata(home.join(".ssh")).unwrap().mode() & 0o7777,
            0o700
        );
        let file = home.join(".ssh/authorized_keys");
        fs::write(&file, [b"ssh-rsa BBBB own\n", OURS].concat()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        put(&home, b"").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"ssh-rsa BBBB own\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(home.join(".ssh")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_plain_file_is_left_alone() {
        type Plant<'a> = (&'a str, &'a dyn Fn(&Path, &Path));
        let plant: [Plant<'_>; 7] = [
            ("a link for .ssh", &|home, other| {
                symlink(other, home.join(".ssh")).unwrap()
            }),
            ("a file for .ssh", &|home, _| {
                fs::write(home.join(".ssh"), "x").unwrap()
            }),
            ("a link", &|home, other| {
                symlink(other.join("keys"), home.join(".ssh/authorized_keys")).unwrap()
            }),
            ("a dangling link", &|home, other| {
                symlink(other.join("none"), home.join(".ssh/authorized_keys")).unwrap()
            }),
            ("a directory", &|home, _| {
                fs::create_dir(home.join(".ssh/authorized_keys")).unwrap()
            }),
            ("a fifo", &|home, _| {
                nix::unistd::mkfifo(
                    &home.join(".ssh/authorized_keys"),
                    Mode::from_bits_truncate(0o600),
                )
                .unwrap();
            }),
            ("a hard link", &|home, other| {
                fs::hard_link(other.join("keys"), home.join(".ssh/authorized_keys")).unwrap();
            }),
        ];
        for (what, plant) in plant {
            let (dir, home) = home();
            let other = dir.path().join("other");
            fs::create_dir(&other).unwrap();
            fs::write(other.join("keys"), "secret").unwrap();
            if !what.ends_with(".ssh") {
                fs::create_dir(home.join(".ssh")).unwrap();
            }
            plant(&home, &other);
            let complaint = put(&home, OURS).unwrap_err().to_string();
            assert!(
                complaint.contains("left alone; "),
                "{what}: nothing says what to do: {complaint}"
            );
            assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "{what}");
            assert_eq!(fs::read(other.join("keys")).unwrap(), b"secret", "{what}");
        }
    }

    #[test]
    fn a_link_for_the_new_file_is_replaced_and_not_followed() {
        let (dir, home) = home();
        fs::create_dir(home.join(".ssh")).unwrap();
        let other = dir.path().join("other");
        fs::write(&other, "secret").unwrap();
        symlink(&other, home.join(".ssh").join(NEW)).unwrap();
        put(&home, OURS).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"secret");
        assert_eq!(fs::read(home.join(".ssh/authorized_keys")).unwrap(), OURS);
    }

    #[test]
    fn nobody_writes_as_root_or_as_a_root_group() {
        for (uid, gid) in [(0, 0), (0, 100), (20_000, 0)] {
            let order = Order {
                uid,
                gid,
                home: "/nonexistent".into(),
                lines: String::new(),
            };
            assert!(
                become_owner(&order)
                    .unwrap_err()
                    .to_string()
                    .contains("root")
            );
        }
    }
}
