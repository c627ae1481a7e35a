//! Homes: built aside from a skeleton, and taken away.
//!
//! A home is built in a directory that only root can enter, and renamed into place when it is whole; after that root
//! never walks it again but to remove it, and then from where its owner cannot reach it (CVE-2013-4235).

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, lchown,
};
use std::path::Path;

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

/// Builds a home at `staged` from the skeleton `skel` (none, if that is not there).
///
/// # Errors
/// When anything cannot be copied; `staged` may be left behind then.
pub(crate) fn build(staged: &Path, skel: &Path, owner: Ownership) -> Result<(), PathError> {
    files::remove_tree(staged)?;
    DirBuilder::new()
        .mode(0o700)
        .create(staged)
        .on("make", staged)?;
    // The skeleton itself may be a link; what it is must be known, since an unread one makes an empty home.
    match fs::metadata(skel) {
        Ok(meta) if meta.is_dir() => copy_tree(skel, staged, owner)?,
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e).on("look at", skel),
        _ => {}
    }
    hand_over(staged, owner)?;
    fs::set_permissions(staged, Permissions::from_mode(owner.mode)).on("set the mode of", staged)
}

fn copy_tree(from: &Path, to: &Path, owner: Ownership) -> Result<(), PathError> {
    for name in files::list(from)? {
        let (source, copy) = (from.join(&name), to.join(&name));
        let meta = fs::symlink_metadata(&source).on("look at", &source)?;
        if meta.is_dir() {
            DirBuilder::new()
                .mode(0o700)
                .create(&copy)
                .on("make", &copy)?;
            copy_tree(&source, &copy, owner)?;
        } else if meta.is_file() {
            copy_file(&source, &copy)?;
        } else if meta.is_symlink() {
            let target = fs::read_link(&source).on("read", &source)?;
            std::os::unix::fs::symlink(target, &copy).on("make", &copy)?;
        } else {
            continue; // devices, sockets and fifos do not belong into a home
        }
        hand_over(&copy, owner)?;
        if !meta.is_symlink() {
            // After the change of owner, which would clear set-id bits.
            fs::set_permissions(&copy, Permissions::from_mode(meta.mode() & 0o777))
                .on("set the mode of", &copy)?;
        }
    }
    Ok(())
}

fn copy_file(source: &Path, copy: &Path) -> Result<(), PathError> {
    let mut reader = fs::File::open(source).on("read", source)?;
    let mut writer = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(copy)
        .on("make", copy)?;
    io::copy(&mut reader, &mut writer)
        .on("write", copy)
        .map(|_| ())
}

fn hand_over(path: &Path, owner: Ownership) -> Result<(), PathError> {
    if process::is_root() {
        lchown(path, Some(owner.uid), Some(owner.gid)).on("change the owner of", path)?;
    }
    Ok(())
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
        build(&home, &skel, ours()).unwrap();
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
}
