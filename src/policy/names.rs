//! Rules that turn a name of the provider's into one of this host: `names` in the configuration. Pure.

use std::fmt;

use regex::Regex;
use serde::Deserialize;

use crate::model::shown;

/// One rule that turns a name into another: a regular expression for the whole name, and what replaces it
/// (`$1` and `${name}` stand for its groups).
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "(String, String)")]
pub struct NameMap {
    pattern: Regex,
    replacement: String,
}

/// That a rule's pattern is no regular expression, or too large a one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no regular expression: {why}")]
pub struct BadNameMap {
    /// The pattern.
    pattern: String,
    /// What the parser says.
    why: String,
}

impl TryFrom<(String, String)> for NameMap {
    type Error = BadNameMap;
    fn try_from((pattern, replacement): (String, String)) -> Result<Self, BadNameMap> {
        Self::new(&pattern, &replacement)
    }
}

impl NameMap {
    /// Reads a rule.
    ///
    /// # Errors
    /// When the pattern is no regular expression, or too large a one.
    pub fn new(pattern: &str, replacement: &str) -> Result<Self, BadNameMap> {
        let pattern = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
            .size_limit(1 << 20)
            .build()
            .map_err(|e| BadNameMap {
                pattern: pattern.to_owned(),
                why: why(&e),
            })?;
        Ok(Self {
            pattern,
            replacement: replacement.to_owned(),
        })
    }

    /// What becomes of `name` by the first rule that matches; itself when none does.
    pub fn apply(rules: &[NameMap], name: &str) -> String {
        Self::apply_by(rules, name).0
    }

    /// The same, and the rule that matched.
    pub fn apply_by<'a>(rules: &'a [NameMap], name: &str) -> (String, Option<&'a NameMap>) {
        let hit = rules
            .iter()
            .find_map(|rule| Some((rule, rule.pattern.captures(name)?)));
        let Some((rule, captures)) = hit else {
            return (name.to_owned(), None);
        };
        let mut out = String::new();
        captures.expand(&rule.replacement, &mut out);
        (out, Some(rule))
    }
}

impl fmt::Display for NameMap {
    /// As it stands in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = self.pattern.as_str();
        let pattern = pattern
            .strip_prefix("^(?:")
            .and_then(|rest| rest.strip_suffix(")$"))
            .unwrap_or(pattern);
        write!(f, "['{}', '{}']", shown(pattern), shown(&self.replacement))
    }
}

/// The last line of what the regular expression's parser says; those before it draw a picture.
pub(super) fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_matching_map_wins() {
        let rules = [
            NameMap::new(r"(.+)@example\.org", "$1").unwrap(),
            NameMap::new(r"(.+)@(\w+)\..*", "${2}_$1").unwrap(),
        ];
        assert_eq!(NameMap::apply(&rules, "ann@example.org"), "ann");
        assert_eq!(NameMap::apply(&rules, "ann@uni.edu"), "uni_ann");
        assert_eq!(NameMap::apply(&rules, "ann"), "ann");
        assert_eq!(NameMap::apply(&rules, "x@example.org.evil"), "example_x");
        let by = |name| NameMap::apply_by(&rules, name).1.map(ToString::to_string);
        assert_eq!(
            by("ann@example.org").unwrap(),
            r"['(.+)@example\.org', '$1']"
        );
        assert_eq!(by("ann"), None);
    }

    #[test]
    fn a_pattern_must_be_a_regular_expression() {
        assert!(NameMap::new("(", "").is_err());
    }
}
