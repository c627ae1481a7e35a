//! Homes: built aside from a skeleton, and taken away.
//!
//! A home is built in a directory that only root can enter, and renamed into place when it is whole; after that root
//! never walks it again but to remove it, and then from where its owner cannot reach it (CVE-2013-4235). All of it is made
//! through the descriptors of directories, and no link is followed: what is looked at is what is used.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Uid, chownat, fchmod, fchown, fstat, fsync, mkdirat, openat,
    symlinkat,
};
use rustix::io::Errno;

use super::replace::staging_dir;
use super::{Context as _, PathError, files, mounts, process};

/// Whose a new home is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Permission bits of the home itself.
    pub mode: u32,
}

/// How many names are tried for one home: what an earlier run could not remove keeps its own.
const NAMES: u32 = 1_000;

/// Where the new homes of a base are built: a directory in it that only root can enter.
#[derive(Debug)]
pub(crate) struct BuildDir {
    dir: OwnedFd,
    path: PathBuf,
}

impl BuildDir {
    /// Opens it in the base at `path`, which is open as `base`, and makes it if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or what is there is not ours alone.
    pub(crate) fn open(base: &OwnedFd, path: &Path) -> Result<Self, PathError> {
        let path = staging_dir(path);
        let name = path.file_name().unwrap_or_default();
        match mkdirat(base, name, PRIVATE) {
            Ok(()) => fsync(base).on("sync", &path)?,
            Err(Errno::EXIST) => {}
            Err(e) => return Err(e).on("make", &path),
        }
        let ours = || {
            let dir = openat(base, name, DIRECTORY, Mode::empty())?;
            let stat = fstat(&dir)?;
            let is_ours = stat.st_uid == nix::unistd::geteuid().as_raw();
            match is_ours && stat.st_mode & 0o022 == 0 {
                true => Ok(dir),
                false => Err(Errno::NOTDIR),
            }
        };
        let dir = match ours() {
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let reason = "it must be a directory of ours that nobody else may write";
                return Err(io::Error::other(reason)).on("use", &path);
            }
            other => other.on("open", &path)?,
        };
        Ok(Self { dir, path })
    }

    /// Builds a home from the skeleton `skel` (none, if that is not there). Returns where it stands.
    ///
    /// # Errors
    /// When anything cannot be copied; then nothing of it is left that could be removed.
    pub(crate) fn build(
        &self,
        name: &OsStr,
        skel: &Path,
        owner: Ownership,
    ) -> Result<PathBuf, PathError> {
        let (name, path) = self.make(name)?;
        let filled = self.fill(&name, &path, skel, owner);
        if filled.is_err() {
            let _ = files::remove_tree(&path); // the first error counts, and the next run removes the rest
        }
        filled.map(|()| path)
    }

    /// Makes a directory with a name that is free.
    fn make(&self, name: &OsStr) -> Result<(OsString, PathBuf), PathError> {
        for n in 1..NAMES {
            let mut name = name.to_owned();
            if n > 1 {
                name.push(format!(".{n}"));
            }
            let path = self.path.join(&name);
            match mkdirat(&self.dir, &name, PRIVATE) {
                Ok(()) => return Ok((name, path)),
                Err(Errno::EXIST) => {}
                Err(e) => return Err(e).on("make", &path),
            }
        }
        let reason = "it is full of what earlier runs could not remove; remove it by hand";
        Err(io::Error::other(reason)).on("use", &self.path)
    }

    fn fill(
        &self,
        name: &OsStr,
        path: &Path,
        skel: &Path,
        owner: Ownership,
    ) -> Result<(), PathError> {
        let home = openat(&self.dir, name, DIRECTORY, Mode::empty()).on("open", path)?;
        // The skeleton itself may be a link; what it is must be known, since an unread one makes an empty home.
        match fs::metadata(skel) {
            Ok(meta) if meta.is_dir() => copy_tree(skel, (&home, path), owner)?,
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e).on("look at", skel),
            _ => {}
        }
        hand_over(&home, path, owner, owner.mode)
    }

    /// Writes everything on its file system to disk: one call instead of one for each file of each home.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn sync(&self) -> Result<(), PathError> {
        nix::unistd::syncfs(&self.dir).on("sync", &self.path)
    }
}

const PRIVATE: Mode = Mode::RWXU;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Copies what is in a directory of the skeleton into one that is open. Devices, sockets and fifos do not belong into a
/// home.
fn copy_tree(
    from: &Path,
    (to, path): (&OwnedFd, &Path),
    owner: Ownership,
) -> Result<(), PathError> {
    for name in files::list(from)? {
        let (source, copy) = (from.join(&name), path.join(&name));
        let meta = fs::symlink_metadata(&source).on("look at", &source)?;
        let mode = meta.mode() & 0o777;
        if meta.is_dir() {
            mkdirat(to, &name, PRIVATE).on("make", &copy)?;
            let dir = openat(to, &name, DIRECTORY, Mode::empty()).on("open", &copy)?;
            copy_tree(&source, (&dir, &copy), owner)?;
            hand_over(&dir, &copy, owner, mode)?;
        } else if meta.is_file() {
            let mut reader = fs::File::open(&source).on("read", &source)?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
            let made = openat(to, &name, flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR);
            let mut writer = fs::File::from(made.on("make", &copy)?);
            io::copy(&mut reader, &mut writer).on("write", &copy)?;
            hand_over(&writer, &copy, owner, mode)?;
        } else if meta.is_symlink() {
            let target = fs::read_link(&source).on("read", &source)?;
            symlinkat(&target, to, &name).on("make", &copy)?;
            if let Some((uid, gid)) = owner.ids() {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                chownat(to, &name, uid, gid, flags).on("change the owner of", &copy)?;
            }
        }
    }
    Ok(())
}

