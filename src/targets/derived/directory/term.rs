//! The entry that says which host writes, and the fence that stops one whose term has ended.
//!
//! The entry is a `device` (RFC 4519, 3.4): `ou` is the host, `serialNumber` the number of its term. It changes only by assertion (RFC
//! 4528), so that of two who begin a term at once one fails. No assertion can be made about another entry than the one that changes:
//! so each batch begins with a change of this entry that asserts the term, is answered before anything else is sent, and is believed
//! for a few seconds. Time is looked at before each change: a process that was stopped meanwhile asks again before it goes on.

use std::time::{Duration, Instant};

use super::answers::{ALREADY_THERE, ANY, NOT_ASSERTED, NOT_THERE, told};
use super::config::Config;
use crate::ldap::client::Client;
use crate::ldap::entry::Entry;
use crate::ldap::request::{Attributes, Change, Modify, Write};
use crate::ldap::{Error, dn, filter};
use crate::model::{Term, WriterName};
use crate::system::clock;
use crate::targets::derived::shared::{Begun, Leave};

/// For how long the answer is believed that this host writes.
pub(super) const BELIEVED: Duration = Duration::from_secs(2);

/// How often it is asked again without a change in between.
const PATIENCE: u32 = 5;

/// The attributes with the writer's name, and the number of its term.
const WRITER: &str = "ou";
const NUMBER: &str = "serialNumber";

/// Reads the present term.
///
/// # Errors
/// When nobody can say which it is.
pub(super) fn read(client: &Client, name: &str) -> Result<Option<Term>, String> {
    let take = |entry: &Entry<'_>| {
        let text = |attribute: &str| {
            let value = entry.only(attribute)?;
            String::from_utf8(value.to_vec()).ok()
        };
        let writer = text(WRITER).and_then(|it| WriterName::new(&it));
        let number = text(NUMBER).and_then(|it| it.parse().ok());
        match (writer, number) {
            (Some(writer), Some(number)) => Some(Term { writer, number }),
            _ => None,
        }
    };
    match client
        .one(name, ANY, &[WRITER, NUMBER], &take)
        .map_err(told)?
    {
        None => Ok(None),
        Some(Some(term)) => Ok(Some(term)),
        Some(None) => Err(format!(
            "the entry that says who writes has no {WRITER} and {NUMBER} that do: remove it, or correct it"
        )),
    }
}

