//! What is noted of the targets that are made of what the host has: `targets.json` in the state directory, beside the ledger.
//!
//! By it a change by hand is told from a file that gosync has not written yet, and the limits know what went there in the last 24 hours;
//! `status` and the metrics say by it how each target stands. Nothing is decided here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Moment;
use crate::plan::guard::elsewhere::LostBefore;
use crate::system::replace::Appearance;
use crate::system::{PathError, files, replace};

/// The file.
const FILE: &str = "targets.json";

/// What is known of each target, by its section.
#[derive(Debug, Default, PartialEq, Eq, Clone, Serialize, Deserialize)]
pub(crate) struct TargetNotes {
    format: u32,
    /// By the section.
    pub(crate) targets: BTreeMap<String, TargetNote>,
}

/// What is known of one.
#[derive(Debug, Default, PartialEq, Eq, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TargetNote {
    /// SHA-256 of each file as gosync wrote it last.
    pub(super) written: BTreeMap<PathBuf, String>,
    /// A digest of the section that they were made by.
    pub(super) section: String,
    /// What went there in the last 24 hours, for the limits.
    #[serde(skip_serializing_if = "LostBefore::is_empty")]
    pub(super) gone: LostBefore,
    /// When it was written last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Moment>,
    /// Since when it cannot be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failing_since: Option<Moment>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl TargetNotes {
    /// The note in a state directory. One that is not there, or cannot be read, says nothing.
    pub(crate) fn load(dir: &Path) -> Self {
        let bytes = files::read_plain(&dir.join(FILE)).ok().flatten();
        let notes = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        notes.unwrap_or_default()
    }

    /// Puts it in the place of the last one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(&self, dir: &Path) -> std::result::Result<(), PathError> {
        let notes = Self {
            format: 1,
            ..self.clone()
        };
        let mut text = serde_json::to_vec_pretty(&notes).unwrap_or_default();
        text.push(b'\n');
        let staged = dir.join(format!(".{FILE}.gosync"));
        let (mode, gid) = (0o600, None);
        replace::write(&staged, &text, Appearance { mode, gid })?;
        files::rename(&staged, &dir.join(FILE))
    }
}
