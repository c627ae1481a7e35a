//! Homes: built aside from a skeleton, packed into an archive, taken away.
//!
//! A home is built in a directory that only root can enter, and renamed into place when it is whole; after that root
//! never walks it again but to remove it, and then from where its owner cannot reach it (CVE-2013-4235).

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, lchown,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Context as _, PathError, files, mounts, process};

/// How long packing one home may take.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(3_600);

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

/// Packs `home` into a file of the directory `into` (tar, gzip) with owners by number, ACLs and attributes, checks it
/// against the home, and writes it to disk. It is called `stem` and `.tar.gz`, with a number between if an earlier
/// archive of that name holds anything that the home does not.
///
/// # Errors
/// When tar(1) fails or finds a difference; no new archive is left then.
pub(crate) fn archive(home: &Path, into: &Path, stem: &str) -> Result<(), PathError> {
    if !into.is_dir() {
        return Err(io::Error::other("there is no such directory")).on("pack a home into", into);
    }
    let Some(tar) = process::find("tar") else {
        return Err(io::Error::other("tar(1) is not installed")).on("pack", home);
    };
    // One that holds nothing else is of an interrupted run, and is made anew.
    let usable = |path: &PathBuf| {
        fs::symlink_metadata(path).is_err() || run_tar(&tar, "--compare", home, path).is_ok()
    };
    let mut names = (1..).map(|n| {
        into.join(if n == 1 {
            format!("{stem}.tar.gz")
        } else {
            format!("{stem}.{n}.tar.gz")
        })
    });
    let Some(archive) = names.find(usable) else {
        return Ok(());
    };
    let temporary = into.join(format!("{stem}.tar.gz.part"));
    pack(&tar, home, &temporary)?;
    files::rename(&temporary, &archive)?;
    files::sync_dir(into)
}

/// What the name of an archive ends with that is packed as well as this host can.
pub(crate) fn archive_suffix() -> &'static str {
    if process::find("zstd").is_some() {
        ".tar.zst"
    } else {
        ".tar.gz"
    }
}

/// Packs `home` into the file `archive` as [`archive`] does, by zstd(1) if its name ends with `.zst`. What stood there is
/// replaced: it must be the home's own archive, of a run that was broken off before it took the home away.
///
/// # Errors
/// When tar(1) fails or finds a difference; no new archive is left then.
pub(crate) fn archive_as(home: &Path, archive: &Path) -> Result<(), PathError> {
    let Some(tar) = process::find("tar") else {
        return Err(io::Error::other("tar(1) is not installed")).on("pack", home);
    };
    if fs::symlink_metadata(archive).is_ok() && run_tar(&tar, "--compare", home, archive).is_ok() {
        return Ok(());
    }
    let dir = archive.parent().unwrap_or(archive);
    // What tar makes of the name follows from its end.
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let temporary = dir.join(format!("part-{name}"));
    pack(&tar, home, &temporary)?;
    files::rename(&temporary, archive)?;
    files::sync_dir(dir)
}

/// Makes an archive, compares it with the home, and writes it to disk.
fn pack(tar: &Path, home: &Path, temporary: &Path) -> Result<(), PathError> {
    files::remove(temporary)?;
    for what in ["--create", "--compare"] {
        if let Err(failure) = run_tar(tar, what, home, temporary) {
            files::remove(temporary)?;
            return Err(io::Error::other(failure)).on("pack", home);
        }
    }
    fs::set_permissions(temporary, Permissions::from_mode(0o600))
        .on("set the mode of", temporary)?;
    fs::File::open(temporary)
        .and_then(|f| f.sync_all())
        .on("sync", temporary)
}

