//! What hooks are told of a person besides the account, and what the ledger remembers of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Untrusted;

/// The longest value of an attribute, in bytes.
const LONGEST_ATTRIBUTE: usize = 4_096;

/// How to reach a person, and attributes of theirs, as far as the provider says it in a form that can be handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// E-mail address.
    pub email: Option<String>,
    /// SSH public keys, one each.
    pub ssh_keys: Vec<String>,
    /// The attributes that the configuration names for hooks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Contact {
    /// Takes what is one plain line each, and leaves out the rest: it goes into environments, mail and files.
    pub fn new(email: Option<&Untrusted>, ssh_keys: &[Untrusted]) -> Self {
        let email = email.map(Untrusted::raw).filter(|text| is_address(text));
        let keys = ssh_keys.iter().map(Untrusted::raw);
        let keys = keys.filter(|key| {
            !key.is_empty() && key.len() <= 16 << 10 && !key.chars().any(char::is_control)
        });
        Self {
            email: email.map(str::to_owned),
            ssh_keys: keys.map(str::to_owned).collect(),
            attributes: BTreeMap::new(),
        }
    }

    /// The same, with those of a person's attributes that are `wanted`. A value that is no line of at most 4 KiB is left
    /// out.
    #[must_use]
    pub fn with_attributes(
        self,
        said: &BTreeMap<String, Untrusted>,
        wanted: &BTreeSet<String>,
    ) -> Self {
        Self {
            attributes: plain_attributes(said, wanted),
            ..self
        }
    }
}

/// Those of a person's attributes that are `wanted`, and are lines of at most 4 KiB each.
pub(crate) fn plain_attributes(
    said: &BTreeMap<String, Untrusted>,
    wanted: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let is_plain =
        |text: &&str| text.len() <= LONGEST_ATTRIBUTE && !text.chars().any(char::is_control);
    let plain = wanted.iter().filter_map(|name| {
        let value = said.get(name).map(Untrusted::raw).filter(is_plain)?;
        Some((name.clone(), value.to_owned()))
    });
    plain.collect()
}

/// Whether a text is a plain address: of RFC 5321's forms only the one without quotes and comments.
fn is_address(text: &str) -> bool {
    let plain = |part: &str, more: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let parts = text.split_once('@');
    text.len() <= 254
        && !text.starts_with('-')
        && parts
            .is_some_and(|(local, host)| plain(local, ".!#$%&'*+-/=?^_`{|}~") && plain(host, ".-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_attributes_only_those_that_are_wanted_and_are_one_line_are_handed_on() {
        let long = "x".repeat(LONGEST_ATTRIBUTE + 1);
        let said = [
            ("quota", "10G"),
            ("other", "x"),
            ("bad", "a\nb"),
            ("long", long.as_str()),
        ];
        let said = said.map(|(name, value)| (name.to_owned(), Untrusted::new(value)));
        let wanted = ["quota", "bad", "long", "missing"].map(str::to_owned);
        let contact =
            Contact::new(None, &[]).with_attributes(&said.into(), &BTreeSet::from(wanted));
        assert_eq!(
            contact.attributes,
            [("quota".to_owned(), "10G".to_owned())].into()
        );
    }
}
