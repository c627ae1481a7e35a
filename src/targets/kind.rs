//! What a kind of target is: the keys of its section, and how it is opened.
//!
//! The configuration and the run know kinds by this trait alone; `registry` lists them.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::derived::Derived;
use super::place::Place;
use super::target::Target;

/// What a section `[target.NAME]` names.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Somewhere accounts and groups live.
    Host(Arc<dyn TargetConfig>),
    /// What is made of what the host has.
    Derived(Arc<dyn Derived>),
}

/// The keys of a `[target.NAME]` section where accounts and groups live, without `kind`.
///
/// Who has to look into the keys of one kind, as the doctor has, asks that kind whether they are
/// its own.
pub trait TargetConfig: Any + fmt::Debug + Send + Sync {
    /// The target, ready to be read; `name` is the section's.
    fn open(&self, name: &str, place: Place) -> Box<dyn Target>;
}