/// Makes an archive of a home, or compares the two.
fn run_tar(tar: &Path, what: &str, home: &Path, archive: &Path) -> Result<(), String> {
    let (Some(parent), Some(name)) = (home.parent(), home.file_name()) else {
        return Err("this is no home".to_owned());
    };
    let packer = if archive.extension() == Some(OsStr::new("zst")) {
        "--zstd"
    } else {
        "--gzip"
    };
    let mut args = vec![OsStr::new(what)];
    args.extend(
        [
            "--numeric-owner",
            "--xattrs",
            "--acls",
            packer,
            "--one-file-system",
        ]
        .map(OsStr::new),
    );
    args.extend([
        "--directory".as_ref(),
        parent.as_os_str(),
        "--file".as_ref(),
        archive.as_os_str(),
    ]);
    args.extend([OsStr::new("--"), name]);
    match process::run(tar, &args, ARCHIVE_LIMIT) {
        Ok(answer) if answer.code == Some(0) => Ok(()),
        Ok(answer) => Err(format!(
            "tar {what}: {}",
            crate::model::shown(&answer.complaint)
        )),
        Err(e) => Err(format!("tar {what}: {e}")),
    }
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

    #[test]
    fn an_archive_holds_the_home() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("ann");
        build(&home, Path::new("/nonexistent"), ours()).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        let packed = dir.path().join("ann.tar.gz");
        archive(&home, dir.path(), "ann").unwrap();
        assert_eq!(fs::metadata(&packed).unwrap().mode() & 0o7777, 0o600);
        fs::remove_dir_all(&home).unwrap();
        let args: Vec<&OsStr> = vec![
            "-xzf".as_ref(),
            packed.as_os_str(),
            "-C".as_ref(),
            dir.path().as_os_str(),
        ];
        let tar = process::find("tar").unwrap();
        assert_eq!(
            process::run(&tar, &args, Duration::from_secs(20))
                .unwrap()
                .code,
            Some(0)
        );
        assert_eq!(fs::read(home.join("thesis")).unwrap(), b"text");
    }

    #[test]
    fn an_archive_with_a_name_of_its_own_is_made_anew_until_it_is_right() {
        let dir = tempfile::tempdir().unwrap();
        let (home, into) = (dir.path().join("ann"), dir.path().join("archive"));
        fs::create_dir(&into).unwrap();
        build(&home, Path::new("/nonexistent"), ours()).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        for name in ["ann.tar.zst", "ann.tar.gz"] {
            let archive = into.join(name);
            archive_as(&home, &archive).unwrap();
            let first = fs::read(&archive).unwrap();
            let magic: &[u8] = if name.ends_with("zst") {
                b"\x28\xb5\x2f\xfd"
            } else {
                b"\x1f\x8b"
            };
            assert!(first.starts_with(magic), "{name} is packed otherwise");
            archive_as(&home, &archive).unwrap();
            assert_eq!(fs::read(&archive).unwrap(), first, "nothing to do");
            fs::write(&archive, &first[..first.len() / 2]).unwrap();
            archive_as(&home, &archive).unwrap();
            assert_eq!(fs::metadata(&archive).unwrap().mode() & 0o7777, 0o600);
            let tar = process::find("tar").unwrap();
            assert_eq!(
                run_tar(&tar, "--compare", &home, &archive),
                Ok(()),
                "half an archive is replaced"
            );
        }
        assert_eq!(
            files::list(&into).unwrap(),
            ["ann.tar.gz", "ann.tar.zst"],
            "nothing else is left"
        );
    }

    #[test]
    fn an_archive_does_not_replace_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let (home, into) = (dir.path().join("ann"), dir.path().join("archive"));
        fs::create_dir(&into).unwrap();
        build(&home, Path::new("/nonexistent"), ours()).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        archive(&home, &into, "ann").unwrap();
        archive(&home, &into, "ann").unwrap();
        assert_eq!(
            files::list(&into).unwrap(),
            ["ann.tar.gz"],
            "the same again, as after an interrupted run"
        );
        let first = fs::read(into.join("ann.tar.gz")).unwrap();
        fs::remove_file(home.join("thesis")).unwrap();
        archive(&home, &into, "ann").unwrap();
        assert_eq!(files::list(&into).unwrap(), ["ann.2.tar.gz", "ann.tar.gz"]);
        assert_eq!(fs::read(into.join("ann.tar.gz")).unwrap(), first);
        assert!(
            archive(&home, &dir.path().join("nowhere"), "ann")
                .unwrap_err()
                .to_string()
                .contains("no such")
        );
    }
}
