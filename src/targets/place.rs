//! What every target of a host needs to know besides its own keys.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserializer;

use crate::model::absolute_path;
use crate::system::root::Root;

/// For a key that holds a path of the managed host.
pub(crate) fn host_path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    absolute_path::one(from).map(PathBuf::from)
}

/// Where the managed host is, and where things are on it.
#[derive(Clone, Debug)]
pub struct Place {
    /// What its paths are below.
    pub root: Root,
    /// The directory of the ledger and of journals, as a path of the managed host.
    pub state_dir: PathBuf,
    /// The directories that homes are in, as paths of the managed host.
    pub home_bases: Vec<PathBuf>,
    /// Whether these must be mount points.
    pub home_base_mounted: bool,
    /// The directory of files with SSH keys, as a path of the managed host.
    pub key_dir: String,
    /// Today, as shadow(5) counts.
    pub shadow_day: i64,
    /// How long homes may be packed.
    pub packing: PackingTime,
    /// What databases are taken to hold instead of what is there: what a plan makes of them that is not carried out.
    pub ahead: Rc<Contents>,
}

/// What files are taken to hold, by their real paths, whatever is there.
pub(crate) type Contents = BTreeMap<PathBuf, Vec<u8>>;

/// How long tar(1) may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackingTime {
    /// For one home.
    pub home: Duration,
    /// For all homes of a run.
    pub run: Duration,
}
