//! Running a program, such as a hook that somebody else wrote, as root, so that it can neither hang us nor learn anything it was not
//! given.
//!
//! It has a cleared environment, `/` as its directory, our umask of 077 and a process group of its own, which is killed
//! as a whole when its time is up and when its first process has ended: nothing of it stays behind but what made itself
//! a session of its own (setsid(2)). What cannot even be killed, since it waits in the kernel, is left behind after some
//! seconds: nothing here waits for ever. Standard input is written and output is read at the same time, so that neither
//! side waits for the other for ever; of the output only so much is kept as the caller wants.

mod output;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use self::output::{Keep, Output};
use super::inputs;

/// The search path of every program that gosync starts.
pub(super) const SAFE_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a poll lasts at most: a program that has ended while a child of it holds its output is noticed after it.
const TICK: Duration = Duration::from_millis(20);

/// How long to wait for the end of a program that has closed its output.
const PAUSE: Duration = Duration::from_millis(1);

/// How long to wait for the end of what was killed. Whoever waits in the kernel, for a file system that does not answer
/// perhaps, may never end.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// What is to be run.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [&'a OsStr],
    /// Its environment, besides `PATH` and `LC_ALL`.
    pub env: &'a [(&'a str, &'a str)],
    /// Who it is, if not who we are. It has no further groups.
    pub user: Option<User>,
    /// What it reads.
    pub input: From<'a>,
    /// Where what it says goes.
    pub output: To,
}

/// A user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The uid.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
}

/// What a program has as its standard input.
#[derive(Debug)]
pub(crate) enum From<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// A file that is open.
    File(File),
}

/// What a program has as its standard output and standard error.
#[derive(Debug)]
pub(crate) enum To {
    /// Both are one; so many bytes of them are kept.
    Both(usize),
    /// Each for itself; so many bytes are kept of the one, and of the other.
    Each(usize, usize),
    /// Each for itself, and the one whole: a program is killed that says more than so many bytes. Of standard error so many
    /// of the last bytes are kept.
    Whole(usize, usize),
    /// The output goes into a file that is open; so many bytes of standard error are kept.
    File(File, usize),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It was killed since its time was up.
    TimedOut,
    /// It was killed since it said more than may be kept.
    TooMuch,
    /// It was killed since its time was up, or it said too much, has not ended all the same, and was left behind.
    Left,
}

