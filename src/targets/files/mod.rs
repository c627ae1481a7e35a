//! This host's account databases: the files of `/etc`, or those of libnss-extrausers or libnss-cache.

mod anchor;
mod commit;
mod config;
mod db;
mod error;
mod generations;
mod homes;
mod index;
mod keys;
mod layout;
mod local;
mod moves;
mod paths;
mod prepare;
mod read;
mod sheet;
mod stage;
mod staged;
pub(crate) mod survey;
mod target;

pub(crate) use config::Config;
#[cfg(test)]
pub(crate) use layout::EXTRAUSERS;
pub(crate) use layout::{ETC, Layout, Reader};
pub(crate) use survey::{Survey, survey};
