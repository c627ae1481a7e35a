//! Finding programs that may be run as root because an administrator put them there.
//!
//! A program is trusted only if nobody else can change it, or put another one in its place: the file, each directory on
//! the way to it and each link on that way belong to root and nobody else may write them. All is looked at through open
//! descriptors, one part of the path after the other; the path that comes out has no links, and every directory of it
//! was looked at. Therefore it may be executed by that path: a script could not be by a descriptor.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;

use super::{Context as _, PathError};

/// How many links are followed; as many as the kernel does (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The paths that a pattern stands for, sorted, without files that editors leave behind (`NAME~`). A pattern without
/// `*`, `?` and `[` stands for itself, whether there is such a file or not.
///
/// # Errors
/// When a directory in it cannot be read.
pub(crate) fn expand(pattern: &str) -> Result<Vec<PathBuf>, PathError> {
    let path = Path::new(pattern);
    if !pattern.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let found = glob::glob_with(pattern, OPTIONS)
        .map_err(io::Error::other)
        .on("find", path)?;
    let mut paths = Vec::new();
    for entry in found {
        let entry = entry.map_err(|e| PathError {
            action: "read",
            path: e.path().to_owned(),
            source: e.into(),
        })?;
        if !entry.as_os_str().as_bytes().ends_with(b"~") && !entry.is_dir() {
            paths.push(entry);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The directories that a pattern stands for besides, sorted: what is in them is no program of the pattern's.
pub(crate) fn folders(pattern: &str) -> Vec<PathBuf> {
    let found = glob::glob_with(pattern, OPTIONS)
        .into_iter()
        .flatten()
        .flatten();
    found
        .filter(|path| pattern.contains(['*', '?', '[']) && path.is_dir())
        .collect()
}

/// What patterns match, as in a shell.
const OPTIONS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Who may own what is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owners {
    /// Root.
    Root,
    /// Root, or whoever we are: on another tree, an ordinary user may work with hooks of their own.
    RootOrUs,
}

/// Why something is not trusted as a program to be run; with what mends it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Distrust {
    /// Others may write this: the program, or a directory on the way to it.
    #[error("others may write {}; `chmod go-w` it", .0.display())]
    Writable(PathBuf),
    /// This belongs to somebody else: the program, or a directory or link on the way to it.
    #[error("{} belongs to the uid {_1}; `chown -h root` it", .0.display())]
    Owner(PathBuf, u32),
    /// It has no permission to be executed.
    #[error("it cannot be executed; `chmod u+x` it, or move it elsewhere")]
    NotExecutable,
    /// It is no program at all.
    #[error("{0}")]
    Odd(&'static str),
    /// The kernel says so.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<nix::errno::Errno> for Distrust {
    fn from(errno: nix::errno::Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// Opens a file for reading that only root, we, and `owner` if one is named, can replace: each directory and link on the
/// way to it is theirs, and others may write none of them, but for directories such as /tmp. Who may write the file
/// itself, the caller has to see.
///
/// # Errors
/// When it is not so, or there is no file that can be opened.
pub(crate) fn open_unreplaceable(path: &Path, owner: Option<u32>) -> Result<File, Distrust> {
    let mut walk = Walk::new(Owners::RootOrUs)?;
    walk.other = owner;
    let end = walk.along(&std::path::absolute(path)?)?;
    let (Some((_, name)), Some(dir)) = (end, walk.dirs.last()) else {
        return Err(Distrust::Odd("it is no regular file"));
    };
    let flags = OFlag::O_RDONLY
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let file = File::from(openat(dir, name.as_os_str(), flags, Mode::empty())?);
    // Else whoever may write a document could have us read what is root's alone.
    match walk.led_by_other && Some(file.metadata()?.uid()) != owner {
        true => Err(Distrust::Odd(
            "a link of its owner's leads to somebody else's file",
        )),
        false => Ok(file),
    }
}

/// Makes sure that a directory is one in which only root, we, and `owner` if one is named, can put or replace anything,
/// nor above it.
///
/// # Errors
/// When it is not so, or there is no directory.
pub(crate) fn check_directory(path: &Path, owner: Option<u32>) -> Result<(), Distrust> {
    let mut walk = Walk::new(Owners::RootOrUs)?;
    walk.other = owner;
    let end = walk.along(&std::path::absolute(path)?)?;
    match walk.dirs.last() {
        Some(dir) if end.is_none() => walk.check(&dir.metadata()?, &walk.at, false),
        _ => Err(Distrust::Odd("it is no directory")),
    }
}

/// Where a program really is that nobody else can change or replace.
///
/// # Errors
/// When there is none, it cannot be executed, or others can change something on the way to it.
pub(crate) fn trusted(path: &Path, owners: Owners) -> Result<PathBuf, Distrust> {
    Walk::new(owners).and_then(|mut walk| walk.to(path))
}

/// The way to a file, with all its directories open.
struct Walk {
    us: Option<u32>,
    other: Option<u32>,
    /// Whether a link of the other one's was followed.
    led_by_other: bool,
    dirs: Vec<File>,
    at: PathBuf,
}

impl Walk {
    fn new(owners: Owners) -> Result<Self, Distrust> {
        let us = (owners == Owners::RootOrUs).then(|| nix::unistd::geteuid().as_raw());
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let root = File::from(nix::fcntl::open("/", flags, Mode::empty())?);
        let walk = Self {
            us,
            other: None,
            led_by_other: false,
            dirs: vec![root],
            at: PathBuf::from("/"),
        };
        if let Some(root) = walk.dirs.first() {
            walk.check(&root.metadata()?, Path::new("/"), true)?;
        }
        Ok(walk)
    }

    fn to(&mut self, path: &Path) -> Result<PathBuf, Distrust> {
        let (Some((meta, name)), Some(dir)) = (self.along(path)?, self.dirs.last()) else {
            return Err(Distrust::Odd("it is a directory"));
        };
        // In a directory in which everybody may make files, anybody could have made a hard link to a program of
        // root's that was never meant to be a hook.
        self.check(&dir.metadata()?, &self.at, false)?;
        self.program(&meta, self.at.join(name))
    }

    /// To the end of a path: what is there if it is no directory, with its name in the last one.
    fn along(&mut self, path: &Path) -> Result<Option<(Metadata, OsString)>, Distrust> {
        let mut links = 0;
        let mut ahead = self.push(path, Vec::new());
        while let Some(part) = ahead.pop() {
            let Some(dir) = self.dirs.last() else {
                return Err(Distrust::Odd("it is no file"));
            };
            if part == ".." {
                if self.dirs.len() > 1 {
                    self.dirs.pop();
                    self.at.pop();
                }
                continue;
            }
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let file = File::from(openat(dir, part.as_os_str(), flags, Mode::empty())?);
            let (meta, here) = (file.metadata()?, self.at.join(&part));
            if meta.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Distrust::Odd("there are too many links on the way to it"));
                }
                self.check_owner(&meta, &here)?;
                self.led_by_other |= meta.uid() != 0 && self.us != Some(meta.uid());
                let target = readlinkat(dir, part.as_os_str())?;
                ahead = self.push(Path::new(&target), ahead);
            } else if meta.is_dir() {
                self.check(&meta, &here, true)?;
                self.dirs.push(file);
                self.at = here;
            } else if ahead.is_empty() {
                return Ok(Some((meta, part)));
            } else {
                return Err(nix::errno::Errno::ENOTDIR.into());
            }
        }
        Ok(None)
    }

    /// The parts of a path before those that are still ahead, the next one last.
    fn push(&mut self, path: &Path, mut ahead: Vec<OsString>) -> Vec<OsString> {
        for part in path.components().rev() {
            match part {
                Component::Normal(name) => ahead.push(name.to_owned()),
                Component::ParentDir => ahead.push("..".into()),
                Component::RootDir => {
                    self.dirs.truncate(1);
                    self.at = PathBuf::from("/");
                }
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        ahead
    }

    fn program(&self, meta: &Metadata, here: PathBuf) -> Result<PathBuf, Distrust> {
        if !meta.is_file() {
            return Err(Distrust::Odd("it is no regular file"));
        }
        self.check(meta, &here, false)?;
        match meta.mode() & 0o111 {
            0 => Err(Distrust::NotExecutable),
            _ => Ok(here),
        }
    }

    /// Where `sticky` is allowed, a directory such as /tmp is, in which nobody can replace what is somebody else's.
    fn check(&self, meta: &Metadata, here: &Path, sticky: bool) -> Result<(), Distrust> {
        self.check_owner(meta, here)?;
        let is_sticky = sticky && meta.mode() & 0o1000 != 0;
        match meta.mode() & 0o022 != 0 && !is_sticky {
            true => Err(Distrust::Writable(here.to_owned())),
            false => Ok(()),
        }
    }

    fn check_owner(&self, meta: &Metadata, here: &Path) -> Result<(), Distrust> {
        match meta.uid() == 0 || [self.us, self.other].contains(&Some(meta.uid())) {
            true => Ok(()),
            false => Err(Distrust::Owner(here.to_owned(), meta.uid())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// `DIR/a/hooks/one`, which is to be trusted.
    fn hook() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/hooks/one");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for dir in [
            dir.path().to_owned(),
            dir.path().join("a"),
            dir.path().join("a/hooks"),
        ] {
            mode(&dir, 0o755);
        }
        fs::write(&path, "#!/bin/sh\n").unwrap();
        mode(&path, 0o755);
        (dir, path)
    }

    fn complaint(path: &Path) -> String {
        trusted(path, Owners::RootOrUs).unwrap_err().to_string()
    }

    #[test]
    fn a_file_or_folder_that_others_may_write_is_refused() {
        let (dir, path) = hook();
        assert_eq!(trusted(&path, Owners::RootOrUs).unwrap(), path);
        for (what, good, bad) in [
            ("a/hooks/one", 0o755, 0o775),
            ("a/hooks", 0o755, 0o757),
            ("a", 0o755, 0o775),
        ] {
            let what = dir.path().join(what);
            mode(&what, bad);
            assert!(
                complaint(&path).contains(&format!("others may write {}", what.display())),
                "{}",
                complaint(&path)
            );
            mode(&what, good);
        }
        mode(&path, 0o644);
        assert!(complaint(&path).contains("cannot be executed"));
        assert!(complaint(path.parent().unwrap()).contains("is a directory"));
        assert!(complaint(&dir.path().join("none")).contains("No such file"));
    }

    #[test]
    fn a_sticky_folder_may_be_above_but_not_hold_the_program() {
        let (dir, path) = hook();
        mode(&dir.path().join("a"), 0o1777);
        assert!(trusted(&path, Owners::RootOrUs).is_ok());
        mode(&dir.path().join("a/hooks"), 0o1777);
        assert!(complaint(&path).contains("others may write"));
    }

    #[test]
    fn a_link_is_followed_only_through_folders_that_are_trusted() {
        let (dir, path) = hook();
        let (open, link) = (dir.path().join("open"), dir.path().join("link"));
        fs::create_dir(&open).unwrap();
        mode(&open, 0o755);
        symlink("../a/./hooks/one", open.join("hook")).unwrap();
        symlink(open.join("hook"), &link).unwrap();
        assert_eq!(
            trusted(&link, Owners::RootOrUs).unwrap(),
            path,
            "the way without links"
        );
        // Whoever may write where a link is can make it lead elsewhere.
        mode(&open, 0o777);
        assert!(
            complaint(&link).contains("others may write"),
            "{}",
            complaint(&link)
        );
        symlink("loop", dir.path().join("loop")).unwrap();
        assert!(complaint(&dir.path().join("loop")).contains("too many links"));
    }

    #[test]
    fn what_belongs_to_others_is_refused() {
        let (dir, path) = hook();
        if !nix::unistd::geteuid().is_root() {
            // Only root can give files away; but whoever else runs this test is somebody else than root.
            assert!(
                trusted(&path, Owners::Root)
                    .unwrap_err()
                    .to_string()
                    .contains("belongs to the uid")
            );
            return;
        }
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        for what in [&path, &dir.path().join("a"), &link] {
            std::os::unix::fs::lchown(what, Some(4_242), None).unwrap();
            assert!(
                trusted(&link, Owners::Root)
                    .unwrap_err()
                    .to_string()
                    .contains("belongs to the uid 4242")
            );
            std::os::unix::fs::lchown(what, Some(0), None).unwrap();
        }
        assert!(trusted(&link, Owners::Root).is_ok());
    }

    #[test]
    fn a_pattern_gives_sorted_paths_without_what_editors_leave() {
        let (dir, path) = hook();
        let folder = path.parent().unwrap();
        for name in ["20-b", "10-a", "one~", ".hidden", "30-c.sh"] {
            fs::write(folder.join(name), "").unwrap();
        }
        fs::create_dir(folder.join("folder")).unwrap();
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(&format!("{}/{pattern}", dir.path().display())).unwrap();
            found
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("a/hooks/*"), ["10-a", "20-b", "30-c.sh", "one"]);
        assert_eq!(
            folders(&format!("{}/*", folder.display())),
            [folder.join("folder")]
        );
        assert!(
            folders(&folder.display().to_string()).is_empty(),
            "it is named, and refused as what it is"
        );
        assert_eq!(names("*/hooks/[12]*"), ["10-a", "20-b"]);
        assert_eq!(names("a/none/*"), [""; 0]);
        assert_eq!(names("a/hooks/missing"), ["missing"]);
    }
}