impl End {
    fn of(status: std::process::ExitStatus, stop: Stop) -> Self {
        match (stop, status.code(), status.signal()) {
            (Stop::TimedOut, _, _) => Self::TimedOut,
            (Stop::TooMuch, _, _) => Self::TooMuch,
            (Stop::Ended, Some(code), _) => Self::Code(code),
            (Stop::Ended, None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// Why a program is not followed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Ended,
    TimedOut,
    TooMuch,
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How it ended.
    pub end: End,
    /// Its standard output as it came, as much of it as was wanted; of both outputs if they were one. Foreign text.
    pub output: Vec<u8>,
    /// Its standard error, if that was apart, as much of it as was wanted.
    pub complaint: Vec<u8>,
}

/// Runs a program for at most `limit`, and some seconds more if it cannot be killed.
///
/// # Errors
/// When it cannot be started; and [`io::ErrorKind::OutOfMemory`] when there is no memory for what it says.
pub(crate) fn run(what: Invocation<'_>, limit: Duration) -> io::Result<Ended> {
    let deadline = super::clock::deadline(limit);
    let mut command = Command::new(what.program);
    command
        .args(what.args)
        .env_clear()
        .env("PATH", SAFE_PATH)
        .env("LC_ALL", "C.UTF-8")
        .envs(what.env.iter().copied())
        .current_dir("/")
        .process_group(0);
    if let Some(User { uid, gid }) = what.user {
        command.uid(uid).gid(gid);
    }
    let left = match what.input {
        From::Bytes(bytes) => {
            command.stdin(Stdio::piped());
            bytes
        }
        From::File(file) => {
            command.stdin(file);
            &[]
        }
    };
    let outputs = connect(&mut command, what.output)?;
    inputs::note_unseen();
    let mut child = command.spawn()?;
    // It holds the ends of the pipes that are the program's.
    drop(command);
    let watched = Watched {
        input: child.stdin.take().map(|stdin| Input { stdin, left }),
        outputs,
    };
    let group = Group(Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)));
    let watched = watched.follow(&group, deadline);
    // Killed before its first process is waited for: until then, the group's number is nobody else's.
    group.kill();
    let has_ended = group.ends_within(AFTER_KILL);
    let (watched, stop) = watched?;
    let end = match has_ended? {
        true => End::of(child.wait()?, stop),
        false => End::Left,
    };
    let [output, complaint] = watched.outputs.map(Output::into_kept);
    Ok(Ended {
        end,
        output,
        complaint,
    })
}

/// Gives a program its two outputs; what we read them by.
fn connect(command: &mut Command, to: To) -> io::Result<[Output; 2]> {
    Ok(match to {
        To::Both(keep) => {
            let (output, writer) = io::pipe()?;
            command.stderr(writer.try_clone()?).stdout(writer);
            [Output::new(output, Keep::First(keep)), Output::none()]
        }
        To::Each(keep, of_complaint) => {
            let ((output, out), (complaint, err)) = (io::pipe()?, io::pipe()?);
            command.stdout(out).stderr(err);
            [
                Output::new(output, Keep::First(keep)),
                Output::new(complaint, Keep::First(of_complaint)),
            ]
        }
        To::Whole(most, last) => {
            let ((output, out), (complaint, err)) = (io::pipe()?, io::pipe()?);
            command.stdout(out).stderr(err);
            [
                Output::new(output, Keep::Whole(most)),
                Output::new(complaint, Keep::Last(last)),
            ]
        }
        To::File(file, of_complaint) => {
            let (complaint, err) = io::pipe()?;
            command.stdout(file).stderr(err);
            [
                Output::none(),
                Output::new(complaint, Keep::First(of_complaint)),
            ]
        }
    })
}

/// The process group of a program that was not waited for yet.
struct Group(Pid);

impl Group {
    fn kill(&self) {
        // It fails only if there is nobody left in it.
        let _ = killpg(self.0, Signal::SIGKILL);
    }

    /// Waits for the end of its first process, but not for ever.
    fn ends_within(&self, limit: Duration) -> io::Result<bool> {
        let deadline = super::clock::deadline(limit);
        while !self.has_ended()? {
            if super::clock::is_past(deadline) {
                return Ok(false);
            }
            super::clock::sleep_until(Some(deadline), PAUSE);
        }
        Ok(true)
    }

    fn has_ended(&self) -> io::Result<bool> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(self.0), flags) {
            Ok(WaitStatus::StillAlive) => Ok(false),
            Ok(_) => Ok(true),
            Err(Errno::EINTR) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}

/// What is still to be written to a program.
struct Input<'a> {
    stdin: ChildStdin,
    left: &'a [u8],
}

/// All ends of a program that runs.
struct Watched<'a> {
    /// `None` when all was written, or nobody reads it.
    input: Option<Input<'a>>,
    outputs: [Output; 2],
}

