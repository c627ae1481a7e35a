//! `inactive_when`: which values of which attributes shut a person out, beside those that a provider knows by itself; and
//! what a JSON value says of somebody's being active, in whatever form.
//!
//! Values are compared without regard to case and to blanks around them. Any value that shuts out wins over all others,
//! and over what cannot be read. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The values that shut a person out, by attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Vec<String>>")]
pub struct InactiveWhen(BTreeMap<String, Vec<String>>);

impl TryFrom<BTreeMap<String, Vec<String>>> for InactiveWhen {
    type Error = String;

    fn try_from(mut wished: BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        for (attribute, values) in &mut wished {
            if attribute.is_empty() || values.is_empty() {
                return Err(
                    "`inactive_when` is a table of attributes, each with the list of values that shut a person out, such \
                     as { employeeStatus = [\"left\", \"retired\"] }"
                        .to_owned(),
                );
            }
            for value in values {
                *value = value.trim().to_lowercase();
            }
        }
        Ok(Self(wished))
    }
}

impl InactiveWhen {
    /// Whether nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes that are named.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether this value of an attribute shuts a person out; names of attributes are compared without regard to case.
    pub(super) fn is_met(&self, attribute: &str, value: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let value = value.trim().to_lowercase();
        let mut named = self.0.iter();
        named.any(|(name, values)| name.eq_ignore_ascii_case(attribute) && values.contains(&value))
    }

    /// Whether anything that `find` gives for one of the attributes shuts a person out.
    pub(super) fn is_met_by<'v>(&self, find: impl Fn(&str) -> Vec<&'v Value>) -> bool {
        self.attributes().any(|attribute| {
            let mut scalars = find(attribute).into_iter().flat_map(scalars);
            scalars.any(|value| match value {
                Value::String(text) => self.is_met(attribute, text),
                other => self.is_met(attribute, &other.to_string()),
            })
        })
    }
}

/// The value, or those of a list.
fn scalars(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(scalars).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
        scalar => vec![scalar],
    }
}

/// Words for no that servers and scripts write where `false` belongs.
const NO: [&str; 8] = ["false", "0", "no", "n", "off", "inactive", "disabled", "f"];

/// Whether a value in the place of an `active` says no, be it in a form that the standard does not have. What says
/// neither yes nor no is no such value.
pub(super) fn says_no(value: &Value) -> bool {
    scalars(value).into_iter().any(|scalar| match scalar {
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => NO.iter().any(|no| text.trim().eq_ignore_ascii_case(no)),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_without_case_and_blanks() {
        let when: InactiveWhen =
            toml::from_str("employeeStatus = ['Left', ' Pensioné ']\nlevel = ['0']").unwrap();
        for (attribute, value, expected) in [
            ("employeeStatus", "LEFT", true),
            ("employeestatus", " left\n", true),
            ("employeeStatus", "PENSIONÉ", true),
            ("employeeStatus", "leftover", false),
            ("employeeStatus", "", false),
            ("level", "0", true),
            ("level", "left", false),
            ("status", "left", false),
        ] {
            assert_eq!(
                when.is_met(attribute, value),
                expected,
                "{attribute}: {value}"
            );
        }
        let of = |value: &Value| when.is_met_by(|name| value.get(name).into_iter().collect());
        assert!(of(&json!({"level": 0})));
        assert!(of(&json!({"employeeStatus": ["here", "Left"]})));
        assert!(!of(&json!({"employeeStatus": null, "level": {"value": 0}})));
        assert!(!InactiveWhen::default().is_met("x", ""));
    }

    #[test]
    fn an_attribute_without_values_is_refused() {
        for bad in ["x = []", "'' = ['a']", "x = 'a'"] {
            assert!(toml::from_str::<InactiveWhen>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whatever_means_no_says_no() {
        for no in [
            json!(false),
            json!("False"),
            json!("false "),
            json!(0),
            json!("no"),
            json!("inactive"),
            json!([true, false]),
        ] {
            assert!(says_no(&no), "{no}");
        }
        for other in [
            json!(true),
            json!(1),
            json!(null),
            json!(""),
            json!("maybe"),
            json!({}),
        ] {
            assert!(!says_no(&other), "{other}");
        }
    }
}
