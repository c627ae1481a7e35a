//! Packs a home by tar(1) into a file that only root may read.
//!
//! The home stands where nobody else reaches it, and the directory of archives is one that nobody else may write; whoever
//! calls has seen to both. tar never opens an archive by its name: it gets a descriptor, of a file that was made here
//! (`O_EXCL`, `O_NOFOLLOW`) or that is a plain file of root's with one name. Holes stay holes. tar has so much time and
//! no more.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::libc::{O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK};

use super::child::{From, Invocation, To};
use super::{Context as _, PathError, clock, files, process};

/// How many archives of one stem there may be.
const MOST: usize = 1_000;

/// How much of what tar says is kept, in bytes.
const COMPLAINT: usize = 4096;

/// What the name of an archive ends with that is packed as well as this host can.
pub(crate) fn suffix() -> &'static str {
    if process::find("zstd").is_some() {
        ".tar.zst"
    } else {
        ".tar.gz"
    }
}

/// Packs `home` into a file of the directory `into` (tar, gzip) with owners by number, ACLs and attributes, reads it back,
/// and writes it to disk, all within `limit`. It is called `stem` and `.tar.gz`, with a number between if that name is
/// taken by anything but an archive of the very same.
///
/// # Errors
/// When tar(1) fails, with its reason, or takes longer; no new archive is left then.
pub(crate) fn archive(
    home: &Path,
    into: &Path,
    stem: &str,
    limit: Duration,
) -> Result<(), PathError> {
    let deadline = clock::deadline(limit);
    let tar = tar(home)?;
    if !into.is_dir() {
        return Err(io::Error::other("there is no such directory")).on("pack a home into", into);
    }
    for n in 1..=MOST {
        let path = into.join(match n {
            1 => format!("{stem}.tar.gz"),
            n => format!("{stem}.{n}.tar.gz"),
        });
        if files::look(&path)?.is_none() {
            return pack(&tar, home, &path, deadline);
        }
        // One that holds nothing else is of a run that was broken off.
        if holds(&tar, home, &path, clock::left(deadline)).unwrap_or(false) {
            return Ok(());
        }
    }
    let reason = "there are too many archives of this name; move some away";
    Err(io::Error::other(reason)).on("pack a home into", into)
}

/// Packs `home` into the file `archive` as [`archive`] does, by zstd(1) if its name ends with `.zst`. What stood there is
/// replaced: it must be the home's own archive, of a run that was broken off before it took the home away.
///
/// # Errors
/// When tar(1) fails, with its reason, or takes longer; no new archive is left then.
pub(crate) fn archive_as(home: &Path, archive: &Path, limit: Duration) -> Result<(), PathError> {
    if let Some(meta) = files::look(archive)? {
        plain(&meta)
            .map_err(io::Error::other)
            .on("replace", archive)?;
    }
    pack(&tar(home)?, home, archive, clock::deadline(limit))
}

fn tar(home: &Path) -> Result<PathBuf, PathError> {
    let missing = || io::Error::other("tar(1) is not installed");
    process::find("tar").ok_or_else(missing).on("pack", home)
}

/// Whether a file may be what we once wrote.
fn plain(meta: &fs::Metadata) -> Result<(), &'static str> {
    let is_ours = meta.uid() == 0 || meta.uid() == nix::unistd::geteuid().as_raw();
    match meta.is_file() && meta.nlink() == 1 && is_ours {
        true => Ok(()),
        false => Err("it is no plain file of root's with one name; move it away"),
    }
}

/// Makes an archive, reads it back, writes it to disk, and gives it its name.
fn pack(tar: &Path, home: &Path, archive: &Path, deadline: Instant) -> Result<(), PathError> {
    let dir = archive.parent().unwrap_or(archive);
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let temporary = dir.join(format!("part-{name}"));
    files::remove(&temporary)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(&temporary)
        .on("make", &temporary)?;
    let written = write(tar, home, (&file, archive), deadline)
        .map_err(io::Error::other)
        .on("pack", home)
        .and_then(|()| file.sync_all().on("sync", &temporary))
        .and_then(|()| files::rename(&temporary, archive))
        .and_then(|()| files::sync_dir(dir));
    if written.is_err() {
        let _ = files::remove(&temporary); // the first error counts
    }
    written
}

