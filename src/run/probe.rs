//! What planning asks about a host besides its databases, asked of the host itself.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;

use super::env::Env;
use super::name_services::NameServices;
use super::running::Running;
use crate::model::Uid;
use crate::model::host::{Elsewhere, Owner};
use crate::plan::{HostProbe, KeyFile, ProbeError};
use crate::policy::Reason;
use crate::system::home_base::{HomeBase, Obstacle};
use crate::system::mounts::Foreigners;
use crate::system::root::Root;
use crate::system::stat::{Asker, Stat};
use crate::system::{Context as _, archive, files, mounts, process, skeleton};
use crate::targets::{KeyFiles, Target};

type Answer<T> = Result<T, ProbeError>;

/// The host, or the tree below `--root`.
pub(crate) struct RealProbe<'a> {
    root: &'a Root,
    keys: Option<KeyFiles>,
    target: &'a dyn Target,
    foreign: OnceCell<Foreigners>,
    asker: OnceCell<Asker>,
    running: OnceCell<Answer<Running>>,
    skeleton: OnceCell<Answer<Option<Reason>>>,
    name_services: NameServices,
    /// Whether home bases must be mount points.
    mounted: bool,
    /// What was found at them, each of which is looked at once.
    bases: RefCell<BTreeMap<String, Answer<Option<Reason>>>>,
}

impl<'a> RealProbe<'a> {
    /// The host that a run deals with; no files with keys are there.
    pub(crate) fn of(env: &'a Env, target: &'a dyn Target) -> Self {
        Self {
            mounted: env.settings.rules.accounts.home_base_mounted,
            ..Self::new(&env.root, target)
        }
    }

    /// The host below this root; no files with keys are there.
    pub(crate) fn new(root: &'a Root, target: &'a dyn Target) -> Self {
        Self {
            root,
            keys: None,
            target,
            foreign: OnceCell::new(),
            asker: OnceCell::new(),
            running: OnceCell::new(),
            skeleton: OnceCell::new(),
            name_services: NameServices::new(),
            mounted: false,
            bases: RefCell::default(),
        }
    }

    /// The same, with these files with keys.
    pub(crate) fn with_keys(self, keys: Option<KeyFiles>) -> Self {
        Self { keys, ..self }
    }

    /// Whether other name services are asked, over a network perhaps.
    pub(super) fn asks_name_services(&self) -> bool {
        self.name_services.is_any(self.root)
    }

    fn look(&self, path: &str) -> Answer<Option<Stat>> {
        let path = self.root.path(path);
        // What is asked of a stranger's file system may never be answered.
        match self.foreign.get_or_init(Foreigners::now).under(&path) {
            Some(foreign) => Err(unseen(foreign)),
            None => self
                .asker
                .get_or_init(Asker::new)
                .look(&path)
                .map_err(unseen),
        }
    }

    fn find_obstacle(&self, base: &str) -> Answer<Option<Reason>> {
        let path = self.root.path(base);
        if let Some(foreign) = self.foreign.get_or_init(Foreigners::now).under(&path) {
            return Err(unseen(foreign));
        }
        let base = HomeBase {
            path: &path,
            top: &self.root.path("/"),
            mounted: self.mounted,
        };
        let obstacle = match base.open() {
            Ok(_) => return Ok(None),
            Err(obstacle) => obstacle,
        };
        let base = path.display().to_string();
        Ok(Some(match obstacle {
            Obstacle::Missing => Reason::HomeBaseMissing { base },
            Obstacle::NoDirectory => Reason::HomeBaseNoDirectory { base },
            Obstacle::NotMounted => Reason::HomeBaseNotMounted { base },
            Obstacle::Untrusted(why) => {
                let why = why.to_string();
                Reason::HomeBaseUnsafe { base, why }
            }
            Obstacle::Closed(_) => {
                let why = obstacle.to_string();
                Reason::HomeBaseClosed { base, why }
            }
            Obstacle::Unseen(why) => return Err(unseen(why)),
        }))
    }
}

