//! The command provider: a program that prints the document.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use gosync::testing::config::{Settings, Source};
use gosync::testing::providers::Provider;
use gosync::testing::run::{Env, Patience};
use gosync::testing::system::root::Root;
use tempfile::TempDir;

use super::dataset::{Tells, World};
use super::document::{Document, document};
use super::{File, Fixture, NAME, Place};

/// A program in a folder of its own, and the document that it prints.
pub struct Printed {
    dir: TempDir,
}

impl Printed {
    fn provider(&self, program: &str) -> Box<dyn Provider> {
        let text = format!(
            "[provider.{NAME}]\nkind = 'command'\ncommand = ['{}']\n",
            self.dir.path().join(program).display()
        );
        let path = self.dir.path().join("gosync.toml");
        let settings = Settings::new(vec![Source { path, text }], None).unwrap();
        let env = Env::new(settings, Root::new(None), Patience::None, 0.into());
        env.provider().unwrap()
    }

    /// A program that prints a file.
    fn put(&self, program: &str, file: &str, bytes: &[u8]) {
        let dir = self.dir.path();
        let (path, file) = (dir.join(program), dir.join(file));
        std::fs::write(&file, bytes).unwrap();
        write_program(
            &path,
            &format!("#!/bin/sh\nexec cat '{}'\n", file.display()),
        );
    }
}

/// Renamed into place: what another test's child still has open for writing cannot be started.
fn write_program(path: &Path, text: &str) {
    let script = format!(
        "cat > '{0}.new' && chmod 755 '{0}.new' && mv '{0}.new' '{0}'",
        path.display()
    );
    let mut input = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut input, text.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut input).unwrap();
    let mut shell = std::process::Command::new("/bin/sh");
    assert!(
        shell
            .args(["-c", &script])
            .stdin(input)
            .status()
            .unwrap()
            .success()
    );
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

impl Fixture for Printed {
    const TELLS: Tells = Document::TELLS;

    fn load(world: &World) -> Self {
        let printed = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let mut document = document(world);
        document["complete"] = true.into();
        printed.put(
            "people",
            "people.json",
            (document.to_string() + "\n").as_bytes(),
        );
        printed
    }

    fn open(&self, _page: usize) -> Box<dyn Provider> {
        self.provider("people")
    }

    fn place(&self) -> Place<'_> {
        Place::File(self)
    }
}

impl File for Printed {
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("people.json")).unwrap()
    }

    fn with(&self, bytes: Option<&[u8]>) -> Box<dyn Provider> {
        match bytes {
            Some(bytes) => self.put("other", "other.json", bytes),
            None => assert!(!self.dir.path().join("other").exists()),
        }
        self.provider("other")
    }
}
