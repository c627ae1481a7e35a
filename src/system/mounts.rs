//! Mount points, from proc(5) `mountinfo`.

use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::inputs;

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
    inputs::note_unseen();
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

/// A file system that somebody else than root mounted (FUSE, mount.fuse(8)): whoever asks it anything waits as long as
/// its owner likes, and may not even be killed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Where.
    pub point: PathBuf,
    /// Its owner.
    pub uid: u32,
}

/// The file systems that others than root mounted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreigners(Vec<Foreign>);

impl Foreigners {
    /// Those of now; none, where nobody can say.
    pub(crate) fn now() -> Self {
        inputs::note_unseen();
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        Self(text.split(|&b| b == b'\n').filter_map(foreign).collect())
    }

    /// The one that `path` is on.
    pub(crate) fn under(&self, path: &Path) -> Option<&Foreign> {
        let path = self.really(path)?;
        self.0.iter().find(|one| path.starts_with(&one.point))
    }

    /// The one that `path` is on, or that is on it or below it.
    pub(crate) fn at(&self, path: &Path) -> Option<&Foreign> {
        let path = self.really(path)?;
        let touches = |one: &&Foreign| path.starts_with(&one.point) || one.point.starts_with(&path);
        self.0.iter().find(touches)
    }

    /// The path with no link above its end, which is not looked at. Nothing is asked where nobody mounted anything.
    fn really(&self, path: &Path) -> Option<PathBuf> {
        if self.0.is_empty() {
            return None;
        }
        let parent = path.parent()?;
        // Where one of them stands above, that is the answer, and nothing is asked of it.
        if self.0.iter().any(|one| parent.starts_with(&one.point)) {
            return Some(path.to_owned());
        }
        let parent = std::fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
        Some(parent.join(path.file_name()?))
    }
}

/// Which paths are on file systems that may keep whoever asks them waiting: on servers, or in processes (FUSE).
#[derive(Clone, Debug, Default)]
pub(crate) struct Remote(Vec<(PathBuf, bool)>);

impl Remote {
    /// For the mounts of now; none are, where nobody can say.
    pub(crate) fn now() -> Self {
        inputs::note_unseen();
        let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        Self::of(&text)
    }

    fn of(text: &[u8]) -> Self {
        let mount = |line: &[u8]| {
            let mut fields = line.split(|&b| b == b' ');
            let point = unescape(fields.nth(4)?);
            fields.find(|field| *field == b"-")?;
            let kind = fields.next()?;
            let is_remote = kind.starts_with(b"fuse") || REMOTE.contains(&kind);
            Some((
                PathBuf::from(std::ffi::OsString::from_vec(point)),
                is_remote,
            ))
        };
        Self(text.split(|&b| b == b'\n').filter_map(mount).collect())
    }

    /// Whether a path is on one of them. None of them is asked for it.
    pub(crate) fn is_below(&self, path: &Path) -> bool {
        if !self.0.iter().any(|(_, is_remote)| *is_remote) {
            return false;
        }
        let written = self.holder_is_remote(path);
        let (Some(parent), Some(name), false) = (path.parent(), path.file_name(), written) else {
            return written;
        };
        let real = std::fs::canonicalize(parent);
        real.is_ok_and(|real| self.holder_is_remote(&real.join(name)))
    }

    /// Of the mounts above a path, the innermost; of two on one point, the later one.
    fn holder_is_remote(&self, path: &Path) -> bool {
        let mut innermost = (0, false);
        for (point, is_remote) in &self.0 {
            let depth = point.components().count();
            if path.starts_with(point) && depth >= innermost.0 {
                innermost = (depth, *is_remote);
            }
        }
        innermost.1
    }
}

/// Kinds of file systems whose files are elsewhere.
const REMOTE: [&[u8]; 14] = [
    b"nfs",
    b"nfs4",
    b"cifs",
    b"smb3",
    b"smbfs",
    b"9p",
    b"afs",
    b"ceph",
    b"lustre",
    b"gpfs",
    b"beegfs",
    b"glusterfs",
    b"orangefs",
    b"autofs",
];

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let point = self.point.to_string_lossy();
        let point = crate::model::shown(&point);
        write!(
            f,
            "the uid {} has mounted a file system of its own on {point}, where nothing is done; \
             `umount -l {point}` takes it away",
            self.uid
        )
    }
}

/// The mount of a line, if it is FUSE and not root's.
fn foreign(line: &[u8]) -> Option<Foreign> {
    let mut fields = line.split(|&b| b == b' ');
    let point = unescape(fields.nth(4)?);
    fields.find(|field| *field == b"-")?;
    let (kind, options) = (fields.next()?, fields.nth(1)?);
    if !kind.starts_with(b"fuse") {
        return None;
    }
    let uid = options
        .split(|&b| b == b',')
        .find_map(|option| option.strip_prefix(b"user_id="))?;
    let uid = std::str::from_utf8(uid).ok()?.parse().ok()?;
    let point = PathBuf::from(std::ffi::OsString::from_vec(point));
    (uid != 0).then_some(Foreign { point, uid })
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
    fn what_others_mounted_is_told_from_what_root_did() {
        let line = |point: &str, kind: &str, options: &str| {
            let line =
                format!("36 35 0:42 / {point} rw,nosuid shared:9 master:1 - {kind} it {options}");
            foreign(line.as_bytes())
        };
        let theirs = line("/home/a\\040b", "fuse.sshfs", "rw,user_id=1000,group_id=5").unwrap();
        assert_eq!(
            (theirs.uid, theirs.point.as_path()),
            (1000, Path::new("/home/a b"))
        );
        assert_eq!(line("/x", "fuse", "rw,user_id=0,group_id=0"), None);
        assert_eq!(line("/x", "ext4", "rw,user_id=1000"), None);
        assert_eq!(foreign(b""), None);
        let all = Foreigners(vec![theirs]);
        for (path, under, at) in [
            ("/home/a b", true, true),
            ("/home/a b/c", true, true),
            ("/home", false, true),
            ("/home/a", false, false),
            ("/home/a bc", false, false),
        ] {
            assert_eq!(all.under(Path::new(path)).is_some(), under, "{path}");
            assert_eq!(all.at(Path::new(path)).is_some(), at, "{path}");
        }
    }

    #[test]
    fn what_is_on_a_server_is_told_from_what_is_here() {
        let line =
            |point: &str, kind: &str| format!("36 35 0:42 / {point} rw shared:9 - {kind} it rw\n");
        let lines = [
            line("/", "ext4"),
            line("/home", "nfs4"),
            line("/home/local", "xfs"),
            line("/srv/f", "fuse.sshfs"),
            line("/over", "nfs"),
            line("/over", "tmpfs"),
        ];
        let all = Remote::of(lines.concat().as_bytes());
        for (path, is_remote) in [
            ("/home", true),
            ("/home/ann", true),
            ("/home/local", false),
            ("/home/local/ann", false),
            ("/homes/ann", false),
            ("/srv/f/x", true),
            ("/over/x", false),
            ("/etc", false),
        ] {
            assert_eq!(all.is_below(Path::new(path)), is_remote, "{path}");
        }
        assert!(!Remote::of(line("/", "ext4").as_bytes()).is_below(Path::new("/home")));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(b"/a\\040b\\134c"), b"/a b\\c");
    }
}
