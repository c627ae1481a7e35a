//! The error that ends a command: a kind that sets the exit code, a sentence, and hints on what to do next.
//!
//! Errors inside the library are enums beside the code that raises them; they become this one in `commands`.

use std::fmt;

/// What a failure means to whoever called gosync. Each kind has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something failed.
    Failed,
    /// Wrong use, or wrong configuration.
    Usage,
    /// Done in part.
    Partial,
    /// `--dry-run --exit-code`, and changes are pending.
    Pending,
    /// The rest is done, but somebody who should be out is not, or not wholly.
    NotOut,
    /// A limit refused the plan; nothing was written.
    Refused,
    /// Another run holds the lock.
    Busy,
    /// The provider could not be read, or not completely.
    Source,
}

impl Kind {
    /// The exit code, as listed in gosync(8).
    pub fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Partial => 3,
            Kind::Pending => 4,
            Kind::NotOut => 5,
            Kind::Refused => 10,
            Kind::Busy => 11,
            Kind::Source => 12,
        }
    }

    /// The word for it, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Usage => "usage",
            Kind::Partial => "partial",
            Kind::Pending => "pending",
            Kind::NotOut => "not-out",
            Kind::Refused => "limit",
            Kind::Busy => "busy",
            Kind::Source => "provider",
        }
    }

    /// Which of several counts where there is one exit code for all: the lowest.
    pub fn rank(self) -> u8 {
        match self {
            Kind::Usage => 0,
            Kind::Busy => 1,
            Kind::Refused => 2,
            Kind::Failed => 3,
            Kind::NotOut => 4,
            Kind::Source => 5,
            Kind::Partial => 6,
            Kind::Pending => 7,
        }
    }
}

/// A failure that a person will read.
#[derive(Clone, Debug)]
pub struct Error {
    /// What it means for the exit code.
    pub kind: Kind,
    /// What failed, on what, and why. Foreign text in it is already escaped.
    pub message: String,
    /// Of what it consists, if that is more than one thing; escaped, too.
    pub details: Vec<String>,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            details: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Something failed.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Wrong use or configuration.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Adds one of the things of which it consists.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.details.push(detail.to_string());
        self
    }

    /// Adds a sentence on what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.details.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", self.details.join("; ")),
        }
    }
}

impl std::error::Error for Error {}

/// What commands return.
pub(crate) type Result<T> = std::result::Result<T, Error>;
