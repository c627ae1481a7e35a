//! The root that all managed paths are below: `/`, or what `--root` names.

use std::path::{Path, PathBuf};

/// Prefixes the paths of the managed host.
#[derive(Clone, Debug)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// The host itself, or the tree below `dir`.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self(dir)
    }

    /// Where the absolute path `path` of the managed host really is.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match &self.0 {
            None => path.to_owned(),
            Some(dir) => dir.join(path.strip_prefix("/").unwrap_or(path)),
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
        assert_eq!(Root::new(None).path("/etc/passwd"), Path::new("/etc/passwd"));
        assert_eq!(Root::new(Some("/r".into())).path("/etc/passwd"), Path::new("/r/etc/passwd"));
    }
}
