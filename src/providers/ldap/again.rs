//! A read that knows what an earlier one was answered: it ends where all is as it was, and asks only for what has changed where
//! the server says that.

use serde::{Deserialize, Serialize};

use super::Ldap;
use super::increment::{self, Place};
use super::read::{Attributes, Read, extent, group_filters};
use super::settings::Settings;
use crate::ldap::Error;
use crate::ldap::entry::Entry;
use crate::ldap::search::{self, Request};
use crate::ldap::tape::{Heard, Key, Question};
use crate::model::{Completeness, unhex};
use crate::providers::{Answers, Earlier, FetchError, Query, Reading, Whole};
use crate::system::process;

/// What is left of a read for the next one.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    key: Key,
    heard: Vec<Heard>,
}

/// A key that nobody knows.
fn random() -> Option<Key> {
    let id = process::random_id().ok()?;
    unhex(&id)?.try_into().ok()
}

/// Reads what `query` asks for, unless it is what was answered earlier; of what is kept since then only what has changed.
///
/// # Errors
/// When nothing usable came.
pub(super) fn read(
    ldap: &Ldap,
    query: &Query,
    earlier: &Earlier,
    progress: &dyn Fn(usize),
) -> Result<Reading, FetchError> {
    let place = |error: Error| ldap.error(error);
    let mut read = Read::open(ldap, query, progress).map_err(place)?;
    let before = earlier.answers.as_ref();
    let before = before.and_then(|Answers(text)| serde_json::from_str::<Remembered>(text).ok());
    let key = before.as_ref().map(|before| before.key).or_else(random);
    if let Some(key) = key {
        read.session.listen(key);
    }
    let since = read.resume(ldap, query, earlier).map_err(place)?;
    let before = before.filter(|_| since.is_none());
    if let Some(before) = before.filter(|before| read.is_same(&before.heard)) {
        read.record(&before.heard);
        read.session.close();
        return Ok(Reading::Same);
    }
    let snapshot = read.whole(ldap, query)?;
    let heard = read.session.heard();
    let answers = heard.zip(key).and_then(|(heard, key)| {
        let remembered = Remembered { key, heard };
        serde_json::to_string(&remembered).ok()
    });
    read.session.close();
    if let (Completeness::Complete(_), Some(recorder)) = (&snapshot.completeness, read.recorder) {
        recorder.finish();
    }
    Ok(Reading::Whole(Box::new(Whole {
        snapshot,
        answers: answers.map(Answers),
        since,
    })))
}

impl Read<'_> {
    /// Has from what was kept what has not changed since, and says when that was read; or begins to keep what comes.
    fn resume(
        &mut self,
        ldap: &Ldap,
        query: &Query,
        earlier: &Earlier,
    ) -> Result<Option<i64>, Error> {
        let is_wanted = self.settings.is_incremental && query.only.is_none();
        let Some(path) = earlier.file.as_deref().filter(|_| is_wanted) else {
            return Ok(None);
        };
        let settings = self.settings;
        let searches = |uuid| {
            let attributes = Attributes { uuid: Some(uuid) };
            first_searches(settings, attributes, query)
        };
        let plain = first_searches(settings, Attributes::default(), query);
        if plain.iter().any(is_computed) {
            return Ok(None);
        }
        let place = Place {
            path,
            server: format!("{:?}", ldap.server),
            now: ldap.now.seconds(),
        };
        let resumed = increment::resume(&mut self.session, &searches, &place, earlier.oldest)?;
        if let Some(resumed) = resumed {
            self.attributes.uuid = Some(resumed.uuid);
            return Ok(Some(resumed.read_at));
        }
        self.recorder = increment::begin(&mut self.session, &searches, &plain, &place)?;
        self.attributes.uuid = self.recorder.as_ref().map(|recorder| recorder.uuid);
        Ok(None)
    }

    /// Whether each search is answered as it was before. What comes is kept for when the search is made.
    fn is_same(&mut self, before: &[Heard]) -> bool {
        let progress = self.progress;
        before.iter().all(|heard| {
            heard.is_same(|request| search::keep(&mut self.session, request, progress))
        })
    }

    /// Keeps for the next read what was kept for this one, which does not need it.
    fn record(&mut self, searches: &[Heard]) {
        let Some(mut recorder) = self.recorder.take() else {
            return;
        };
        for heard in searches {
            heard.question.with(|request| {
                let mut sink = |entry: &Entry<'_>| recorder.add(request, entry);
                search::run(&mut self.session, request, &mut sink, &|_| {});
            });
        }
        recorder.finish();
    }
}

/// The searches for people, and for groups, that the read begins with.
fn first_searches(settings: &Settings, attributes: Attributes, query: &Query) -> Vec<Question> {
    let of_people = attributes.of_people(settings, extent(query), query.reads_groups());
    let people = Request::below(&settings.user_base, &settings.user_filter, &of_people);
    let mut searches = vec![Question::new(&people)];
    if query.reads_groups() {
        let of_groups = attributes.of_groups(settings);
        for filter in group_filters(settings, query.group_names()) {
            let groups = Request::below(&settings.group_base, &filter, &of_groups);
            searches.push(Question::new(&groups));
        }
    }
    searches
}

/// Whether what a search finds hangs on an attribute that changes without a word: it is computed from other entries.
fn is_computed(search: &Question) -> bool {
    search.with(|request| {
        let mut names = request.attributes.iter().copied().chain([request.filter]);
        names.any(|name| {
            let name = name.to_ascii_lowercase();
            name.contains("memberof") || name.contains("nsrole")
        })
    })
}
