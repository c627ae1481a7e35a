//! What this machine is called.

use std::path::Path;

use super::files;

/// Where the kernel says it, proc(5).
const PATH: &str = "/proc/sys/kernel/hostname";

/// Its name, as hostname(1) prints it; empty, if nobody says it.
pub(crate) fn get() -> String {
    let bytes = files::read_plain(Path::new(PATH)).ok().flatten();
    let bytes = bytes.unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}
