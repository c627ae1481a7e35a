//! Keys that sign snapshots.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::scratch::ScratchHost;

/// Makes a key of this name, and writes who is allowed to sign by it: both paths.
pub fn signer(host: &ScratchHost, name: &str) -> [PathBuf; 2] {
    let key = host.dir().join(name);
    let allowed = host.dir().join(format!("{name}.allowed"));
    let words = ["-q", "-t", "ed25519", "-N", "", "-C", "hub", "-f"];
    let made = Command::new("ssh-keygen").args(words).arg(&key).status();
    let is_made = made.is_ok_and(|status| status.success());
    assert!(is_made, "ssh-keygen makes no key: is openssh-client there?");
    let public = fs::read_to_string(host.dir().join(format!("{name}.pub"))).unwrap();
    fs::write(&allowed, format!("gosync {public}")).unwrap();
    [key, allowed]
}
