//! The encoding of LDAP's messages: elements of a tag, a length and a content.
//!
//! What is read borrows from the bytes that arrived; nothing is copied, nothing is followed by recursion, and no bytes
//! stop the program: what is not well-formed is `None`. Knows no operation. Rules: RFC 4511, 5.1 (BER with definite
//! lengths and tags of one byte only), X.690. Pure.

/// INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub(super) const STRING: u8 = 0x04;
/// ENUMERATED.
pub(super) const ENUMERATED: u8 = 0x0a;
/// BOOLEAN.
const BOOLEAN: u8 = 0x01;
/// SEQUENCE and SEQUENCE OF.
pub(super) const SEQUENCE: u8 = 0x30;
/// SET OF.
pub(super) const SET: u8 = 0x31;

/// A tag and a length of up to eight bytes.
const LONGEST_HEADER: usize = 10;
/// These bits of a tag say that more bytes of it follow, which LDAP does not have.
const LONG_TAG: u8 = 0x1f;

/// What can be said of an element before all of it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is not all there.
    Partial,
    /// How long it is itself, and how long the content is.
    Whole { length: usize, content: u64 },
}

/// The header at the beginning of `bytes`; `None`: no element begins so.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let (Some(tag), Some(first)) = (bytes.first(), bytes.get(1)) else {
        return Some(Header::Partial);
    };
    if tag & LONG_TAG == LONG_TAG {
        return None;
    }
    if *first < 0x80 {
        return Some(Header::Whole {
            length: 2,
            content: u64::from(*first),
        });
    }
    let length = 2 + usize::from(first & 0x7f);
    // Without any more bytes the length would be indefinite.
    if !(3..=LONGEST_HEADER).contains(&length) {
        return None;
    }
    Some(bytes.get(2..length).map_or(Header::Partial, |bytes| {
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Header::Whole {
            length,
            content: bytes.iter().fold(0, fold),
        }
    }))
}

/// Reads the elements that stand one after the other in a content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins at the first element.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag and its content.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = *self.0.first()?;
        let Header::Whole { length, content } = header(self.0)? else {
            return None;
        };
        let end = length.checked_add(usize::try_from(content).ok()?)?;
        let inside = self.0.get(length..end)?;
        self.0 = self.0.get(end..)?;
        Some((tag, inside))
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any()
            .filter(|(found, _)| *found == tag)
            .map(|(_, inside)| inside)
    }

    /// The content of the next element, if it has this tag; otherwise nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        match self.0.first() {
            Some(found) if *found == tag => self.tagged(tag).map(Some),
            _ => Some(None),
        }
    }

    /// A string of bytes.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        self.tagged(STRING)
    }

    /// The elements of a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'a>> {
        self.tagged(SEQUENCE).map(Reader)
    }

    /// A number that is not negative, of at most four bytes.
    pub(super) fn number(&mut self, tag: u8) -> Option<u32> {
        let bytes = self.tagged(tag)?;
        let fits = (1..=4).contains(&bytes.len());
        fits.then(|| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        })
    }

    /// A truth value that may be left out, and is false then.
    pub(super) fn truth(&mut self) -> Option<bool> {
        match self.optional(BOOLEAN)? {
            None => Some(false),
            Some([value]) => Some(*value != 0),
            Some(_) => None,
        }
    }
}

