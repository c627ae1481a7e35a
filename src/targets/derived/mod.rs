//! Derived targets: files, and entries of a directory, that are made of what a host has, for other programs and other hosts.
//!
//! They decide nothing about accounts: what stands on the host when its plan was carried out is what they show. One that could not be
//! written for a while is right as soon as it can be. Those of files make whole files out of plain data, which `target::put` alone
//! writes; `directory` speaks to a server.

pub(crate) mod directory;
pub(crate) mod document;
pub(crate) mod lines;
mod made;
mod roll;
mod shared;
pub(crate) mod snapshot;
mod target;
pub(crate) mod template;

pub(crate) use self::made::{Content, Made};
pub(crate) use self::roll::{Account, Gone, Group, Roll};
#[cfg(test)]
pub(crate) use self::shared::Doubled;
pub(crate) use self::shared::{Begun, Leave, Replica, ReplicaState, Shared};
pub(crate) use self::target::{
    Derived, Hand, Lack, Looked, MadeFile, Mode, Needs, Site, check_place, put,
};
