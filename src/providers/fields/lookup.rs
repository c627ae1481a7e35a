//! By what a person is found in a field source. Pure.

use serde::Deserialize;

use crate::model::{User, shown};

/// By what a person is found in a source: `login`, `id` or `attribute.NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Lookup {
    /// The login at the provider, exactly as it is written there.
    #[default]
    Login,
    /// The immutable id.
    Id,
    /// An attribute that the provider knows.
    Attribute(String),
}

impl Lookup {
    /// What the source calls the person; `None` if the provider does not say.
    pub fn of<'a>(&self, user: &'a User) -> Option<&'a str> {
        let word = match self {
            Lookup::Login => user.login.raw(),
            Lookup::Id => user.id.as_str(),
            Lookup::Attribute(name) => user.attributes.get(name)?.raw(),
        };
        (!word.is_empty()).then_some(word)
    }
}

impl std::str::FromStr for Lookup {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("attribute.")) {
            ("login", _) => Ok(Lookup::Login),
            ("id", _) => Ok(Lookup::Id),
            (_, Some(name)) if !name.is_empty() => Ok(Lookup::Attribute(name.to_owned())),
            _ => Err(format!(
                "`{}` is none of login, id and attribute.NAME",
                shown(text)
            )),
        }
    }
}

impl TryFrom<String> for Lookup {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::fmt::Display for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lookup::Login => f.write_str("login"),
            Lookup::Id => f.write_str("id"),
            Lookup::Attribute(name) => write!(f, "attribute.{}", shown(name)),
        }
    }
}
