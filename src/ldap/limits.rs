//! How much a server may send: one message, its elements, and all of a read.
//!
//! Nothing that it sends is followed by recursion, so no depth needs a limit. Pure.

use super::ber::{self, Header};
use super::error::Error;

/// A message may have one value for so many bytes of what it may have: each value costs memory of its own when it is
/// kept, however short it is.
const BYTES_PER_VALUE: u64 = 32;

/// What a server may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of one message.
    pub message: u64,
    /// Bytes of all messages on one connection.
    pub read: u64,
    /// Whether there is memory for so many bytes more; the text says why not.
    pub room_for: fn(u64) -> Result<(), String>,
}

impl Limits {
    /// How many values an entry may have, with its attributes.
    pub(super) fn values(&self) -> u64 {
        self.message / BYTES_PER_VALUE
    }
}

/// The length of the message that begins here; `None`: its header has not come yet.
///
/// # Errors
/// When it is not LDAP, or longer than it may be.
pub(super) fn length(bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Error> {
    if bytes.first().is_some_and(|tag| *tag != ber::SEQUENCE) {
        return Err(Error::not_ldap());
    }
    let (length, content) = match ber::header(bytes).ok_or_else(Error::not_ldap)? {
        Header::Partial => return Ok(None),
        Header::Whole { length, content } => (length, content),
    };
    let whole = content.saturating_add(length as u64);
    if whole > limits.message {
        return Err(Error::malformed(format!(
            "it sent a message of {whole} bytes; `max_message` allows {}",
            limits.message
        )));
    }
    usize::try_from(whole)
        .map(Some)
        .map_err(|_| Error::not_ldap())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        message: 1 << 20,
        read: 1 << 30,
        room_for: |_| Ok(()),
    };

    #[test]
    fn a_message_is_as_long_as_it_says_and_no_longer_than_it_may_be() {
        for (bytes, expected) in [
            (&[][..], None),
            (&[0x30], None),
            (&[0x30, 0x82, 1], None),
            (&[0x30, 5], Some(7)),
            (&[0x30, 0x82, 1, 0], Some(260)),
            (&[0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 3], Some(13)),
        ] {
            assert_eq!(length(bytes, &LIMITS).unwrap(), expected, "{bytes:?}");
        }
        let claims = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        let error = length(&claims, &LIMITS).unwrap_err();
        assert!(error.text.contains("max_message"), "{error}");
        for bytes in [
            &b"HTTP/1.1"[..],
            &[0x30, 0x80],
            &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x30, 0xff],
        ] {
            assert!(length(bytes, &LIMITS).is_err(), "{bytes:?}");
        }
    }
}
