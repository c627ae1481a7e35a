//! A connection on which a server tells by itself that what a search finds has changed: refreshAndPersist.
//!
//! That something came is all that is taken from it: what has changed is not looked at, nobody's record is made of it, and no
//! cookie of it is kept. Rules: RFC 4533 (2.2 the request, 2.5 what is said on the way, 3.4 refreshAndPersist).

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::ber::Reader;
use super::connect::{Server, Session};
use super::error::Error;
use super::message::{Says, UNSOLICITED};
use super::question::Request;
use super::request::{Control, Operation, SYNC, WHO_AM_I};
use super::{socket, sync};

const REFRESH_AND_PERSIST: u32 = 3;
/// The refresh told what was deleted, or what is present: after either of them the changes begin.
const STAGES: [u8; 2] = [0xa1, 0xa2];
const COOKIE: u8 = 0x04;
const IS_DONE: u8 = 0x01;

/// How long a look at what has come may take: what was woken for is there, unless it was not for us but for TLS.
const LOOK: Duration = Duration::from_millis(20);
/// How long a question may take to be sent.
const SEND: Duration = Duration::from_secs(10);

/// Searches that do not end: each change of what they find comes as a message.
pub(crate) struct Persist {
    session: Session,
    /// The ids of the searches.
    searches: Vec<u32>,
    /// The id of the question whether anybody is there.
    asked: Option<u32>,
}

/// What came on the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Came {
    /// Something of what the searches find has changed.
    pub changes: bool,
    /// The server has answered the question whether it is there.
    pub answer: bool,
}

impl Persist {
    /// Begins to listen for changes of what each of `searches`, a base and a filter, finds. What changes from now on is told.
    ///
    /// # Errors
    /// When the server does not tell of changes, or not before `deadline`.
    pub(crate) fn open(
        server: &Server,
        searches: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<Self, Error> {
        let mut session = Session::open(server, deadline)?;
        let mut ids = Vec::new();
        for (base, filter) in searches {
            // With a cookie for what there is now, nothing of it is told again.
            let id = match sync::cookie(&mut session, base, filter)? {
                None => begin(&mut session, base, filter, None)?,
                Some(cookie) => match begin(&mut session, base, filter, Some(&cookie))? {
                    // One of another search says nothing to some servers.
                    Begun::Refused(_) => begin(&mut session, base, filter, None)?,
                    begun => begun,
                },
            };
            match id {
                Begun::Listens(id) => ids.push(id),
                Begun::Refused(error) => return Err(error),
            }
        }
        Ok(Self {
            session,
            searches: ids,
            asked: None,
        })
    }

    /// Takes what has come, without waiting for anything.
    ///
    /// # Errors
    /// When the connection is broken, or the server tells of no more changes.
    pub(crate) fn came(&mut self) -> Result<Came, Error> {
        self.session.until(socket::after(LOOK));
        self.session.take_in()?;
        let mut came = Came::default();
        let (searches, asked) = (&self.searches, self.asked);
        while let Some(message) = self.session.taken_in()? {
            match message.says {
                _ if message.id == UNSOLICITED => return Err(Error::closed()),
                Says::Result(answer) if searches.contains(&message.id) => {
                    let what = "it tells of no more changes";
                    return Err(Error::code(answer.code, &answer.words(), what));
                }
                Says::Result(_) if asked == Some(message.id) => came.answer = true,
                _ => came.changes |= searches.contains(&message.id),
            }
        }
        Ok(came)
    }

    /// Asks whether anybody is there.
    ///
    /// # Errors
    /// When the question cannot be sent.
    pub(crate) fn ask(&mut self) -> Result<(), Error> {
        self.session.until(socket::after(SEND));
        let question = Operation::extended(WHO_AM_I);
        self.asked = Some(self.session.send(&question, &[])?);
        Ok(())
    }
}

impl AsFd for Persist {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.session.as_fd()
    }
}

/// How a search began.
enum Begun {
    /// It tells of changes, by this id.
    Listens(u32),
    /// It has ended.
    Refused(Error),
}

/// Begins a search, and waits until it has told what there is.
fn begin(
    session: &mut Session,
    base: &str,
    filter: &str,
    cookie: Option<&[u8]>,
) -> Result<Begun, Error> {
    let request = Request::below(base, filter, &["1.1"]);
    let operation = Operation::search(&request)?;
    let control = Control::critical(SYNC, sync::request(REFRESH_AND_PERSIST, cookie));
    let controls = [control];
    session.log(&request, &controls);
    let id = session.send(&operation, &controls)?;
    loop {
        let message = session.receive(id)?;
        if let Says::Result(answer) = message.says {
            let what = "it does not tell of changes by itself";
            return Ok(Begun::Refused(match answer.code {
                0 => Error::malformed(what),
                code => Error::code(code, &answer.words(), what),
            }));
        }
        if matches!(message.says, Says::Intermediate(it) if it.name == sync::INFO && is_done(it.value))
        {
            return Ok(Begun::Listens(id));
        }
    }
}

/// Whether syncInfoValue (RFC 4533, 2.5) ends the refresh.
fn is_done(value: &[u8]) -> bool {
    let stage = Reader::new(value).any();
    let Some((_, inside)) = stage.filter(|(tag, _)| STAGES.contains(tag)) else {
        return false;
    };
    let mut parts = Reader::new(inside);
    let Some(_) = parts.optional(COOKIE) else {
        return false;
    };
    // TRUE is what holds where it is left out.
    match parts.optional(IS_DONE) {
        Some(Some(done)) => done != [0],
        Some(None) => parts.is_empty(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_of_the_refresh_is_known() {
        for end in [
            &b"\xa1\x00"[..],
            b"\xa2\x00",
            b"\xa1\x04\x04\x02ab",
            b"\xa2\x07\x04\x02ab\x01\x01\xff",
            b"\xa1\x03\x01\x01\x01",
        ] {
            assert!(is_done(end), "{end:?}");
        }
        for other in [
            &b""[..],
            b"\x80\x02ab",
            b"\xa3\x00",
            b"\xa2\x03\x01\x01\x00",
            b"\xa2\x07\x04\x02ab\x01\x01\x00",
            b"\xa1\x02\x04\x09",
            b"\xa1\x02\x30\x00",
        ] {
            assert!(!is_done(other), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            is_done(&bytes);
        }
    }
}
