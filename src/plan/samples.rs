//! For tests: keys, all of one provider's, and a host besides its databases.

use super::probe::{Answer, HostProbe, KeyFile, ProbeError};
use crate::model::host::{Elsewhere, Owner};
use crate::model::{Key, ProviderName, RemoteId, Uid};
use crate::policy::Reason;

/// What identifies somebody.
pub(crate) fn key(id: RemoteId) -> Key {
    Key {
        provider: ProviderName::new("p"),
        id,
    }
}

/// A host on which things are at certain paths, and processes run.
#[derive(Clone, Default)]
pub(crate) struct FakeProbe {
    /// What is at every home that anybody has or is to have.
    pub home: Option<Owner>,
    /// What else is there; with `mount:` in front, where something is mounted.
    pub there: Vec<&'static str>,
    pub links: Vec<(&'static str, &'static str)>,
    pub processes: usize,
    /// What is in one file with keys, by what its path ends with.
    pub keys: Option<(String, KeyFile)>,
    /// Why files with keys cannot be replaced.
    pub obstacle: Option<String>,
    /// Home bases that are not there.
    pub missing_bases: Vec<&'static str>,
    /// What nobody can see.
    pub unseen: Vec<&'static str>,
}

impl FakeProbe {
    fn see(&self, path: &str) -> Answer<()> {
        match self.unseen.contains(&path) {
            true => Err(ProbeError(format!(
                "cannot look at {path}: Permission denied"
            ))),
            false => Ok(()),
        }
    }
}

impl HostProbe for FakeProbe {
    fn owner(&self, path: &str) -> Answer<Option<Owner>> {
        self.see(path).map(|()| self.home)
    }

    fn base_obstacle(&self, base: &str) -> Answer<Option<Reason>> {
        self.see(base)?;
        let base = base.to_owned();
        let is_missing = self.missing_bases.contains(&base.as_str());
        Ok(is_missing.then_some(Reason::HomeBaseMissing { base }))
    }

    fn skeleton_obstacle(&self) -> Answer<Option<Reason>> {
        Ok(None)
    }

    fn processes(&self, _: Uid, _: &str) -> Answer<usize> {
        self.see("/proc").map(|()| self.processes)
    }

    fn is_link_to(&self, path: &str, to: &str) -> Answer<bool> {
        self.see(path).map(|()| self.links.contains(&(path, to)))
    }

    fn is_file(&self, path: &str, _: Option<Uid>) -> Answer<bool> {
        self.is_there(path)
    }

    fn is_there(&self, path: &str) -> Answer<bool> {
        self.see(path).map(|()| self.there.contains(&path))
    }

    fn is_same(&self, path: &str, _: &str) -> Answer<bool> {
        self.see(path).map(|()| false)
    }

    fn has_mounts(&self, path: &str) -> Answer<bool> {
        let is_mount = |there: &&str| there.strip_prefix("mount:") == Some(path);
        self.see(path).map(|()| self.there.iter().any(is_mount))
    }

    fn key_file(&self, path: &str) -> Answer<KeyFile> {
        self.see(path)?;
        let file = self
            .keys
            .iter()
            .find(|(name, _)| path.ends_with(name.as_str()));
        Ok(file.map_or(KeyFile::Absent, |(_, file)| file.clone()))
    }

    fn key_obstacle(&self, path: &str) -> Answer<Option<String>> {
        self.see(path).map(|()| self.obstacle.clone())
    }

    fn elsewhere(&self, _: &[String]) -> Elsewhere {
        Elsewhere::default()
    }

    fn archive_suffix(&self) -> &'static str {
        ".tar.zst"
    }
}
