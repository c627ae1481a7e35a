//! `[join]`: by what people of several providers are the same person.

use serde::{Deserialize, Deserializer};

use super::Misfit;
use crate::model::User;

/// The word for the e-mail address, which every record may have.
pub(crate) const EMAIL: &str = "email";

/// The longest value that joins anybody, in bytes.
const LONGEST: usize = 256;

/// `[join]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinRules {
    /// The attribute, or `email`; `None`: people of different providers are different people.
    #[serde(deserialize_with = "by")]
    pub by: Option<String>,
    /// Who must let a person in.
    pub active: JoinActive,
}

/// An empty one is none.
fn by<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Which of the providers that know a person must let that person in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinActive {
    /// All of them.
    #[default]
    All,
    /// One of them.
    Any,
}

impl JoinRules {
    /// Whether the keys fit to so many providers.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self, providers: usize) -> Result<(), Misfit> {
        match self.by.as_deref() {
            Some(_) if providers < 2 => Err(Misfit(
                "join.by",
                "it joins people of several providers: `providers` in [gosync] must name them"
                    .to_owned(),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The further attribute that is wanted of everybody.
    pub fn attribute(&self) -> Option<&str> {
        self.by.as_deref().filter(|by| *by != EMAIL)
    }

    /// Whether e-mail addresses are wanted of everybody.
    pub fn wants_email(&self) -> bool {
        self.by.as_deref() == Some(EMAIL)
    }

    /// The value by which a person is joined, if there is one that can be compared. Addresses are compared without regard to case.
    pub(crate) fn value(&self, user: &User) -> Option<String> {
        let said = match self.attribute() {
            Some(name) => user.attributes.get(name),
            None => user.email.as_ref(),
        };
        let text = said?.raw().trim();
        let is_plain = !text.is_empty() && text.len() <= LONGEST;
        let is_plain = is_plain && !text.chars().any(char::is_control);
        is_plain.then(|| match self.wants_email() {
            true => text.to_lowercase(),
            false => text.to_owned(),
        })
    }
}
