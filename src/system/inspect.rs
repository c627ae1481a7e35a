//! What stands at a path, and who may change it: facts for a judgement elsewhere. Writes nothing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};

use super::{Context as _, PathError};

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A fifo, a socket or a device.
    Other,
}

/// Something at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub kind: Kind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Permission bits, with set-id and sticky ones.
    pub mode: u32,
    /// How many names it has.
    pub links: u64,
}

/// Something at a path, links followed, and the directories through which it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The thing itself.
    pub node: Node,
    /// The directory that it is in, then all that are above; those of the path as it is written, too.
    pub above: Vec<Node>,
}

fn as_node(path: &Path, meta: &fs::Metadata) -> Node {
    let kind = match (meta.is_file(), meta.is_dir(), meta.is_symlink()) {
        (true, ..) => Kind::File,
        (_, true, _) => Kind::Directory,
        (.., true) => Kind::Link,
        _ => Kind::Other,
    };
    Node {
        path: path.to_owned(),
        kind,
        uid: meta.uid(),
        gid: meta.gid(),
        mode: meta.mode() & 0o7777,
        links: meta.nlink(),
    }
}

/// What stands at a path, no link at its end followed. `Ok(None)`: nothing.
///
/// # Errors
/// When nobody can say.
pub(crate) fn node(path: &Path) -> Result<Option<Node>, PathError> {
    Ok(super::files::look(path)?.map(|meta| as_node(path, &meta)))
}

/// What stands at a path, links followed, with the directories above it, none of them above `top`. `Ok(None)`: nothing.
///
/// # Errors
/// When nobody can say.
pub(crate) fn chain(path: &Path, top: &Path) -> Result<Option<Chain>, PathError> {
    let written = std::path::absolute(path).on("look at", path)?;
    let real = match fs::canonicalize(&written) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.on("look at", path)?,
    };
    let top = fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    let meta = fs::metadata(&real).on("look at", path)?;
    let mut above: Vec<Node> = Vec::new();
    for dir in real.ancestors().skip(1).chain(written.ancestors().skip(1)) {
        let resolved = fs::canonicalize(dir).on("look at", dir)?;
        if resolved.starts_with(&top) && !above.iter().any(|known| known.path == resolved) {
            let meta = fs::metadata(&resolved).on("look at", dir)?;
            above.push(as_node(&resolved, &meta));
        }
    }
    Ok(Some(Chain {
        node: as_node(path, &meta),
        above,
    }))
}

/// The user that this process runs as.
pub(crate) fn us() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// What a file system allows and has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Nothing can be written.
    pub read_only: bool,
    /// No program on it can be started.
    pub no_exec: bool,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes that anybody may still use.
    pub free: u64,
    /// How many files it can hold; 0: it does not say.
    pub files: u64,
    /// How many more.
    pub files_free: u64,
}

/// The file system that a path is on; `None` when nobody can say.
pub(crate) fn room(path: &Path) -> Option<Room> {
    let at = statvfs(path).ok()?;
    let unit = at.fragment_size();
    Some(Room {
        read_only: at.flags().contains(FsFlags::ST_RDONLY),
        no_exec: at.flags().contains(FsFlags::ST_NOEXEC),
        size: at.blocks().saturating_mul(unit),
        free: at.blocks_available().saturating_mul(unit),
        files: at.files(),
        files_free: at.files_available(),
    })
}

/// Why nothing can be made in a directory, if that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It is immutable (chattr(1)).
    Immutable,
    /// Its file system is read-only.
    ReadOnly,
    /// We may not.
    Denied,
}

/// Whether something could be made in a directory; tries nothing.
pub(crate) fn closed(dir: &Path) -> Option<Closed> {
    match access(dir, AccessFlags::W_OK) {
        Err(Errno::EPERM) => Some(Closed::Immutable),
        Err(Errno::EROFS) => Some(Closed::ReadOnly),
        Err(Errno::EACCES) => Some(Closed::Denied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_chain_names_what_is_above_both_ends_of_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        for name in ["a/b", "c"] {
            fs::create_dir_all(top.join(name)).unwrap();
        }
        fs::write(top.join("a/b/file"), "").unwrap();
        fs::set_permissions(top.join("a/b/file"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("../a/b/file", top.join("c/link")).unwrap();
        let found = chain(&top.join("c/link"), &top).unwrap().unwrap();
        assert_eq!((found.node.kind, found.node.mode), (Kind::File, 0o640));
        let above: Vec<_> = found.above.iter().map(|node| node.path.clone()).collect();
        assert_eq!(
            above,
            [top.join("a/b"), top.join("a"), top.clone(), top.join("c")]
        );
        assert_eq!(chain(&top.join("none"), &top).unwrap(), None);
        assert_eq!(node(&top.join("c/link")).unwrap().unwrap().kind, Kind::Link);
        assert_eq!(node(&top.join("none")).unwrap(), None);
    }

    #[test]
    fn a_file_system_says_how_much_it_holds() {
        let room = room(Path::new("/")).unwrap();
        assert!(room.size > 0 && room.free <= room.size);
        assert_eq!(closed(&std::env::temp_dir()), None);
    }
}
