//! Removes a tree of any depth with two descriptors and no recursion: what is found deep down is
//! renamed up into the tree's own top, so that no path and no stack grows with the depth.
//!
//! Nothing outside of the tree is touched: names are taken from descriptors of directories that no
//! link led to (openat2(2) with `RESOLVE_NO_SYMLINKS` and `RESOLVE_NO_XDEV`), and another file system
//! in the tree, also one bound from elsewhere, ends the work before it is entered. What others keep
//! making meanwhile, or cannot be removed, is told.

use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, renameat,
    unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use super::{look, remove};
use crate::model::shown;
use crate::system::{Context as _, PathError, mounts};

/// How often a directory that is not empty after all is gone through again.
const PASSES: u32 = 100;

/// How much of a path is told, in bytes from its end.
const TOLD: usize = 120;

/// Removes a directory with all that is in it, or a file. What is not there is no error.
///
/// # Errors
/// When something stays. If a file system is mounted in the tree, its kind is
/// [`io::ErrorKind::CrossesDevices`], and that file system is as it was.
pub(crate) fn remove_tree(path: &Path) -> Result<(), PathError> {
    match look(path)? {
        None => return Ok(()),
        Some(meta) if !meta.is_dir() => return remove(path),
        Some(_) => {}
    }
    // Without /proc nobody can say; then the mount is come upon later.
    if mounts::has_mounts(path).unwrap_or(false) {
        return Err(mounted("it")).on("remove", path);
    }
    sweep(path).on("remove", path)
}

fn sweep(path: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let top = retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?;
    let device = fstat(&top)?.st_dev;
    let mut sweep = Sweep {
        top,
        device,
        number: 0,
        queue: VecDeque::new(),
        failed: None,
    };
    for _ in 0..PASSES {
        sweep.pass()?;
        if let Some((name, error)) = sweep.failed {
            let what = format!("{}: {error}", shown(&name));
            return Err(io::Error::new(error.kind(), what));
        }
        match fs::remove_dir(path) {
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
    Err(busy())
}

fn mounted(what: &str) -> io::Error {
    let text = format!("a file system is mounted on or below {what}; unmount it first");
    io::Error::new(io::ErrorKind::CrossesDevices, text)
}

fn busy() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "something is made there again and again",
    )
}

/// A directory that stands in the top.
struct Found {
    name: CString,
    /// Where it was, as far as that is told.
    told: String,
    passes: u32,
}

/// How a look through a directory ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Emptied {
    /// All that was seen is gone from it.
    Yes,
    /// Something has to wait until there is more room in the top.
    Later,
    /// Something stays.
    No,
}

struct Sweep {
    top: OwnedFd,
    /// What the tree is on.
    device: u64,
    /// The last name that was given in the top.
    number: u64,
    queue: VecDeque<Found>,
    /// What could not be removed first.
    failed: Option<(String, io::Error)>,
}

impl Sweep {
    /// Goes through the whole tree once.
    fn pass(&mut self) -> io::Result<()> {
        let top = self.open(c".")?;
        self.scan(top, None)?;
        while let Some(found) = self.queue.pop_front() {
            self.empty(found)?;
        }
        Ok(())
    }

