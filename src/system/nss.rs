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
pub(crate) type Known = BTreeMap<String, u32>;

/// Whether `database` (`passwd` or `group`) has sources other than the files that gosync reads.
///
/// `text` is nsswitch.conf.
pub(crate) fn has_other_sources(text: &str, database: &str) -> bool {
    const READ_ANYWAY: [&str; 4] = ["files", "compat", "extrausers", "systemd"];
    let sources = text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let (name, sources) = line.split_once(':')?;
        (name.trim() == database).then_some(sources)
    });
    let mut words = sources.flat_map(str::split_whitespace);
    words.any(|word| !word.starts_with('[') && !word.ends_with(']') && !READ_ANYWAY.contains(&word))
}

/// The services that nsswitch.conf(5), which is `text`, names for `database`, with actions such as `[NOTFOUND=return]`
/// among them; none, where it has no such line.
pub(crate) fn services<'a>(text: &'a str, database: &str) -> Vec<&'a str> {
    let lines = text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once(':'));
    lines
        .filter(|(name, _)| name.trim() == database)
        .flat_map(|(_, words)| words.split_whitespace())
        .collect()
}

/// Everything that one service of the host says about `database`, by getent(1), within `limit`; of several with one
/// name, the first.
///
/// # Errors
/// When getent is missing, fails or hangs.
pub(crate) fn enumerate(database: &str, service: &str, limit: Duration) -> Result<Known, String> {
    let getent = process::find("getent").ok_or("getent(1) is not installed")?;
    let args: Vec<&OsStr> = ["-s", service, database]
        .into_iter()
        .map(OsStr::new)
        .collect();
    let answer = process::run(Path::new(&getent), &args, limit)
        .map_err(|e| format!("getent {database}: {e}"))?;
    if answer.code != Some(0) {
        return Err(format!(
            "getent -s {service} {database} failed: {}",
            crate::model::shown(&answer.complaint)
        ));
    }
    let mut known = Known::new();
    for (name, id) in String::from_utf8_lossy(&answer.output)
        .lines()
        .filter_map(name_and_id)
    {
        known.entry(name.to_owned()).or_insert(id);
    }
    Ok(known)
}

/// A line of passwd(5) or group(5), as far as it is asked for.
fn name_and_id(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(':');
    Some((fields.next()?, fields.nth(1)?.parse().ok()?))
}

/// Which of `keys` (names or numbers) the host's `database` knows, by getent(1), within `limit`.
///
/// # Errors
/// When getent is missing, fails or hangs; then nobody knows, and nothing new may be given out.
pub(crate) fn lookup(database: &str, keys: &[String], limit: Duration) -> Result<Known, String> {
    let getent = process::find("getent").ok_or("getent(1) is not installed")?;
    let mut known = Known::new();
    for batch in keys.chunks(BATCH) {
        let args: Vec<&OsStr> = [database, "--"]
            .into_iter()
            .map(OsStr::new)
            .chain(batch.iter().map(OsStr::new))
            .collect();
        let answer = process::run(Path::new(&getent), &args, limit)
            .map_err(|e| format!("getent {database}: {e}"))?;
        // 2: some keys are unknown, which is what we hope for.
        if !matches!(answer.code, Some(0 | 2)) {
            return Err(format!(
                "getent {database} failed: {}",
                crate::model::shown(&answer.complaint)
            ));
        }
        let text = String::from_utf8_lossy(&answer.output);
        known.extend(
            text.lines()
                .filter_map(name_and_id)
                .map(|(name, id)| (name.to_owned(), id)),
        );
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sources_are_noticed() {
        assert!(!has_other_sources(
            "passwd: files systemd # sss\ngroup: sss\n",
            "passwd"
        ));
        assert!(has_other_sources("passwd: files sss\n", "passwd"));
        assert!(!has_other_sources(
            "passwd: files [NOTFOUND=return] extrausers\n",
            "passwd"
        ));
        assert!(!has_other_sources("", "passwd"));
    }

    #[test]
    fn services_stand_in_order() {
        let text = "passwd: files [NOTFOUND=return] sss # ldap\ngroup:files\n";
        assert_eq!(
            services(text, "passwd"),
            ["files", "[NOTFOUND=return]", "sss"]
        );
        assert_eq!(services(text, "group"), ["files"]);
        assert!(services(text, "shadow").is_empty());
    }

    #[test]
    fn one_service_tells_all_it_knows() {
        let known = enumerate("passwd", "files", Duration::from_secs(10)).unwrap();
        assert_eq!(known.get("root"), Some(&0));
        assert_eq!(
            enumerate("passwd", "no-such-service", Duration::from_secs(10)).unwrap(),
            Known::new()
        );
    }

    #[test]
    fn getent_tells_names_and_ids() {
        let known = lookup(
            "passwd",
            &["root".into(), "no-such-name-here".into()],
            Duration::from_secs(10),
        )
        .unwrap();
        assert_eq!(known, Known::from([("root".to_owned(), 0)]));
    }
}
