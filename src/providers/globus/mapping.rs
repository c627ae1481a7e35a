//! From a Globus identity to a login name, by Globus's own mapping document
//! `expression_identity_mapping#1.0.0`.
//!
//! Mappings are tried in their order and the first that matches decides; no match, no login. What
//! can never work (a group that is not there, a field that identities do not have) is refused when
//! the document is read. Who may have an account is not decided here. Rules: package
//! globus-identity-mapping 0.6, whose map_identity gives up on an identity as soon as a field that
//! a mapping needs is empty; so does this. Pure.

use regex::Captures;
use serde::Deserialize;

use super::decode::Identity;
use super::expression::Expression;
use crate::model::{Untrusted, shown};

/// What the document must say of itself.
const DATA_TYPE: &str = "expression_identity_mapping#1.0.0";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "DATA_TYPE")]
    _data_type: String,
    mappings: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    source: String,
    r#match: String,
    output: String,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default)]
    literal: bool,
}

/// How logins are made. The default, without a document, gives nobody one.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapping {
    /// `None`: there is no document.
    rules: Option<Vec<Rule>>,
}

#[derive(Clone, Debug)]
struct Rule {
    source: Template,
    expression: Expression,
    output: Template,
}

impl Mapping {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it, and in which mapping.
    pub(super) fn new(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "DATA_TYPE")]
            data_type: Option<String>,
        }
        // First, so that a document of another type is called so, and not blamed for its keys.
        let kind: Kind =
            serde_json::from_slice(json).map_err(|e| shown(&e.to_string()).to_string())?;
        if kind.data_type.as_deref() != Some(DATA_TYPE) {
            return Err(format!("its DATA_TYPE is not {DATA_TYPE}"));
        }
        let document: Document =
            serde_json::from_slice(json).map_err(|e| shown(&e.to_string()).to_string())?;
        let rule =
            |(i, entry): (usize, Entry)| rule(entry).map_err(|e| format!("mapping {}: {e}", i + 1));
        let rules: Vec<Rule> = document
            .mappings
            .into_iter()
            .enumerate()
            .map(rule)
            .collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err("it has no mappings, so nobody would get a login".to_owned());
        }
        Ok(Self { rules: Some(rules) })
    }

    /// The login of an identity.
    ///
    /// # Errors
    /// Why it has none; our own words.
    pub(super) fn login(&self, identity: &Identity) -> Result<String, String> {
        let Some(rules) = &self.rules else {
            return Err("nothing says what its login is: `identity_mapping` is not set".to_owned());
        };
        for (i, rule) in rules.iter().enumerate() {
            let missing = |what: String| format!("mapping {} needs {what}", i + 1);
            let source = rule.source.fill(identity, None).map_err(missing)?;
            let Some(captures) = rule.expression.captures(&source) else {
                continue;
            };
            let login = rule
                .output
                .fill(identity, Some(&captures))
                .map_err(missing)?;
            if login.is_empty() {
                return Err(format!("mapping {} makes an empty login of it", i + 1));
            }
            return Ok(login);
        }
        Err("no mapping matches it".to_owned())
    }

    /// Usernames that may have this login, as far as the mappings can be read backwards: those that
    /// make a text around one `(.*)` of a username, or know one username. Whether one does is what
    /// [`Mapping::login`] says.
    pub(super) fn usernames(&self, login: &str) -> Vec<String> {
        self.rules
            .iter()
            .flatten()
            .filter_map(|rule| rule.backwards(login))
            .collect()
    }

    /// Whether the username and the id are all that is needed: then no identity has to be asked
    /// for.
    pub(super) fn needs_only_names(&self) -> bool {
        let Some(rules) = &self.rules else {
            return false;
        };
        let mut parts = rules
            .iter()
            .flat_map(|rule| rule.source.parts.iter().chain(&rule.output.parts));
        parts.all(|part| !matches!(part, Part::Field(field) if !matches!(field, Field::Id | Field::Username)))
    }
}

