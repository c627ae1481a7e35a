//! What a derived target is, how it is brought in step, and the one place where its files are written.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::made::{Content, Made};
use super::roll::Roll;
use super::shared::{Leave, Shared};
use crate::model::Now;
use crate::plan::guard::Limits;
use crate::plan::guard::elsewhere::LostBefore;
use crate::system::replace::{self, Appearance};
use crate::system::root::Root;
use crate::system::{PathError, files};

/// The keys of a `[target.NAME]` section of such a kind, without `kind`.
pub trait Derived: fmt::Debug + Send + Sync {
    /// Whether the keys fit together.
    ///
    /// # Errors
    /// Why not.
    fn check(&self) -> Result<(), String>;

    /// The files that it reads: where they are named, which counts from the directory of the configuration.
    fn files(&mut self) -> Vec<&mut PathBuf> {
        Vec::new()
    }

    /// The same with what each is, and what it must be like.
    fn reads(&self) -> Vec<Reads> {
        Vec::new()
    }

    /// Looks whether it can be brought in step, and changes nothing; `None`: there is nobody who must answer.
    fn look(&self, deadline: Instant) -> Option<Result<Looked, String>> {
        let _ = deadline;
        None
    }

    /// Where its files are on the managed host, if it is made of files.
    fn paths(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether it shows SSH keys.
    fn wants_keys(&self) -> bool {
        false
    }

    /// The attributes of people that it shows, besides what accounts have.
    fn attributes(&self) -> Vec<&str> {
        Vec::new()
    }

    /// For how long it is believed to be in step while nothing on this host moves; `most`: for how long anything is that others may
    /// change unseen. `None`: its files are seen.
    fn believed(&self, most: Duration) -> Option<Duration> {
        let _ = most;
        None
    }

    /// The same, as one that several hosts may write to, one at a time.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }

    /// Brings it in step.
    ///
    /// # Errors
    /// Why it is not, in our own words; foreign text in them is escaped.
    fn bring(&self, roll: &Roll<'_>, site: &Site<'_>, hand: &mut dyn Hand) -> Result<(), String>;
}

/// A file that a target reads.
#[derive(Clone, Debug)]
pub struct Reads {
    /// What it is, such as `the target's password`.
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What it must be like.
    pub needs: Needs,
}

/// What a file that a target reads must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It is refused if others may write it.
    Trusted,
    /// The same, and others must not read it.
    Secret,
}

/// What a look at a target showed.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// What there is, in a few words.
    pub figures: String,
    /// What is not there, and is needed.
    pub lacks: Vec<Lack>,
}

/// Something that a target lacks. Foreign text in it is escaped.
#[derive(Clone, Debug)]
pub struct Lack {
    /// What is so.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub fix: String,
}

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is brought in step.
    Carry,
    /// What would be done is only shown.
    Show,
}

/// Does what a target asks for, and hears of what it does. In a dry run it writes nothing.
pub trait Hand {
    /// Puts a file in place, if it is not there as it should be.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn put(&mut self, file: &MadeFile) -> Result<(), String>;

    /// This has been done, or would be.
    fn did(&mut self, made: Vec<Made>);

    /// Something is not shown there, as the section wants it.
    fn note(&mut self, text: String);

    /// Something is not shown there, or does not fit.
    fn warn(&mut self, text: String);

    /// What went there in the last 24 hours.
    fn gone(&mut self) -> &mut LostBefore;

    /// Keeps what goes there, before it goes: a run that is killed has it counted, too.
    ///
    /// # Errors
    /// When that cannot be kept; then nothing may go.
    fn remember(&mut self) -> Result<(), String>;
}

/// Where, when and on what terms a target is brought in step.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The root of the managed host.
    pub root: &'a Root,
    /// The time.
    pub now: &'a Now,
    /// Whether all files stand as they were written last, by what the section says now.
    pub is_untouched: bool,
    /// When all must have been done.
    pub deadline: Instant,
    /// How much may be taken away.
    pub limits: &'a Limits,
    /// What an administrator lets through in spite of them.
    pub approved: Option<&'a str>,
    /// Whether this host may write there.
    pub leave: &'a Leave,
    /// Whether anything is written.
    pub mode: Mode,
}

/// A file that is to stand there.
#[derive(Debug)]
pub struct MadeFile {
    /// Where, on the managed host.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its permission bits, where there is none yet: one that is there keeps its own, and its owner.
    pub mode: u32,
    /// How it is compared with the one that is there.
    pub content: Content,
}

/// The permission bits of a new file, unless the section says otherwise.
pub(super) fn open_to_all() -> u32 {
    0o644
}

/// Whether a file may be put in place: its directory must be nobody else's to write.
///
/// # Errors
/// Why not.
pub(crate) fn check_place(file: &MadeFile, root: &Root) -> Result<(), PathError> {
    let path = root.path(&file.path);
    root.contains(&file.path)?;
    let dir = files::directory_of(&path);
    if let Some(why) = files::untrusted_directory(dir, &root.path("/"))? {
        return Err(unfit(
            path,
            format!("its directory cannot be trusted: {why}"),
        ));
    }
    let old = files::look(&path)?;
    if old.is_some_and(|meta| !meta.is_file()) {
        return Err(unfit(path, "it is no regular file".to_owned()));
    }
    Ok(())
}

/// Puts a file in place, whole or not at all.
///
/// # Errors
/// When it cannot be, and the one that is there stays.
pub(crate) fn put(file: &MadeFile, root: &Root) -> Result<(), PathError> {
    check_place(file, root)?;
    let path = root.path(&file.path);
    let dir = files::directory_of(&path);
    let staged = files::beside(&path)?;
    let (mode, gid) = (file.mode, None);
    let written = replace::stage(&staged, &file.bytes, &path, Appearance { mode, gid })
        .and_then(|()| files::rename(&staged, &path))
        .and_then(|()| files::sync_dir(dir));
    if written.is_err() {
        let _ = files::remove(&staged); // the first error counts
    }
    written
}

fn unfit(path: PathBuf, why: String) -> PathError {
    PathError {
        action: "write",
        path,
        source: std::io::Error::other(why),
    }
}
