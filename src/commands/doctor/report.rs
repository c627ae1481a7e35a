//! What was found, and how it is told. Decides nothing about what is wrong.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::text::shell_word;
use crate::model::{counted, shown};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Something does not work, or lets somebody in who should not be.
    Problem,
    /// It works, and will cause trouble.
    Warning,
    /// Worth knowing.
    Note,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Area {
    /// gosync.toml.
    Configuration,
    /// Who may change what is trusted.
    Files,
    /// Where people are read from.
    Provider,
    /// What is made of what the host has.
    Targets,
    /// The locks, and what interrupted runs left.
    Lock,
    /// What gosync owns, as written down.
    Ledger,
    /// passwd and its companions.
    Databases,
    /// Lines that are too long for some programs.
    LongLines,
    /// What programs are told about accounts.
    NameServices,
    /// Whether keys are read.
    Sshd,
    /// Names that files such as sudoers(5) give power to.
    Power,
    /// Ranges of ids.
    Ranges,
    /// Homes and what they begin with; shells.
    Homes,
    /// Programs that run after changes.
    Hooks,
    /// Whether gosync is run.
    Crontab,
    /// Whether monitoring sees what becomes of runs.
    Metrics,
    /// Whether the time is right.
    Clock,
    /// The servers that this host writes to.
    Directory,
}

impl Area {
    fn word(self) -> &'static str {
        match self {
            Area::Configuration => "configuration",
            Area::Files => "files",
            Area::Provider => "provider",
            Area::Targets => "targets",
            Area::Lock => "lock",
            Area::Ledger => "ledger",
            Area::Databases => "databases",
            Area::LongLines => "long lines",
            Area::NameServices => "name services",
            Area::Sshd => "sshd",
            Area::Power => "names of power",
            Area::Ranges => "ranges",
            Area::Homes => "homes",
            Area::Hooks => "hooks",
            Area::Crontab => "crontab",
            Area::Metrics => "metrics",
            Area::Clock => "clock",
            Area::Directory => "directory",
        }
    }
}

/// One thing that is not as it should be. Foreign text in it is already escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub area: Area,
    /// What is so.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to type or to change.
    pub fix: String,
}

impl Area {
    /// Something that does not work, or lets somebody in.
    pub(super) fn problem(
        self,
        what: impl fmt::Display,
        why: impl fmt::Display,
        fix: impl fmt::Display,
    ) -> Finding {
        self.finding(Severity::Problem, what, why, fix)
    }

    /// Something that will cause trouble.
    pub(super) fn warning(
        self,
        what: impl fmt::Display,
        why: impl fmt::Display,
        fix: impl fmt::Display,
    ) -> Finding {
        self.finding(Severity::Warning, what, why, fix)
    }

    /// Something worth knowing.
    pub(super) fn note(
        self,
        what: impl fmt::Display,
        why: impl fmt::Display,
        fix: impl fmt::Display,
    ) -> Finding {
        self.finding(Severity::Note, what, why, fix)
    }

    /// A finding of this severity.
    pub(super) fn finding(
        self,
        severity: Severity,
        what: impl fmt::Display,
        why: impl fmt::Display,
        fix: impl fmt::Display,
    ) -> Finding {
        Finding {
            severity,
            area: self,
            what: what.to_string(),
            why: why.to_string(),
            fix: fix.to_string(),
        }
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    /// What was looked at, in a few words.
    looked: Vec<(Area, String)>,
    /// What could not be looked at, and why.
    skipped: Vec<(Area, String)>,
    /// Another tree than this host's, for which the fixes are.
    tree: Option<PathBuf>,
}

impl Report {
    /// An empty report about this host, or about another tree.
    pub(super) fn new(tree: Option<PathBuf>) -> Self {
        Self {
            tree,
            ..Self::default()
        }
    }

