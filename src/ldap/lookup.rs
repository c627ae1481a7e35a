//! Which of some entries a search finds, and what they are: the search itself is asked, narrowed to them.

use super::connect::Session;
use super::error::Error;
use super::question::Request;
use super::search;
use super::sync::{self, Uuid};

/// Entries, with what they are now.
pub(super) type Entries = Vec<(Uuid, Vec<u8>)>;

/// What a search finds with each of these filters, in place of its own; `attribute` says which entry it is. `None`: not all came.
///
/// # Errors
/// When the server does not answer.
pub(super) fn found(
    session: &mut Session,
    request: &Request<'_>,
    attribute: &str,
    filters: &[String],
) -> Result<Option<Entries>, Error> {
    let mut found = Vec::new();
    for filter in filters {
        let narrowed = Request {
            filter,
            ..request.clone()
        };
        let mut is_odd = false;
        let outcome = search::aside(session, &narrowed, &mut |entry| match entry
            .only(attribute)
            .and_then(sync::uuid)
        {
            Some(uuid) => found.push((uuid, entry.content().to_vec())),
            None => is_odd = true,
        });
        match outcome.early {
            Some(error) if outcome.code == 0 => return Err(error),
            None if outcome.references.is_empty() && !is_odd => {}
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(found))
}