    /// Removes one directory of the top; what is in it and not empty comes into the top.
    fn empty(&mut self, mut found: Found) -> io::Result<()> {
        let dir = match self.open(&found.name) {
            Ok(dir) => dir,
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::XDEV) => return Err(mounted(&shown(&found.told).to_string())),
            Err(e) => {
                self.fail(found.told, e);
                return Ok(());
            }
        };
        match self.scan(dir, Some(&found.told))? {
            Emptied::No => return Ok(()),
            Emptied::Later => {}
            Emptied::Yes => match unlink(&self.top, &found.name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::NOTEMPTY | Errno::EXIST) => {}
                Err(e) => {
                    self.fail(found.told, e);
                    return Ok(());
                }
            },
        }
        found.passes += 1;
        match found.passes < PASSES {
            true => self.queue.push_back(found),
            false => self.failed = self.failed.take().or_else(|| Some((found.told, busy()))),
        }
        Ok(())
    }

    /// Opens a directory of the top; a mount is not entered.
    fn open(&self, name: &CStr) -> Result<Dir, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
        let dir = retry_on_intr(|| openat2(&self.top, name, flags, Mode::empty(), resolve));
        let dir = match dir {
            // Kernels before 5.6, and sandboxes that do not know it.
            Err(Errno::NOSYS | Errno::PERM) => {
                let dir = retry_on_intr(|| openat(&self.top, name, flags, Mode::empty()))?;
                if fstat(&dir)?.st_dev != self.device {
                    return Err(Errno::XDEV);
                }
                dir
            }
            other => other?,
        };
        Dir::new(dir)
    }

    /// Removes what is in a directory; what is a directory and not empty goes into the top, if it is not there.
    fn scan(&mut self, mut dir: Dir, inside: Option<&str>) -> io::Result<Emptied> {
        let mut emptied = Emptied::Yes;
        while let Some(entry) = dir.read() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    self.fail(inside.unwrap_or(".").to_owned(), e);
                    return Ok(Emptied::No);
                }
            };
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let is_dir = entry.file_type() == FileType::Directory;
            let done = match self.take(&dir, name, is_dir) {
                Ok(()) | Err(Errno::NOENT) => continue,
                Err(Errno::NOTEMPTY | Errno::EXIST) => self.lift(&dir, name, inside),
                Err(e) => Err(e),
            };
            match done {
                Ok(()) | Err(Errno::NOENT) => {}
                // What is done meanwhile makes room.
                Err(Errno::MLINK | Errno::NOSPC | Errno::DQUOT) => {
                    emptied = match emptied {
                        Emptied::No => Emptied::No,
                        _ => Emptied::Later,
                    }
                }
                Err(Errno::BUSY) => {
                    return Err(mounted(&shown(&told(inside, name)).to_string()));
                }
                Err(e) => {
                    self.fail(told(inside, name), e);
                    emptied = Emptied::No;
                }
            }
        }
        Ok(emptied)
    }

    /// Removes a file, or a directory that is empty.
    fn take(&self, dir: &Dir, name: &CStr, is_dir: bool) -> Result<(), Errno> {
        let dir = dir.fd()?;
        if !is_dir {
            match unlink(dir, name, AtFlags::empty()) {
                // Some file systems do not say what an entry is.
                Err(Errno::ISDIR) => {}
                other => return other,
            }
        }
        unlink(dir, name, AtFlags::REMOVEDIR)
    }

    /// Brings a directory into the top, and puts it in the queue.
    fn lift(&mut self, dir: &Dir, name: &CStr, inside: Option<&str>) -> Result<(), Errno> {
        let told = told(inside, name);
        let mut lifted = name.to_owned();
        if inside.is_some() {
            // A name that is taken by a file, or by a directory that is not empty, is passed over.
            lifted = (0..PASSES)
                .find_map(|_| {
                    self.number += 1;
                    let free = CString::new(format!("gosync-{}", self.number)).ok()?;
                    let from = dir.fd().ok()?;
                    match retry_on_intr(|| renameat(from, name, &self.top, &free)) {
                        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR | Errno::ISDIR) => None,
                        other => Some(other.map(|()| free)),
                    }
                })
                .unwrap_or(Err(Errno::EXIST))?;
        }
        self.queue.push_back(Found {
            name: lifted,
            told,
            passes: 0,
        });
        Ok(())
    }

    fn fail(&mut self, told: String, error: Errno) {
        self.failed
            .get_or_insert_with(|| (told, io::Error::from(error)));
    }
}

fn unlink(dir: impl AsFd, name: &CStr, flags: AtFlags) -> Result<(), Errno> {
    retry_on_intr(|| unlinkat(&dir, name, flags))
}

/// The end of the path of `name`.
fn told(inside: Option<&str>, name: &CStr) -> String {
    let name = name.to_string_lossy();
    let path = match inside {
        Some(inside) => format!("{inside}/{name}"),
        None => name.into_owned(),
    };
    match path
        .char_indices()
        .rev()
        .find(|(at, _)| path.len() - at > TOLD)
    {
        Some((at, first)) => format!("...{}", path.get(at + first.len_utf8()..).unwrap_or("")),
        None => path,
    }
}

#[cfg(test)]
mod tests;
