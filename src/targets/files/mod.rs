//! This host's account databases: the files of `/etc`, or those of libnss-extrausers.

mod commit;
mod config;
mod db;
mod error;
mod generations;
mod homes;
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
mod survey;
mod target;

pub use config::Config;
pub use error::LocalError;
pub use layout::{ETC, EXTRAUSERS, Generations, LAYOUTS, Layout, Reader};
pub use local::Local;
pub use survey::{Survey, Surveyed, survey};
