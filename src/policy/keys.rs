//! Which SSH keys of a person come to this host, and what the file with them says.
//!
//! Pure. A key is taken or refused on its own. What is written is type and base64 of each, with options that only the
//! configuration knows, and a comment that says whose it is: `gosync:` and the person's id (threat V15).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Reason;
use super::misfit::Misfit;
use super::select::Selection;
use crate::model::absolute_path;
use crate::model::ssh_key::{KeyKind, LEAST_RSA_BITS, MOST_RSA_BITS};
use crate::model::units::Span;
use crate::model::{Directory, Gap, Lookup, RemoteId, SshKey, User, UserField, hex};

/// The most keys that the configuration can allow.
pub(crate) const MOST_KEYS: usize = 1_000;

/// How many refused keys of one person are told one by one.
const SHOWN_COMPLAINTS: usize = 20;

/// Stands before the person's id in the comment of each line.
const MARK: &str = "gosync:";

/// `[keys]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyRules {
    /// Where keys go.
    pub place: Place,
    /// The directory of `Place::Directory`, as a path of the managed host.
    #[serde(deserialize_with = "absolute_path::one")]
    pub directory: String,
    /// What stands before each key.
    pub options: KeyOptions,
    /// How many bits an RSA key must have.
    pub rsa_bits: u32,
    /// How many keys one person may have.
    pub max_keys: usize,
    /// How long a run may write into homes.
    pub time_limit: Span,
}

impl Default for KeyRules {
    fn default() -> Self {
        Self {
            place: Place::Directory,
            directory: "/etc/ssh/authorized_keys.d".to_owned(),
            options: KeyOptions::default(),
            rsa_bits: LEAST_RSA_BITS,
            max_keys: 50,
            time_limit: Span::from_secs(120),
        }
    }
}

impl KeyRules {
    /// Whether each key has a value that works.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self) -> Result<(), Misfit> {
        // sshd_config(5) cuts at blanks, and replaces what follows a `%`.
        let cut = |c: char| c.is_whitespace() || matches!(c, '%' | '"' | '#' | '~');
        let reason = "sshd_config(5) cannot name a directory with blanks or one of % \" # ~";
        if self.directory.contains(cut) {
            return Err(Misfit("keys.directory", reason.to_owned()));
        }
        if !(LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&self.rsa_bits) {
            let reason = format!("it is {LEAST_RSA_BITS} to {MOST_RSA_BITS}");
            return Err(Misfit("keys.rsa_bits", reason));
        }
        if !(1..=MOST_KEYS).contains(&self.max_keys) {
            return Err(Misfit("keys.max_keys", format!("it is 1 to {MOST_KEYS}")));
        }
        if self.time_limit.secs() == 0 {
            let reason = "with 0s no home could be written; it must be 1s or more";
            return Err(Misfit("keys.time_limit", reason.to_owned()));
        }
        Ok(())
    }

    /// Where the keys of an account are, in a directory that is only root's.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// What sshd_config(5) has to say, so that sshd(8) reads the keys and people's own; `None` if it needs nothing.
    pub fn sshd_config(&self) -> Option<String> {
        match self.place {
            Place::Directory => Some(format!(
                "AuthorizedKeysFile {} .ssh/authorized_keys",
                self.file("%u")
            )),
            Place::Home | Place::None => None,
        }
    }
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Into a directory that is only root's, a file for each account.
    Directory,
    /// Into `.ssh/authorized_keys` of each home, beside the person's own.
    Home,
    /// Nowhere.
    None,
}

/// Options of authorized_keys(5) that stand before each key. Only a check makes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyOptions(String);

/// Options without and with a value. Left out: `cert-authority` and `principals`, which would make an authority of
/// each person's key.
const FLAGS: [&str; 15] = [
    "agent-forwarding",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-x11-forwarding",
    "port-forwarding",
    "pty",
    "restrict",
    "user-rc",
    "verify-required",
    "x11-forwarding",
    "touch-required",
    "no-verify-required",
];
const WITH_VALUE: [&str; 7] = [
    "command",
    "environment",
    "expiry-time",
    "from",
    "permitlisten",
    "permitopen",
    "tunnel",
];

