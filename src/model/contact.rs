//! How to reach a person: what hooks are told, and what the ledger remembers of it.

use serde::Serialize;

use super::Untrusted;

/// How to reach a person, as far as the provider says it in a form that can be handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// E-mail address.
    pub email: Option<String>,
    /// SSH public keys, one each.
    pub ssh_keys: Vec<String>,
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
        }
    }
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
