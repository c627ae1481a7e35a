//! Which processes run, and as whom: what a look at proc(5) says of all of them.
//!
//! A process is an account's when any of its four uids is the account's or one of its subordinate
//! ones, or when it is in a user namespace of the account's (user_namespaces(7)). Who owns a
//! namespace could only be asked by an ioctl(2) that no safe call offers; it is told by the uids
//! that are mapped into it, which an unprivileged owner can take from nowhere but subuid(5).
//!
//! Not seen: a process in a namespace of the account's that has none of its uids mapped any more,
//! because lines were taken out of subuid(5) or came from another name service; threads of a
//! privileged process that run as the account for a while (setfsuid(2)); other pid namespaces than
//! ours and those below it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::subordinates::RunsAs;

use super::inputs;

/// A process that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: u32,
    /// Real, effective, saved and file system uid.
    uids: [u32; 4],
    /// First and last of the uids that are mapped into its user namespace, if that is not ours.
    mapped: Vec<(u32, u32)>,
}

/// The processes that ran at one time.
#[derive(Debug, Default)]
pub(crate) struct Processes(Vec<Process>);

impl Processes {
    /// Looks at all of them once.
    ///
    /// # Errors
    /// When there is no proc(5).
    pub(crate) fn now() -> io::Result<Self> {
        inputs::note_unseen();
        let ours = our_namespace()?;
        let pids = fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        // One that ends meanwhile is not there.
        let mut found: Vec<Process> = pids.filter_map(|pid| look(pid, &ours)).collect();
        found.sort_unstable_by_key(|process| process.pid);
        Ok(Self(found))
    }

    /// The ids of those that are somebody's.
    pub(crate) fn of(&self, who: &RunsAs<'_>) -> Vec<u32> {
        let theirs = self.0.iter().filter(|process| process.is_of(who));
        theirs.map(|process| process.pid).collect()
    }
}

/// Whether the process with this id is somebody's, and has not ended.
pub(crate) fn is_of(pid: u32, who: &RunsAs<'_>) -> bool {
    let ours = our_namespace().ok();
    ours.and_then(|ours| look(pid, &ours))
        .is_some_and(|process| process.is_of(who))
}

impl Process {
    fn is_of(&self, who: &RunsAs<'_>) -> bool {
        self.uids.iter().any(|&id| who.is(id)) || who.owns_namespace(&self.mapped)
    }
}

fn our_namespace() -> io::Result<PathBuf> {
    fs::read_link("/proc/self/ns/user")
}

/// Looks at one process; `None`: it has ended.
fn look(pid: u32, ours: &Path) -> Option<Process> {
    let dir = Path::new("/proc").join(pid.to_string());
    let uids = uids(&fs::read(dir.join("status")).ok()?)?;
    let is_elsewhere = fs::read_link(dir.join("ns/user")).is_ok_and(|its| its != ours);
    let mapped = match is_elsewhere {
        true => mapped(&fs::read(dir.join("uid_map")).unwrap_or_default()),
        false => Vec::new(),
    };
    Some(Process { pid, uids, mapped })
}

/// The four uids in `/proc/PID/status`; `None`: the process has ended. Bytes, since the name of a
/// program is in it, which may be any.
fn uids(status: &[u8]) -> Option<[u32; 4]> {
    let field = |name: &[u8]| {
        let line = status.split(|&byte| byte == b'\n');
        let mut values = line.filter_map(|line| line.strip_prefix(name));
        std::str::from_utf8(values.next()?).ok()
    };
    let has_ended = field(b"State:").is_none_or(|state| state.trim_start().starts_with(['Z', 'X']));
    // A first thread that has ended is shown like that as long as others run.
    let threads: u32 = field(b"Threads:")?.trim().parse().ok()?;
    if has_ended && threads < 2 {
        return None;
    }
    let ids: Vec<u32> = field(b"Uid:")?
        .split_ascii_whitespace()
        .map(|id| id.parse().ok())
        .collect::<Option<_>>()?;
    ids.try_into().ok()
}

/// The uids outside a user namespace that its map, `/proc/PID/uid_map`, leads to.
fn mapped(map: &[u8]) -> Vec<(u32, u32)> {
    let text = String::from_utf8_lossy(map);
    let range = |line: &str| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let (_inside, first, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let (first, count) = (first.ok()?, count.ok()?);
        Some((first, first.saturating_add(count.checked_sub(1)?)))
    };
    text.lines().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_of_a_process_is_read() {
        let status = |name: &[u8], state: &str, threads: u32| {
            let mut text = [b"Name:\t", name, b"\nUmask:\t0022\n"].concat();
            let more = format!(
                "State:\t{state}\nPid:\t7\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\nThreads:\t{threads}\n"
            );
            text.extend_from_slice(more.as_bytes());
            uids(&text)
        };
        let seen = Some([1000, 0, 0, 0]);
        assert_eq!(status(b"passwd", "S (sleeping)", 1), seen);
        // As it likes to be called: with what is no UTF-8, and like another line.
        assert_eq!(status(b"\xff\xfe", "R (running)", 1), seen);
        assert_eq!(status(b"Uid:\t5\t5\t5\t5", "T (stopped)", 1), seen);
        assert_eq!(status(b"x", "Z (zombie)", 1), None);
        // Its first thread has ended, and others go on.
        assert_eq!(status(b"x", "Z (zombie)", 2), seen);
        assert_eq!(uids(b""), None);
    }

    #[test]
    fn the_map_of_a_namespace_is_read() {
        let map = b"         0       1000          1\n         1     100000      65536\n";
        assert_eq!(mapped(map), [(1000, 1000), (100_000, 165_535)]);
        assert_eq!(mapped(b"0 0 4294967295\n"), [(0, u32::MAX - 1)]);
        assert_eq!(mapped(b""), []);
    }

    #[test]
    fn this_process_is_whose_it_is() {
        use crate::model::subordinates::SubuidBook;
        let uid = nix::unistd::getuid().as_raw();
        let (pid, book) = (std::process::id(), SubuidBook::default());
        let (we, nobody) = (
            book.uids_of(uid, "we"),
            book.uids_of(4_000_000_000, "nobody"),
        );
        let all = Processes::now().unwrap();
        assert!(all.of(&we).contains(&pid) && is_of(pid, &we));
        assert!(all.of(&nobody).is_empty() && !is_of(pid, &nobody));
    }
}