/// What is wrong with the options for keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// Longer than [`KeyOptions::MAX_BYTES`].
    #[error("it is longer than {} bytes", KeyOptions::MAX_BYTES)]
    TooLong,
    /// Not printable, or not ASCII.
    #[error("it has a character that is not printable ASCII")]
    BadCharacter,
    /// A blank ends the options.
    #[error("it has a blank outside of quotation marks")]
    Blank,
    /// A quotation mark that only begins.
    #[error("a quotation mark is never closed")]
    OpenQuotation,
    /// The key would become that of an authority.
    #[error("`{name}` would make an authority of each person's key")]
    Authority {
        /// The option.
        name: String,
    },
    /// A value without quotation marks.
    #[error("the value of `{name}` does not stand in quotation marks")]
    NotQuoted {
        /// The option.
        name: String,
    },
    /// A value where there is none.
    #[error("`{name}` has no value")]
    HasValue {
        /// The option.
        name: String,
    },
    /// No value where there is one.
    #[error("`{name}` has a value, such as {name}=\"...\"")]
    LacksValue {
        /// The option.
        name: String,
    },
    /// sshd(8) knows none of this name.
    #[error("there is no option `{}`", crate::model::shown(.name))]
    Unknown {
        /// The option.
        name: String,
    },
}

impl TryFrom<String> for KeyOptions {
    type Error = BadOptions;
    fn try_from(text: String) -> Result<Self, BadOptions> {
        Self::new(&text)
    }
}

impl KeyOptions {
    /// The most bytes they may have: with the longest key they still fit into a line that sshd(8) reads.
    pub const MAX_BYTES: usize = 2_048;

    /// Checks a list of options, separated by commas; nothing is none. With one that sshd(8) does not know it would
    /// pass over every key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, BadOptions> {
        if text.len() > Self::MAX_BYTES {
            return Err(BadOptions::TooLong);
        }
        if text.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
            return Err(BadOptions::BadCharacter);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        split(text)?.into_iter().try_for_each(check_option)?;
        Ok(Self(text.to_owned()))
    }

    /// The options, as they stand before a key; may be empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The options of a list; a comma or a blank in quotation marks is part of a value.
fn split(text: &str) -> Result<Vec<&str>, BadOptions> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            ' ' if !quoted => return Err(BadOptions::Blank),
            _ => {}
        }
        escaped = false;
    }
    if quoted {
        return Err(BadOptions::OpenQuotation);
    }
    parts.push(&text[begin..]);
    Ok(parts)
}

fn check_option(option: &str) -> Result<(), BadOptions> {
    let (name, value) = option
        .split_once('=')
        .map_or((option, None), |(name, value)| (name, Some(value)));
    // sshd(8) does not tell small letters from large ones.
    let name = name.to_ascii_lowercase();
    if ["cert-authority", "principals"].contains(&name.as_str()) {
        return Err(BadOptions::Authority { name });
    }
    let (is_flag, has_value) = (
        FLAGS.contains(&name.as_str()),
        WITH_VALUE.contains(&name.as_str()),
    );
    match value {
        None if is_flag => Ok(()),
        Some(value) if has_value => match is_quoted(value) {
            true => Ok(()),
            false => Err(BadOptions::NotQuoted { name }),
        },
        Some(_) if is_flag => Err(BadOptions::HasValue { name }),
        None if has_value => Err(BadOptions::LacksValue { name }),
        _ => Err(BadOptions::Unknown { name }),
    }
}

/// Whether a value stands in quotation marks, and has none of its own that end it.
fn is_quoted(value: &str) -> bool {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.replace("\\\"", "").contains('"'))
}

/// What the provider says about the keys of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// These, sorted, each once.
    Keys(Vec<SshKey>),
    /// Nobody knows; what is there stays.
    Unknown,
}

/// The keys of everybody who is let in.
#[derive(Debug, Default)]
pub(crate) struct KeyBook {
    /// Sorted by id.
    offers: Vec<(RemoteId, Offer)>,
    complaints: BTreeMap<RemoteId, Vec<Reason>>,
}

impl KeyBook {
    /// Reads the keys of a directory. `selection` says who is let in, as
    /// [`super::select::select`] does; whoever has a gap is unknown.
    pub(crate) fn of(
        directory: &Directory,
        selection: impl Fn(&Directory) -> Vec<Selection>,
        gaps: &[Gap],
        rules: &KeyRules,
    ) -> Self {
        let selection = selection(directory);
        let unknown = gaps
            .iter()
            .filter(|gap| gap.field == UserField::SshKeys)
            .map(|gap| (gap.user.clone(), ()));
        let unknown: Lookup<RemoteId, ()> = unknown.collect();
        let mut book = Self::default();
        book.offers.reserve_exact(directory.users.len());
        for (user, selection) in directory.users.iter().zip(selection) {
            if selection != Selection::Selected {
                continue;
            }
            let offer = match rules.place {
                Place::None => Offer::Keys(Vec::new()),
                _ if unknown.contains(&user.id) => Offer::Unknown,
                _ => book.read(user, rules),
            };
            book.offers.push((user.id.clone(), offer));
        }
        book.offers.sort_by(|a, b| a.0.cmp(&b.0));
        // Of two records with one id nobody knows which is right.
        book.offers.dedup_by(|(id, _), (before, offer)| {
            let is_twin = id == before;
            if is_twin {
                *offer = Offer::Unknown;
            }
            is_twin
        });
        book
    }

