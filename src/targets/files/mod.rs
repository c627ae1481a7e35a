//! This host's account databases: the files of `/etc`, or those of libnss-extrausers.

mod commit;
mod config;
mod db;
mod elsewhere;
mod error;
mod generations;
mod keys;
mod layout;
mod local;
mod moves;
mod read;
mod sheet;
mod stage;
mod staged;
mod survey;
mod target;

pub use config::Config;
pub use elsewhere::Elsewhere;
pub use error::LocalError;
pub use keys::KeyFiles;
pub use layout::{ETC, EXTRAUSERS, Generations, LAYOUTS, Layout, Reader};
pub use local::Local;
pub use read::Current;
pub use staged::Staged;
pub use survey::{Survey, Surveyed};
