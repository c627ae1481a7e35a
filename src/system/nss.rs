//! Asks the host's name services about names and ids that our own files do not show.
//!
//! Only where nsswitch.conf(5) names a source besides the files that gosync reads anyway: then a new name or id may
//! belong to somebody there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::process;

/// How many keys one call of getent(1) is given.
const BATCH: usize = 500;

/// What a name service knows: names of accounts or groups, each with its uid or gid.
pub type Known = BTreeMap<String, u32>;

/// Whether `database` (`passwd` or `group`) has sources other than the files that gosync reads.
///
/// `text` is nsswitch.conf.
pub fn has_other_sources(text: &str, database: &str) -> bool {
    const READ_ANYWAY: [&str; 4] = ["files", "compat", "extrausers", "systemd"];
    let sources = text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let (name, sources) = line.split_once(':')?;
        (name.trim() == database).then_some(sources)
    });
    let mut words = sources.flat_map(str::split_whitespace);
    words.any(|word| !word.starts_with('[') && !word.ends_with(']') && !READ_ANYWAY.contains(&word))
}

/// Which of `keys` (names or numbers) the host's `database` knows, by getent(1), within `limit`.
///
/// # Errors
/// When getent is missing, fails or hangs; then nobody knows, and nothing new may be given out.
pub fn lookup(database: &str, keys: &[String], limit: Duration) -> Result<Known, String> {
    let getent = process::find("getent").ok_or("getent(1) is not installed")?;
    let mut known = Known::new();
    for batch in keys.chunks(BATCH) {
        let args: Vec<&OsStr> =
            [database, "--"].into_iter().map(OsStr::new).chain(batch.iter().map(OsStr::new)).collect();
        let answer = process::run(Path::new(&getent), &args, limit).map_err(|e| format!("getent {database}: {e}"))?;
        // 2: some keys are unknown, which is what we hope for.
        if !matches!(answer.code, Some(0 | 2)) {
            return Err(format!("getent {database} failed: {}", crate::model::shown(&answer.complaint)));
        }
        for line in String::from_utf8_lossy(&answer.output).lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(Ok(id))) = (fields.next(), fields.nth(1).map(str::parse)) {
                known.insert(name.to_owned(), id);
            }
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sources_are_noticed() {
        assert!(!has_other_sources("passwd: files systemd # sss\ngroup: sss\n", "passwd"));
        assert!(has_other_sources("passwd: files sss\n", "passwd"));
        assert!(!has_other_sources("passwd: files [NOTFOUND=return] extrausers\n", "passwd"));
        assert!(!has_other_sources("", "passwd"));
    }

    #[test]
    fn getent_tells_names_and_ids() {
        let known = lookup("passwd", &["root".into(), "no-such-name-here".into()], Duration::from_secs(10)).unwrap();
        assert_eq!(known, Known::from([("root".to_owned(), 0)]));
    }
}
