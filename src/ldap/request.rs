//! What is asked of a server, as bytes: operations and the controls that go with them.
//!
//! Rules: RFC 4511 (4.2 bind, 4.5 search, 4.6 modify, 4.7 add, 4.8 delete, 4.9 modify DN, 4.12 extended), RFC 2696 (paged results), RFC
//! 4528 (assertion), RFC 4532 (who am I). Pure.

use super::ber::{ENUMERATED, INTEGER, SEQUENCE, SET, Writer};
use super::error::Error;
use super::filter::Filter;
use super::question::Request;

/// StartTLS (RFC 4511, 4.14).
pub(super) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// Who am I? (RFC 4532)
pub(super) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// Paged results (RFC 2696).
pub(super) const PAGED: &str = "1.2.840.113556.1.4.319";
/// Entries that refer to other servers are entries like any other (RFC 3296).
pub(super) const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";

/// Content synchronisation (RFC 4533, 2.2).
pub(super) const SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";

/// Assertion (RFC 4528).
pub(crate) const ASSERTION: &str = "1.3.6.1.1.12";

const VERSION: u32 = 3;
const CONTROLS: u8 = 0xa0;

/// An operation: its element in a message.
#[derive(Debug)]
pub(super) struct Operation(Vec<u8>);

/// Attributes with their values, as an entry is made of them.
pub(crate) type Attributes = Vec<(String, Vec<Vec<u8>>)>;

/// A change of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What is done.
    pub how: Modify,
    /// To which attribute.
    pub attribute: String,
    /// With which values.
    pub values: Vec<Vec<u8>>,
}

/// What can be done to the values of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modify {
    /// They come to those that are there.
    Add = 0,
    /// They go; all go if none is named.
    Delete = 1,
    /// They are all that is there.
    Replace = 2,
}

/// A control of a request.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) kind: &'static str,
    pub(super) is_critical: bool,
    pub(super) value: Option<Vec<u8>>,
}

impl Control {
    /// One without a value, which a server may ignore.
    pub(super) fn plain(kind: &'static str) -> Self {
        Self {
            kind,
            is_critical: false,
            value: None,
        }
    }

    /// A page of so many entries, behind `cookie`. A server that cannot page must say so, and not send what fits.
    pub(super) fn page(kind: &'static str, size: u32, cookie: &[u8]) -> Self {
        let mut value = Writer::default();
        value.nested(SEQUENCE, |out| {
            out.number(INTEGER, size);
            out.string(cookie);
        });
        Self::critical(kind, value.into_bytes())
    }

    /// One without a value, without which the operation must not be done.
    pub(super) fn needed(kind: &'static str) -> Self {
        Self {
            is_critical: true,
            ..Self::plain(kind)
        }
    }

    /// One with a value, without which the operation must not be done.
    pub(super) fn critical(kind: &'static str, value: Vec<u8>) -> Self {
        Self {
            kind,
            is_critical: true,
            value: Some(value),
        }
    }
}

impl Operation {
    fn new(tag: u8, write: impl FnOnce(&mut Writer)) -> Self {
        let mut out = Writer::default();
        out.nested(tag, write);
        Self(out.into_bytes())
    }

    /// Says who we are, by a password.
    pub(super) fn bind(dn: &str, password: &str) -> Self {
        Self::new(0x60, |out| {
            out.number(INTEGER, VERSION);
            out.string(dn.as_bytes());
            out.bytes(0x80, password.as_bytes());
        })
    }

    /// Is whoever the connection says (RFC 4422, appendix A).
    pub(super) fn bind_external() -> Self {
        Self::new(0x60, |out| {
            out.number(INTEGER, VERSION);
            out.string(b"");
            out.nested(0xa3, |out| {
                out.string(b"EXTERNAL");
                out.string(b"");
            });
        })
    }

    /// Says goodbye; there is no answer to it.
    pub(super) fn unbind() -> Self {
        Self::new(0x42, |_| {})
    }

    /// An extended operation without a value.
    pub(super) fn extended(name: &str) -> Self {
        Self::new(0x77, |out| out.bytes(0x80, name.as_bytes()))
    }

