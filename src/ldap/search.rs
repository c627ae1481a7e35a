//! One search, page by page, and whether it was read to its end.
//!
//! A search is whole only if every page ended with success, without a reference to another server,
//! and the last one said that there is no other. Everything else is an early end. Rules: RFC 4511
//! (4.5), RFC 2696 (paged results). References are never followed: they would lead to a server that
//! nobody configured.

use std::collections::BTreeSet;

use super::connect::Session;
use super::entry::{self, Entry, Strange};
use super::error::Error;
use super::message::{self, Answer, Says};
pub(crate) use super::question::{Outcome, Request};
use super::request::{Control, MANAGE_DSA_IT, Operation, PAGED};
use super::tape::{Digest, Kept};

/// Active Directory: leave out references to other domains (MS-ADTS 3.1.1.3.4.1.6), as we would not
/// follow them.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
/// More pages than any directory has; a server that never comes to an end is stopped here.
const MAX_PAGES: usize = 100_000;
/// More entries than any directory has.
const MAX_ENTRIES: usize = 5_000_000;

/// Is given the content of each entry as it arrives.
type Take<'t> = dyn FnMut(&[u8]) -> Result<(), Error> + 't;

/// Runs a search; `sink` is given each entry as it arrives, and `progress` the number of entries
/// after each page. An answer that was kept is given instead, once.
pub(crate) fn run(
    session: &mut Session,
    request: &Request<'_>,
    sink: &mut dyn FnMut(&Entry<'_>),
    progress: &dyn Fn(usize),
) -> Outcome {
    let mut take = apart(session, sink);
    if let Some(kept) = session.kept(request) {
        let (mut outcome, broken) = kept.give(&mut take);
        if let Some(reason) = broken {
            outcome.early = Some(session.fail(reason));
        }
        progress(outcome.entries);
        return outcome;
    }
    let mut digest = session.key().map(Digest::new);
    let mut heard = |content: &[u8]| {
        digest.iter_mut().for_each(|digest| digest.add(content));
        take(content)
    };
    let outcome = pages(session, request, &mut heard, progress);
    if let Some(digest) = digest {
        session.hear(request, digest, &outcome);
    }
    outcome
}

/// Runs a search of which nothing is listened to: its answer is no part of what a read was answered.
pub(crate) fn aside(
    session: &mut Session,
    request: &Request<'_>,
    sink: &mut dyn FnMut(&Entry<'_>),
) -> Outcome {
    let mut take = apart(session, sink);
    pages(session, request, &mut take, &|_| {})
}

/// Runs a search, and keeps its answer for [`run`]: for whoever has to know what the answer is before it is taken apart.
/// Gives its digest; none, if it is not whole.
pub(crate) fn keep(
    session: &mut Session,
    request: &Request<'_>,
    progress: &dyn Fn(usize),
) -> Option<String> {
    if let Some(digest) = session.digest(request) {
        return Some(digest);
    }
    let room_for = session.limits().room_for;
    let mut kept = Kept::default();
    let mut digest = Digest::new(session.key()?);
    let mut take = |content: &[u8]| {
        digest.add(content);
        kept.add(content, room_for);
        Ok(())
    };
    let outcome = pages(session, request, &mut take, progress);
    let digest = digest.end(request, &outcome);
    session.keep(request, kept.with(outcome, digest.clone()));
    digest
}

/// Asks for one page after the other.
fn pages(
    session: &mut Session,
    request: &Request<'_>,
    take: &mut Take<'_>,
    progress: &dyn Fn(usize),
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut next = Vec::new();
    // A page begins with an entry that no earlier page began with, or the server goes round in
    // circles. Its cookie may be the same every time: 389 Directory Server's is the number of the
    // search.
    let mut seen = BTreeSet::new();
    loop {
        outcome.pages += 1;
        let mut page = match one(session, request, &next, &mut outcome.entries, take) {
            Ok(page) => page,
            Err(reason) => {
                outcome.early = Some(reason);
                return outcome;
            }
        };
        progress(outcome.entries);
        outcome.code = page.code;
        let refers = !page.references.is_empty() && !session.ignores_referrals();
        outcome.references.append(&mut page.references);
        let asked = Asked {
            cookie: &next,
            paged: session.page_size() > 0 && !request.alone,
            refers,
        };
        outcome.unpaged = asked.paged && matches!(page.end, End::None);
        match after(page, asked, &outcome, &mut seen).map_err(|e| raised(e, &outcome, session)) {
            Ok(None) => return outcome,
            Ok(Some(cookie)) => next = cookie,
            Err(reason) => {
                outcome.early = Some(reason);
                return outcome;
            }
        }
    }
}

/// Asks for the first page alone; says how that ended, and whether there are more.
pub(crate) fn first(
    session: &mut Session,
    request: &Request<'_>,
    sink: &mut dyn FnMut(&Entry<'_>),
) -> (Outcome, bool) {
    let mut outcome = Outcome {
        pages: 1,
        ..Outcome::default()
    };
    let mut take = apart(session, sink);
    let mut page = match one(session, request, &[], &mut outcome.entries, &mut take) {
        Ok(page) => page,
        Err(reason) => {
            outcome.early = Some(reason);
            return (outcome, false);
        }
    };
    outcome.code = page.code;
    let refers = !page.references.is_empty() && !session.ignores_referrals();
    outcome.references.append(&mut page.references);
    let asked = Asked {
        cookie: &[],
        paged: session.page_size() > 0 && !request.alone,
        refers,
    };
    match after(page, asked, &outcome, &mut BTreeSet::new()) {
        Ok(next) => (outcome, next.is_some()),
        Err(reason) => {
            outcome.early = Some(raised(reason, &outcome, session));
            (outcome, false)
        }
    }
}

/// What a page was asked for, and what counts of the answer.
struct Asked<'a> {
    /// Its own marker.
    cookie: &'a [u8],
    paged: bool,
    /// It refers to other servers, and they are not to be passed over.
    refers: bool,
}

/// The marker of the page that follows one; `None`: it was the last. `seen`: what earlier pages began with.
fn after(
    page: Page,
    asked: Asked<'_>,
    outcome: &Outcome,
    seen: &mut BTreeSet<String>,
) -> Result<Option<Vec<u8>>, Error> {
    let malformed = |reason| Err(Error::malformed(reason));
    match page.end {
        _ if page.code != 0 => Err(Error::code(
            page.code,
            &page.words,
            "the search ended early",
        )),
        _ if asked.refers => malformed("it refers to another server for a part of the answer"),
        _ if outcome.entries >= MAX_ENTRIES => malformed("it sends entries without end"),
        End::None if asked.paged => malformed(
            "it does not say whether there is another page; if it cannot page, set page_size = 0",
        ),
        End::Broken => malformed("its page marker is not well-formed"),
        End::None => Ok(None),
        End::Cookie(cookie) if cookie.is_empty() => Ok(None),
        End::Cookie(cookie) => {
            let stuck = cookie == asked.cookie && page.first.is_none();
            if stuck || page.first.is_some_and(|first| !seen.insert(first)) {
                malformed("it sends the same page again")
            } else if outcome.pages >= MAX_PAGES {
                malformed("it sends pages without end")
            } else {
                Ok(Some(cookie))
            }
        }
    }
}

/// The same, with what to raise where the server has sent all that it sends to us.
fn raised(error: Error, outcome: &Outcome, session: &Session) -> Error {
    let limits = match outcome.code {
        3 => "the time limit that it has",
        4 => {
            "the size limit that it has (OpenLDAP: limits; 389 Directory Server: nsSizeLimit, nsPagedSizeLimit)"
        }
        11 => {
            "the limits that it has (389 Directory Server: nsLookThroughLimit, nsPagedLookThroughLimit; OpenLDAP: limits)"
        }
        _ => return error,
    };
    error.and(&format!("raise {limits} for {}", session.who()))
}

/// How a page ended.
#[derive(Default)]
struct Page {
    code: u32,
    /// What the server adds to the code.
    words: String,
    /// The name of its first entry.
    first: Option<String>,
    references: BTreeSet<String>,
    end: End,
}

#[derive(Default)]
enum End {
    /// No paged results control.
    #[default]
    None,
    /// One that cannot be read.
    Broken,
    Cookie(Vec<u8>),
}

impl Page {
    /// What the server says at its end; `marker`: the value of the paged results control, if there is one.
    fn end_with(&mut self, answer: &Answer<'_>, marker: Option<Option<&[u8]>>) {
        let referral = answer.referral().map(message::addresses);
        self.references.extend(referral.unwrap_or_default());
        self.code = answer.code;
        self.words = answer.words();
        self.end = match marker {
            None => End::None,
            Some(value) => value
                .and_then(message::cookie)
                .map_or(End::Broken, |cookie| End::Cookie(cookie.to_vec())),
        };
    }
}

/// The controls of a request for the page behind `cookie`.
fn controls(session: &Session, request: &Request<'_>, cookie: &[u8]) -> Vec<Control> {
    let mut controls = Vec::new();
    if session.page_size() > 0 && !request.alone {
        controls.push(Control::page(PAGED, session.page_size(), cookie));
    }
    if request.referrals {
        controls.push(Control::plain(MANAGE_DSA_IT));
    }
    if session.domain_scope() {
        controls.push(Control::plain(DOMAIN_SCOPE));
    }
    controls
}

/// Takes each entry apart, for `sink`.
fn apart<'s>(
    session: &Session,
    sink: &'s mut dyn FnMut(&Entry<'_>),
) -> impl FnMut(&[u8]) -> Result<(), Error> + use<'s> {
    let most = session.limits().values();
    move |content| {
        let entry = Entry::new(content, most).map_err(|strange| told(strange, most))?;
        sink(&entry);
        Ok(())
    }
}

