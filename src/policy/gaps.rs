//! What is said about fields that could not be looked up. A server that is out of order affects everybody, and is worth
//! one line.

use std::collections::BTreeMap;

use super::{Reason, Remark};
use crate::model::{Gap, first_names};

/// How many names a line has.
const NAMES: usize = 3;

/// A remark for each reason: those with the same reason share a line.
pub(crate) fn remarks(gaps: &[Gap]) -> Vec<Remark> {
    let mut shared: BTreeMap<_, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        shared
            .entry((gap.field, gap.reason.as_str()))
            .or_default()
            .push(gap);
    }
    let remark = |((field, reason), gaps): ((crate::model::UserField, &str), Vec<&Gap>)| {
        let names = gaps.iter().map(|gap| gap.subject.raw());
        let why = reason.to_owned();
        Remark::new(
            first_names(names, NAMES),
            Reason::FieldUnknown { field, why },
        )
    };
    shared.into_iter().map(remark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RemoteId, Untrusted, UserField};

    #[test]
    fn what_has_one_reason_is_one_line() {
        let gap = |n: u32, reason: &str| Gap {
            user: RemoteId::new(&format!("u-{n}")).unwrap(),
            subject: Untrusted::new(format!("p{n}\n")),
            field: UserField::SshKeys,
            reason: reason.to_owned(),
        };
        let mut gaps: Vec<Gap> = (0..100).map(|n| gap(n, "it is down")).collect();
        gaps.push(gap(100, "it is odd"));
        let remark = |names: &str, why: &str| {
            let (field, why) = (UserField::SshKeys, why.to_owned());
            Remark::new(names, Reason::FieldUnknown { field, why })
        };
        assert_eq!(
            remarks(&gaps),
            [
                remark("p0\\n, p1\\n, p2\\n and 97 more", "it is down"),
                remark("p100\\n", "it is odd")
            ]
        );
        assert_eq!(remarks(&[]), []);
    }
}
