//! The name services: whether programs are told what stands in the files that gosync writes, and no
//! caches say otherwise. Rules: nsswitch.conf(5); libnss-extrausers(8).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names};
use crate::formats::{GroupLine, PasswdLine};
use crate::model::shown;
use crate::system::nss::{self, Known};
use crate::system::{caches, files};
use crate::targets::files::{Layout, Reader};

const AREA: Area = Area::NameServices;

/// Where the services are listed.
const SWITCH: &str = "/etc/nsswitch.conf";

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(20);

/// How many accounts, and how many groups, are asked about one by one.
const SAMPLE: usize = 64;

/// What is known.
struct Facts {
    layout: &'static Layout,
    /// nsswitch.conf.
    switch: Option<String>,
    /// Whether the module that reads the databases is installed; `None`: glibc reads them itself.
    module: Option<bool>,
    caches: Vec<&'static str>,
    asked: Vec<Asked>,
}

/// What the host's name services say about our accounts or groups.
struct Asked {
    /// `passwd` or `group`.
    what: &'static str,
    /// All of ours, by the files.
    ours: Known,
    /// What each service said about a sample, by name and by number.
    sample: Result<Sample, String>,
    /// All that the service that reads our files says.
    all: Result<Known, String>,
}

/// Some of ours, and the answers.
struct Sample {
    names: Vec<String>,
    by_name: Known,
    by_id: Known,
}

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    let switch = files::read_plain(&look.root().path(SWITCH)).ok().flatten();
    let layout = look.layout();
    let mut facts = Facts {
        layout,
        switch: switch.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        module: layout
            .reader
            .as_ref()
            .map(|reader| has_module(look, reader)),
        caches: Vec::new(),
        asked: Vec::new(),
    };
    if look.is_host() {
        facts.caches = caches::running();
        facts.asked = ["passwd", "group"]
            .into_iter()
            .map(|what| ask(look, what))
            .collect();
        let count = |asked: &Asked| format!("{}: {}", asked.what, asked.ours.len());
        let caches = if facts.caches.is_empty() {
            "none".to_owned()
        } else {
            facts.caches.join(", ")
        };
        let counts: Vec<String> = facts.asked.iter().map(count).collect();
        report.looked(
            AREA,
            format!(
                "asked about ours in {}; caches: {caches}",
                counts.join(", ")
            ),
        );
    } else {
        report.skipped(
            AREA,
            "what getent says, and caches: with --root they would be those of this host",
        );
    }
    report.add(judge(&facts));
}

/// Looks where the dynamic linker does, below the root.
fn has_module(look: &HostLook<'_>, reader: &Reader) -> bool {
    let mut dirs: Vec<PathBuf> = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"]
        .map(|dir| look.root().path(dir))
        .into();
    for dir in ["/lib", "/usr/lib"].map(|dir| look.root().path(dir)) {
        let names = files::list(&dir).unwrap_or_default().into_iter();
        dirs.extend(
            names
                .filter(|name| name.to_string_lossy().contains("-linux-"))
                .map(|name| dir.join(name)),
        );
    }
    dirs.iter().any(|dir| dir.join(reader.module).exists())
}

fn ask(look: &HostLook<'_>, what: &'static str) -> Asked {
    let mut ours = Known::new();
    let accounts = look.accounts().filter(|own| own.state.is_present());
    let groups = look
        .groups()
        .filter(|own| own.state.is_present())
        .map(|own| own.name.as_bytes());
    let owned: BTreeSet<&[u8]> = match what {
        "passwd" => accounts.map(|own| own.name.as_bytes()).collect(),
        _ => groups
            .chain(
                accounts
                    .filter(|own| own.private_group)
                    .map(|own| own.name.as_bytes()),
            )
            .collect(),
    };
    for (_, line) in look
        .survey
        .written(what)
        .into_iter()
        .flat_map(|file| file.lines.entries())
    {
        let entry = match what {
            "passwd" => PasswdLine::parse(line).map(|line| (line.name, line.uid)),
            _ => GroupLine::parse(line).map(|line| (line.name, line.gid)),
        };
        if let Some((name, id)) = entry.filter(|(name, _)| owned.contains(name)) {
            ours.insert(String::from_utf8_lossy(name).into_owned(), id);
        }
    }
    let service = look.layout().service;
    let all = if ours.is_empty() {
        Ok(Known::new())
    } else {
        nss::enumerate(what, service, LIMIT)
    };
    Asked {
        what,
        sample: sample(what, &ours),
        ours,
        all,
    }
}