/// The owner first: a change of it clears set-id bits.
fn hand_over(file: impl AsFd, path: &Path, owner: Ownership, mode: u32) -> Result<(), PathError> {
    if let Some((uid, gid)) = owner.ids() {
        fchown(&file, uid, gid).on("change the owner of", path)?;
    }
    fchmod(&file, Mode::from_raw_mode(mode)).on("set the mode of", path)
}

impl Ownership {
    /// For those who may give files away.
    fn ids(self) -> Option<(Option<Uid>, Option<Gid>)> {
        process::is_root().then(|| (Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid))))
    }
}

/// Writes everything below `dir`'s file system to disk: one call instead of one for each file of each home.
///
/// # Errors
/// When that fails.
pub(crate) fn sync(dir: &Path) -> Result<(), PathError> {
    let file = fs::File::open(dir).on("open", dir)?;
    nix::unistd::syncfs(&file).on("sync", dir)
}

/// Finds out whether a home can be taken away whole.
///
/// # Errors
/// When something is mounted on or below it.
pub(crate) fn probe_removal(home: &Path) -> Result<(), PathError> {
    if mounts::has_mounts(home).on("look for mounts below", home)? {
        return Err(io::Error::other("something is mounted there")).on("remove", home);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn ours() -> Ownership {
        Ownership {
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
            mode: 0o750,
        }
    }

    #[test]
    fn a_home_is_a_copy_of_the_skeleton() {
        let dir = tempfile::tempdir().unwrap();
        let (skel, home) = (dir.path().join("skel"), dir.path().join("home"));
        fs::create_dir_all(skel.join(".config")).unwrap();
        fs::write(skel.join(".profile"), "text").unwrap();
        fs::set_permissions(skel.join(".profile"), Permissions::from_mode(0o640)).unwrap();
        fs::write(skel.join(".config/a"), "a").unwrap();
        std::os::unix::fs::symlink("/nowhere", skel.join("link")).unwrap();
        let base = fs::File::open(dir.path()).unwrap().into();
        let built = BuildDir::open(&base, dir.path()).unwrap();
        assert_eq!(
            built.build("home".as_ref(), &skel, ours()).unwrap(),
            dir.path().join(".gosync/home")
        );
        fs::rename(dir.path().join(".gosync/home"), &home).unwrap();
        assert_eq!(fs::metadata(&home).unwrap().mode() & 0o7777, 0o750);
        assert_eq!(
            fs::metadata(home.join(".profile")).unwrap().mode() & 0o7777,
            0o640
        );
        assert_eq!(fs::read(home.join(".config/a")).unwrap(), b"a");
        assert_eq!(
            fs::read_link(home.join("link")).unwrap(),
            Path::new("/nowhere")
        );
    }
    #[test]
    fn homes_are_built_where_only_we_can_enter_and_nothing_is_led_astray() {
        let dir = tempfile::tempdir().unwrap();
        let (skel, elsewhere) = (dir.path().join("skel"), dir.path().join("elsewhere"));
        fs::create_dir_all(skel.join("a")).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        let base: OwnedFd = fs::File::open(dir.path()).unwrap().into();
        let planted = dir.path().join(".gosync");
        std::os::unix::fs::symlink(&elsewhere, &planted).unwrap();
        let error = BuildDir::open(&base, dir.path()).unwrap_err().to_string();
        assert!(error.contains("a directory of ours"), "{error}");
        fs::remove_file(&planted).unwrap();
        let built = BuildDir::open(&base, dir.path()).unwrap();
        // What takes its name after it was opened gets nothing.
        fs::rename(&planted, dir.path().join("away")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &planted).unwrap();
        built.build("ann".as_ref(), &skel, ours()).unwrap();
        built.build("ann".as_ref(), &skel, ours()).unwrap();
        assert_eq!(files::list(&elsewhere).unwrap(), [""; 0]);
        let away = files::list(&dir.path().join("away")).unwrap();
        assert_eq!(away, ["ann", "ann.2"]);
    }

    #[test]
    fn what_is_half_built_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let skel = dir.path().join("skel");
        fs::create_dir(&skel).unwrap();
        // Deeper than a path can be long: reading it fails in the midst.
        let name = "d".repeat(200);
        let chain = |at: PathBuf| (0..12).fold(at, |at, _| at.join(&name));
        fs::create_dir_all(chain(skel.clone())).unwrap();
        fs::create_dir_all(chain(dir.path().join("more"))).unwrap();
        fs::rename(
            dir.path().join("more").join(&name),
            chain(skel.clone()).join(&name),
        )
        .unwrap();
        let base: OwnedFd = fs::File::open(dir.path()).unwrap().into();
        let built = BuildDir::open(&base, dir.path()).unwrap();
        built.build("ann".as_ref(), &skel, ours()).unwrap_err();
        assert_eq!(files::list(&dir.path().join(".gosync")).unwrap(), [""; 0]);
    }
}
