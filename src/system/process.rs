//! This process and others: who we are, who is logged in, and running a program.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::child::{self, End, From, Invocation, SAFE_PATH, To};
use crate::model::hex;

/// How much of a program's standard error is kept, in bytes.
const COMPLAINT: usize = 4096;

/// Whether this process may change owners.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Who we are.
pub(crate) fn uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Lets nobody else into files that are made from now on; what has to be open says so itself.
pub(crate) fn restrict_umask() {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
}

/// Keeps what is in our memory, such as passwords, out of core dumps: files and, since a program that
/// core_pattern names is not bound by the limit, everything else (core(5), prctl(2)). Programs that
/// we start may raise the limit again.
pub(crate) fn forbid_core_dumps() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
    let none = rustix::process::Rlimit {
        current: Some(0),
        ..limit
    };
    // Lowering a limit, and this, cannot fail; without them gosync works all the same.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let no = rustix::process::DumpableBehavior::NotDumpable;
    let _ = rustix::process::set_dumpable_behavior(no);
}

/// Closes what whoever started us left open: programs that we start must not get it. Called before anything is opened.
pub(crate) fn close_inherited() {
    let entries = std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        // Among them is the one that the list was read through, which is closed by now.
        let _ = nix::unistd::close(fd);
    }
}

/// What a program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub output: Vec<u8>,
    /// The beginning of its standard error.
    pub complaint: String,
}

/// Runs a program with a clean environment, `/` as its directory and nothing on its standard input, for at most
/// `limit`, as [`child`] does.
///
/// # Errors
/// When it cannot be started, or did not end in time (it is killed then).
pub(crate) fn run(
    program: &Path,
    args: &[&std::ffi::OsStr],
    limit: Duration,
) -> io::Result<Answer> {
    run_with(program, args, &[], limit)
}

/// The same, with `input` on its standard input.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_with(
    program: &Path,
    args: &[&std::ffi::OsStr],
    input: &[u8],
    limit: Duration,
) -> io::Result<Answer> {
    let what = Invocation {
        program,
        args,
        env: &[],

        user: None,
        input: From::Bytes(input),
        output: To::Each(usize::MAX, COMPLAINT),
    };
    answer(what, limit)
}

/// Runs a program, and says what it answered.
///
/// # Errors
/// As [`run`].
pub(crate) fn answer(what: Invocation<'_>, limit: Duration) -> io::Result<Answer> {
    let ended = child::run(what, limit)?;
    let late = |and: &str| {
        let text = format!(
            "it did not end within {} s{and}",
            limit.as_millis().div_ceil(1_000)
        );
        io::Error::new(io::ErrorKind::TimedOut, text)
    };
    let code = match ended.end {
        End::Code(code) => Some(code),
        End::Signal(_) => None,
        End::TimedOut => return Err(late("")),
        End::TooMuch => return Err(io::Error::other("it said too much")),
        End::Left => return Err(late(", nor when it was killed; it was left behind")),
    };
    let complaint = String::from_utf8_lossy(&ended.complaint).trim().to_owned();
    Ok(Answer {
        code,
        output: ended.output,
        complaint,
    })
}

/// Whether `name` is in one of the directories where system programs are, and where.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    SAFE_PATH
        .split(':')
        .map(|dir| Path::new(dir).join(name))
        .find(|path| path.is_file())
}

/// 128 random bits in hexadecimal: an id that nothing else has.
///
/// # Errors
/// When the kernel gives none.
pub(crate) fn random_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

/// The value of an environment variable, as a path.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Who asks: the user before sudo(8) or doas(1), else the one we run as.
pub(crate) fn who_asks() -> String {
    let before = ["SUDO_USER", "DOAS_USER"].into_iter().find_map(variable);
    let before = before.and_then(|user| user.to_str().map(str::to_owned));
    let is_name = |name: &String| name.len() <= 64 && !name.chars().any(char::is_control);
    before.filter(is_name).unwrap_or_else(|| {
        let uid = nix::unistd::getuid();
        match nix::unistd::User::from_uid(uid) {
            Ok(Some(user)) => user.name,
            _ => format!("uid {uid}"),
        }
    })
}

/// Where `name` would be beside this program's own file.
pub(crate) fn beside_program(name: &str) -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join(name))
}

/// This program's own file.
pub(crate) fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Whether a process of this id is there.
pub(crate) fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_ended() {
        let e = run(
            Path::new("/bin/sleep"),
            &["20".as_ref()],
            Duration::from_millis(50),
        )
        .unwrap_err();
        assert_eq!(e.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let script = "sleep 5 >&2 & exec >&-; exit 3";
        let begun = std::time::Instant::now();
        let args = ["-c".as_ref(), script.as_ref()];
        let answer = run(Path::new("/bin/sh"), &args, Duration::from_secs(60)).unwrap();
        assert!(answer.code == Some(3) && begun.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_program_sees_a_clean_environment() {
        let answer = run(Path::new("/usr/bin/env"), &[], Duration::from_secs(10)).unwrap();
        let text = String::from_utf8(answer.output).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
