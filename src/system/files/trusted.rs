//! Files whose owner, mode and length are looked at before they are believed: the configuration, its secrets, documents
//! and keys.
//!
//! What others may write is told with the command that mends it, and is not mended here.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::libc::{O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK};

use super::{look, open_plain, resolved};
use crate::system::programs::Distrust;
use crate::system::{Context as _, PathError};

/// Who may do what to a file that we trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nobody else may write it.
    Config,
    /// Nobody else may write or read it.
    Secret,
}

/// Reads a file that we trust: owned by root or by us, and not open to others as `trust` says; the same for the
/// directory it is in, as far as writing goes.
///
/// # Errors
/// When it is not to be trusted, with the command that mends it, or cannot be read.
pub(crate) fn read_trusted(path: &Path, trust: Trust) -> Result<Vec<u8>, PathError> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(path)
        .on("read", path)?;
    let meta = file.metadata().on("read", path)?;
    let us = nix::unistd::geteuid().as_raw();
    let complaint = if !meta.is_file() {
        Some("it is no regular file".to_owned())
    } else if meta.uid() != 0 && meta.uid() != us {
        Some(format!(
            "it belongs to the uid {}; `chown root` it",
            meta.uid()
        ))
    } else if meta.mode() & 0o022 != 0 {
        Some("others may write it; `chmod go-w` it".to_owned())
    } else if trust == Trust::Secret && meta.mode() & 0o077 != 0 {
        Some("it is a secret, and others may read it; `chmod 600` it".to_owned())
    } else {
        None
    };
    if let Some(complaint) = complaint.or_else(|| untrusted_parent(path, us)) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, complaint)).on("trust", path);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).on("read", path)?;
    Ok(bytes)
}

fn untrusted_parent(path: &Path, us: u32) -> Option<String> {
    let parent = fs::canonicalize(path).ok()?;
    let parent = parent.parent()?;
    let meta = fs::metadata(parent).ok()?;
    let sticky = meta.mode() & 0o1000 != 0;
    if meta.uid() != 0 && meta.uid() != us {
        return Some(format!(
            "its directory {} belongs to the uid {}",
            parent.display(),
            meta.uid()
        ));
    }
    (meta.mode() & 0o022 != 0 && !sticky).then(|| {
        format!(
            "others may write its directory {}; `chmod go-w` it",
            parent.display()
        )
    })
}

/// Reads any file, as the directory document of the file provider; at most `limit` bytes.
///
/// # Errors
/// When it cannot be read or is longer.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, PathError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(path)
        .on("read", path)?;
    if !file.metadata().on("read", path)?.is_file() {
        return Err(io::Error::other("it is no regular file")).on("read", path);
    }
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .on("read", path)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes"))).on("read", path);
    }
    Ok(bytes)
}

/// Reads a regular file of at most `limit` bytes in a directory, following no link. `name` is the name of a file and no
/// path. `Ok(None)`: there is none.
///
/// # Errors
/// When it is something else than a regular file, cannot be read, or is longer.
pub(crate) fn read_entry(dir: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, PathError> {
    let path = dir.join(name);
    if Path::new(name).components().count() != 1 || path.parent() != Some(dir) {
        return Err(io::Error::other("it is not the name of a file")).on("read", &path);
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(&path);
    let file = match file {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(io::Error::other("it is a symbolic link")).on("read", &path);
        }
        other => other.on("read", &path)?,
    };
    if !file.metadata().on("read", &path)?.is_file() {
        return Err(io::Error::other("it is no regular file")).on("read", &path);
    }
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .on("read", &path)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes"))).on("read", &path);
    }
    Ok(Some(bytes))
}

/// What is in a file, and its mode if it belongs to root or to us.
pub(crate) type Shown = (Vec<u8>, Option<u32>);

/// Reads a regular file that everybody may see, following no link at its end. `Ok(None)`: there is none.
///
/// # Errors
/// When it is something else than a regular file, cannot be read, or is longer than `limit`.
pub(crate) fn read_shown(path: &Path, limit: u64) -> Result<Option<Shown>, PathError> {
    let Some((file, length)) = open_plain(path)? else {
        return Ok(None);
    };
    let meta = file.metadata().on("read", path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .on("read", path)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is longer than {limit} bytes"))).on("read", path);
    }
    let is_ours = is_trusted_owner(meta.uid());
    Ok(Some((bytes, is_ours.then_some(meta.mode() & 0o7777))))
}

fn is_trusted_owner(uid: u32) -> bool {
    uid == 0 || uid == nix::unistd::geteuid().as_raw()
}

/// Why a directory, or one above it that is below `top`, cannot be trusted: others may write there. `None`: it can, or
/// it is not there yet.
///
/// # Errors
/// When nobody can say.
pub(crate) fn untrusted_directory(dir: &Path, top: &Path) -> Result<Option<Distrust>, PathError> {
    if look(dir)?.is_some_and(|meta| !meta.is_dir()) {
        return Ok(Some(Distrust::Odd("it is no directory")));
    }
    let mut there = dir;
    while look(there)?.is_none() {
        there = there.parent().unwrap_or(top);
    }
    let (real, top) = (resolved(there)?, resolved(top)?);
    for path in real.ancestors().take_while(|path| path.starts_with(&top)) {
        let meta = fs::metadata(path).on("look at", path)?;
        if !is_trusted_owner(meta.uid()) {
            return Ok(Some(Distrust::Owner(path.to_owned(), meta.uid())));
        }
        if meta.mode() & 0o022 != 0 {
            return Ok(Some(Distrust::Writable(path.to_owned())));
        }
    }
    Ok(None)
}
