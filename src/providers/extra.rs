//! `extra_attributes`: where in a provider's records further attributes of people are, by the names that the rest of the configuration
//! has for them: hooks, templates, and what joins people. Pure.
//!
//! One is asked for only if somebody wants it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{Finding, WantedAttributes, shown};

/// How many there are at most.
const MOST: usize = 64;

/// Where further attributes are, by their names in the configuration; an empty one: the provider does not have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ExtraAttributes(BTreeMap<String, String>);

impl ExtraAttributes {
    /// Each name, and where it is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// The same, if each is in a place that can be. `is_place`: what is wrong with one.
    ///
    /// # Errors
    /// Which one is wrong, and why.
    pub(super) fn checked(
        &self,
        is_place: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Self, String> {
        if self.0.len() > MOST {
            return Err(format!("extra_attributes has at most {MOST} keys"));
        }
        for (name, place) in &self.0 {
            if !is_name(name) {
                return Err(format!(
                    "extra_attributes.{} is no name of an attribute: letters, digits, `-`, `_` and `.`",
                    shown(name)
                ));
            }
            if !place.is_empty() {
                let wrong = |reason| format!("extra_attributes.{name} {reason}");
                is_place(place).map_err(wrong)?;
            }
        }
        Ok(self.clone())
    }

    /// Those that are somewhere, each by its key below the section.
    pub(super) fn named(&self, table: &str) -> impl Iterator<Item = (String, String)> {
        let placed = self.0.iter().filter(|(_, place)| !place.is_empty());
        placed.map(move |(name, place)| (format!("{table}.{name}"), place.clone()))
    }
}

/// Whether it can be written wherever the configuration names an attribute.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && name.chars().all(is_plain)
}

/// What is wanted by name, and not named here.
pub(super) fn unmapped(extra: &ExtraAttributes, wanted: &WantedAttributes) -> Option<Finding> {
    let unmapped = wanted.named().filter(|name| !extra.0.contains_key(*name));
    let unmapped: Vec<String> = unmapped.map(str::to_owned).collect();
    (!unmapped.is_empty()).then_some(Finding::UnmappedAttributes(unmapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ExtraAttributes, String> {
        let extra: ExtraAttributes = toml::from_str(text).map_err(|e| e.to_string())?;
        extra.checked(|place| match place.contains(' ') {
            true => Err("is no place".to_owned()),
            false => Ok(()),
        })
    }

    #[test]
    fn names_and_places_are_checked_and_an_empty_place_is_none() {
        let extra = read("quota = 'quotaSoft'\n'grid.dn' = ''").unwrap();
        let named: Vec<_> = extra.named("x").collect();
        assert_eq!(named, [("x.quota".to_owned(), "quotaSoft".to_owned())]);
        for (text, complaint) in [
            ("quota = 'a b'", "extra_attributes.quota is no place"),
            ("'a}' = 'x'", "is no name of an attribute"),
            ("'' = 'x'", "is no name of an attribute"),
            ("quota = 7", "invalid type"),
        ] {
            assert!(read(text).unwrap_err().contains(complaint), "{text}");
        }
        let many: String = (0..65).map(|n| format!("a{n} = 'x'\n")).collect();
        assert!(read(&many).unwrap_err().contains("at most 64"));
    }

    #[test]
    fn what_is_wanted_and_not_named_is_found() {
        let extra = read("quota = 'x'\nnone = ''").unwrap();
        let wanted = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            unmapped(&extra, &WantedAttributes::These(names.collect()))
        };
        assert_eq!(wanted(&["quota", "none"]), None);
        let missing = Finding::UnmappedAttributes(vec!["orcid".to_owned()]);
        assert_eq!(wanted(&["quota", "orcid"]), Some(missing));
        assert_eq!(unmapped(&extra, &WantedAttributes::All), None);
    }
}
