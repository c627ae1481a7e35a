//! Mount points, from proc(5) `mountinfo`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Whether something is mounted on `path` itself.
pub fn is_mount_point(path: &Path) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    mount_points().iter().any(|point| point.as_slice() == path.as_os_str().as_bytes())
}

/// Whether something is mounted on `path` or below it.
pub fn has_mounts(path: &Path) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    let mut below = path.as_os_str().as_bytes().to_vec();
    let points = mount_points();
    if points.contains(&below) {
        return true;
    }
    below.push(b'/');
    points.iter().any(|point| point.starts_with(&below))
}

fn mount_points() -> Vec<Vec<u8>> {
    let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    text.split(|&b| b == b'\n').filter_map(|line| line.split(|&b| b == b' ').nth(4)).map(unescape).collect()
}

/// Blanks, tabs, newlines and backslashes stand as three octal digits after a backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match (first, octal) {
            (b'\\', Some(byte)) => {
                out.push(byte);
                rest = &tail[3..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_a_mount_point() {
        assert!(is_mount_point(Path::new("/")));
        assert!(has_mounts(Path::new("/")));
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_mount_point(dir.path()));
        assert!(!has_mounts(dir.path()));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(b"/a\\040b\\134c"), b"/a b\\c");
    }
}
