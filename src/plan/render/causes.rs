//! Refusals and remarks, told by their causes: what is said of several for one reason is one line with a count and
//! examples. Whatever is of one alone, and who should be out and is not, has a line of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{RemoteId, first_names, shown};
use crate::policy::{Reason, Refusal, Remark};

/// So many of whom the same is said are named.
const EXAMPLES: usize = 5;

/// So many lines of one kind are told by a run, if nobody asks for more.
const TOLD: usize = 20;

/// What is said of somebody, for a reason.
pub(crate) trait Said {
    /// Of whom.
    fn name(&self) -> &str;

    /// The provider's id, if that is told.
    fn id(&self) -> Option<&RemoteId>;

    /// Why.
    fn reason(&self) -> &Reason;

    /// One of them, in one line.
    fn line(&self) -> String;

    /// What is said of so many for one cause, with the first of their names.
    fn together(count: usize, cause: &str, names: &str) -> String;

    /// That there are more lines of a kind.
    fn more(count: usize, word: &str) -> String;
}

impl Said for Refusal {
    fn name(&self) -> &str {
        self.subject.raw()
    }

    fn id(&self) -> Option<&RemoteId> {
        self.id.as_ref()
    }

    fn reason(&self) -> &Reason {
        &self.reason
    }

    fn line(&self) -> String {
        refusal(self)
    }

    fn together(count: usize, cause: &str, names: &str) -> String {
        format!("x {count} refused: {cause}: {names}")
    }

    fn more(count: usize, word: &str) -> String {
        format!("x {count} more refused for reasons of the kind `{word}`; -v shows them all")
    }
}

impl Said for Remark {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<&RemoteId> {
        None
    }

    fn reason(&self) -> &Reason {
        &self.reason
    }

    fn line(&self) -> String {
        remark(self)
    }

    fn together(count: usize, cause: &str, names: &str) -> String {
        format!("  note {count}: {cause}: {names}")
    }

    fn more(count: usize, word: &str) -> String {
        format!("  note {count} more of the kind `{word}`; -v shows them all")
    }
}

/// A record that gets nothing, and why, in one line.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let mut line = format!("x refuse {}", called(refusal.subject.raw()));
    if let Some(id) = &refusal.id {
        let _ = write!(line, " ({id})"); // writing into a String cannot fail
    }
    let _ = write!(line, ": {}", refusal.reason);
    line
}

/// What is left as it is, and why, in one line.
pub(crate) fn remark(remark: &Remark) -> String {
    format!("  note {}: {}", shown(&remark.name), remark.reason)
}

fn called(name: &str) -> String {
    match name {
        "" => "a record without a name".to_owned(),
        name => shown(name).to_string(),
    }
}

/// Those of whom the same is said.
pub(crate) struct SameCause<'a, T> {
    all: Vec<&'a T>,
}

/// All of them by their causes, in the order in which these come first.
pub(crate) fn causes<'a, T: Said>(all: impl IntoIterator<Item = &'a T>) -> Vec<SameCause<'a, T>> {
    let mut out: Vec<SameCause<'a, T>> = Vec::new();
    let mut places: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    for said in all {
        let reason = said.reason();
        // Each of them is to be dealt with by hand.
        if reason.is_not_out() {
            out.push(SameCause { all: vec![said] });
            continue;
        }
        let word = match reason.is_of_home_base() {
            // One thing, whatever was to be done there.
            true => reason.cause().word(),
            false => reason.word(),
        };
        let place = *places.entry((word, reason.shared())).or_insert(out.len());
        match out.get_mut(place) {
            Some(same) => same.all.push(said),
            None => out.push(SameCause { all: vec![said] }),
        }
    }
    out
}

impl<'a, T: Said> SameCause<'a, T> {
    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[&'a T] {
        &self.all
    }

    /// The word for it.
    pub(crate) fn word(&self) -> &'static str {
        self.all.first().map_or("", |said| said.reason().word())
    }

    /// Whether they should be out, and are not.
    fn is_not_out(&self) -> bool {
        self.all
            .first()
            .is_some_and(|said| said.reason().is_not_out())
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        match self.all.as_slice() {
            [one] => one.line(),
            all => T::together(all.len(), &self.sentence(), &self.names(EXAMPLES)),
        }
    }

    /// What is said of all of them.
    pub(crate) fn sentence(&self) -> String {
        let first = self.all.first().map(|said| said.reason());
        first.map_or_else(String::new, Reason::shared)
    }

    /// The first of their names, each with what is its own, or its id where two have one name.
    pub(crate) fn names(&self, most: usize) -> String {
        let shown = self.all.iter().take(most);
        let is_twin = |said: &T| {
            let same = shown.clone().filter(|other| other.name() == said.name());
            same.count() > 1
        };
        let id = |said: &T| said.id().filter(|_| is_twin(said)).map(RemoteId::to_string);
        let name = |said: &&T| match said.reason().own_part().or_else(|| id(said)) {
            Some(own) => format!("{} ({own})", called(said.name())),
            None => called(said.name()),
        };
        let first: Vec<String> = shown.clone().map(name).collect();
        let rest = self.all.iter().skip(most).map(|said| said.name());
        first_names(first.iter().map(String::as_str).chain(rest), most)
    }
}

/// Several causes in one sentence.
pub(crate) fn in_one<T: Said>(causes: &[SameCause<'_, T>]) -> String {
    let one = |cause: &SameCause<'_, T>| {
        let (count, names) = (cause.count(), cause.names(EXAMPLES));
        format!("{} ({count}): {names}", cause.sentence())
    };
    let all: Vec<String> = causes.iter().map(one).collect();
    all.join("; ")
}

/// How much of what is said is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Each by itself.
    Each,
    /// Each cause once.
    Causes,
    /// The same, with a number for the rest of a kind of which much is said: a provider that says something else of
    /// everybody must not fill the mail of cron.
    Some,
}

/// What is said, in lines.
pub(crate) fn lines<'a, T: Said + 'a>(
    all: impl IntoIterator<Item = &'a T>,
    detail: Detail,
) -> Vec<String> {
    if detail == Detail::Each {
        return all.into_iter().map(Said::line).collect();
    }
    let mut out = Vec::new();
    let mut told: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for cause in causes(all) {
        let (lines, rest) = told.entry(cause.word()).or_default();
        *lines += 1;
        let is_limited = detail == Detail::Some && !cause.is_not_out();
        match is_limited && *lines > TOLD {
            true => *rest += cause.count(),
            false => out.push(cause.line()),
        }
    }
    let more = told.iter().filter(|(_, (_, rest))| *rest > 0);
    out.extend(more.map(|(word, (_, rest))| T::more(*rest, word)));
    out
}

#[cfg(test)]
mod tests;