impl Watched<'_> {
    /// Until the program has ended, its time is up, or it has said too much.
    fn follow(mut self, group: &Group, deadline: Instant) -> io::Result<(Self, Stop)> {
        if let Some(input) = &self.input {
            unblock(&input.stdin)?;
        }
        for pipe in self
            .outputs
            .iter()
            .filter_map(|output| output.pipe.as_ref())
        {
            unblock(pipe)?;
        }
        self.write();
        loop {
            if group.has_ended()? {
                group.kill();
                let is_over = self.read()?;
                let stop = if is_over { Stop::TooMuch } else { Stop::Ended };
                return Ok((self, stop));
            }
            let left = super::clock::left(deadline);
            if left.is_zero() {
                return Ok((self, Stop::TimedOut));
            }
            self.wait(left.min(TICK))?;
            self.write();
            if self.read()? {
                return Ok((self, Stop::TooMuch));
            }
        }
    }

    /// Reads what is there; says whether it is more than may be kept.
    fn read(&mut self) -> io::Result<bool> {
        self.outputs.iter_mut().try_for_each(Output::read)?;
        Ok(self.outputs.iter().any(|output| output.is_over))
    }

    fn wait(&self, at_most: Duration) -> io::Result<()> {
        let pipes = self
            .outputs
            .iter()
            .filter_map(|output| output.pipe.as_ref());
        let mut fds: Vec<PollFd<'_>> = pipes
            .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
            .collect();
        if fds.is_empty() {
            std::thread::sleep(at_most.min(PAUSE));
            return Ok(());
        }
        fds.extend(
            self.input
                .as_ref()
                .map(|input| PollFd::new(input.stdin.as_fd(), PollFlags::POLLOUT)),
        );
        match poll(
            &mut fds,
            PollTimeout::try_from(at_most).unwrap_or(PollTimeout::ZERO),
        ) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    fn write(&mut self) {
        while let Some(input) = &mut self.input {
            match input.left.is_empty() {
                true => self.input = None,
                false => match input.stdin.write(input.left) {
                    Ok(written) => input.left = input.left.get(written..).unwrap_or_default(),
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    // A program need not read what it is told.
                    Err(_) => self.input = None,
                },
            }
        }
    }
}