fn rule(entry: Entry) -> Result<Rule, String> {
    let expression = Expression::new(&entry.r#match, entry.ignore_case, entry.literal)
        .map_err(|e| format!("match: {e}"))?;
    let source = Template::new(&entry.source, 0).map_err(|e| format!("source: {e}"))?;
    let output =
        Template::new(&entry.output, expression.groups()).map_err(|e| format!("output: {e}"))?;
    Ok(Rule {
        source,
        expression,
        output,
    })
}

impl Rule {
    fn backwards(&self, login: &str) -> Option<String> {
        if self.source.parts != [Part::Field(Field::Username)] {
            return None;
        }
        let (before, after) = self.expression.shape()?;
        let (mut start, mut end, mut is_whole) = (String::new(), String::new(), true);
        for part in &self.output.parts {
            match part {
                Part::Text(text) if is_whole => start.push_str(text),
                Part::Text(text) => end.push_str(text),
                Part::Group(_) if is_whole => is_whole = false,
                Part::Group(_) | Part::Field(_) => return None,
            }
        }
        match (is_whole, after) {
            (true, None) => (start == login).then(|| before.to_owned()),
            (false, Some(after)) => {
                let inner = login
                    .strip_prefix(start.as_str())?
                    .strip_suffix(end.as_str())?;
                Some(format!("{before}{inner}{after}"))
            }
            _ => None,
        }
    }
}

/// Text with references in braces.
#[derive(Clone, Debug)]
struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
    /// A pair of parentheses of the expression, counted from 0.
    Group(usize),
}

/// A field of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Username,
    Name,
    Email,
    Organization,
    IdentityProvider,
    IdentityType,
    Status,
}

const FIELDS: [(&str, Field); 8] = [
    ("id", Field::Id),
    ("username", Field::Username),
    ("name", Field::Name),
    ("email", Field::Email),
    ("organization", Field::Organization),
    ("identity_provider", Field::IdentityProvider),
    ("identity_type", Field::IdentityType),
    ("status", Field::Status),
];

impl Field {
    fn name(self) -> &'static str {
        FIELDS
            .iter()
            .find(|(_, field)| *field == self)
            .map_or("", |(name, _)| name)
    }

    fn of(self, identity: &Identity) -> Option<&str> {
        let text = match self {
            Field::Id => return Some(identity.id.as_str()),
            Field::Username => return Some(identity.username.raw()),
            Field::Name => &identity.name,
            Field::Email => &identity.email,
            Field::Organization => &identity.organization,
            Field::IdentityProvider => &identity.identity_provider,
            Field::IdentityType => &identity.identity_type,
            Field::Status => &identity.status,
        };
        text.as_ref().map(Untrusted::raw)
    }
}

impl Template {
    /// Reads a template that may refer to so many groups.
    fn new(text: &str, groups: usize) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, tail) = rest.split_at(at);
            plain.push_str(before);
            let escaped = before.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
            let Some((inside, after)) = tail[1..].split_once('}').filter(|_| !escaped) else {
                plain.push('{');
                rest = &tail[1..];
                continue;
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(reference(inside, groups)?);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Puts in what the references stand for, once: what is put in is not looked at again.
    fn fill(&self, identity: &Identity, captures: Option<&Captures<'_>>) -> Result<String, String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(field) => match field.of(identity) {
                    Some(text) => out.push_str(text),
                    None => return Err(format!("its {}, which is not known", field.name())),
                },
                Part::Group(n) => match captures.and_then(|c| c.get(n + 1)) {
                    Some(group) => out.push_str(group.as_str()),
                    None => return Err(format!("{{{n}}}, which holds nothing here")),
                },
            }
        }
        Ok(out)
    }
}

fn reference(inside: &str, groups: usize) -> Result<Part, String> {
    if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()) {
        let number = inside.parse::<usize>().ok().filter(|n| *n < groups);
        return number
            .map(Part::Group)
            .ok_or_else(|| format!("{{{inside}}} refers to no group of `match`"));
    }
    let field = FIELDS
        .iter()
        .find(|(name, _)| *name == inside)
        .map(|(_, field)| Part::Field(*field));
    field.ok_or_else(|| format!("`{}` is no field of an identity", shown(inside)))
}

#[cfg(test)]
mod tests;
