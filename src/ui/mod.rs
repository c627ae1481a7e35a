//! The only code that prints. Data and notices go to standard output, everything else to standard error; where a program
//! reads the data, notices go there, too.
//!
//! Decides nothing. What it says must mean the same in a crontab's mail as in colours on a terminal. A reader who went away
//! (a broken pipe) is no failure of the run, so errors of writing are dropped.
#![allow(clippy::disallowed_methods)] // the one place that may

mod form;
pub(crate) mod listing;
mod paint;
mod progress;
pub(crate) mod prompt;
mod tame;

use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write as _};

pub(crate) use form::document;
pub(crate) use progress::Progress;

use crate::error::Error;

/// Which of our streams are the journal's: there a line begins with its priority, by sd-daemon(3).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Journal {
    /// Standard output.
    pub(crate) out: bool,
    /// Standard error.
    pub(crate) err: bool,
}

/// Where everything that a person sees goes through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    quiet: bool,
    /// Whether standard error is a terminal.
    terminal: bool,
    /// Whether standard output gets colours.
    colours: bool,
    journal: Journal,
    /// Whether standard output is for data alone.
    is_data_alone: bool,
}

impl Ui {
    /// A way to print; `quiet`: without notices.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            terminal: std::io::stderr().is_terminal(),
            colours: paint::is_wanted(),
            journal: Journal::default(),
            is_data_alone: false,
        }
    }

    /// The same, with or without notices.
    pub(crate) fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    /// The same; `wanted`: whether standard output gets colours, or else if it is a terminal.
    pub(crate) fn colours(self, wanted: Option<bool>) -> Self {
        let colours = wanted.unwrap_or_else(paint::is_wanted);
        Self { colours, ..self }
    }

    /// The same; messages that the journal reads begin with their priority.
    pub(crate) fn for_journal(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// The same; `alone`: whether notices go to standard error, since a program reads the data.
    pub(crate) fn data_alone(self, alone: bool) -> Self {
        Self {
            is_data_alone: alone,
            ..self
        }
    }

    /// Says what happens, unless quiet: on standard output, or on standard error if that is for data alone.
    pub(crate) fn notice(&self, text: impl fmt::Display) {
        self.say(paint::counts, || std::iter::once(text.to_string()));
    }

    /// Says many things of a plan, each a line as [`Ui::notice`] does. What is not said is not worked out.
    pub(crate) fn notices<T: Iterator<Item = String>>(&self, texts: impl FnOnce() -> T) {
        self.say(paint::sign, texts);
    }

    fn say<T: Iterator<Item = String>>(&self, paint: Paint, texts: impl FnOnce() -> T) {
        if self.quiet {
            return;
        }
        let plain: Paint = str::to_owned;
        let paint = if self.colours { paint } else { plain };
        match self.is_data_alone {
            true => lines(std::io::stderr().lock(), (self.journal.err, plain), texts()),
            false => lines(std::io::stdout().lock(), (self.journal.out, paint), texts()),
        }
    }

    /// Prints a plan that was asked for, one line a change, as [`Ui::data`] does.
    pub(crate) fn plan(&self, text: &str) {
        if !self.colours {
            return self.data(text);
        }
        let lines = text
            .lines()
            .map(|line| paint::sign(&tame::tame(line)) + "\n");
        out(&lines.collect::<String>());
    }

    /// Says what a person has to know although the run goes on, on standard error, also if quiet.
    pub(crate) fn warn(&self, text: impl fmt::Display) {
        self.err(Level::Warning, &line("WARNING", text));
    }

    /// Says what failed and what to do, on standard error. What to do is as urgent as what it belongs to.
    pub(crate) fn error(&self, error: &Error) {
        self.err(Level::Error, &complaint(error));
    }

    /// Prints what was asked for on standard output: as it is for a program or a file, and without anything that a
    /// terminal obeys for a terminal.
    pub(crate) fn data(&self, text: &str) {
        match self.is_terminal() {
            true => out(&tame::tame(text)),
            false => out(text),
        }
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Says what clap says about a command line: help and version on standard output, anything wrong on standard
    /// error. Returns the exit code.
    pub(crate) fn command_line(&self, error: &clap::Error) -> u8 {
        let text = error.render().to_string();
        match (error.use_stderr(), text.strip_prefix("error: ")) {
            (false, _) => out(&text),
            (true, None) => self.err(Level::Error, &text),
            (true, Some(rest)) => self.err(Level::Error, &format!("gosync ERROR: {rest}")),
        }
        u8::try_from(error.exit_code()).unwrap_or(2)
    }

    /// Shows that something long goes on, on standard error and only to a terminal, until the answer is dropped.
    /// `of`: how many there are in all, if that is known.
    pub(crate) fn progress(&self, what: &str, of: Option<usize>) -> Progress {
        Progress::new(what, of, self.terminal && !self.quiet)
    }

    /// Writes lines to standard error.
    fn err(&self, level: Level, text: &str) {
        let text = match self.journal.err {
            true => level.before_each(text),
            false => text.to_owned(),
        };
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// How urgent a message is, by sd-daemon(3).
#[derive(Clone, Copy, Debug)]
enum Level {
    Error = 3,
    Warning = 4,
    Notice = 5,
}

impl Level {
    /// Lines, each with this before it.
    fn before_each(self, text: &str) -> String {
        let lines = text.split_inclusive('\n');
        lines
            .map(|line| format!("<{}>{line}", self as u8))
            .collect()
    }
}

/// Colours a line, or not.
type Paint = fn(&str) -> String;

/// Writes notices, as one, each behind its priority if the journal reads them.
fn lines(
    stream: impl std::io::Write,
    (is_journal, paint): (bool, Paint),
    texts: impl Iterator<Item = String>,
) {
    let mut stream = std::io::BufWriter::new(stream);
    for text in texts {
        let line = line("NOTICE", text);
        let (prefix, text) = line.split_at(NOTICE.len());
        let line = format!("{prefix}{}", paint(text));
        let line = match is_journal {
            true => Level::Notice.before_each(&line),
            false => line,
        };
        let _ = stream.write_all(line.as_bytes());
    }
    let _ = stream.flush();
}

/// How a notice begins.
const NOTICE: &str = "gosync NOTICE: ";

fn out(text: &str) {
    let mut stream = std::io::stdout().lock();
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
}

/// One message; it is one line, whatever it says.
fn line(kind: &str, text: impl fmt::Display) -> String {
    let text = text.to_string();
    let mut line = format!("gosync {kind}: ");
    for c in text.trim_end().chars() {
        // Foreign text was escaped where it came in. What is left here would be a mistake of our own; it must not
        // become one that a terminal obeys, or a line that looks like another message.
        if c.is_control() {
            let _ = write!(line, "{}", c.escape_debug());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// What failed in one line, or with a line for each of several details, and what to do.
fn complaint(error: &Error) -> String {
    let details = match error.details.as_slice() {
        [] | [_] => vec![line("ERROR", error)],
        several => {
            let head = std::iter::once(format!("{}:", error.message));
            let each = several.iter().map(|detail| format!("  {detail}"));
            head.chain(each).map(|text| line("ERROR", text)).collect()
        }
    };
    let hints = error.hints.iter().map(|hint| line("HINT", hint));
    details.into_iter().chain(hints).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_followed_by_its_hints() {
        let error = Error::failed("cannot read `/x`: gone")
            .hint("Put it back")
            .hint("Or do without");
        assert_eq!(
            complaint(&error),
            "gosync ERROR: cannot read `/x`: gone\ngosync HINT: Put it back\ngosync HINT: Or do without\n"
        );
    }

    #[test]
    fn of_several_details_each_has_a_line() {
        let error = Error::failed("limits refuse it").detail("5 go");
        assert_eq!(complaint(&error), "gosync ERROR: limits refuse it: 5 go\n");
        assert_eq!(
            complaint(&error.detail("7\nleft").hint("Look")),
            "gosync ERROR: limits refuse it:\ngosync ERROR:   5 go\ngosync ERROR:   7\\nleft\ngosync HINT: Look\n"
        );
    }

    #[test]
    fn the_journal_gets_a_priority_before_each_line() {
        let error = Error::failed("gone").hint("wait");
        assert_eq!(
            Level::Error.before_each(&complaint(&error)),
            "<3>gosync ERROR: gone\n<3>gosync HINT: wait\n"
        );
        let mut out = Vec::new();
        lines(
            &mut out,
            (true, str::to_owned),
            ["a".to_owned(), "b\nc".to_owned()].into_iter(),
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<5>gosync NOTICE: a\n<5>gosync NOTICE: b\\nc\n"
        );
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(
            line("NOTICE", "Zoë: a\nroot:\u{1b}[2J\tx\n"),
            "gosync NOTICE: Zoë: a\\nroot:\\u{1b}[2J\\tx\n"
        );
    }

    #[test]
    fn progress_without_a_terminal_is_silent() {
        let progress = Progress::new("people", Some(7), false);
        progress.set(3);
        assert!(progress.is_hidden());
    }
}
