//! Remarks, told by what they say: what is said of many in the same words is one line.

use std::collections::BTreeMap;

use crate::model::{first_names, shown};
use crate::plan::Remark;

/// So many of whom the same is said have a line each.
const ALIKE: usize = 3;

/// So many lines of one cause are told by a run.
const TOLD: usize = 20;

/// What is left as it is, and why, in one line.
pub(crate) fn remark(remark: &Remark) -> String {
    format!("  note {}: {}", shown(&remark.name), remark.reason)
}

/// What is said of more than a few in the same words is one line, with the first of their names.
pub(crate) fn remarks(all: &[Remark]) -> Vec<String> {
    lines(all).into_iter().map(|(_, line)| line).collect()
}

/// The same, with a number for the rest of a cause of which much is said: a provider that gives everybody a home of a kind
/// that nobody can have must not fill the mail of cron.
pub(crate) fn few_remarks(all: &[Remark]) -> Vec<String> {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for (word, line) in lines(all) {
        let told = told.entry(word).or_default();
        *told += 1;
        if *told <= TOLD {
            out.push(line);
        }
    }
    for (word, told) in told {
        let more = told.saturating_sub(TOLD);
        if more > 0 {
            let ways = "--dry-run --format json shows them all";
            out.push(format!("  note {more} more of the kind `{word}`; {ways}"));
        }
    }
    out
}

/// The lines, each with the word for its reason.
fn lines(all: &[Remark]) -> Vec<(&'static str, String)> {
    let said: Vec<String> = all.iter().map(|it| it.reason.to_string()).collect();
    let mut alike: BTreeMap<&str, Vec<&Remark>> = BTreeMap::new();
    for (sentence, remark) in said.iter().zip(all) {
        alike.entry(sentence).or_default().push(remark);
    }
    let line = |(sentence, noted): (&String, &Remark)| {
        let of = alike.get(sentence.as_str())?;
        let line = match of.len() > ALIKE {
            false => remark(noted),
            true if std::ptr::eq(of[0], noted) => shared(of, sentence),
            true => return None,
        };
        Some((noted.reason.word(), line))
    };
    said.iter().zip(all).filter_map(line).collect()
}

/// What is said of several.
fn shared(of: &[&Remark], sentence: &str) -> String {
    let names = of.iter().map(|it| it.name.as_str());
    format!("  note {}: {sentence}", first_names(names, ALIKE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Untrusted;
    use crate::policy::Reason;

    fn shell(name: &str, wished: &str) -> Remark {
        let (wished, gets) = (Untrusted::new(wished), "/usr/sbin/nologin".to_owned());
        Remark::new(name, Reason::ShellNotAllowed { wished, gets })
    }

    #[test]
    fn what_is_said_of_many_is_one_line() {
        let mut all: Vec<Remark> = (0..500)
            .map(|n| shell(&format!("p{n}"), "/bin/true"))
            .collect();
        all.insert(1, shell("ann", "/opt/sh"));
        all.extend(["bob", "cat"].map(|name| shell(name, "/opt/sh")));
        let gets = "which is not in /etc/shells; gets /usr/sbin/nologin";
        let ann = format!("  note ann: has the shell `/opt/sh`, {gets}");
        let (bob, cat) = (ann.replace("ann", "bob"), ann.replace("ann", "cat"));
        let many = format!("  note p0, p1, p2 and 497 more: has the shell `/bin/true`, {gets}");
        assert_eq!(remarks(&all), [many, ann, bob, cat]);
        assert!(remarks(&[]).is_empty());
    }

    #[test]
    fn a_run_tells_some_of_each_cause_and_the_number_of_the_rest() {
        let mut all: Vec<Remark> = (0..500)
            .map(|n| shell(&format!("p{n}"), &format!("/home/p{n}/sh")))
            .collect();
        all.push(Remark::new("ann", Reason::StaysLocked));
        let told = few_remarks(&all);
        assert_eq!(told.len(), 22);
        assert_eq!(told[20], "  note ann: stays locked, as it is");
        assert_eq!(
            told[21],
            "  note 480 more of the kind `shell-not-allowed`; --dry-run --format json shows them all"
        );
        assert_eq!(remarks(&all).len(), 501);
    }
}