/// Packs into a file, and reads it back to its end.
fn write(
    tar: &Path,
    home: &Path,
    (file, archive): (&File, &Path),
    deadline: Instant,
) -> Result<(), String> {
    let (Some(parent), Some(name)) = (home.parent(), home.file_name()) else {
        return Err("this is no home".to_owned());
    };
    let copy = || file.try_clone().map_err(|e| e.to_string());
    let mut args = vec![OsStr::new("--create"), packer(archive)];
    args.extend(KEPT.map(OsStr::new));
    args.extend(["--sparse", "--one-file-system", "--directory"].map(OsStr::new));
    args.extend([parent.as_os_str(), "--file=-".as_ref(), "--".as_ref(), name]);
    let to = To::File(copy()?, COMPLAINT);
    run_tar(tar, &args, (From::Bytes(b""), to), deadline)?;
    let mut read = copy()?;
    io::Seek::rewind(&mut read).map_err(|e| e.to_string())?;
    let args = [OsStr::new("--list"), packer(archive), "--file=-".as_ref()];
    // Names are of no use here.
    let io = (From::File(read), To::Each(0, COMPLAINT));
    run_tar(tar, &args, io, deadline)
}

/// Whether an archive that is there holds the home as it is, and nothing else.
fn holds(tar: &Path, home: &Path, archive: &Path, left: Duration) -> Result<bool, String> {
    let flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(archive)
        .map_err(|e| e.to_string())?;
    let meta = file.metadata().map_err(|e| e.to_string())?;
    if plain(&meta).is_err() {
        return Ok(false);
    }
    let parent = home.parent().unwrap_or(home);
    let mut args = vec![OsStr::new("--compare"), packer(archive)];
    args.extend(KEPT.map(OsStr::new));
    args.extend([
        "--directory".as_ref(),
        parent.as_os_str(),
        "--file=-".as_ref(),
    ]);
    let io = (From::File(file), To::Each(0, COMPLAINT));
    Ok(run_tar(tar, &args, io, clock::deadline(left)).is_ok())
}

/// What is kept of a file besides its bytes.
const KEPT: [&str; 3] = ["--numeric-owner", "--xattrs", "--acls"];

fn packer(archive: &Path) -> &'static OsStr {
    match archive.extension() == Some(OsStr::new("zst")) {
        true => OsStr::new("--zstd"),
        false => OsStr::new("--gzip"),
    }
}

