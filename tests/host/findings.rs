//! What was found when runs were interrupted at each of their system calls: how often what was wrong.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "figures, for those who ask by --nocapture"
)]

use std::time::Instant;

/// What can be wrong about an interrupted run. docs/torture.md has a column for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A file of accounts is cut, or has lost or broken something that the run was not to change.
    Damaged,
    /// Somebody is half there, or something secret is open to others.
    Unsafe,
    /// The next plain run does not reach what an undisturbed run reaches.
    Unhealed,
    /// A run said that it was done and was not, or failed without a word.
    Silent,
    /// After the next run something lies about that an undisturbed run does not leave.
    Litter,
    /// What a run that ended with 0 had done was gone after a power cut.
    Lost,
}

impl Wrong {
    /// Each, in the order of the columns.
    pub const ALL: [Self; 6] = [
        Self::Damaged,
        Self::Unsafe,
        Self::Unhealed,
        Self::Silent,
        Self::Litter,
        Self::Lost,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Unsafe => "unsafe",
            Self::Unhealed => "unhealed",
            Self::Silent => "silent",
            Self::Litter => "litter",
            Self::Lost => "lost",
        }
    }
}

/// What a sweep found.
#[derive(Default)]
pub struct Findings {
    /// At how many points runs were interrupted.
    pub points: usize,
    found: Vec<(Wrong, String)>,
}

impl Findings {
    /// Something is wrong.
    pub fn add(&mut self, wrong: Wrong, text: String) {
        self.found.push((wrong, text));
    }

    /// How often each is wrong, in the order of [`Wrong::ALL`].
    pub fn counts(&self) -> [usize; 6] {
        Wrong::ALL.map(|wrong| self.found.iter().filter(|(it, _)| *it == wrong).count())
    }

    /// Tells the figures, and stops the test if anything is wrong.
    pub fn judge(&self, title: &str, began: Instant) {
        let counts: Vec<String> = Wrong::ALL
            .iter()
            .zip(self.counts())
            .map(|(wrong, count)| format!("{count} {}", wrong.word()))
            .collect();
        println!(
            "{title}: {} points, {}, {:.0} s",
            self.points,
            counts.join(", "),
            began.elapsed().as_secs_f64()
        );
        let shown: Vec<String> = self
            .found
            .iter()
            .take(12)
            .map(|(wrong, text)| format!("{}: {text}", wrong.word()))
            .collect();
        assert!(
            shown.is_empty(),
            "{title}: at {} points {} things are wrong:\n{}",
            self.points,
            self.found.len(),
            shown.join("\n")
        );
    }
}