/// In the words of whoever tried.
fn unseen(failure: impl ToString) -> ProbeError {
    ProbeError(failure.to_string())
}

impl HostProbe for RealProbe<'_> {
    fn owner(&self, path: &str) -> Answer<Option<Owner>> {
        Ok(self.look(path)?.map(|found| match found.is_dir {
            true => Owner::Directory(found.uid),
            false => Owner::NotADirectory,
        }))
    }

    fn base_obstacle(&self, base: &str) -> Answer<Option<Reason>> {
        if let Some(known) = self.bases.borrow().get(base) {
            return known.clone();
        }
        let found = self.find_obstacle(base);
        let mut bases = self.bases.borrow_mut();
        bases.insert(base.to_owned(), found.clone());
        found
    }

    fn skeleton_obstacle(&self) -> Answer<Option<Reason>> {
        let find = || {
            let skeleton = self.target.skeleton();
            let top = self.root.path("/");
            let found = skeleton::distrust(&skeleton, &top).map_err(unseen)?;
            Ok(found.map(|why| Reason::SkeletonUnsafe {
                skeleton: skeleton.display().to_string(),
                why: why.to_string(),
            }))
        };
        self.skeleton.get_or_init(find).clone()
    }

    fn processes(&self, uid: Uid, name: &str) -> Answer<usize> {
        // Another tree's accounts run nothing here.
        if !self.root.is_host() {
            return Ok(0);
        }
        let running = self
            .running
            .get_or_init(|| Running::now(self.target).map_err(unseen));
        let running = running.as_ref().map_err(Clone::clone)?;
        Ok(running.of(uid.get(), name).len())
    }

    fn is_link_to(&self, path: &str, to: &str) -> Answer<bool> {
        let is_ours = self
            .look(path)?
            .is_some_and(|found| found.is_symlink && (found.uid == 0 || !process::is_root()));
        let goal = |path: &Path| files::goal(path).map_err(unseen);
        Ok(is_ours
            && match goal(&self.root.path(path))? {
                Some(there) => goal(&self.root.path(to))? == Some(there),
                None => false,
            })
    }

    fn is_file(&self, path: &str, uid: Option<Uid>) -> Answer<bool> {
        Ok(self
            .look(path)?
            .is_some_and(|found| found.is_file && uid.is_none_or(|uid| found.uid == uid.get())))
    }

    fn is_there(&self, path: &str) -> Answer<bool> {
        Ok(self.look(path)?.is_some())
    }

    fn is_same(&self, path: &str, other: &str) -> Answer<bool> {
        let file = |path: &str| -> Answer<Option<(u64, u64)>> {
            Ok(self.look(path)?.map(|found| (found.dev, found.ino)))
        };
        Ok(match file(path)? {
            Some(it) => file(other)? == Some(it),
            None => false,
        })
    }

    fn has_mounts(&self, path: &str) -> Answer<bool> {
        // Nothing is mounted on a link, nor where nothing is.
        if !self.look(path)?.is_some_and(|found| found.is_dir) {
            return Ok(false);
        }
        let path = self.root.path(path);
        let answer = mounts::has_mounts(&path).on("look for mounts below", &path);
        answer.map_err(unseen)
    }

    fn key_file(&self, path: &str) -> Answer<KeyFile> {
        match &self.keys {
            Some(files) => files.at(path).map_err(unseen),
            None => Ok(KeyFile::Absent),
        }
    }

    fn key_obstacle(&self, path: &str) -> Answer<Option<String>> {
        match &self.keys {
            Some(files) => files.obstacle(path).map_err(unseen),
            None => Ok(None),
        }
    }

    fn elsewhere(&self, keys: &[String]) -> Elsewhere {
        self.name_services.ask(self.root, keys)
    }

    fn archive_suffix(&self) -> &'static str {
        archive::suffix()
    }
}