/// Runs tar(1); why it failed, by the first line that it says.
fn run_tar(
    tar: &Path,
    args: &[&OsStr],
    (input, output): (From<'_>, To),
    deadline: Instant,
) -> Result<(), String> {
    let what = Invocation {
        program: tar,
        args,
        env: &[],

        user: None,
        input,
        output,
    };
    let answer = process::answer(what, clock::left(deadline)).map_err(|e| format!("tar: {e}"))?;
    let said = answer.complaint.lines().next().unwrap_or_default();
    let itself = format!("{}: ", tar.display());
    let said = said.strip_prefix(itself.as_str()).unwrap_or(said);
    match answer.code {
        Some(0) => Ok(()),
        Some(code) if said.is_empty() => Err(format!("tar: it ended with the exit code {code}")),
        Some(_) => Err(format!("tar: {}", crate::model::shown(said))),
        None => Err("tar: a signal ended it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_archive_holds_the_home() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("ann");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        let packed = dir.path().join("ann.tar.gz");
        archive(&home, dir.path(), "ann", LONG).unwrap();
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
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        for name in ["ann.tar.zst", "ann.tar.gz"] {
            let archive = into.join(name);
            archive_as(&home, &archive, LONG).unwrap();
            let first = fs::read(&archive).unwrap();
            let magic: &[u8] = if name.ends_with("zst") {
                b"\x28\xb5\x2f\xfd"
            } else {
                b"\x1f\x8b"
            };
            assert!(first.starts_with(magic), "{name} is packed otherwise");
            fs::write(&archive, &first[..first.len() / 2]).unwrap();
            archive_as(&home, &archive, LONG).unwrap();
            assert_eq!(fs::metadata(&archive).unwrap().mode() & 0o7777, 0o600);
            let tar = process::find("tar").unwrap();
            assert_eq!(
                holds(&tar, &home, &archive, LONG),
                Ok(true),
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
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        archive(&home, &into, "ann", LONG).unwrap();
        archive(&home, &into, "ann", LONG).unwrap();
        assert_eq!(
            files::list(&into).unwrap(),
            ["ann.tar.gz"],
            "the same again, as after an interrupted run"
        );
        let first = fs::read(into.join("ann.tar.gz")).unwrap();
        fs::remove_file(home.join("thesis")).unwrap();
        archive(&home, &into, "ann", LONG).unwrap();
        assert_eq!(files::list(&into).unwrap(), ["ann.2.tar.gz", "ann.tar.gz"]);
        assert_eq!(fs::read(into.join("ann.tar.gz")).unwrap(), first);
        assert!(
            archive(&home, &dir.path().join("nowhere"), "ann", LONG)
                .unwrap_err()
                .to_string()
                .contains("no such")
        );
    }

    #[test]
    fn what_is_planted_under_the_name_of_an_archive_is_neither_read_nor_written() {
        let dir = tempfile::tempdir().unwrap();
        let (home, into, other) = (
            dir.path().join("ann"),
            dir.path().join("archive"),
            dir.path().join("other"),
        );
        fs::create_dir(&into).unwrap();
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis"), "text").unwrap();
        fs::write(&other, "secret").unwrap();
        symlink(&other, into.join("part-ann.4.tar.gz")).unwrap();
        symlink(&other, into.join("ann.tar.gz")).unwrap();
        fs::hard_link(&other, into.join("ann.2.tar.gz")).unwrap();
        let fifo = nix::sys::stat::Mode::S_IRUSR;
        nix::unistd::mkfifo(&into.join("ann.3.tar.gz"), fifo).unwrap();
        archive(&home, &into, "ann", LONG).unwrap();
        assert!(into.join("ann.4.tar.gz").is_file());
        assert!(!into.join("part-ann.4.tar.gz").exists());
        for name in ["ann.tar.gz", "ann.2.tar.gz", "ann.3.tar.gz"] {
            let error = archive_as(&home, &into.join(name), LONG).unwrap_err();
            assert!(error.to_string().contains("no plain file"), "{error}");
        }
        assert_eq!(fs::read(&other).unwrap(), b"secret");
    }

    #[test]
    fn holes_stay_holes_and_what_takes_too_long_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let (home, into) = (dir.path().join("ann"), dir.path().join("archive"));
        fs::create_dir(&into).unwrap();
        fs::create_dir(&home).unwrap();
        let huge = File::create(home.join("huge")).unwrap();
        huge.set_len(8 << 40).unwrap();
        archive(&home, &into, "ann", LONG).unwrap();
        assert!(fs::metadata(into.join("ann.tar.gz")).unwrap().len() < 1 << 20);
        let error = archive(&home, &into, "late", Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("did not end within"), "{error}");
        assert_eq!(files::list(&into).unwrap(), ["ann.tar.gz"]);
    }

    #[test]
    fn why_tar_fails_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let error = archive(&dir.path().join("none"), dir.path(), "ann", LONG).unwrap_err();
        assert!(error.to_string().contains("none: Cannot stat"), "{error}");
    }
}