    /// Takes findings. What is there already is not told twice; the worst of the two counts.
    pub(super) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            match self
                .findings
                .iter_mut()
                .find(|known| (known.area, &known.what) == (finding.area, &finding.what))
            {
                Some(known) if known.severity <= finding.severity => {}
                Some(known) => *known = finding,
                None => self.findings.push(finding),
            }
        }
    }

    /// Says what was looked at.
    pub(super) fn looked(&mut self, area: Area, what: impl fmt::Display) {
        self.looked.push((area, what.to_string()));
    }

    /// Says what was not looked at, and why.
    pub(super) fn skipped(&mut self, area: Area, why: impl fmt::Display) {
        self.skipped.push((area, why.to_string()));
    }

    /// How many findings are this bad.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    fn sorted(&self) -> Vec<&Finding> {
        let mut sorted: Vec<&Finding> = self.findings.iter().collect();
        sorted.sort_by_key(|finding| finding.severity);
        sorted
    }

    /// For people: what was looked at and what was not, then the findings, the worst first, then
    /// their number.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (word, rows) in [("looked at", &self.looked), ("left out", &self.skipped)] {
            for (area, text) in rows {
                row(&mut out, word, &format!("{}: {text}", area.word()));
            }
        }
        for finding in self.sorted() {
            let word = match finding.severity {
                Severity::Problem => "PROBLEM",
                Severity::Warning => "WARNING",
                Severity::Note => "NOTE",
            };
            row(
                &mut out,
                word,
                &format!("{}: {}", finding.area.word(), finding.what),
            );
            row(&mut out, "", &format!("why: {}", finding.why));
            row(&mut out, "", &format!("fix: {}", finding.fix));
        }
        if let Some(tree) = self.tree.as_ref().filter(|_| !self.findings.is_empty()) {
            let tree = word(tree);
            row(
                &mut out,
                "remember",
                &format!(
                    "a fix is for the tree below --root: chroot {tree}, where it does not name it"
                ),
            );
        }
        row(&mut out, "found", &self.counts());
        out
    }

    fn counts(&self) -> String {
        let counts = [
            (Severity::Problem, "problem", "problems"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Note, "note", "notes"),
        ];
        counts
            .map(|(severity, one, many)| counted(self.count(severity), one, many))
            .join(", ")
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rows = |rows: &[(Area, String)], key: &str| -> Vec<Value> {
            rows.iter()
                .map(|(area, text)| json!({"area": area, key: text}))
                .collect()
        };
        json!({
            "findings": self.sorted(),
            "looked_at": rows(&self.looked, "what"),
            "left_out": rows(&self.skipped, "why"),
            "problems": self.count(Severity::Problem),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
        })
    }
}

/// One line, whatever it says: what is foreign was escaped where it came in, and a mistake there
/// must not become a line of its own.
fn row(out: &mut String, word: &str, text: &str) {
    let _ = write!(out, "{word:<9} ");
    for c in text.chars() {
        match c.is_control() {
            true => out.extend(c.escape_debug()),
            false => out.push(c),
        }
    }
    out.push('\n');
}

/// A path as a word of a shell's command line.
pub(super) fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

/// How many names a finding shows.
const NAMES: usize = 5;

/// Names, the first few of them.
pub(super) fn names<T: AsRef<str>>(all: &[T]) -> String {
    let mut words: Vec<String> = all
        .iter()
        .take(NAMES)
        .map(|name| shown(name.as_ref()).to_string())
        .collect();
    if all.len() > NAMES {
        words.push(format!("{} more", all.len() - NAMES));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_nothing_twice() {
        let mut report = Report::default();
        let area = Area::Homes;
        report.add([
            area.note("n", "w", "f"),
            area.note("p", "w", "f"),
            area.problem("p", "w", "f"),
            area.note("n", "x", "f"),
        ]);
        report.looked(Area::Clock, "fine");
        report.skipped(Area::Sshd, "not there");
        assert_eq!(
            report.text(),
            "looked at clock: fine\nleft out  sshd: not there\nPROBLEM   homes: p\n          why: w\n          fix: \
             f\nNOTE      homes: n\n          why: w\n          fix: f\nfound     1 problem, 0 warnings, 1 note\n"
        );
        let json = report.json();
        assert_eq!(
            (&json["findings"][0]["severity"], &json["problems"]),
            (&json!("problem"), &json!(1))
        );
        assert_eq!(json["left_out"][0]["area"], "sshd");
    }

    #[test]
    fn no_text_makes_a_line_of_its_own() {
        let mut report = Report::default();
        report.add([Area::Files.note("a\nPROBLEM   \u{1b}[2J", "w", "f")]);
        assert_eq!(report.text().lines().count(), 4);
        assert!(!report.text().contains('\u{1b}'));
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(word(Path::new("/etc/gosync")), "/etc/gosync");
        assert_eq!(
            shlex::split(&word(Path::new("/a b/$(x)'\""))).unwrap(),
            ["/a b/$(x)'\""]
        );
        assert!(!word(Path::new("/a\n/b\u{1b}")).contains(char::is_control));
        assert_eq!(
            names(&["a", "b\n", "c", "d", "e", "f", "g"]),
            "a, b\\n, c, d, e, 2 more"
        );
    }
}
