//! Whether somebody reads our messages by way of the systemd journal: systemd.exec(5), JOURNAL_STREAM.
//!
//! The variable alone says nothing: whoever starts us from a unit may have sent our output elsewhere.

use std::os::fd::AsFd;

use super::process;

/// Names the socket of the journal, as device and inode.
const VARIABLE: &str = "JOURNAL_STREAM";

/// Whether a stream of ours ends in the journal.
pub(crate) fn reads(stream: impl AsFd) -> bool {
    let Some(named) = process::variable(VARIABLE) else {
        return false;
    };
    let stat = rustix::fs::fstat(stream);
    stat.is_ok_and(|stat| is_it(named.to_str(), stat.st_dev, stat.st_ino))
}

fn is_it(named: Option<&str>, device: u64, inode: u64) -> bool {
    let parts = named.and_then(|named| named.split_once(':'));
    let parts = parts.and_then(|(device, inode)| Some((device.parse().ok()?, inode.parse().ok()?)));
    parts == Some((device, inode))
}

#[cfg(test)]
mod tests {
    use super::is_it;

    #[test]
    fn only_the_stream_that_is_named_is_the_journals() {
        assert!(is_it(Some("8:45891"), 8, 45_891));
        for other in [
            "8:45892",
            "9:45891",
            "8",
            "8:",
            ":45891",
            "8:45891 ",
            "",
            "8:45891:1",
        ] {
            assert!(!is_it(Some(other), 8, 45_891), "{other}");
        }
        assert!(!is_it(None, 8, 45_891));
    }
}
