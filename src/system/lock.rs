//! The two locks: gosync's own run lock, and the host's password lock.
//!
//! The run lock is `flock(2)` through fs2 on a file that is never deleted; what the file says is information, the
//! kernel's lock is the truth. The password lock is the one of lckpwdf(3), which shadow and systemd honour: an open
//! file description lock on `/etc/.pwd.lock`. `flock` does not exclude it, and a classic record lock would vanish when
//! any descriptor of the file is closed.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, O_CLOEXEC, O_NOFOLLOW};

use super::{Context as _, PathError, clock, files};

/// gosync's own lock, held until dropped.
#[derive(Debug)]
pub struct RunLock(#[allow(dead_code)] Option<File>);

/// What a lock is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To change the host. The lock file is made, and says who we are.
    Change,
    /// To look. Nothing is written: where there is no lock file, there is nobody to wait for.
    Look,
}

impl Purpose {
    /// The purpose of a run, by whether it is a dry one.
    pub fn of(dry_run: bool) -> Self {
        if dry_run { Self::Look } else { Self::Change }
    }
}

/// Who holds the run lock, by what the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: Option<u32>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "lock file exists: pid = {pid}"),
            None => f.write_str("lock file exists: pid = unknown"),
        }
    }
}

/// How long to wait for the run lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// Until then.
    Until(Instant),
    /// As long as it takes.
    Forever,
}

/// Why the run lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum RunLockError {
    /// Somebody else holds it.
    #[error("{0}")]
    Busy(Holder),
    /// It cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// How often a waiter looks again.
const POLL: Duration = Duration::from_millis(50);

/// How often a waiter says that it waits.
const SAY_EVERY: Duration = Duration::from_secs(2);

impl RunLock {
    /// Takes the lock; `waiting` is called at once and then every two seconds while somebody else holds it.
    ///
    /// # Errors
    /// When it stays busy, or its file or directory is not to be trusted.
    pub fn take(
        path: &Path,
        purpose: Purpose,
        wait: Wait,
        waiting: &mut dyn FnMut(&Holder),
    ) -> Result<Self, RunLockError> {
        let Some(mut file) = open_run_lock(path, purpose)? else { return Ok(Self(None)) };
        let mut said: Option<Instant> = None;
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => break,
                Err(e) if e.raw_os_error() == fs2::lock_contended_error().raw_os_error() => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).on("lock", path)?,
            }
            let holder = read_holder(&mut file);
            let deadline = match wait {
                Wait::No => return Err(RunLockError::Busy(holder)),
                Wait::Until(deadline) if clock::is_past(deadline) => return Err(RunLockError::Busy(holder)),
                Wait::Until(deadline) => Some(deadline),
                Wait::Forever => None,
            };
            if said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
                waiting(&holder);
                said = Some(Instant::now());
            }
            clock::sleep_until(deadline, POLL);
        }
        if purpose == Purpose::Change {
            let _ = write_holder(&mut file); // information only
        }
        Ok(Self(Some(file)))
    }
}

fn open_run_lock(path: &Path, purpose: Purpose) -> Result<Option<File>, PathError> {
    let mut options = OpenOptions::new();
    options.read(true).mode(0o600).custom_flags(O_NOFOLLOW | O_CLOEXEC);
    if purpose == Purpose::Change {
        if let Some(dir) = path.parent() {
            files::ensure_private_dir(dir)?;
        }
        options.write(true).create(true).truncate(false);
    }
    let file = match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && purpose == Purpose::Look => return Ok(None),
        other => other.on("open the lock file", path)?,
    };
    let meta = file.metadata().on("look at", path)?;
    let ours = meta.uid() == nix::unistd::geteuid().as_raw();
    if !meta.is_file() || !ours || meta.nlink() != 1 || meta.mode() & 0o077 != 0 {
        let reason = "it must be a plain file of ours, mode 0600, with no other name";
        return Err(io::Error::other(reason)).on("use the lock file", path);
    }
    Ok(Some(file))
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| Read::by_ref(file).take(64).read_to_string(&mut text));
    Holder { pid: text.split_whitespace().next().and_then(|word| word.parse().ok()) }
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    writeln!(file, "{} {}", std::process::id(), clock::now())
}

