//! What came of the targets that are made of what the host has, at the end of a command.

use super::watch::Watch;
use crate::targets::derived::Made;

/// What came of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Each, in their order; none, if nobody knows what they are made of.
    pub(crate) targets: Vec<TargetEnd>,
    /// What is to be reported of what they are made of.
    pub(crate) warnings: Vec<String>,
}

/// What came of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TargetEnd {
    /// Its section.
    pub(crate) name: String,
    /// What was done, or would be.
    pub(crate) made: Vec<Made>,
    /// What was reported.
    pub(crate) warnings: Vec<String>,
    /// How it ended.
    pub(crate) end: End,
}

/// How it ended with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It is in step, or would be.
    #[default]
    Done,
    /// Nothing has moved since it was.
    Unmoved,
    /// `--target` does not name it.
    LeftOut,
    /// It is not, or would not be, and why.
    Behind(String),
}

impl TargetEnd {
    /// One with which nothing was done.
    pub(super) fn of(name: &str, end: End) -> Self {
        Self {
            name: name.to_owned(),
            end,
            ..Self::default()
        }
    }

    /// The word for how it ended, for programs; it stays the same. `is_dry`: nothing was written.
    pub(crate) fn word(&self, is_dry: bool) -> &'static str {
        match self.end {
            End::Behind(_) => "behind",
            End::LeftOut => "left-out",
            End::Unmoved => "unmoved",
            End::Done if is_dry && !self.made.is_empty() => "pending",
            End::Done => "done",
        }
    }
}

impl Brought {
    /// Reports something that is not of one target.
    pub(super) fn warn(&mut self, text: String, watch: &mut dyn Watch) {
        watch.warn(text.clone());
        self.warnings.push(text);
    }

    /// Those that are not in step though they were to be.
    pub(crate) fn behind(&self) -> Vec<String> {
        let behind = self.targets.iter();
        let behind = behind.filter(|it| matches!(it.end, End::Behind(_)));
        behind.map(|it| it.name.clone()).collect()
    }

    /// Whether anything was done, or would be.
    pub(crate) fn has_made(&self) -> bool {
        self.targets.iter().any(|it| !it.made.is_empty())
    }
}
