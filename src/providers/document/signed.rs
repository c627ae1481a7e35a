//! A snapshot of another host: a packed document, the manifest that says which one it is, and the manifest's signature.
//!
//! Only a manifest that one of the allowed signers has signed, as ssh-keygen(1) -Y verify says, says anything; only the document whose
//! digest stands in it is taken apart. That its number never goes back is for the run, which remembers it. Made by the target
//! `snapshot`.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::malformed;
use crate::model::{hex, shown};
use crate::providers::FetchError;
use crate::system::memory_file::MemoryFile;
use crate::system::process;

/// Whose signature counts, and what for: ssh-keygen(1), ALLOWED SIGNERS.
const SIGNER: &str = "gosync";

/// How long ssh-keygen(1) may take.
const LIMIT: Duration = Duration::from_secs(20);

/// How often files that do not fit together are read: they may be put in place at this moment.
const TRIES: u32 = 2;

/// The file that says which document it is.
pub(in crate::providers) const MANIFEST: &str = "manifest.json";

/// What a manifest says.
#[derive(Debug, Deserialize)]
struct Manifest {
    format: u32,
    sequence: u64,
    document: String,
    sha256: String,
}

/// Who may sign.
#[derive(Clone, Debug)]
pub(in crate::providers) struct Signers(pub(in crate::providers) PathBuf);

/// A document that was signed.
#[derive(Debug)]
pub(in crate::providers) struct Signed {
    /// What it says.
    pub bytes: Vec<u8>,
    /// Its number, which grows with each.
    pub edition: u64,
}

/// Gives a file of a snapshot, by its name.
pub(in crate::providers) type File<'a> = dyn Fn(&str) -> Result<Vec<u8>, FetchError> + 'a;

impl Signers {
    /// The document of a snapshot at `place`, of at most so many bytes.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what was signed.
    pub(in crate::providers) fn document(
        &self,
        place: &str,
        most: u64,
        file: &File<'_>,
    ) -> Result<Signed, FetchError> {
        let mut tries = 1;
        loop {
            match self.once(most, file)? {
                Ok(signed) => return Ok(signed),
                Err(_) if tries < TRIES => tries += 1,
                Err(reason) => return Err(malformed(place, reason)),
            }
        }
    }

    fn once(&self, most: u64, file: &File<'_>) -> Result<Result<Signed, String>, FetchError> {
        let (text, signature) = (file(MANIFEST)?, file("manifest.json.sig")?);
        let manifest = match self.verified(&text, &signature) {
            Ok(manifest) => manifest,
            Err(reason) => return Ok(Err(reason)),
        };
        let packed = file(&manifest.document)?;
        Ok(unpacked(&packed, &manifest, most))
    }

    fn verified(&self, text: &[u8], signature: &[u8]) -> Result<Manifest, String> {
        let program =
            process::find("ssh-keygen").ok_or("ssh-keygen is not installed, and verifies")?;
        let signature =
            MemoryFile::of(signature).map_err(|e| format!("no memory for the signature: {e}"))?;
        let words = ["-q", "-Y", "verify", "-n", SIGNER, "-I", SIGNER, "-f"].map(OsStr::new);
        let files = [
            self.0.as_os_str(),
            OsStr::new("-s"),
            signature.path().as_os_str(),
        ];
        let words: Vec<&OsStr> = words.into_iter().chain(files).collect();
        let answer = process::run_with(&program, &words, text, LIMIT);
        let answer = answer.map_err(|e| format!("ssh-keygen cannot be run: {e}"))?;
        if answer.code != Some(0) {
            return Err(format!(
                "{MANIFEST} is not signed by `{SIGNER}` of {}: {}",
                self.0.display(),
                shown(&answer.complaint)
            ));
        }
        manifest(text)
    }
}

fn manifest(text: &[u8]) -> Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_slice(text)
        .map_err(|e| format!("{MANIFEST}: {}", shown(&e.to_string())))?;
    if manifest.format != 1 {
        return Err(format!(
            "{MANIFEST} has the form {}, and this gosync knows 1",
            manifest.format
        ));
    }
    let is_name = Path::new(&manifest.document).file_name() == Some(OsStr::new(&manifest.document));
    match is_name {
        true => Ok(manifest),
        false => Err(format!(
            "{MANIFEST} names no file beside it: `{}`",
            shown(&manifest.document)
        )),
    }
}

fn unpacked(packed: &[u8], manifest: &Manifest, most: u64) -> Result<Signed, String> {
    if hex(&Sha256::digest(packed)) != manifest.sha256 {
        return Err(format!(
            "`{}` is not the one that {MANIFEST} names",
            shown(&manifest.document)
        ));
    }
    let mut bytes = Vec::new();
    let read = GzDecoder::new(packed)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|e| format!("`{}` cannot be unpacked: {e}", shown(&manifest.document)))?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        true => Ok(Signed {
            bytes,
            edition: manifest.sequence,
        }),
        false => Err(format!("unpacked it has more than {most} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_a_file_beside_it() {
        let text = |document: &str| {
            format!(r#"{{"format": 1, "sequence": 7, "document": "{document}", "sha256": ""}}"#)
        };
        assert!(manifest(text("directory.json.gz").as_bytes()).is_ok());
        for odd in ["../x", "/etc/shadow", "", ".", "a/b"] {
            assert!(manifest(text(odd).as_bytes()).is_err(), "{odd}");
        }
        assert!(
            manifest(br#"{"format": 2, "sequence": 7, "document": "x", "sha256": ""}"#).is_err()
        );
    }

    #[test]
    fn what_unpacks_to_more_than_may_be_is_refused() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packer, &[b' '; 100_000]).unwrap();
        let packed = packer.finish().unwrap();
        let manifest = Manifest {
            format: 1,
            sequence: 1,
            document: "x".to_owned(),
            sha256: hex(&Sha256::digest(&packed)),
        };
        assert_eq!(
            unpacked(&packed, &manifest, 100_000).unwrap().bytes.len(),
            100_000
        );
        assert!(unpacked(&packed, &manifest, 99_999).is_err());
        assert!(unpacked(&packed[1..], &manifest, 100_000).is_err());
    }
}
