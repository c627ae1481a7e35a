//! Names and ids that the host's other name services (such as sssd) know, besides the files.
//!
//! Asked only about what a plan would give out, and only where nsswitch.conf(5) names such a service.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::error::TargetError;
use crate::plan::{Plan, effects};
use crate::system::files;
use crate::system::nss::{self, Known};
use crate::system::root::Root;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The other name services, and what they were asked already.
#[derive(Debug, Default)]
pub struct OtherNameServices {
    databases: Vec<&'static str>,
    asked: BTreeSet<String>,
}

impl OtherNameServices {
    pub(crate) fn new(root: &Root) -> Result<Self, TargetError> {
        // Another tree's services do not run here.
        if !root.is_host() {
            return Ok(Self::default());
        }
        let text = files::read_plain(Path::new("/etc/nsswitch.conf"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let databases = ["passwd", "group"]
            .into_iter()
            .filter(|db| nss::has_other_sources(&text, db))
            .collect();
        Ok(Self {
            databases,
            asked: BTreeSet::new(),
        })
    }

    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        !self.databases.is_empty()
    }

    /// Which of the names and ids that a plan gives out are known elsewhere. Each is asked about once.
    ///
    /// # Errors
    /// When a service cannot be asked.
    pub fn ask(&mut self, plan: &Plan) -> Result<Known, TargetError> {
        if self.databases.is_empty() {
            return Ok(Known::new());
        }
        let given = plan.changes.iter().flat_map(|change| {
            let gives = effects(change).gives;
            let number = gives.number.map(|number| number.get().to_string());
            gives
                .name
                .map(ToString::to_string)
                .into_iter()
                .chain(number)
        });
        let keys: Vec<String> = given.filter(|key| !self.asked.contains(key)).collect();
        let mut known = Known::new();
        for database in &self.databases {
            known.extend(nss::lookup(database, &keys, LIMIT).map_err(TargetError::NameService)?);
        }
        self.asked.extend(keys);
        Ok(known)
    }
}
