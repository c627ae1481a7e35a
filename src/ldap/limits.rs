//! How much a server may send: one message, what is nested in it, and all of a read.
//!
//! The crate takes a message apart by recursion and has no limit of its own, so every message is
//! looked at here before the crate sees it. The rules of its encoding are those of RFC 4511, 5.1
//! (BER with definite lengths only) as far as they matter for finding where things end. Pure.

use super::error::Error;

/// How deep a message may be nested; one with controls needs seven.
const DEPTH: usize = 64;
/// A message may have one element for so many bytes of what it may have. Each element costs memory
/// of its own, however short it is.
const BYTES_PER_ELEMENT: u64 = 32;
/// A tag and a length of up to eight bytes.
const LONGEST_HEADER: usize = 10;
/// The tag of a message (SEQUENCE).
const MESSAGE: u8 = 0x30;
/// The bit of a tag that says that other elements follow within.
const CONSTRUCTED: u8 = 0x20;

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

/// The length of the message that begins here; `None`: its header has not come yet.
///
/// # Errors
/// When it is not LDAP, or longer than it may be.
pub(super) fn length(bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Error> {
    if bytes.first().is_some_and(|tag| *tag != MESSAGE) {
        return Err(Error::not_ldap());
    }
    let Some((header, content)) = header(bytes)? else {
        return Ok(None);
    };
    let whole = content.saturating_add(header as u64);
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

/// Checks a whole message.
///
/// # Errors
/// When it is not well-formed, nested too deep, or of too many elements.
pub(super) fn message(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    nesting(bytes, limits.message / BYTES_PER_ELEMENT)
}

/// Checks what is nested in an element, such as the value of a control.
///
/// # Errors
/// When it is not well-formed, nested too deep, or has more elements than `most`.
pub(super) fn nesting(bytes: &[u8], most: u64) -> Result<(), Error> {
    // Where the elements end that have begun.
    let mut open: Vec<usize> = Vec::with_capacity(DEPTH);
    let (mut at, mut elements) = (0, 0);
    while at < bytes.len() {
        let end = open.last().copied().unwrap_or(bytes.len());
        let rest = bytes.get(at..end).ok_or_else(Error::not_ldap)?;
        let (header, content) = header(rest)?.ok_or_else(Error::not_ldap)?;
        let content = usize::try_from(content).map_err(|_| Error::not_ldap())?;
        if content > rest.len() - header {
            return Err(Error::not_ldap());
        }
        elements += 1;
        if elements > most {
            return Err(Error::malformed(format!(
                "it sent a message of more than {most} values; `max_message` allows no more"
            )));
        }
        at += header;
        if rest.first().is_some_and(|tag| tag & CONSTRUCTED != 0) {
            if open.len() == DEPTH {
                return Err(Error::malformed(format!(
                    "it sent a message that is nested more than {DEPTH} levels deep"
                )));
            }
            open.push(at + content);
        } else {
            at += content;
        }
        while open.last() == Some(&at) {
            open.pop();
        }
    }
    match open.is_empty() {
        true => Ok(()),
        false => Err(Error::not_ldap()),
    }
}

/// How long the header of an element is, and how long its content; `None`: it is not all there.
fn header(bytes: &[u8]) -> Result<Option<(usize, u64)>, Error> {
    let Some(first) = bytes.get(1) else {
        return Ok(None);
    };
    if *first < 0x80 {
        return Ok(Some((2, u64::from(*first))));
    }
    let header = 2 + usize::from(first & 0x7f);
    // Without any more bytes the length would be indefinite, which LDAP does not have.
    if !(3..=LONGEST_HEADER).contains(&header) {
        return Err(Error::not_ldap());
    }
    let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    let length = bytes.get(2..header);
    Ok(length.map(|length| (header, length.iter().fold(0, fold))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::parse_tag;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        message: 1 << 20,
        read: 1 << 30,
        room_for: |_| Ok(()),
    };

    /// So many sequences in one another.
    fn nested(levels: usize) -> Vec<u8> {
        (0..levels).fold(Vec::new(), |inner, _| {
            let mut out = vec![0x30, 0x84];
            out.extend((inner.len() as u32).to_be_bytes());
            out.extend(inner);
            out
        })
    }

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

    #[test]
    fn nesting_has_an_end() {
        assert!(message(&nested(DEPTH), &LIMITS).is_ok());
        for levels in [DEPTH + 1, 10_000] {
            let error = message(&nested(levels), &LIMITS).unwrap_err();
            assert!(error.text.contains("levels deep"), "{error}");
        }
    }

    #[test]
    fn elements_have_a_number() {
        let most = LIMITS.message / BYTES_PER_ELEMENT;
        let many = |n: u64| [0x04, 0x00].repeat(usize::try_from(n).unwrap());
        assert!(nesting(&many(most), most).is_ok());
        let error = nesting(&many(most + 1), most).unwrap_err();
        assert!(error.text.contains("values"), "{error}");
    }

    #[test]
    fn elements_end_where_the_one_around_them_ends() {
        for bytes in [
            &[0x30, 3, 0x04, 2, 0][..],
            &[0x30, 2, 0x04, 1, 0],
            &[0x30, 1, 0x04],
            &[0x04, 1],
            &[0x04],
        ] {
            assert!(message(bytes, &LIMITS).is_err(), "{bytes:?}");
        }
        assert!(message(&[0x30, 4, 0x04, 0, 0x30, 0], &LIMITS).is_ok());
    }

    proptest! {
        /// Whatever passes is taken apart by the crate, to its last byte.
        #[test]
        fn what_passes_can_be_taken_apart(bytes in proptest::collection::vec(any::<u8>(), 2..48)) {
            if let Ok(Some(length)) = length(&bytes, &LIMITS)
                && let Some(whole) = bytes.get(..length)
                && message(whole, &LIMITS).is_ok()
            {
                prop_assert!(parse_tag(whole).is_ok_and(|(rest, _)| rest.is_empty()));
            }
        }
    }
}
