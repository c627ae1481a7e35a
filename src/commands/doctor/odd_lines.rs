//! Lines of the databases that programs read in different ways, or pass over, and numbers that two accounts have.
//!
//! What glibc makes of a line is what counts on the host (`formats`); pwck(8), useradd(8) and their like want each field
//! to be there, and only one of each.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Area, Finding, names, word};
use crate::formats::{GroupLine, GshadowLine, PasswdLine, ShadowLine, name_of};
use crate::model::shown;
use crate::targets::files::Survey;
use crate::targets::files::survey::Surveyed;

const AREA: Area = Area::Databases;

/// What is odd about the lines of the databases; `ours`: accounts of gosync's, whose numbers are told of elsewhere.
pub(super) fn judge(survey: &Survey, ours: &[&str]) -> Vec<Finding> {
    let mut found: Vec<Finding> = survey.files.iter().flat_map(odd).collect();
    found.extend(shared_uids(survey, ours));
    found
}

/// How programs see a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Sound,
    /// glibc takes it, and others may not, or read it in another way.
    Differs,
    /// Programs pass over it.
    PassedOver,
}

fn sight(database: &str, line: &[u8]) -> Option<Sight> {
    let (is_taken, fields) = match database {
        "passwd" => (PasswdLine::parse(line).is_some(), 7),
        "group" => (GroupLine::parse(line).is_some(), 4),
        "shadow" => (ShadowLine::parse(line).is_some(), 9),
        "gshadow" => (GshadowLine::parse(line).is_some(), 4),
        _ => return None,
    };
    let colons = line.iter().filter(|&&b| b == b':').count();
    let is_plain = colons + 1 == fields
        && line
            .first()
            .is_some_and(|b| b.is_ascii_graphic() && *b != b':')
        && !line.iter().any(|b| matches!(b, 0 | b'\r'));
    Some(match (is_taken, is_plain) {
        (false, _) => Sight::PassedOver,
        (true, false) => Sight::Differs,
        (true, true) => Sight::Sound,
    })
}

fn odd(file: &Surveyed) -> Vec<Finding> {
    let (mut differs, mut passed_over) = (Vec::new(), Vec::new());
    for (number, line) in file.lines.entries() {
        let place = || {
            let name = String::from_utf8_lossy(name_of(line)).into_owned();
            format!("{} ({})", shown(&name), number + 1)
        };
        match sight(file.name, line) {
            Some(Sight::Differs) => differs.push(place()),
            Some(Sight::PassedOver) => passed_over.push(place()),
            Some(Sight::Sound) | None => {}
        }
    }
    let path = file.path.display();
    let checker = if file.name.ends_with("passwd") || file.name == "shadow" {
        "pwck"
    } else {
        "grpck"
    };
    let fix = format!("cat -A {}   # fix them; see {checker}(8)", word(&file.path));
    let mut found = Vec::new();
    if !differs.is_empty() {
        let what = format!("odd lines in {path}: {}", names(&differs));
        let why = "glibc takes them, and their numbers are in use; other programs read them in another way, or not at all";
        found.push(AREA.warning(what, why, &fix));
    }
    if !passed_over.is_empty() {
        let what = format!(
            "lines that nothing reads in {path}: {}",
            names(&passed_over)
        );
        let why = "programs do not see these entries; gosync leaves the names alone, and gives out none of their numbers";
        found.push(AREA.warning(what, why, &fix));
    }
    found
}

/// Two accounts that own the same files.
fn shared_uids(survey: &Survey, ours: &[&str]) -> Option<Finding> {
    let mut uids: BTreeMap<u32, BTreeSet<&[u8]>> = BTreeMap::new();
    for file in survey.named("passwd") {
        for line in file
            .lines
            .entries()
            .filter_map(|(_, line)| PasswdLine::parse(line))
        {
            uids.entry(line.uid).or_default().insert(line.name);
        }
    }
    let is_ours = |name: &&[u8]| ours.iter().any(|own| own.as_bytes() == *name);
    let shared = uids
        .iter()
        .filter(|(_, names)| names.len() > 1 && !names.iter().any(is_ours));
    let text = |name: &&[u8]| shown(&String::from_utf8_lossy(name)).to_string();
    let shared: Vec<String> = shared
        .map(|(uid, names)| {
            let names: Vec<String> = names.iter().map(text).collect();
            format!("{} ({uid})", names.join(" and "))
        })
        .collect();
    (!shared.is_empty()).then(|| {
        let what = format!("accounts that share a uid: {}", names(&shared));
        let why = "they own the same files, may end each other's processes, and a lock of one leaves the other open";
        AREA.warning(what, why, "usermod -u NEW-UID NAME   # one of them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Lines;

    fn survey(files: &[(&'static str, &[u8])]) -> Survey {
        let file = |&(name, bytes): &(&'static str, &[u8])| Surveyed {
            name,
            path: format!("/etc/{name}").into(),
            written: true,
            required: true,
            exists: true,
            lines: Lines::new(bytes.to_vec()),
            fault: None,
        };
        Survey {
            files: files.iter().map(file).collect(),
            unswappable: None,
        }
    }

    fn told(files: &[(&'static str, &[u8])]) -> Vec<String> {
        let found = judge(&survey(files), &["own"]);
        found.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn odd_lines_are_told_with_name_and_line() {
        let passwd = b"root:x:0:0::/:/bin/sh\n# no entry\nkiosk:x:9:9:Kiosk\nclam:x:8:8::/:/bin/:/x\nthree:x:7\n+nis\n";
        assert_eq!(
            told(&[("passwd", passwd)]),
            [
                "odd lines in /etc/passwd: kiosk (3), clam (4)",
                "lines that nothing reads in /etc/passwd: three (5)"
            ]
        );
        assert_eq!(
            told(&[("group", b"wiki:x:1:a:b\nok:x:2:a,b\ncr:x:3:\r\n")]),
            ["odd lines in /etc/group: wiki (1), cr (3)"]
        );
        assert_eq!(
            told(&[("shadow", b"a:!:1:2:3:4:5:6:\nb:!:1:2:3:4:5:6:x\n")]),
            ["lines that nothing reads in /etc/shadow: b (2)"]
        );
        assert_eq!(told(&[("subuid", b"a:1\n")]), [""; 0]);
    }

    #[test]
    fn two_accounts_with_one_uid_are_told_unless_one_is_ours() {
        let passwd = b"a:x:5:5::/:/b\nb:x:5:5:B\nc:x:6:5::/:/b\nown:x:6:5::/:/b\ntwice:x:7:5::/:/b\ntwice:x:7:5::/:/b\n";
        let told = told(&[("passwd", passwd)]);
        assert!(
            told.contains(&"accounts that share a uid: a and b (5)".to_owned()),
            "{told:?}"
        );
        assert!(
            !told
                .iter()
                .any(|what| what.contains("own and") || what.contains("twice"))
        );
    }
}