fn values(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

/// What the entry says of a term.
fn said(term: &Term) -> [(&'static str, Vec<Vec<u8>>); 3] {
    let told = format!(
        "gosync on {} writes to this directory; gosync takeover, on another admin host, ends that",
        term.writer
    );
    [
        (WRITER, values(term.writer.as_str())),
        (NUMBER, values(&term.number.to_string())),
        ("description", values(&told)),
    ]
}

/// Only if this is the term.
fn if_still(write: Write, term: &Term) -> Result<Write, String> {
    let [writer, number, _] = said(term);
    let [writer, number] = [&writer, &number].map(|(name, values)| (*name, values.as_slice()));
    let filter = filter::holding(&[writer, number]);
    Ok(write.only_if(&filter.ok_or("the term cannot be asked for")?))
}

/// Begins a term, if `before` is the present one.
///
/// # Errors
/// When it cannot be, or nobody knows whether it was.
pub(super) fn begin(
    client: &Client,
    name: &str,
    before: Option<&Term>,
    term: &Term,
) -> Result<Begun, String> {
    let write = match before {
        None => Write::add(name, &new_entry(name, term)),
        Some(before) => {
            let changes = said(term).map(|(attribute, values)| Change {
                how: Modify::Replace,
                attribute: attribute.to_owned(),
                values,
            });
            if_still(Write::modify(name, &changes), before)?
        }
    };
    let answer = one(client, write)?;
    match (answer, before) {
        (Answered { code: 0, .. }, _) => Ok(Begun::Yes),
        (
            Answered {
                code: ALREADY_THERE,
                ..
            },
            None,
        )
        | (
            Answered {
                code: NOT_ASSERTED | NOT_THERE,
                ..
            },
            Some(_),
        ) => Ok(Begun::Overtaken),
        (other, _) => Err(other.text("the entry that says who writes was not changed")),
    }
}

fn new_entry(name: &str, term: &Term) -> Attributes {
    let own = dn::first(name).into_iter().filter_map(|part| part.value);
    let own: Vec<Vec<u8>> = own.map(String::into_bytes).collect();
    let said = said(term).map(|(attribute, values)| (attribute.to_owned(), values));
    let mut all = vec![
        ("objectClass".to_owned(), values("device")),
        ("cn".to_owned(), own),
    ];
    all.extend(said);
    all
}

/// What a server said to one change.
struct Answered {
    code: u32,
    words: String,
}

impl Answered {
    fn text(&self, what: &str) -> String {
        Error::code(self.code, &self.words, what).text
    }
}

fn one(client: &Client, write: Write) -> Result<Answered, String> {
    let mut answered = None;
    let sent = client.write_all(&[write], None, &mut |_, answer| {
        answered = Some(Answered {
            code: answer.code,
            words: answer.text.raw().to_owned(),
        });
    });
    sent.map_err(|error| error.text)?;
    answered.ok_or_else(|| "the server did not answer".to_owned())
}

/// Stops a writer whose term has ended.
pub(super) struct Fence<'a> {
    name: String,
    term: Option<&'a Term>,
}

impl<'a> Fence<'a> {
    /// Around the changes of a host that may write so.
    pub(super) fn new(config: &Config, leave: &'a Leave) -> Self {
        Self {
            name: config.writer_dn(),
            term: match leave {
                Leave::Term(term) => Some(term),
                Leave::Alone | Leave::StandsBy | Leave::Unknown(_) => None,
            },
        }
    }

    /// Makes changes as long as the term lasts, and asks whether it does before the first of them, and again each time that its
    /// answer is too old.
    ///
    /// # Errors
    /// When it has ended; or the connection broke.
    pub(super) fn write_all(
        &self,
        client: &Client,
        writes: &[Write],
        answered: &mut dyn FnMut(usize, crate::ldap::code::Answer),
    ) -> Result<(), String> {
        let (mut done, mut vain) = (0, 0);
        while done < writes.len() {
            let until = self.ask(client)?;
            let rest = writes.get(done..).unwrap_or_default();
            let sent = client.write_all(rest, until, &mut |at, answer| answered(done + at, answer));
            let sent = sent.map_err(|error| error.and("some changes may have been made").text)?;
            vain = if sent == 0 { vain + 1 } else { 0 };
            if vain == PATIENCE {
                return Err(format!(
                    "the server takes longer than {} s to say who writes; nothing more is changed there",
                    BELIEVED.as_secs()
                ));
            }
            done += sent;
        }
        Ok(())
    }

    /// Asks whether the term lasts: until when that is believed.
    fn ask(&self, client: &Client) -> Result<Option<Instant>, String> {
        let Some(term) = self.term else {
            return Ok(None);
        };
        let until = clock::deadline(BELIEVED);
        let [_, (attribute, values), _] = said(term);
        let same = Change {
            how: Modify::Replace,
            attribute: attribute.to_owned(),
            values,
        };
        let answer = one(client, if_still(Write::modify(&self.name, &[same]), term)?)?;
        match answer.code {
            0 => Ok(Some(until)),
            NOT_ASSERTED | NOT_THERE => Err(self.ended(client, term)),
            _ => Err(answer.text("nobody knows who writes: the term was not confirmed")),
        }
    }

    /// Who writes instead.
    fn ended(&self, client: &Client, term: &Term) -> String {
        let who = match read(client, &self.name) {
            Ok(Some(now)) => format!("{} writes now (term {})", now.writer, now.number),
            Ok(None) | Err(_) => "the entry that says who writes has changed".to_owned(),
        };
        format!(
            "{who}, and {} no more (term {}): nothing more is changed there",
            term.writer, term.number
        )
    }
}
