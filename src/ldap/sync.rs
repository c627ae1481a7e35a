//! Whether what a search would find has changed: content synchronisation, as far as that question needs it.
//!
//! A server that can be replicated from gives a cookie for what it holds, and says later what has changed since. Whatever it says
//! besides that nothing has counts as a change; what has changed is not asked here. Rules: RFC 4533 (2.2 the request, 2.4 the
//! cookie at its end, 3.3 refreshOnly). That a cookie stands for the whole database, whatever the search is for, is so with
//! OpenLDAP's syncprov; other servers refuse the question, or a cookie of another search.

use super::ber::{ENUMERATED, Reader, SEQUENCE, STRING, Writer};
use super::connect::Session;
use super::error::Error;
use super::filter::Filter;
use super::message::Says;
use super::request::{Control, Operation, Search};

const REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
const DONE: &str = "1.3.6.1.4.1.4203.1.9.1.3";
const REFRESH_ONLY: u32 = 1;

/// A filter that no entry passes.
const NOTHING: &str = "(!(objectClass=*))";

/// How a refresh ended.
struct Refresh {
    code: u32,
    /// Whether anything came before its end.
    is_empty: bool,
    cookie: Option<Vec<u8>>,
}

/// A cookie for all that is below `base` now; `None`: the server has none.
///
/// # Errors
/// When it does not answer.
pub(crate) fn cookie(session: &mut Session, base: &str) -> Result<Option<Vec<u8>>, Error> {
    let refresh = refresh(session, base, NOTHING, None)?;
    let is_whole = refresh.code == 0 && refresh.is_empty;
    Ok(refresh
        .cookie
        .filter(|cookie| is_whole && !cookie.is_empty()))
}

/// Whether nothing that `filter` finds below `base` has changed since the server gave a cookie, nor left, nor come.
///
/// # Errors
/// When it does not answer.
pub(crate) fn is_unchanged(
    session: &mut Session,
    base: &str,
    filter: &str,
    cookie: &[u8],
) -> Result<bool, Error> {
    let refresh = refresh(session, base, filter, Some(cookie))?;
    Ok(refresh.code == 0 && refresh.is_empty)
}

fn refresh(
    session: &mut Session,
    base: &str,
    filter: &str,
    cookie: Option<&[u8]>,
) -> Result<Refresh, Error> {
    let filter = Filter::new(filter)
        .ok_or_else(|| Error::malformed("the request could not be made: its filter is none"))?;
    let operation = Operation::search(Search {
        base,
        alone: false,
        filter: &filter,
        attributes: &["1.1"],
    });
    let id = session.send(&operation, &[Control::critical(REQUEST, request(cookie))])?;
    let mut is_empty = true;
    loop {
        let message = session.receive(id)?;
        match message.says {
            Says::Entry(_) | Says::Reference(_) | Says::Intermediate => is_empty = false,
            Says::Result(answer) => {
                return Ok(Refresh {
                    code: answer.code,
                    is_empty,
                    cookie: message.control(DONE).flatten().and_then(done),
                });
            }
        }
    }
}

/// syncRequestValue (RFC 4533, 2.2).
fn request(cookie: Option<&[u8]>) -> Vec<u8> {
    let mut value = Writer::default();
    value.nested(SEQUENCE, |out| {
        out.number(ENUMERATED, REFRESH_ONLY);
        if let Some(cookie) = cookie {
            out.string(cookie);
        }
    });
    value.into_bytes()
}

/// The cookie in syncDoneValue (RFC 4533, 2.4).
fn done(value: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader::new(value);
    let mut parts = outer.sequence().filter(|_| outer.is_empty())?;
    let (tag, cookie) = parts.any()?;
    (tag == STRING).then(|| cookie.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_and_its_end_are_their_bytes() {
        assert_eq!(request(None), b"\x30\x03\x0a\x01\x01");
        assert_eq!(request(Some(b"ab")), b"\x30\x07\x0a\x01\x01\x04\x02ab");
        assert_eq!(done(b"\x30\x04\x04\x02ab").unwrap(), b"ab");
        assert_eq!(done(b"\x30\x07\x04\x02ab\x01\x01\xff").unwrap(), b"ab");
        for odd in [
            &b""[..],
            b"\x30\x00",
            b"\x30\x03\x01\x01\xff",
            b"\x30\x04\x04\x02a",
            b"\x30\x04\x04\x02ab\x00",
        ] {
            assert_eq!(done(odd), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            done(&bytes);
        }
    }
}
