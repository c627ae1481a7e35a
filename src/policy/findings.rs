//! What is said about what a reading shows besides people and groups: each thing is worth one line.

use std::collections::BTreeSet;

use super::matcher::Filter;
use super::{Reason, Refusal, Remark};
use crate::model::{Finding, RemoteId, first_names};

/// A remark for each, but for those of which the refusal of somebody tells. `primary`: the gid of the group that all share here.
pub(crate) fn remarks(
    findings: &[Finding],
    refused: &[Refusal],
    primary: Option<u32>,
) -> impl Iterator<Item = Remark> + use<> {
    let refused: BTreeSet<&RemoteId> = refused.iter().filter_map(|it| it.id.as_ref()).collect();
    let is_told = |finding: &Finding| match finding {
        Finding::Twins { people, .. } => people.iter().any(|id| refused.contains(id)),
        Finding::PrimaryGids(gids) => gids.iter().all(|gid| Some(*gid) == primary),
        _ => false,
    };
    let rest = findings.iter().filter(|finding| !is_told(finding));
    let rest: Vec<Remark> = rest.map(remark).collect();
    rest.into_iter()
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
        Finding::Twins { what, places, .. } => Remark::new(what, Reason::Twins { places }),
        Finding::PrimaryGids(gids) => {
            let key = "`primary_group` in [accounts]";
            Remark::new(key, Reason::GidsUnused { count: gids.len() })
        }
        Finding::UnusedAttribute { key, attribute } => {
            let key = format!("attributes.{key}");
            Remark::new(key, Reason::UnusedAttribute { attribute })
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
                key: "uid",
                attribute: "uidNumbr".to_owned(),
            },
        ];
        let told: Vec<Remark> = remarks(&found, &[], None).collect();
        let of = |remark: &Remark| (remark.name.clone(), remark.reason.word());
        let told: Vec<_> = told.iter().map(of).collect();
        let expected = [
            ("lab", "unknown-members"),
            ("attributes.uid", "unused-attribute"),
        ];
        assert_eq!(told, expected.map(|(name, word)| (name.to_owned(), word)));
    }

    #[test]
    fn what_the_refusal_of_one_of_them_tells_is_not_told_again() {
        let id = |text| RemoteId::new(text).unwrap();
        let found = [Finding::Twins {
            what: "the login ann".to_owned(),
            places: ["uid=ann,ou=a", "uid=ann,ou=b"].into_iter().collect(),
            people: vec![id("1"), id("2")],
        }];
        let refused = |of| Refusal {
            id: Some(id(of)),
            subject: Untrusted::new("ann"),
            reason: Reason::SameId,
        };
        assert_eq!(remarks(&found, &[refused("3")], None).count(), 1);
        assert_eq!(remarks(&found, &[refused("2")], None).count(), 0);
    }

    #[test]
    fn gids_that_nobody_gets_are_told_unless_they_are_that_of_the_shared_group() {
        let found = [Finding::PrimaryGids([100, 2001].into())];
        let told: Vec<Remark> = remarks(&found, &[], Some(100)).collect();
        assert_eq!(told[0].reason, Reason::GidsUnused { count: 2 });
        let found = [Finding::PrimaryGids([100].into())];
        assert_eq!(remarks(&found, &[], Some(100)).count(), 0);
    }
}
