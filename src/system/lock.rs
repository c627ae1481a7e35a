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
use crate::model::shown;

/// gosync's own lock, held until dropped.
#[derive(Debug)]
pub struct RunLock {
    /// `None`: there was nothing to lock for a look.
    file: Option<File>,
}

/// What the lock file says. Information only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// Who holds the lock, or held it last.
    pub holder: Holder,
}

impl Note {
    /// The longest note that is read, in bytes.
    const MAX_BYTES: u64 = 4096;

    /// `PID SINCE COMMAND` in the first line; what else there is, an older gosync wrote.
    fn parse(text: &str) -> Self {
        let mut note = Self::default();
        if let Some(line) = text.lines().next() {
            let mut words = line.splitn(3, ' ');
            note.holder.pid = words.next().and_then(|word| word.parse().ok());
            note.holder.since = words.next().and_then(|word| word.parse().ok());
            note.holder.command = words.next().map(str::to_owned);
        }
        note
    }

    fn text(&self) -> String {
        let Holder {
            pid,
            since,
            command,
        } = &self.holder;
        let (pid, since) = (pid.unwrap_or(0), since.unwrap_or(0));
        format!("{pid} {since} {}\n", command.as_deref().unwrap_or_default())
    }
}

/// What a lock is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To change the host, by this command. The lock file is made, and says who we are.
    Change(&'static str),
    /// To look. Nothing is written: where there is no lock file, there is nobody to wait for.
    Look,
}

impl Purpose {
    /// The purpose of a run of `command`, by whether it is a dry one.
    pub fn of(command: &'static str, dry_run: bool) -> Self {
        if dry_run {
            Self::Look
        } else {
            Self::Change(command)
        }
    }
}

/// Who holds the run lock, by what the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: Option<u32>,
    /// Since when, in seconds since 1970.
    pub since: Option<i64>,
    /// What it is doing.
    pub command: Option<String>,
}

impl Holder {
    /// Who it is: `sync users`, pid 6814, since 2026-11-29T12:30:01Z.
    pub(crate) fn described(&self) -> String {
        let command = self
            .command
            .as_deref()
            .map(|command| format!("`{}`", shown(command)));
        let pid = self.pid.map(|pid| format!("pid {pid}"));
        let since = self.since.map(|at| format!("since {}", clock::written(at)));
        let known: Vec<String> = [command, pid, since].into_iter().flatten().collect();
        match known.is_empty() {
            true => "it has not said which".to_owned(),
            false => known.join(", "),
        }
    }
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
    #[error("another run is under way: {}", .0.described())]
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
        let Some(mut file) = open_run_lock(path, purpose)? else {
            return Ok(Self { file: None });
        };
        let mut said: Option<Instant> = None;
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => break,
                Err(e) if e.raw_os_error() == fs2::lock_contended_error().raw_os_error() => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).on("lock", path)?,
            }
            let holder = read_note(&mut file).holder;
            let deadline = match wait {
                Wait::No => return Err(RunLockError::Busy(holder)),
                Wait::Until(deadline) if clock::is_past(deadline) => {
                    return Err(RunLockError::Busy(holder));
                }
                Wait::Until(deadline) => Some(deadline),
                Wait::Forever => None,
            };
            if said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
                waiting(&holder);
                said = Some(Instant::now());
            }
            clock::sleep_until(deadline, POLL);
        }
        if let Purpose::Change(command) = purpose {
            let holder = Holder {
                pid: Some(std::process::id()),
                since: Some(clock::now()),
                command: Some(command.to_owned()),
            };
            let note = Note { holder };
            let _ = write_note(&mut file, &note); // information only
        }
        Ok(Self { file: Some(file) })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            unlock(file);
        }
    }
}

/// Gives up a lock of flock(2). Closing the file is not enough: a child that is just being started has a copy of it until
/// it executes its program.
fn unlock(file: &File) {
    let _ = fs2::FileExt::unlock(file); // closing it follows
}

/// What the lock file says, and whether somebody holds the lock.
///
/// # Errors
/// When its file is not to be trusted.
pub(crate) fn look(path: &Path) -> Result<(Note, bool), PathError> {
    let Some(mut file) = open_run_lock(path, Purpose::Look)? else {
        return Ok((Note::default(), false));
    };
    // Shared, so that two who look at the same time do not see each other.
    let busy = fs2::FileExt::try_lock_shared(&file).is_err();
    Ok((read_note(&mut file), busy))
}

fn open_run_lock(path: &Path, purpose: Purpose) -> Result<Option<File>, PathError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC);
    if matches!(purpose, Purpose::Change(_)) {
        if let Some(dir) = path.parent() {
            files::ensure_private_dir(dir)?;
        }
        options.write(true).create(true).truncate(false);
    }
    let file = match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && purpose == Purpose::Look => {
            return Ok(None);
        }
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

fn read_note(file: &mut File) -> Note {
    let mut bytes = Vec::new();
    let _ = file.rewind().and_then(|()| {
        Read::by_ref(file)
            .take(Note::MAX_BYTES)
            .read_to_end(&mut bytes)
    });
    Note::parse(&String::from_utf8_lossy(&bytes))
}

fn write_note(file: &mut File, note: &Note) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(note.text().as_bytes())
}

/// The password lock, held until dropped.
#[derive(Debug)]
pub(crate) struct PasswordLock {
    held: File,
}