    /// A search that follows no aliases and has no limits of its own.
    ///
    /// # Errors
    /// When its filter is none.
    pub(super) fn search(request: &Request<'_>) -> Result<Self, Error> {
        let filter = Filter::new(request.filter)
            .ok_or_else(|| Error::malformed("the request could not be made: its filter is none"))?;
        Ok(Self::new(0x63, |out| {
            out.string(request.base.as_bytes());
            out.number(ENUMERATED, if request.alone { 0 } else { 2 });
            out.number(ENUMERATED, 0);
            out.number(INTEGER, 0);
            out.number(INTEGER, 0);
            out.boolean(false);
            out.raw(filter.encoded());
            out.nested(SEQUENCE, |out| {
                for attribute in request.attributes {
                    out.string(attribute.as_bytes());
                }
            });
        }))
    }

    /// Changes an entry: all of it, in this order, or nothing.
    pub(super) fn modify(dn: &str, changes: &[Change]) -> Self {
        Self::new(0x66, |out| {
            out.string(dn.as_bytes());
            out.nested(SEQUENCE, |out| {
                for change in changes {
                    out.nested(SEQUENCE, |out| {
                        out.number(ENUMERATED, change.how as u32);
                        attribute(out, &change.attribute, &change.values);
                    });
                }
            });
        })
    }

    /// Makes an entry.
    pub(super) fn add(dn: &str, attributes: &Attributes) -> Self {
        Self::new(0x68, |out| {
            out.string(dn.as_bytes());
            out.nested(SEQUENCE, |out| {
                for (name, values) in attributes {
                    attribute(out, name, values);
                }
            });
        })
    }

    /// Takes an entry away.
    fn delete(dn: &str) -> Self {
        let mut out = Writer::default();
        out.bytes(0x4a, dn.as_bytes());
        Self(out.into_bytes())
    }

    /// Calls an entry otherwise, or puts it elsewhere.
    fn rename(dn: &str, to: &Renamed) -> Self {
        Self::new(0x6c, |out| {
            out.string(dn.as_bytes());
            out.string(to.name.as_bytes());
            out.boolean(!to.keeps_old);
            if let Some(base) = &to.base {
                out.bytes(0x80, base.as_bytes());
            }
        })
    }

    /// The whole message.
    pub(super) fn message(&self, id: u32, controls: &[Control]) -> Vec<u8> {
        let mut out = Writer::default();
        out.nested(SEQUENCE, |out| {
            out.number(INTEGER, id);
            out.raw(&self.0);
            if !controls.is_empty() {
                out.nested(CONTROLS, |out| {
                    controls.iter().for_each(|c| control(out, c))
                });
            }
        });
        out.into_bytes()
    }
}

/// What an entry is called after it was renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// Its own part of the name, such as `uid=alice`.
    pub name: String,
    /// Whether the values of the old one stay in the entry.
    pub keeps_old: bool,
    /// The entry below which it comes to stand, if that is another one.
    pub base: Option<String>,
}

/// A change of one entry, done wholly or not at all.
#[derive(Debug)]
pub(crate) struct Write {
    pub(super) operation: Operation,
    pub(super) controls: Vec<Control>,
}

impl Write {
    fn new(operation: Operation) -> Self {
        Self {
            operation,
            controls: Vec::new(),
        }
    }

    /// Makes the entry `dn`.
    pub(crate) fn add(dn: &str, attributes: &Attributes) -> Self {
        Self::new(Operation::add(dn, attributes))
    }

    /// Changes its values.
    pub(crate) fn modify(dn: &str, changes: &[Change]) -> Self {
        Self::new(Operation::modify(dn, changes))
    }

    /// Calls it otherwise.
    pub(crate) fn rename(dn: &str, to: &Renamed) -> Self {
        Self::new(Operation::rename(dn, to))
    }

    /// Takes it away.
    pub(crate) fn delete(dn: &str) -> Self {
        Self::new(Operation::delete(dn))
    }

    /// The same, and only if the entry is one that the filter finds.
    #[must_use]
    pub(crate) fn only_if(mut self, filter: &Filter) -> Self {
        let value = filter.encoded().to_vec();
        self.controls.push(Control::critical(ASSERTION, value));
        self
    }
}

