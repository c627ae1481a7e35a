//! What earlier runs have told: it is only counted when it is so still.
//!
//! Who should be out and is not, and what could not be done on this host, is told each time: the status of the run speaks of it.

use std::collections::BTreeSet;

use super::last_runs::{LastRuns, RunNote, Told, Who};
use crate::plan::render::{Said, causes};
use crate::plan::{Barred, Plan};

/// What was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    told: BTreeSet<(String, String, String)>,
}

impl Memory {
    /// What the newest run of a family, and the last one of this command, have told.
    pub(crate) fn of(runs: &LastRuns, family: &str, command: &str) -> Self {
        let newest = runs.whole(family).first().map(|(_, note)| *note);
        let last = runs.runs.get(command);
        let notes = newest.into_iter().chain(last);
        let told = notes.flat_map(|note: &RunNote| note.refused.iter().chain(&note.notes));
        let entry = |told: &Told, who: &Who| (told.reason.clone(), told.text.clone(), key(who));
        let told = told.flat_map(|told| told.who.iter().map(move |who| entry(told, who)));
        Self {
            told: told.collect(),
        }
    }

    /// Whether this was told before, and need not be again.
    fn knows<T: Said>(&self, word: &str, sentence: &str, said: &T) -> bool {
        let reason = said.reason();
        if reason.is_not_out() || reason.is_held_up() || self.told.is_empty() {
            return false;
        }
        let entry = (word.to_owned(), sentence.to_owned(), key(&Who::of(said)));
        self.told.contains(&entry)
    }

    /// Those of whom it was not told, and how many the others are.
    pub(crate) fn news<'a, T: Said>(
        &self,
        all: impl IntoIterator<Item = &'a T>,
    ) -> (Vec<&'a T>, usize) {
        let (mut news, mut others) = (Vec::new(), 0);
        for cause in causes(all) {
            let (word, sentence) = (cause.word(), cause.sentence());
            for said in cause.all() {
                match self.knows(word, &sentence, *said) {
                    true => others += 1,
                    false => news.push(*said),
                }
            }
        }
        (news, others)
    }

    /// Why nobody new comes, as far as that is an error: where others are in, those whom a setting keeps out may be meant to
    /// be, and it is one only when it begins.
    pub(crate) fn barred(&self, plan: &Plan) -> Option<Barred> {
        let barred = plan.barred?;
        let hit = plan.refused.iter().filter(|it| barred.is_by(&it.reason));
        let is_error = barred != Barred::Setting || self.news(hit).1 == 0;
        is_error.then_some(barred)
    }
}

/// By what somebody is known from one run to the next.
fn key(who: &Who) -> String {
    who.id.clone().unwrap_or_else(|| who.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RemoteId, Untrusted};
    use crate::policy::{Reason, Refusal};

    fn refusal(id: &str, reason: Reason) -> Refusal {
        Refusal {
            id: RemoteId::new(id),
            subject: Untrusted::new(id),
            reason,
        }
    }

    fn base() -> Reason {
        let base = "/nfs".to_owned();
        Reason::HomeBaseMissing { base }
    }

    #[test]
    fn what_was_told_is_counted_and_what_is_new_is_not_in_that() {
        let before = [
            refusal("u-1", Reason::SameId),
            refusal("u-2", Reason::SameId),
        ];
        let mut runs = LastRuns::default();
        let refused = Told::of(&before);
        let note = RunNote {
            refused,
            ..RunNote::default()
        };
        runs.put("sync users --new", note);
        let memory = Memory::of(&runs, "sync users", "sync users");
        let now = [
            refusal("u-1", Reason::SameId),
            refusal("u-2", Reason::AdoptedUnderThis),
            refusal("u-3", Reason::SameId),
        ];
        let (news, others) = memory.news(&now);
        let ids: Vec<_> = news.iter().filter_map(|it| it.id.as_ref()).collect();
        assert_eq!(
            ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
            ["u-3", "u-2"]
        );
        assert_eq!(others, 1);
        let (news, others) = Memory::default().news(&now);
        assert_eq!((news.len(), others), (3, 0));
    }

    #[test]
    fn what_the_status_speaks_of_is_told_each_time() {
        let before = [refusal("u-1", base())];
        let mut runs = LastRuns::default();
        let refused = Told::of(&before);
        let note = RunNote {
            refused,
            ..RunNote::default()
        };
        runs.put("sync users", note);
        let memory = Memory::of(&runs, "sync users", "sync users");
        assert_eq!(memory.news(&before).1, 0);
    }

    #[test]
    fn a_setting_that_keeps_some_out_is_an_error_when_it_begins() {
        let refused = vec![refusal(
            "u-1",
            Reason::ShellRefused {
                wished: Untrusted::new("/bin/x"),
            },
        )];
        let plan = |barred| Plan {
            barred,
            refused: refused.clone(),
            ..Plan::default()
        };
        let mut runs = LastRuns::default();
        let note = RunNote {
            refused: Told::of(&refused),
            ..RunNote::default()
        };
        runs.put("sync users", note);
        let memory = Memory::of(&runs, "sync users", "sync users");
        let setting = plan(Some(Barred::Setting));
        assert_eq!(memory.barred(&setting), None);
        assert_eq!(Memory::default().barred(&setting), Some(Barred::Setting));
        let configuration = plan(Some(Barred::Configuration));
        assert_eq!(memory.barred(&configuration), Some(Barred::Configuration));
        assert_eq!(memory.barred(&plan(None)), None);
    }
}
