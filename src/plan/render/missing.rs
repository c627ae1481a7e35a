//! Who is missing, in lines: since when, and the date before which nothing happens.

use std::collections::BTreeMap;

use crate::model::history::EntryKind;
use crate::model::{first_names, moment};
use crate::plan::Missing;

/// So many of those who are missing for the same time are named.
const EXAMPLES: usize = 10;

/// Those who are missing since the same moment in one line.
pub(crate) fn missing<'a>(all: impl IntoIterator<Item = &'a Missing>) -> Vec<String> {
    let mut times: BTreeMap<(i64, i64, &str), Vec<&Missing>> = BTreeMap::new();
    for one in all {
        let at = (one.since, one.not_before, one.kind.as_str());
        times.entry(at).or_default().push(one);
    }
    times.into_values().filter_map(|all| line(&all)).collect()
}

fn line(all: &[&Missing]) -> Option<String> {
    let first = all.first()?;
    let what = match first.kind {
        EntryKind::Account => "locked",
        EntryKind::Group | EntryKind::LocalGroup => "emptied",
    };
    let names = first_names(all.iter().map(|one| one.name.as_str()), EXAMPLES);
    Some(format!(
        "? {} missing: {names} (in no complete read since {}; {what} not before {})",
        all.len(),
        moment(first.since),
        moment(first.not_before)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RemoteId;

    fn one(kind: EntryKind, name: &str, since: i64) -> Missing {
        Missing {
            kind,
            id: RemoteId::new(name).unwrap(),
            name: name.to_owned(),
            since,
            not_before: since + 3_600,
            is_news: true,
        }
    }

    #[test]
    fn those_who_are_missing_since_one_moment_are_one_line() {
        let people = ["ukim", "ann"].map(|name| one(EntryKind::Account, name, 1_700_000_000));
        let others = [
            one(EntryKind::Account, "bob", 1_700_000_060),
            one(EntryKind::Group, "lab", 1_700_000_000),
        ];
        assert_eq!(
            missing(people.iter().chain(&others)),
            [
                "? 2 missing: ukim, ann (in no complete read since 2023-11-14T22:13:20Z; locked not before \
                 2023-11-14T23:13:20Z)",
                "? 1 missing: lab (in no complete read since 2023-11-14T22:13:20Z; emptied not before \
                 2023-11-14T23:13:20Z)",
                "? 1 missing: bob (in no complete read since 2023-11-14T22:14:20Z; locked not before \
                 2023-11-14T23:14:20Z)",
            ]
        );
    }
}