fn sample(what: &str, ours: &Known) -> Result<Sample, String> {
    let step = ours.len().div_ceil(SAMPLE).max(1);
    let names: Vec<String> = ours.keys().step_by(step).cloned().collect();
    let ids: Vec<String> = names
        .iter()
        .filter_map(|name| ours.get(name))
        .map(u32::to_string)
        .collect();
    Ok(Sample {
        by_name: nss::lookup(what, &names, LIMIT)?,
        by_id: nss::lookup(what, &ids, LIMIT)?,
        names,
    })
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let Layout { word, service, .. } = facts.layout;
    if let Some(reader) = facts
        .layout
        .reader
        .as_ref()
        .filter(|_| facts.module == Some(false))
    {
        let Reader {
            module, package, ..
        } = reader;
        let what = format!("{module} is not installed, and `database` is \"{word}\"");
        let why = "programs do not see the accounts that gosync makes";
        found.push(AREA.problem(what, why, format!("apt-get install {package}")));
    }
    for database in ["passwd", "group", "shadow", "initgroups"] {
        found.extend(switched(
            facts.switch.as_deref().unwrap_or_default(),
            database,
            service,
        ));
    }
    found.extend(
        facts
            .asked
            .iter()
            .flat_map(|asked| answered(asked, service, &facts.caches)),
    );
    found
}

/// What is wrong with a line of nsswitch.conf(5).
fn switched(switch: &str, database: &str, service: &str) -> Option<Finding> {
    let words = nss::services(switch, database);
    // Without a line glibc asks `files`; for `initgroups` what `group` says counts.
    if words.is_empty() && (service == "files" || database == "initgroups") {
        return None;
    }
    let why = match database {
        "initgroups" => "who logs in does not get the groups that gosync keeps",
        "group" => "programs do not see the groups that gosync makes",
        "shadow" => "nobody can log in by password, and PAM does not see who is locked",
        _ => "programs do not see the accounts that gosync makes",
    };
    let reads = |word: &&str| **word == *service || service == "files" && **word == *"compat";
    let Some(at) = words.iter().position(reads) else {
        return Some(not_named(&words, database, service, why));
    };
    let (path, shown) = (SWITCH, shown(&words.join(" ")).to_string());
    let before = words.get(..at).unwrap_or_default();
    let ends = |word: &&str| {
        word.starts_with('[') && word.to_ascii_lowercase().contains("notfound=return")
    };
    if before.iter().any(ends) {
        let what = format!("{path} ends the search for {database} before `{service}`: {shown}");
        let fix = format!("in {path}, move `{service}` before the [NOTFOUND=return] of {database}");
        return Some(AREA.problem(what, why, fix));
    }
    let is_remote = |word: &&str| matches!(*word, "sss" | "ldap" | "winbind" | "nis");
    before.iter().any(is_remote).then(|| {
        let what = format!("{path} asks another source for {database} before `{service}`: {shown}");
        let why =
            "where both know a name, the other one wins, and every look-up waits for its server";
        let fix = format!("in {path}, put `{service}` first for {database}");
        AREA.note(what, why, fix)
    })
}

/// The line for a database, if there is one, does not name the service.
fn not_named(words: &[&str], database: &str, service: &str, why: &str) -> Finding {
    let path = SWITCH;
    let shown = shown(&words.join(" ")).to_string();
    let base = if words.is_empty() { "files" } else { &shown };
    let mut wanted: Vec<&str> = base.split(' ').collect();
    // Before a source that ends the search, and after the host's own files.
    let place = wanted
        .iter()
        .position(|word| *word == "files" || *word == "compat")
        .map_or(0, |files| files + 1);
    wanted.insert(place, service);
    let what = match words.is_empty() {
        true => format!("{path} has no line for {database}, and without one only `files` is read"),
        false => format!("{path} does not name `{service}` for {database}: {shown}"),
    };
    let fix = format!("in {path}: {database}: {}", wanted.join(" "));
    AREA.problem(what, why, fix)
}

fn answered(asked: &Asked, service: &str, caches: &[&str]) -> Vec<Finding> {
    let what = if asked.what == "passwd" {
        "accounts"
    } else {
        "groups"
    };
    let mut found = Vec::new();
    let unasked = |reason: &String| {
        let why = "it is not known whether programs see what gosync wrote";
        AREA.warning(shown(reason), why, format!("getent {} | head", asked.what))
    };
    match &asked.all {
        Err(reason) => found.push(unasked(reason)),
        Ok(all) => {
            let missing: Vec<&String> = asked
                .ours
                .iter()
                .filter(|(n, id)| all.get(*n) != Some(id))
                .map(|(n, _)| n)
                .collect();
            if !missing.is_empty() {
                let text = format!(
                    "{what} that `{service}` does not show as they stand in its file: {} ({})",
                    missing.len(),
                    names(&missing)
                );
                let why = "programs see another account, or none";
                let fix = format!("getent -s {service} {} {}", asked.what, shown(missing[0]));
                found.push(AREA.problem(text, why, fix));
            }
        }
    }
    match &asked.sample {
        Err(reason) => found.push(unasked(reason)),
        Ok(sample) => found.extend(differs(asked, sample, what, caches)),
    }
    found
}