/// Writes elements one after the other.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// What has been written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An element with bytes in it.
    pub(super) fn bytes(&mut self, tag: u8, content: &[u8]) {
        self.0.push(tag);
        let at = self.0.len();
        self.0.extend_from_slice(content);
        self.close(at);
    }

    /// A string.
    pub(super) fn string(&mut self, content: &[u8]) {
        self.bytes(STRING, content);
    }

    /// An element with other elements in it: whatever `write` writes.
    pub(super) fn nested(&mut self, tag: u8, write: impl FnOnce(&mut Self)) {
        self.0.push(tag);
        let at = self.0.len();
        write(self);
        self.close(at);
    }

    /// A number.
    pub(super) fn number(&mut self, tag: u8, number: u32) {
        let bytes = number.to_be_bytes();
        // A first bit that is set would make it negative.
        let unneeded = bytes[..3].iter().take_while(|byte| **byte == 0).count();
        let short = &bytes[unneeded..];
        match short.first() {
            Some(first) if *first >= 0x80 => self.bytes(tag, &[&[0], short].concat()),
            _ => self.bytes(tag, short),
        }
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, value: bool) {
        self.tagged_boolean(BOOLEAN, value);
    }

    /// A truth value with a tag of its own.
    pub(super) fn tagged_boolean(&mut self, tag: u8, value: bool) {
        self.bytes(tag, &[if value { 0xff } else { 0 }]);
    }

    /// What somebody else has written.
    pub(super) fn raw(&mut self, elements: &[u8]) {
        self.0.extend_from_slice(elements);
    }

    /// Puts the length before the content that begins at `at` and goes to the end.
    fn close(&mut self, at: usize) {
        let length = self.0.len() - at;
        if let Ok(short) = u8::try_from(length)
            && short < 0x80
        {
            self.0.insert(at, short);
            return;
        }
        let bytes = (length as u64).to_be_bytes();
        let unneeded = bytes.iter().take_while(|byte| **byte == 0).count();
        let count = (bytes.len() - unneeded) as u8;
        let header = std::iter::once(0x80 | count).chain(bytes[unneeded..].iter().copied());
        self.0.splice(at..at, header);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(length: usize, content: u64) -> Option<Header> {
        Some(Header::Whole { length, content })
    }

    #[test]
    fn a_header_says_how_long_the_element_is_or_that_it_is_none() {
        for (bytes, expected) in [
            (&[][..], Some(Header::Partial)),
            (&[0x30], Some(Header::Partial)),
            (&[0x30, 0x82, 1], Some(Header::Partial)),
            (&[0x30, 5], whole(2, 5)),
            (&[0x30, 0x82, 1, 0], whole(4, 256)),
            (&[0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 3], whole(10, 3)),
            (&[0x30, 0x80], None),
            (&[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1], None),
            (&[0x3f, 5], None),
        ] {
            assert_eq!(header(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn elements_end_where_the_one_around_them_ends() {
        for bytes in [
            &[0x30, 3, 0x04, 2, 0][..],
            &[0x30, 2, 0x04, 1],
            &[0x30, 1, 0x04],
            &[0x04, 1],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            let mut outer = Reader::new(bytes);
            let inner = outer.sequence().and_then(|mut inside| inside.string());
            assert_eq!(inner, None, "{bytes:?}");
        }
        let mut outer = Reader::new(&[0x30, 3, 0x04, 1, 7, 0x0a, 1, 9]);
        assert_eq!(
            outer.sequence().and_then(|mut inside| inside.string()),
            Some(&[7][..])
        );
        assert_eq!(outer.optional(SET), Some(None));
        assert_eq!(outer.number(ENUMERATED), Some(9));
        assert!(outer.is_empty());
    }

    #[test]
    fn numbers_and_lengths_are_as_short_as_they_can_be() {
        let written = |number| {
            let mut out = Writer::default();
            out.number(INTEGER, number);
            out.into_bytes()
        };
        assert_eq!(written(0), [2, 1, 0]);
        assert_eq!(written(127), [2, 1, 127]);
        assert_eq!(written(128), [2, 2, 0, 128]);
        assert_eq!(written(0x7fff_ffff), [2, 4, 0x7f, 0xff, 0xff, 0xff]);
        for (length, header) in [
            (127, &[4, 127][..]),
            (128, &[4, 0x81, 128]),
            (300, &[4, 0x82, 1, 44]),
        ] {
            let mut out = Writer::default();
            out.string(&vec![0; length]);
            assert!(out.into_bytes().starts_with(header), "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in proptest::collection::vec(any::<u8>(), 0..48)) {
            let mut reader = Reader::new(&bytes);
            while let Some((_, inside)) = reader.any() {
                let _ = Reader::new(inside).number(INTEGER);
                let _ = Reader::new(inside).sequence();
            }
        }

        #[test]
        fn what_is_written_is_read(texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..5)) {
            let mut out = Writer::default();
            out.nested(SEQUENCE, |out| texts.iter().for_each(|text| out.string(text)));
            let bytes = out.into_bytes();
            let mut inside = Reader::new(&bytes).sequence().unwrap();
            for text in &texts {
                prop_assert_eq!(inside.string(), Some(&text[..]));
            }
            prop_assert!(inside.is_empty());
        }
    }
}