fn unblock(fd: impl AsFd) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn sh(script: &str, input: &[u8], limit: Duration, keep: usize) -> Ended {
        let env = [("NAME", "a value\nof two lines")];
        run(
            Invocation {
                program: Path::new("/bin/sh"),
                args: &["-c".as_ref(), script.as_ref()],
                env: &env,
                user: None,
                input: From::Bytes(input),
                output: To::Both(keep),
            },
            limit,
        )
        .unwrap()
    }

    fn says(script: &str) -> String {
        String::from_utf8(sh(script, b"", LONG, 1 << 16).output).unwrap()
    }

    #[test]
    fn it_ends_with_a_code_a_signal_or_its_time() {
        assert_eq!(sh("exit 75", b"", LONG, 0).end, End::Code(75));
        assert_eq!(sh("kill -9 $$", b"", LONG, 0).end, End::Signal(9));
        assert_eq!(
            sh("exec sleep 1000", b"", Duration::from_millis(30), 0).end,
            End::TimedOut
        );
        let none = Invocation {
            program: Path::new("/none"),
            args: &[],
            env: &[],
            user: None,
            input: From::Bytes(b""),
            output: To::Both(0),
        };
        assert_eq!(run(none, LONG).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn outputs_may_be_apart_and_files() {
        let script = "cat; echo out; echo err >&2";
        let args: [&OsStr; 2] = ["-c".as_ref(), script.as_ref()];
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(b"in\n").unwrap();
        let mut output = tempfile::tempfile().unwrap();
        let sh = |input, output| Invocation {
            program: Path::new("/bin/sh"),
            args: &args,
            env: &[],
            user: None,
            input,
            output,
        };
        let ended = run(sh(From::Bytes(b"in\n"), To::Each(6, 100)), LONG).unwrap();
        assert_eq!(
            (ended.output.as_slice(), ended.complaint.as_slice()),
            (&b"in\nout"[..], &b"err\n"[..])
        );
        std::io::Seek::rewind(&mut input).unwrap();
        let to = To::File(output.try_clone().unwrap(), 2);
        let ended = run(sh(From::File(input), to), LONG).unwrap();
        assert_eq!(
            (ended.end, ended.complaint.as_slice()),
            (End::Code(0), &b"er"[..])
        );
        std::io::Seek::rewind(&mut output).unwrap();
        assert_eq!(std::io::read_to_string(output).unwrap(), "in\nout\n");
    }

    #[test]
    fn who_says_more_than_may_be_kept_is_killed_and_of_complaints_the_last_is_kept() {
        let run = |script: &str, most| {
            let args: [&OsStr; 2] = ["-c".as_ref(), script.as_ref()];
            let what = Invocation {
                program: Path::new("/bin/sh"),
                args: &args,
                env: &[],
                user: None,
                input: From::Bytes(b""),
                output: To::Whole(most, 6),
            };
            super::run(what, LONG).unwrap()
        };
        let script = "head -c 3000000 /dev/zero; head -c 50000 /dev/zero >&2; echo lasted >&2";
        let ended = run(script, 3_000_000);
        assert_eq!((ended.end, ended.output.len()), (End::Code(0), 3_000_000));
        assert_eq!(ended.complaint, b"asted\n");
        assert_eq!(run(script, 2_999_999).end, End::TooMuch);
        assert_eq!(run("exec cat /dev/zero", 100).end, End::TooMuch);
        assert_eq!(run("yes >&2 & exec cat /dev/zero", 100).end, End::TooMuch);
    }

    #[test]
    fn it_has_a_clean_environment_and_nothing_of_ours_open() {
        let mut env: Vec<String> = says("env | sort").lines().map(str::to_owned).collect();
        env.retain(|line| !line.starts_with("PWD=") && !line.starts_with("_=")); // the shell's own
        assert_eq!(
            env,
            [
                "LC_ALL=C.UTF-8",
                "NAME=a value",
                &format!("PATH={SAFE_PATH}"),
                "of two lines"
            ]
        );
        assert_eq!(says("pwd"), "/\n");
        let ours = tempfile::NamedTempFile::new().unwrap();
        let name = ours.path().file_name().unwrap().to_str().unwrap();
        let open = says("ls -l /proc/self/fd");
        assert!(open.contains("pipe:") && !open.contains(name), "{open}");
    }

    #[test]
    fn both_outputs_are_kept_up_to_a_limit_and_read_beyond_it() {
        assert_eq!(says("echo out; echo err >&2; echo out"), "out\nerr\nout\n");
        let ended = sh("head -c 3000000 /dev/zero; exit 7", b"", LONG, 1_000);
        assert_eq!((ended.end, ended.output.len()), (End::Code(7), 1_000));
    }

    #[test]
    fn much_input_and_much_output_do_not_wait_for_each_other() {
        let input = b"0123456789abcde\n".repeat(200_000);
        let ended = sh("exec cat", &input, LONG, usize::MAX);
        assert_eq!(ended.end, End::Code(0));
        assert!(ended.output == input, "{} bytes", ended.output.len());
        assert_eq!(
            sh("exec <&-; exec sleep 0.1", &input, LONG, 0).end,
            End::Code(0),
            "who reads nothing"
        );
        assert_eq!(
            sh("exec sleep 1000", &input, Duration::from_millis(30), 0).end,
            End::TimedOut
        );
    }

    /// Whether a process is there and not only waited for.
    fn lives(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    #[test]
    fn its_children_end_with_it() {
        for (end, script) in [
            (
                End::TimedOut,
                "sleep 1000 & echo $!; (sleep 1000 & echo $!; wait) & wait",
            ),
            (
                End::Code(0),
                "sleep 1000 & echo $!; (sleep 1000 & echo $!) ; exit 0",
            ),
        ] {
            let ended = sh(
                script,
                b"",
                Duration::from_secs(if end == End::TimedOut { 1 } else { 60 }),
                100,
            );
            assert_eq!(ended.end, end);
            let pids = String::from_utf8(ended.output).unwrap();
            assert_eq!(pids.lines().count(), 2, "{pids}");
            for pid in pids.lines() {
                // Killed processes take a moment to be gone.
                let end = Instant::now() + LONG;
                while lives(pid) && Instant::now() < end {
                    std::thread::sleep(TICK);
                }
                assert!(!lives(pid), "{script}: {pid} is still there");
            }
        }
    }

    #[test]
    fn who_left_the_group_and_holds_the_output_is_not_waited_for() {
        let ended = sh("setsid sleep 5 & echo said; exit 3", b"", LONG, 100);
        assert_eq!(
            (ended.end, ended.output.as_slice()),
            (End::Code(3), &b"said\n"[..])
        );
    }
}
