//! What is said about what a reading shows besides people and groups: each thing is worth one line.

use super::matcher::Filter;
use super::{Reason, Remark};
use crate::model::{Finding, first_names};

/// A remark for each. `primary`: the gid of the group that all share here, which makes no difference to anybody.
pub(crate) fn remarks(findings: &[Finding], primary: Option<u32>) -> impl Iterator<Item = Remark> {
    let differs = move |finding: &&Finding| match finding {
        Finding::PrimaryGids(gids) => gids.iter().any(|gid| Some(*gid) != primary),
        _ => true,
    };
    findings.iter().filter(differs).map(remark)
}

/// What is said of a filter of which some words have no effect.
pub(crate) fn idle(filter: &Filter) -> Option<Remark> {
    let words = filter.idle().iter().map(String::as_str);
    let words = first_names(words, IDLE);
    (!words.is_empty()).then(|| Remark::new("`filter` in [groups]", Reason::IdleWords { words }))
}

/// How many words without effect are named.
const IDLE: usize = 5;

fn remark(finding: &Finding) -> Remark {
    const PROVIDER: &str = "the provider";
    match finding.clone() {
        Finding::UnknownMembers {
            group,
            members,
            hint,
        } => Remark::new(group.raw(), Reason::UnknownMembers { members, hint }),
        Finding::Twins { what, places } => Remark::new(what, Reason::Twins { places }),
        Finding::PrimaryGids(gids) => {
            let key = "`primary_group` in [accounts]";
            Remark::new(key, Reason::GidsUnused { count: gids.len() })
        }
        Finding::UnusedAttribute { key, attribute } => {
            Remark::new(key, Reason::UnusedAttribute { attribute })
        }
        Finding::UnmappedAttributes(names) => {
            let names = names.iter().map(String::as_str).collect();
            Remark::new("`extra_attributes`", Reason::UnmappedAttributes { names })
        }
        Finding::MediaType { said } => Remark::new(PROVIDER, Reason::MediaType { said }),
        Finding::NoPages { answer } => Remark::new(PROVIDER, Reason::NoPages { answer }),
        Finding::IgnoredReferrals { places } => {
            Remark::new(PROVIDER, Reason::IgnoredReferrals { places })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Examples, MemberHint, Untrusted};

    #[test]
    fn each_finding_is_one_line_about_what_it_is_found_at() {
        let members: Examples = ["Lea", "maxm"].into_iter().collect();
        let (group, hint) = (Untrusted::new("lab"), Some(MemberHint::OtherCase));
        let found = [
            Finding::UnknownMembers {
                group,
                members: members.clone(),
                hint,
            },
            Finding::UnusedAttribute {
                key: "attributes.uid".to_owned(),
                attribute: "uidNumbr".to_owned(),
            },
        ];
        let told: Vec<Remark> = remarks(&found, None).collect();
        let of = |remark: &Remark| (remark.name.clone(), remark.reason.word());
        let told: Vec<_> = told.iter().map(of).collect();
        let expected = [
            ("lab", "unknown-members"),
            ("attributes.uid", "unused-attribute"),
        ];
        assert_eq!(told, expected.map(|(name, word)| (name.to_owned(), word)));
    }

    #[test]
    fn gids_that_nobody_gets_are_told_unless_they_are_that_of_the_shared_group() {
        let found = [Finding::PrimaryGids([100, 2001].into())];
        let told: Vec<Remark> = remarks(&found, Some(100)).collect();
        assert_eq!(told[0].reason, Reason::GidsUnused { count: 2 });
        let found = [Finding::PrimaryGids([100].into())];
        assert_eq!(remarks(&found, Some(100)).count(), 0);
    }
}