/// The password lock, held until dropped.
#[derive(Debug)]
pub struct PasswordLock(#[allow(dead_code)] File);

impl PasswordLock {
    /// Takes the lock on `path` (`/etc/.pwd.lock`); gives up at `deadline`.
    ///
    /// # Errors
    /// When somebody holds it until then, or it cannot be used.
    pub fn take(path: &Path, deadline: Instant) -> Result<Self, PathError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW | O_CLOEXEC)
            .open(path)
            .on("open the password lock", path)?;
        loop {
            let whole_file = libc::flock {
                l_type: libc::F_WRLCK as libc::c_short,
                l_whence: libc::SEEK_SET as libc::c_short,
                l_start: 0,
                l_len: 0,
                l_pid: 0,
            };
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file)) {
                Ok(_) => return Ok(Self(file)),
                Err(nix::Error::EAGAIN | nix::Error::EACCES | nix::Error::EINTR) => {}
                Err(e) => return Err(e).on("lock", path)?,
            }
            if clock::is_past(deadline) {
                let reason = "another program (useradd, vipw, passwd?) holds the password lock";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, reason)).on("lock", path);
            }
            clock::sleep_until(Some(deadline), Duration::from_millis(5));
        }
    }
}

/// A lock on a directory against others who replace files in it, held until dropped. Leaves no file behind.
#[derive(Debug)]
pub struct DirLock(#[allow(dead_code)] File);

impl DirLock {
    /// Takes the lock on `dir`; gives up at `deadline`.
    ///
    /// # Errors
    /// When somebody holds it until then, or it cannot be used.
    pub fn take(dir: &Path, deadline: Instant) -> Result<Self, PathError> {
        let file = OpenOptions::new().read(true).custom_flags(O_CLOEXEC).open(dir).on("open", dir)?;
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(Self(file)),
                Err(e) if e.raw_os_error() == fs2::lock_contended_error().raw_os_error() => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).on("lock", dir),
            }
            if clock::is_past(deadline) {
                let reason = "another program holds its lock";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, reason)).on("lock", dir);
            }
            clock::sleep_until(Some(deadline), Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        let first = RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}).unwrap();
        let busy = RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}).unwrap_err();
        assert_eq!(busy.to_string(), format!("lock file exists: pid = {}", std::process::id()));
        drop(first);
        assert!(RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}).is_ok());
    }

    #[test]
    fn a_look_waits_for_a_change_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).unwrap();
        assert!(!dir.path().join("run").exists());
        let held = RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}).unwrap();
        assert!(RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).is_err());
        drop(held);
        let before = std::fs::read(&path).unwrap();
        RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        let _held = RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}).unwrap();
        let mut said = 0;
        let wait = Wait::Until(clock::deadline(Duration::from_millis(120)));
        assert!(matches!(RunLock::take(&path, Purpose::Change, wait, &mut |_| said += 1), Err(RunLockError::Busy(_))));
        assert_eq!(said, 1);
    }

    #[test]
    fn a_lock_file_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        std::fs::write(&target, "").unwrap();
        files::ensure_private_dir(&dir.path().join("run")).unwrap();
        let path = dir.path().join("run/lock");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(matches!(RunLock::take(&path, Purpose::Change, Wait::No, &mut |_| {}), Err(RunLockError::Path(_))));
    }

    #[test]
    fn the_password_lock_excludes_a_second_taker() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".pwd.lock");
        let held = PasswordLock::take(&path, Instant::now()).unwrap();
        assert!(PasswordLock::take(&path, Instant::now()).is_err());
        drop(held);
        assert!(PasswordLock::take(&path, Instant::now()).is_ok());
    }
}
