//! `[metrics]`: what runs leave for a monitoring system to read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::model::{absolute_path, shown};

/// How the names of the files end that node_exporter reads.
const ENDING: &str = "prom";

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// The file for the textfile collector of node_exporter, below `--root`.
    #[serde(deserialize_with = "textfile")]
    pub textfile: Option<PathBuf>,
}

fn textfile<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let path = absolute_path::one(from)?;
    let ending = Path::new(&path).extension();
    match ending.is_some_and(|ending| ending == ENDING) {
        true => Ok(Some(path.into())),
        false => Err(D::Error::custom(format!(
            "node_exporter reads only files whose names end in .{ENDING}, and not `{}`",
            shown(&path)
        ))),
    }
}
