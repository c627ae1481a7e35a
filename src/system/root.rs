//! The root that all managed paths are below: `/`, or what `--root` names.

use std::io;
use std::path::{Path, PathBuf};

use super::{Context as _, PathError};

/// Prefixes the paths of the managed host.
#[derive(Clone, Debug)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// The host itself, or the tree below `dir`. A relative one is below the directory in which the program was started,
    /// wherever a child of it is.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self(dir.map(|dir| std::path::absolute(&dir).unwrap_or(dir)))
    }

    /// The directory of another tree than the host's own.
    pub fn dir(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// Where the absolute path `path` of the managed host really is.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match &self.0 {
            None => path.to_owned(),
            Some(dir) => dir.join(path.strip_prefix("/").unwrap_or(path)),
        }
    }

    /// Finds out whether the absolute path `path` of the managed host, links included, stays below the root.
    ///
    /// # Errors
    /// When a link in it leads out of the root, or nowhere: a write there would not be one to the managed host.
    pub fn contains(&self, path: &Path) -> Result<(), PathError> {
        let Some(dir) = &self.0 else { return Ok(()) };
        let root = std::fs::canonicalize(dir).on("look at", dir)?;
        let real = self.path(path);
        let there = real
            .ancestors()
            .find(|path| std::fs::symlink_metadata(path).is_ok())
            .unwrap_or(dir);
        match std::fs::canonicalize(there) {
            Ok(end) if end.starts_with(&root) => Ok(()),
            _ => Err(io::Error::other(
                "a link in it leads nowhere, or out of --root; make it a relative one",
            ))
            .on("use", &real),
        }
    }

    /// Whether the managed host is the one this process runs on.
    pub fn is_host(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_prefixes_every_path() {
        assert_eq!(
            Root::new(None).path("/etc/passwd"),
            Path::new("/etc/passwd")
        );
        assert_eq!(
            Root::new(Some("/r".into())).path("/etc/passwd"),
            Path::new("/r/etc/passwd")
        );
    }

    #[test]
    fn links_must_not_lead_out_of_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let (outside, inside) = (dir.path().join("outside"), dir.path().join("root"));
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::create_dir_all(inside.join("srv/home")).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("out")).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", inside.join("nowhere")).unwrap();
        std::os::unix::fs::symlink("srv/home", inside.join("home")).unwrap();
        let root = Root::new(Some(inside));
        for (path, fits) in [
            ("/home", true),
            ("/home/ann", true),
            ("/new/one", true),
            ("/out", false),
            ("/out/ann", false),
            ("/nowhere/x", false),
        ] {
            assert_eq!(root.contains(Path::new(path)).is_ok(), fits, "{path}");
        }
        assert!(Root::new(None).contains(Path::new("/anything")).is_ok());
    }
}