impl PasswordLock {
    /// Takes the lock on `path` (`/etc/.pwd.lock`); gives up at `deadline`.
    ///
    /// # Errors
    /// When somebody holds it until then, or it cannot be used.
    pub(crate) fn take(path: &Path, deadline: Instant) -> Result<Self, PathError> {
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
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_WRLCK))) {
                Ok(_) => return Ok(Self { held: file }),
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

impl Drop for PasswordLock {
    fn drop(&mut self) {
        let _ = fcntl(
            &self.held,
            FcntlArg::F_OFD_SETLK(&whole_file(libc::F_UNLCK)),
        ); // as with `unlock`
    }
}

/// What fcntl(2) is told of a lock on a whole file.
fn whole_file(kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// Who holds the password lock, found out without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordHolder {
    /// A process of this id.
    Process(u32),
    /// Somebody; the kernel keeps no id of a lock that belongs to an open file.
    Unknown,
}

/// Who holds the password lock on `path` at this moment; `None`: nobody.
///
/// # Errors
/// When its file is there and cannot be asked.
pub(crate) fn password_holder(path: &Path) -> Result<Option<PasswordHolder>, PathError> {
    let file = match OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(path)
    {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.on("open the password lock", path)?,
    };
    let mut wanted = whole_file(libc::F_WRLCK);
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut wanted)).on("ask about the lock on", path)?;
    if wanted.l_type == libc::F_UNLCK as libc::c_short {
        return Ok(None);
    }
    Ok(Some(
        u32::try_from(wanted.l_pid)
            .ok()
            .filter(|pid| *pid > 0)
            .map_or(PasswordHolder::Unknown, PasswordHolder::Process),
    ))
}

/// A lock on a directory against others who replace files in it, held until dropped. Leaves no file behind.
#[derive(Debug)]
pub(crate) struct DirLock {
    held: File,
}

impl DirLock {
    /// Takes the lock on `dir`; gives up at `deadline`.
    ///
    /// # Errors
    /// When somebody holds it until then, or it cannot be used.
    pub(crate) fn take(dir: &Path, deadline: Instant) -> Result<Self, PathError> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(O_CLOEXEC)
            .open(dir)
            .on("open", dir)?;
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(Self { held: file }),
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

impl Drop for DirLock {
    fn drop(&mut self) {
        unlock(&self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        let first = RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
        let busy =
            RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap_err();
        let said = busy.to_string();
        let pid = format!("`test`, pid {}, since ", std::process::id());
        assert!(
            said.starts_with("another run is under way: ") && said.contains(&pid),
            "{said}"
        );
        assert!(!said.contains("file"), "nobody is to delete it: {said}");
        drop(first);
        assert!(RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).is_ok());
    }

    #[test]
    fn a_copy_of_the_file_in_a_child_holds_no_lock_that_was_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        let held = RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
        let _copy = held.file.as_ref().unwrap().try_clone().unwrap();
        drop(held);
        assert!(RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).is_ok());
        let soon = || clock::deadline(Duration::from_millis(20));
        let held = PasswordLock::take(&dir.path().join("pwd"), soon()).unwrap();
        let _copy = held.held.try_clone().unwrap();
        drop(held);
        assert!(PasswordLock::take(&dir.path().join("pwd"), soon()).is_ok());
        let held = DirLock::take(dir.path(), soon()).unwrap();
        let _copy = held.held.try_clone().unwrap();
        drop(held);
        assert!(DirLock::take(dir.path(), soon()).is_ok());
    }

    #[test]
    fn a_look_waits_for_a_change_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).unwrap();
        assert!(!dir.path().join("run").exists());
        let held = RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
        assert!(RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).is_err());
        drop(held);
        let before = std::fs::read(&path).unwrap();
        RunLock::take(&path, Purpose::Look, Wait::No, &mut |_| {}).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_note_says_who_does_what() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        assert_eq!(look(&path).unwrap(), (Note::default(), false));
        let held =
            RunLock::take(&path, Purpose::Change("sync users"), Wait::No, &mut |_| {}).unwrap();
        let (note, busy) = look(&path).unwrap();
        assert_eq!(
            (note.holder.command.as_deref(), busy),
            (Some("sync users"), true)
        );
        drop(held);
        drop(RunLock::take(&path, Purpose::Change("deluser"), Wait::No, &mut |_| {}).unwrap());
        let (note, busy) = look(&path).unwrap();
        assert_eq!(
            (note.holder.command.as_deref(), busy),
            (Some("deluser"), false)
        );
        assert_eq!(Note::parse(&note.text()), note);
        assert_eq!(
            Note::parse("garbage\nread x y\n").holder,
            Holder {
                pid: None,
                since: None,
                command: None
            }
        );
    }

    #[test]
    fn two_who_look_do_not_take_each_other_for_a_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        drop(RunLock::take(&path, Purpose::Change("sync users"), Wait::No, &mut |_| {}).unwrap());
        let other = File::open(&path).unwrap();
        // A process that another test is about to start may have it for a moment, until it is another program.
        fs2::FileExt::lock_shared(&other).unwrap();
        assert!(!look(&path).unwrap().1);
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/lock");
        let _held = RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
        let mut said = 0;
        let wait = Wait::Until(clock::deadline(Duration::from_millis(120)));
        assert!(matches!(
            RunLock::take(&path, Purpose::Change("test"), wait, &mut |_| said += 1),
            Err(RunLockError::Busy(_))
        ));
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
        assert!(matches!(
            RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}),
            Err(RunLockError::Path(_))
        ));
    }

    #[test]
    fn the_password_lock_excludes_a_second_taker() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".pwd.lock");
        assert_eq!(password_holder(&path).unwrap(), None);
        let held = PasswordLock::take(&path, Instant::now()).unwrap();
        assert!(PasswordLock::take(&path, Instant::now()).is_err());
        assert_eq!(
            password_holder(&path).unwrap(),
            Some(PasswordHolder::Unknown)
        );
        drop(held);
        assert_eq!(password_holder(&path).unwrap(), None);
        assert!(PasswordLock::take(&path, Instant::now()).is_ok());
    }
}
