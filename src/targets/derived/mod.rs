//! Derived targets: files that are made of what a host has, for other programs and other hosts.
//!
//! They decide nothing about accounts: what stands on the host when its plan was carried out is what they show. So they have no limits of
//! their own, and one that could not be written for a while is right as soon as it can be. Each makes whole files out of plain
//! data; `target::put` alone writes them.

pub(crate) mod document;
pub(crate) mod lines;
mod roll;
pub(crate) mod snapshot;
mod target;
pub(crate) mod template;

pub(crate) use self::roll::{Account, Group, Roll};
pub(crate) use self::target::{Derived, MadeFile, Site, put};