fn attribute(out: &mut Writer, name: &str, values: &[Vec<u8>]) {
    out.nested(SEQUENCE, |out| {
        out.string(name.as_bytes());
        out.nested(SET, |out| {
            for value in values {
                out.string(value);
            }
        });
    });
}

fn control(out: &mut Writer, control: &Control) {
    out.nested(SEQUENCE, |out| {
        out.string(control.kind.as_bytes());
        if control.is_critical {
            out.boolean(true);
        }
        if let Some(value) = &control.value {
            out.string(value);
        }
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn changes_of_whole_entries_are_as_the_rfc_has_them() {
        let to = |base: Option<&str>| Renamed {
            name: "b=1".to_owned(),
            keeps_old: base.is_some(),
            base: base.map(str::to_owned),
        };
        let delete = Write::delete("a=1").operation.message(1, &[]);
        assert_eq!(delete, b"\x30\x08\x02\x01\x01\x4a\x03a=1");
        let rename = Write::rename("a=1", &to(None)).operation.message(1, &[]);
        assert_eq!(
            rename,
            b"\x30\x12\x02\x01\x01\x6c\x0d\x04\x03a=1\x04\x03b=1\x01\x01\xff"
        );
        let moved = Write::rename("a=1", &to(Some("c=1")))
            .operation
            .message(1, &[]);
        assert!(moved.ends_with(b"\x01\x01\x00\x80\x03c=1"));
        let filter = Filter::new("(a=*)").unwrap();
        let write = Write::delete("a=1").only_if(&filter);
        let bytes = write.operation.message(1, &write.controls);
        assert!(bytes.ends_with(b"\x04\x0c1.3.6.1.1.12\x01\x01\xff\x04\x03\x87\x01a"));
    }

    use super::*;

    /// StartTLS stands in RFC 4511 as these bytes.
    #[test]
    fn a_request_is_its_bytes() {
        assert_eq!(
            Operation::extended(START_TLS).message(1, &[]),
            b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
        );
        assert_eq!(
            Operation::unbind().message(3, &[]),
            [0x30, 5, 2, 1, 3, 0x42, 0]
        );
        assert_eq!(
            Operation::bind("cn=a", "pw").message(1, &[]),
            b"\x30\x12\x02\x01\x01\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw"
        );
        assert_eq!(
            Operation::bind_external().message(1, &[]),
            b"\x30\x18\x02\x01\x01\x60\x13\x02\x01\x03\x04\x00\xa3\x0c\x04\x08EXTERNAL\x04\x00"
        );
    }

    #[test]
    fn a_search_asks_for_a_page() {
        let search = Operation::search(&Request::below("dc=x", "(a=*)", &["uid"])).unwrap();
        let page = Control::page("1.2", 500, b"c");
        assert_eq!(
            search.message(2, &[page]),
            b"\x30\x3b\x02\x01\x02\
              \x63\x1f\x04\x04dc=x\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x01a\x30\x05\x04\x03uid\
              \xa0\x15\x30\x13\x04\x031.2\x01\x01\xff\x04\x09\x30\x07\x02\x02\x01\xf4\x04\x01c"
        );
    }

    #[test]
    fn a_change_says_what_is_done_to_which_values() {
        let change = Change {
            how: Modify::Delete,
            attribute: "m".to_owned(),
            values: vec![b"v".to_vec()],
        };
        assert_eq!(
            Operation::modify("d", &[change]).message(1, &[]),
            b"\x30\x19\x02\x01\x01\x66\x14\x04\x01d\x30\x0f\x30\x0d\x0a\x01\x01\x30\x08\x04\x01m\x31\x03\x04\x01v"
        );
        let attributes = vec![("m".to_owned(), vec![b"v".to_vec()])];
        assert_eq!(
            Operation::add("d", &attributes).message(1, &[]),
            b"\x30\x14\x02\x01\x01\x68\x0f\x04\x01d\x30\x0a\x30\x08\x04\x01m\x31\x03\x04\x01v"
        );
    }
}