    fn read(&mut self, user: &User, rules: &KeyRules) -> Offer {
        let mut complaints = Vec::new();
        let mut keys = Vec::with_capacity(user.ssh_keys.len());
        for (number, text) in user.ssh_keys.iter().enumerate() {
            match SshKey::parse(text.raw(), rules.rsa_bits) {
                Ok(key) => keys.push(key),
                Err(why) => complaints.push(Reason::KeyNotTaken {
                    number: number + 1,
                    why,
                }),
            }
        }
        keys.sort_unstable();
        keys.dedup();
        if complaints.len() > SHOWN_COMPLAINTS {
            let more = complaints.len() - SHOWN_COMPLAINTS;
            complaints.truncate(SHOWN_COMPLAINTS);
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            complaints.push(Reason::MoreKeysNotTaken { more });
        }
        let too_many = keys.len() > rules.max_keys;
        if too_many {
            complaints.push(Reason::TooManyKeys {
                keys: keys.len(),
                most: rules.max_keys,
            });
        }
        if !complaints.is_empty() {
            self.complaints.insert(user.id.clone(), complaints);
        }
        if too_many {
            Offer::Unknown
        } else {
            Offer::Keys(keys)
        }
    }

    /// What the provider says of this person; `None`: they are not let in, or were not read.
    pub(crate) fn offer(&self, id: &RemoteId) -> Option<&Offer> {
        let place = self.offers.binary_search_by(|(of, _)| of.cmp(id)).ok()?;
        self.offers.get(place).map(|(_, offer)| offer)
    }

    /// What is not taken of this person's keys, each with its reason.
    pub(crate) fn complaints(&self, id: &RemoteId) -> &[Reason] {
        self.complaints.get(id).map_or(&[], Vec::as_slice)
    }
}

/// The lines with these keys, as they are written; nothing, if there are none.
pub(crate) fn lines(keys: &[SshKey], id: &RemoteId, options: &KeyOptions) -> String {
    let mut out = String::new();
    let mark = mark(id);
    for key in keys {
        if !options.0.is_empty() {
            out.push_str(&options.0);
            out.push(' ');
        }
        let _ = writeln!(out, "{key} {mark}"); // writing into a String cannot fail
    }
    out
}

/// The comment of a person's lines. An id may have any printable character; what stands here has but a few.
pub(crate) fn mark(id: &RemoteId) -> String {
    let mut out = String::from(MARK);
    for b in id.as_str().bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'-' => {
                out.push(b.into())
            }
            _ => drop(write!(out, "_{b:02x}_")),
        }
    }
    out
}

/// The id of which a comment is the mark. One that has `_` may be read for another; whoever knows ids compares marks.
pub(crate) fn marked_id(comment: &str) -> Option<RemoteId> {
    let mut bytes = Vec::new();
    let mut rest = comment.strip_prefix(MARK)?;
    while let Some(first) = rest.bytes().next() {
        let coded = rest.strip_prefix('_').and_then(|text| text.split_once('_'));
        let coded = coded.filter(|(code, _)| code.len() == 2);
        match coded.and_then(|(code, after)| Some((u8::from_str_radix(code, 16).ok()?, after))) {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => {
                bytes.push(first);
                rest = rest.get(1..)?;
            }
        }
    }
    RemoteId::new(std::str::from_utf8(&bytes).ok()?)
}

/// Whether a line was written by gosync, for whomever.
pub(crate) fn is_marked(line: &[u8]) -> bool {
    comment(line).is_some_and(|word| word.starts_with(MARK.as_bytes()))
}

/// Whether a file has lines, and all of them were written by gosync for this person.
pub(crate) fn is_of(text: &[u8], id: &RemoteId) -> bool {
    let mark = mark(id);
    let mut lines = text
        .split(|&b| b == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .peekable();
    lines.peek().is_some() && lines.all(|line| comment(line) == Some(mark.as_bytes()))
}

/// The last word of a line that has a key.
fn comment(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") {
        return None;
    }
    line.rsplit(|&b| b == b' ' || b == b'\t').next()
}

/// The fingerprints of the keys in a file, in its order; lines that cannot be read are left out.
pub(crate) fn fingerprints(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .filter_map(key_in)
        .map(|key| key.fingerprint())
        .collect()
}

fn key_in(line: &str) -> Option<SshKey> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let mut pairs = words
        .windows(2)
        .filter(|pair| KeyKind::ALL.iter().any(|kind| kind.as_str() == pair[0]));
    pairs.find_map(|pair| SshKey::parse(&pair.join(" "), 0).ok())
}

/// SHA-256 of a file, in hexadecimal: what the ledger remembers of it.
pub(crate) fn digest(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests;
