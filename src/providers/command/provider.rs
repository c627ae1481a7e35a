//! Runs the program, and makes of its answer what a provider says.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::question::Question;
use super::settings::{CommandLine, Config};
use crate::model::history::EntryKind;
use crate::model::units::Size;
use crate::model::{Now, Snapshot, Untrusted};
use crate::providers::document::{self, Reader, Unsaid};
use crate::providers::{FetchError, Provider, Query, Reason};
use crate::system::child::{self, End, Ended, From, Invocation, To, User};
use crate::system::programs::{self, Distrust, Owners};
use crate::system::{clock, process};

/// How much of the end of what a program complains of is told.
const COMPLAINT: usize = 2 << 10;

/// The exit code of a program that asks to be called later: EX_TEMPFAIL of sysexits(3).
const LATER: i32 = 75;

/// How much is shown of what a program says that it is.
const IDENTITY: usize = 200;

/// What systemd sets for services with credentials (systemd.exec(5)).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A program, ready to be asked.
pub(super) struct CommandProvider {
    name: String,
    line: CommandLine,
    /// As whom it is run, if not as who we are.
    user: Option<User>,
    most: Size,
    reader: Reader,
    /// Whether the document that came last says that its people are made up.
    sample: Cell<bool>,
    /// How to ask it by hand.
    by_hand: String,
}

impl CommandProvider {
    /// Checks a section called `name`.
    ///
    /// # Errors
    /// When there is nobody as whom the program could be run.
    pub(super) fn new(name: &str, config: &Config, now: &Now) -> Result<Self, String> {
        let reader = Reader::new(&config.inactive_when, Unsaid::Incomplete);
        let reader = reader.telling(config.command.program.display().to_string());
        Ok(Self {
            name: name.to_owned(),
            line: config.command.clone(),
            user: config.user()?,
            most: config.max_output,
            reader: reader.with_age(config.max_age, now),
            sample: Cell::new(false),
            by_hand: config.by_hand(),
        })
    }

    fn place(&self) -> String {
        self.line.program.display().to_string()
    }

    /// Runs the program; what it printed.
    fn ask(&self, question: &Question<'_>, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let place = self.place();
        // As with a configuration, whoever we are can only harm themselves.
        let program = programs::trusted(&self.line.program, Owners::RootOrUs);
        let program = program.map_err(|reason| untrusted(&place, &reason))?;
        let limit = clock::left(deadline);
        let ended = self.run(&program, question, deadline);
        let ended = ended.map_err(|e| match e.kind() {
            io::ErrorKind::OutOfMemory => self.malformed(e.to_string()),
            _ => FetchError::Failing {
                place: place.clone(),
                reason: Reason::new(format!("it cannot be run: {e}")),
            },
        })?;
        tracing::info!(command = %place, end = ?ended.end, bytes = ended.output.len(), "asked");
        let reason = match ended.end {
            End::Code(0) => return Ok(ended.output),
            End::Code(LATER) => "it asks to be called later (exit code 75)".to_owned(),
            End::Code(code) => format!("exit code {code}"),
            End::Signal(signal) => format!("it was ended by signal {signal}"),
            End::TimedOut => format!(
                "it did not end within {} s, and was killed",
                limit.as_millis().div_ceil(1_000)
            ),
            End::TooMuch => format!(
                "it printed more than {} (`max_output`), and was killed",
                self.most
            ),
            End::Left => "it had to be killed, has not ended, and was left behind".to_owned(),
        };
        let reason = Reason::new(reason).saying(&complaint(&ended));
        Err(match ended.end {
            End::Code(LATER) => FetchError::RateLimited { place, reason },
            End::TooMuch => FetchError::Malformed { place, reason },
            End::Code(_) | End::Signal(_) | End::TimedOut | End::Left => {
                FetchError::Failing { place, reason }
            }
        })
    }

    fn run(&self, program: &Path, question: &Question<'_>, deadline: Instant) -> io::Result<Ended> {
        let credentials = process::variable(CREDENTIALS);
        let credentials = credentials.as_deref().and_then(Path::to_str);
        let mut env = vec![("GOSYNC_SCOPE", question.scope)];
        env.extend(credentials.map(|dir| (CREDENTIALS, dir)));
        let args: Vec<&OsStr> = self.line.words.iter().map(OsStr::new).collect();
        let input = question.to_bytes();
        let what = Invocation {
            program,
            args: &args,
            env: &env,
            user: self.user,
            input: From::Bytes(&input),
            output: To::Whole(
                usize::try_from(self.most.bytes()).unwrap_or(usize::MAX),
                COMPLAINT,
            ),
        };
        child::run(what, clock::left(deadline))
    }

    fn malformed(&self, reason: String) -> FetchError {
        document::malformed(&self.place(), reason)
    }
}

/// Why a program is not run.
fn untrusted(place: &str, reason: &Distrust) -> FetchError {
    let place = place.to_owned();
    let text = Reason::new(reason.to_string());
    match reason {
        Distrust::Writable(_) | Distrust::Owner(..) => FetchError::Distrusted {
            place,
            reason: text,
        },
        Distrust::NotExecutable | Distrust::Odd(_) | Distrust::Io(_) => FetchError::Unreachable {
            place,
            reason: text,
        },
    }
}

/// The end of what a program complained of, from the beginning of a line on.
fn complaint(ended: &Ended) -> String {
    let text = String::from_utf8_lossy(&ended.complaint);
    let is_cut = ended.complaint.len() >= COMPLAINT;
    match text.split_once('\n') {
        Some((_, rest)) if is_cut && !rest.trim().is_empty() => rest.to_owned(),
        _ => text.into_owned(),
    }
}

impl Provider for CommandProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let place = self.place();
        let answer = self.ask(&Question::identity(), deadline)?;
        let text = String::from_utf8_lossy(&answer);
        let line: String = text.trim_start().chars().take(IDENTITY).collect();
        let line = line.lines().next().unwrap_or_default().trim_end();
        Ok(Untrusted::new(match line {
            "" => place,
            // It ignores what is asked, and gives all.
            line if line.starts_with('{') => format!("{place}, {} bytes", answer.len()),
            line => format!("{place}: {line}"),
        }))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let bytes = self.ask(&Question::of(query), query.deadline)?;
        let document = self.reader.read(&bytes);
        let document = document.map_err(|reason| self.malformed(reason))?;
        self.sample.set(document.is_sample);
        let snapshot = self.reader.answer(document, query, None);
        progress(snapshot.directory.users.len() + snapshot.directory.groups.len());
        Ok(snapshot)
    }

    fn reads_both(&self) -> bool {
        true
    }

    fn is_sample(&self) -> bool {
        self.sample.get()
    }

    fn look_at(&self, _kind: EntryKind) -> String {
        format!("look at what the command gives: {}", self.by_hand)
    }

    fn unused_inactive(&self, deadline: Instant) -> Result<Vec<String>, FetchError> {
        if self.reader.inactive_when().is_empty() {
            return Ok(Vec::new());
        }
        let bytes = self.ask(&Question::users(), deadline)?;
        let unused = self.reader.unused(&bytes);
        unused.map_err(|reason| self.malformed(reason))
    }
}
