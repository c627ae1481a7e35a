//! Mount points, from proc(5) `mountinfo`.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Whether something is mounted on `path` itself.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else {
        return false;
    };
    mount_points()
        .unwrap_or_default()
        .iter()
        .any(|point| point.as_slice() == path.as_os_str().as_bytes())
}

/// Whether something is mounted on `path` or below it.
///
/// # Errors
/// When nobody can say, as without `/proc`.
pub(crate) fn has_mounts(path: &Path) -> io::Result<bool> {
    let path = std::fs::canonicalize(path)?;
    let mut below = path.as_os_str().as_bytes().to_vec();
    let points = mount_points()?;
    if points.contains(&below) {
        return Ok(true);
    }
    below.push(b'/');
    Ok(points.iter().any(|point| point.starts_with(&below)))
}

/// The kind of file system that `path` is on, such as `ext4` or `nfs4`; `None` when nobody can say.
pub(crate) fn kind_of(path: &Path) -> Option<String> {
    let path = std::fs::canonicalize(path).ok()?;
    let text = std::fs::read("/proc/self/mountinfo").ok()?;
    // Of two on one point, the later one lies above.
    let mut best: Option<(usize, String)> = None;
    for line in text.split(|&b| b == b'\n') {
        let fields: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let (Some(point), Some(dash)) = (
            fields.get(4),
            fields.iter().position(|field| *field == b"-"),
        ) else {
            continue;
        };
        let point = unescape(point);
        let above = path.starts_with(Path::new(std::ffi::OsStr::from_bytes(&point)));
        if let Some(kind) = fields
            .get(dash + 1)
            .filter(|_| above && best.as_ref().is_none_or(|b| b.0 <= point.len()))
        {
            best = Some((point.len(), String::from_utf8_lossy(kind).into_owned()));
        }
    }
    best.map(|(_, kind)| kind)
}

fn mount_points() -> io::Result<Vec<Vec<u8>>> {
    let text = std::fs::read("/proc/self/mountinfo")?;
    Ok(text
        .split(|&b| b == b'\n')
        .filter_map(|line| line.split(|&b| b == b' ').nth(4))
        .map(unescape)
        .collect())
}

/// Blanks, tabs, newlines and backslashes stand as three octal digits after a backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail
            .get(..3)
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
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
        assert!(has_mounts(Path::new("/")).unwrap());
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_mount_point(dir.path()));
        assert!(!has_mounts(dir.path()).unwrap());
        assert_eq!(kind_of(Path::new("/proc/self")).as_deref(), Some("proc"));
        assert!(
            kind_of(Path::new("/")).is_some() && kind_of(Path::new("/no/such/place")).is_none()
        );
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(b"/a\\040b\\134c"), b"/a b\\c");
    }
}