/// What the name services say otherwise than the files.
fn differs(asked: &Asked, sample: &Sample, what: &str, caches: &[&str]) -> Option<Finding> {
    let by_id: BTreeMap<u32, &String> = sample.by_id.iter().map(|(name, id)| (*id, name)).collect();
    let is_seen = |name: &String| {
        let id = asked.ours.get(name);
        sample.by_name.get(name) == id && id.is_some_and(|id| by_id.get(id) == Some(&name))
    };
    let unseen: Vec<&String> = sample.names.iter().filter(|name| !is_seen(name)).collect();
    let first = unseen.first()?;
    let text = format!(
        "of {} {what} asked about, the name services know otherwise: {} ({})",
        sample.names.len(),
        unseen.len(),
        names(&unseen)
    );
    let fix = match (caches.contains(&"nscd"), caches.contains(&"sssd")) {
        (true, _) => format!("nscd -i {}", asked.what),
        (_, true) => "sss_cache -U -G".to_owned(),
        _ => format!(
            "getent {} {}   # which source of /etc/nsswitch.conf answers?",
            asked.what,
            shown(first)
        ),
    };
    Some(AREA.problem(
        text,
        "programs see another account or group than the files have, or none",
        fix,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    fn known(rows: &[(&str, u32)]) -> Known {
        rows.iter()
            .map(|(name, id)| ((*name).to_owned(), *id))
            .collect()
    }

    #[test]
    fn the_switch_must_lead_to_our_files() {
        let (ok, problem, note) = (None, Some(Severity::Problem), Some(Severity::Note));
        for (line, service, wanted) in [
            ("", "files", ok),
            ("", "extrausers", problem),
            ("passwd: files systemd", "files", ok),
            ("passwd: compat", "files", ok),
            ("passwd: sss", "files", problem),
            ("passwd: sss files", "files", note),
            ("passwd: files extrausers sss", "extrausers", ok),
            ("passwd: files", "extrausers", problem),
            (
                "passwd: files [NOTFOUND=return] extrausers",
                "extrausers",
                problem,
            ),
            (
                "passwd: files [!SUCCESS=continue] extrausers",
                "extrausers",
                ok,
            ),
        ] {
            assert_eq!(
                switched(line, "passwd", service).map(|finding| finding.severity),
                wanted,
                "{line}"
            );
        }
        assert!(switched("passwd: files", "initgroups", "extrausers").is_none());
        assert!(switched("initgroups: files", "initgroups", "extrausers").is_some());
        let fix = switched("group: files systemd", "group", "extrausers")
            .unwrap()
            .fix;
        assert_eq!(
            fix,
            "in /etc/nsswitch.conf: group: files extrausers systemd"
        );
    }

    fn asked(by_name: &[(&str, u32)], by_id: &[(&str, u32)], all: &[(&str, u32)]) -> Asked {
        let ours = known(&[("ann", 20_000), ("bob", 20_001)]);
        let sample = Sample {
            names: ours.keys().cloned().collect(),
            by_name: known(by_name),
            by_id: known(by_id),
        };
        Asked {
            what: "passwd",
            ours,
            sample: Ok(sample),
            all: Ok(known(all)),
        }
    }

    #[test]
    fn what_is_seen_must_be_what_is_written() {
        let both = [("ann", 20_000), ("bob", 20_001)];
        let worst = |asked| {
            answered(&asked, "files", &["nscd"])
                .into_iter()
                .map(|f| (f.severity, f.fix))
                .collect::<Vec<_>>()
        };
        assert_eq!(worst(asked(&both, &both, &both)), []);
        let cached = vec![(Severity::Problem, "nscd -i passwd".to_owned())];
        assert_eq!(worst(asked(&both[..1], &both, &both)), cached);
        assert_eq!(worst(asked(&[("ann", 7), both[1]], &both, &both)), cached);
        assert_eq!(
            worst(asked(&both, &[("eve", 20_000), both[1]], &both)),
            cached,
            "the number is somebody else's"
        );
        assert_eq!(worst(asked(&both, &both, &both[1..])).len(), 1);
        let deaf = Asked {
            sample: Err("no getent".to_owned()),
            ..asked(&both, &both, &both)
        };
        assert_eq!(worst(deaf)[0].0, Severity::Warning);
    }

    #[test]
    fn the_module_is_needed_for_extrausers() {
        let switch = Some(
            "passwd: files extrausers\ngroup: files extrausers\nshadow: files extrausers\n"
                .to_owned(),
        );
        let facts = |module| Facts {
            layout: &crate::targets::files::EXTRAUSERS,
            switch: switch.clone(),
            module,
            caches: vec![],
            asked: vec![],
        };
        assert_eq!(judge(&facts(Some(true))), []);
        assert_eq!(judge(&facts(Some(false)))[0].severity, Severity::Problem);
    }
}