/// Why an entry cannot be taken apart; `most`: how many values it may have.
fn told(strange: Strange, most: u64) -> Error {
    Error::malformed(match strange {
        Strange::Malformed => "it sent an entry that is not well-formed".to_owned(),
        Strange::TooMany => {
            format!("it sent an entry of more than {most} values; `max_message` allows no more")
        }
    })
}

/// Asks for one page.
fn one(
    session: &mut Session,
    request: &Request<'_>,
    cookie: &[u8],
    entries: &mut usize,
    take: &mut Take<'_>,
) -> Result<Page, Error> {
    let operation = Operation::search(request)?;
    let controls = controls(session, request, cookie);
    // ldapsearch asks for all pages by itself.
    if cookie.is_empty() {
        session.log(request, &controls);
    }
    let id = session.send(&operation, &controls)?;
    let mut page = Page::default();
    while *entries < MAX_ENTRIES {
        let message = session.receive(id)?;
        match message.says {
            Says::Entry(content) => {
                page.first.get_or_insert_with(|| entry::name(content));
                match take(content) {
                    Ok(()) => *entries += 1,
                    Err(reason) => return Err(session.fail(reason)),
                }
            }
            Says::Reference(addresses) => {
                page.references.extend(message::addresses(addresses));
            }
            Says::Intermediate(_) => {}
            Says::Result(answer) => {
                page.end_with(&answer, message.control(PAGED));
                break;
            }
        }
    }
    Ok(page)
}
