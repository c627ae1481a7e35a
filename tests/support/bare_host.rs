//! A scratch host that has nobody's accounts but root's, and what became of its files.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::scratch::ScratchHost;

/// A host without accounts of anybody's but root.
pub fn bare_host() -> ScratchHost {
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for dir in [
        "root/etc/skel",
        "root/home",
        "root/run",
        "root/var/lib",
        "root/etc/ssh",
    ] {
        fs::create_dir_all(host.dir().join(dir)).unwrap();
    }
    for (name, text) in [
        ("root/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("root/etc/group", "root:x:0:\nusers:x:100:\n"),
        ("root/etc/shadow", "root:*:19000:0:99999:7:::\n"),
        ("root/etc/gshadow", "root:*::\nusers:*::\n"),
        ("root/etc/shells", "/bin/bash\n"),
    ] {
        host.write_with_mode(name, text, 0o600);
    }
    host
}

/// All files of the host.
pub fn everything(host: &ScratchHost) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, below: &str, out: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let name = format!("{below}/{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &name, out),
                false => drop(out.insert(name, fs::read(entry.path()).unwrap())),
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&host.root(), "", &mut out);
    out
}

/// All files of the host but gosync's own notes.
pub fn files(host: &ScratchHost) -> BTreeMap<String, Vec<u8>> {
    let mut out = everything(host);
    out.retain(|name, _| {
        let own = [
            "/var/lib/gosync/",
            "/run/",
            "/etc/gosync/",
            "/etc/.pwd.lock",
        ];
        !own.iter().any(|dir| name.starts_with(dir))
    });
    out
}

/// The files in which two states of a host differ.
pub fn difference(
    one: &BTreeMap<String, Vec<u8>>,
    other: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let mut out: Vec<String> = names
        .filter(|name| one.get(*name) != other.get(*name))
        .cloned()
        .collect();
    out.sort();
    out.dedup();
    out
}
