//! `kind = "snapshot"`: a directory for a web server, with what this host has as a directory document for other hosts.
//!
//! `directory.json.gz` is the document, `manifest.json` says which it is: its digest, when it was made, and a number that only
//! grows, so that nobody can hand out an old one for a new one. With `sign_key`, `manifest.json.sig` is its signature, as ssh-keygen(1)
//! -Y sign makes them, in the namespace `gosync`. The manifest comes last: who reads while it is put in place finds a document that
//! does not fit, and reads again.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::document;
use super::made::Content;
use super::roll::Roll;
use super::target::{self, Derived, Hand, MadeFile, Needs, Reads, Site};
use crate::model::{hex, units};
use crate::system::{clock, files, process};
use crate::targets::place::host_path;

/// What a signature is for, ssh-keygen(1).
const NAMESPACE: &str = "gosync";

/// How long ssh-keygen(1) may take.
const LIMIT: Duration = Duration::from_secs(20);

/// `[target.NAME]` with `kind = "snapshot"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The directory.
    #[serde(deserialize_with = "host_path")]
    path: PathBuf,
    /// The private key that signs; it has no passphrase, or an agent has it.
    #[serde(default)]
    sign_key: Option<PathBuf>,
    /// After how long the same is said anew, so that others see that it is not old.
    #[serde(default = "an_hour", deserialize_with = "units::duration")]
    refresh: Duration,
    /// Permission bits of new files.
    #[serde(default = "target::open_to_all", deserialize_with = "units::mode")]
    mode: u32,
}

fn an_hour() -> Duration {
    Duration::from_secs(3_600)
}

/// Which document it is.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Grows with each document.
    sequence: u64,
    /// When it was made.
    generated: String,
    /// The same, in seconds since 1970.
    time: i64,
    /// The file's name.
    document: String,
    /// SHA-256 of the file.
    sha256: String,
    /// SHA-256 of what it says, whenever it is made.
    content: String,
    users: usize,
    groups: usize,
}

impl Config {
    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The manifest that is there; `None`: none that can be used.
    fn before(&self, site: &Site<'_>) -> Option<Manifest> {
        let there = files::read_plain(&site.root.path(self.file("manifest.json")));
        serde_json::from_slice(&there.ok()??).ok()
    }

    fn made(&self, name: &str, bytes: Vec<u8>, content: Content) -> MadeFile {
        let (path, mode) = (self.file(name), self.mode);
        MadeFile {
            path,
            bytes,
            mode,
            content,
        }
    }
}

/// What a digest tells apart.
fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn packed(text: &str) -> Result<Vec<u8>, String> {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::default());
    let packed = packer
        .write_all(text.as_bytes())
        .and_then(|()| packer.finish());
    packed.map_err(|e| format!("the document cannot be packed: {e}"))
}

/// The signature of a text.
fn signed(key: &std::path::Path, text: &[u8]) -> Result<Vec<u8>, String> {
    let program = process::find("ssh-keygen").ok_or("ssh-keygen is not installed, and signs")?;
    let words = ["-Y", "sign", "-n", NAMESPACE, "-f"].map(OsStr::new);
    let words: Vec<&OsStr> = words.into_iter().chain([key.as_os_str()]).collect();
    let answer = process::run_with(&program, &words, text, LIMIT);
    let answer = answer.map_err(|e| format!("ssh-keygen cannot be run: {e}"))?;
    match (answer.code, answer.output.is_empty()) {
        (Some(0), false) => Ok(answer.output),
        _ => Err(format!(
            "ssh-keygen does not sign with {}: {}",
            key.display(),
            crate::model::shown(&answer.complaint)
        )),
    }
}

impl Derived for Config {
    fn check(&self) -> Result<(), String> {
        match self.refresh.is_zero() {
            true => Err(
                "refresh: with 0s each run would say the same anew; it must be 1s or more"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    fn paths(&self) -> Vec<PathBuf> {
        let signature = self.sign_key.as_ref().map(|_| "manifest.json.sig");
        let names = ["directory.json.gz", "manifest.json"]
            .into_iter()
            .chain(signature);
        names.map(|name| self.file(name)).collect()
    }

    fn reads(&self) -> Vec<Reads> {
        let key = self.sign_key.clone().into_iter();
        key.map(|path| Reads {
            what: "the key that signs the snapshot",
            path,
            needs: Needs::Secret,
        })
        .collect()
    }

    fn wants_keys(&self) -> bool {
        true
    }

    fn bring(&self, roll: &Roll<'_>, site: &Site<'_>, hand: &mut dyn Hand) -> Result<(), String> {
        let files = self.make(roll, site)?;
        files.iter().try_for_each(|file| hand.put(file))
    }
}

impl Config {
    /// Makes the files, in the order in which they are put in place; none: what is there is right.
    fn make(&self, roll: &Roll<'_>, site: &Site<'_>) -> Result<Vec<MadeFile>, String> {
        if let Some(why) = roll.twice() {
            return Err(why);
        }
        let now = site.now.seconds();
        // Of what was made at another time only that differs.
        let content = digest(document::text(roll, 0).as_bytes());
        let before = self.before(site);
        let refresh = i64::try_from(self.refresh.as_secs()).unwrap_or(i64::MAX);
        let is_right = |it: &Manifest| {
            site.is_untouched
                && it.content == content
                // Of a clock that was ahead nobody knows how old it is.
                && it.time <= now
                && !site.now.has_come(it.time.saturating_add(refresh))
        };
        if before.as_ref().is_some_and(is_right) {
            return Ok(Vec::new());
        }
        let packed = packed(&document::text(roll, now))?;
        let least = u64::try_from(now).unwrap_or(0);
        let manifest = Manifest {
            format: 1,
            // Also where the last one is lost.
            sequence: before.map_or(least, |it| it.sequence.saturating_add(1).max(least)),
            generated: clock::written(now),
            time: now,
            document: "directory.json.gz".to_owned(),
            sha256: digest(&packed),
            content,
            users: roll.accounts.len(),
            groups: roll.groups.len(),
        };
        let mut text = serde_json::to_vec_pretty(&manifest).map_err(|e| e.to_string())?;
        text.push(b'\n');
        let mut made = vec![self.made("directory.json.gz", packed, Content::Records)];
        if let Some(key) = &self.sign_key {
            let signature = signed(key, &text)?;
            made.push(self.made("manifest.json.sig", signature, Content::Whole));
        }
        made.push(self.made("manifest.json", text, Content::Whole));
        Ok(made)
    }
}
