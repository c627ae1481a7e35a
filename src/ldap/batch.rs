//! Many changes on one connection, without waiting for the answer to each before the next is sent.
//!
//! A server may do them in any order, and answer so (RFC 4511, 3.1): those of one batch must not depend on each other. Answers are told
//! apart by the id of the message. When the connection breaks, nobody knows which of those that were not answered were done.

use std::collections::BTreeMap;
use std::time::Instant;

use super::code::Answer;
use super::connect::Session;
use super::error::Error;
use super::message::Says;
use super::request::Write;
use crate::model::Untrusted;
use crate::system::clock;

/// How many may be unanswered. OpenLDAP ends connections with more than a hundred of nobody's, and a thousand of somebody's
/// (conn_max_pending in slapd.conf(5)).
const UNANSWERED: usize = 100;

/// Sends them, and begins none any more when it is `until`; `answered` is given the place of each in `writes`, and what the server said
/// to it. Returns how many were sent; all of these were answered.
///
/// # Errors
/// Why not all were answered.
pub(super) fn run(
    session: &mut Session,
    writes: &[Write],
    until: Option<Instant>,
    answered: &mut dyn FnMut(usize, Answer),
) -> Result<usize, Error> {
    let mut sent = 0;
    let mut open: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, write) in writes.iter().enumerate() {
        if open.len() >= UNANSWERED {
            one(session, &mut open, answered)?;
        }
        if until.is_some_and(clock::is_past) {
            break;
        }
        open.insert(session.send(&write.operation, &write.controls)?, at);
        sent = at + 1;
    }
    while !open.is_empty() {
        one(session, &mut open, answered)?;
    }
    Ok(sent)
}

/// Waits for one answer.
fn one(
    session: &mut Session,
    open: &mut BTreeMap<u32, usize>,
    answered: &mut dyn FnMut(usize, Answer),
) -> Result<(), Error> {
    let (id, answer) = loop {
        let message = session.receive_any()?;
        match message.says {
            Says::Intermediate(_) => {}
            Says::Result(answer) => {
                let text = Untrusted::new(answer.words());
                let code = answer.code;
                break (message.id, Answer { code, text });
            }
            Says::Entry(_) | Says::Reference(_) => return Err(session.fail(Error::not_ldap())),
        }
    };
    match open.remove(&id) {
        Some(at) => answered(at, answer),
        None => return Err(session.fail(Error::not_ldap())),
    }
    Ok(())
}
