//! Where in a resource an attribute is: RFC 7644, 3.10, as far as a reader needs it. Pure.
//!
//! Names are compared without regard to case (RFC 7643, 2.1). Servers differ in what is a list and
//! what is an object; a path finds its values in either.

use serde_json::{Map, Value};

/// Schemas whose attributes stand in the resource itself.
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A path such as `userName`, `name.formatted` or `urn:example:posix:2.0:User:uidNumber`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    schema: Option<String>,
    names: Vec<String>,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is not the path of an attribute, such as name.formatted or urn:example:2.0:User:name"
                .to_owned()
        };
        let (schema, attribute) = match text.rsplit_once(':') {
            Some((schema, attribute)) => (Some(schema), attribute),
            None => (None, text),
        };
        let urn = |s: &str| {
            s.get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
                && s.bytes()
                    .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
        };
        let name = |s: &str| {
            s.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
                && s.bytes()
                    .skip(1)
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if !schema.is_none_or(urn) || !attribute.split('.').all(name) {
            return Err(wrong());
        }
        Ok(Self {
            text: text.to_owned(),
            schema: schema.map(str::to_owned),
            names: attribute.split('.').map(str::to_owned).collect(),
        })
    }

    /// The path as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// A filter for those who have exactly this value (RFC 7644, 3.4.2.2).
    pub(super) fn equals(&self, value: &str) -> String {
        format!("{} eq {}", self.text, quoted(value))
    }

    /// The value at the path; of several, the primary one, or the one that does not hang on their order.
    pub(super) fn one(&self, resource: &Object) -> Option<String> {
        let found = self.find(resource);
        let is_any_primary = found.iter().any(|(_, primary)| *primary);
        let counting = found
            .iter()
            .filter(|(_, primary)| *primary || !is_any_primary);
        counting.filter_map(|(value, _)| text(value)).min()
    }

    /// All values at the path.
    pub(super) fn all(&self, resource: &Object) -> Vec<String> {
        self.find(resource)
            .into_iter()
            .filter_map(|(value, _)| text(value))
            .collect()
    }

    /// The values at the path as they stand there, before anything is made of them.
    pub(super) fn raws<'a>(&self, resource: &'a Object) -> Vec<&'a Value> {
        self.find(resource)
            .into_iter()
            .map(|(value, _)| value)
            .collect()
    }

    /// The first of them.
    pub(super) fn raw<'a>(&self, resource: &'a Object) -> Option<&'a Value> {
        self.find(resource).first().map(|(value, _)| *value)
    }

    /// Values that are there, each with whether it is the primary one.
    fn find<'a>(&self, resource: &'a Object) -> Vec<(&'a Value, bool)> {
        let mut found = Vec::new();
        // Some servers use the whole path as a key.
        if let (Some(_), Some(value)) = (&self.schema, get(resource, &self.text)) {
            descend(value, &[], false, &mut found);
            return found;
        }
        let holder = match &self.schema {
            None => Some(resource),
            Some(schema) => match get(resource, schema) {
                Some(extension) => extension.as_object(),
                None if is_core(schema) => Some(resource),
                None => None,
            },
        };
        if let (Some(holder), [first, rest @ ..]) = (holder, self.names.as_slice())
            && let Some(value) = get(holder, first)
        {
            descend(value, rest, false, &mut found);
        }
        found
    }

    /// Puts a value into a resource that is to be sent.
    pub(super) fn put(&self, resource: &mut Object, value: &str) {
        let schema = self
            .schema
            .iter()
            .filter(|schema| !is_core(schema))
            .map(String::as_str);
        let mut names: Vec<&str> = schema
            .chain(self.names.iter().map(String::as_str))
            .collect();
        let Some(last) = names.pop() else { return };
        let mut holder = resource;
        for name in names {
            let inner = holder
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(inner) = inner else { return };
            holder = inner;
        }
        holder.insert(last.to_owned(), value.into());
    }

    /// The extension that the attribute belongs to.
    pub(super) fn extension(&self) -> Option<&str> {
        self.schema.as_deref().filter(|schema| !is_core(schema))
    }
}

fn is_core(schema: &str) -> bool {
    schema
        .get(..CORE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(CORE))
}

/// Collects the scalars below `value`.
fn descend<'a>(
    value: &'a Value,
    names: &[String],
    primary: bool,
    found: &mut Vec<(&'a Value, bool)>,
) {
    match (value, names) {
        (Value::Null, _) => {}
        (Value::Array(values), _) => values
            .iter()
            .for_each(|value| descend(value, names, primary, found)),
        (Value::Object(object), _) => {
            let primary = primary || get(object, "primary").and_then(truth) == Some(true);
            let name = names.first().map_or("value", String::as_str);
            if let Some(inner) = get(object, name) {
                descend(inner, names.get(1..).unwrap_or_default(), primary, found);
            }
        }
        (scalar, []) => found.push((scalar, primary)),
        _ => {}
    }
}

/// A member of an object, whatever the case of its name.
pub(super) fn get<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A scalar as text; an empty one is none.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// A truth value, which some servers write as text.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Text as a filter writes it, which is as JSON does.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(path: &str, resource: &Value) -> Option<String> {
        Path::new(path).unwrap().one(resource.as_object().unwrap())
    }

    #[test]
    fn values_are_found_in_whatever_form() {
        let resource = json!({
            "UserName": "alice", "active": false, "name": {"formatted": "Alice L."},
            "emails": [{"value": "b@x"}, {"value": "a@x", "primary": "True"}],
            "phoneNumbers": {"value": "1"},
            "nickName": "", "title": null,
            "urn:example:posix:2.0:User": {"uidNumber": 20001, "ssh": {"keys": ["k1", {"value": "k2"}]}},
            "urn:example:flat:User:shell": "/bin/sh",
        });
        let cases = [
            ("userName", "alice"),
            ("active", "false"),
            ("name.formatted", "Alice L."),
            ("emails", "a@x"),
            ("emails.value", "a@x"),
            ("phoneNumbers", "1"),
            ("urn:example:posix:2.0:User:uidNumber", "20001"),
            ("URN:Example:POSIX:2.0:user:uidnumber", "20001"),
            ("urn:example:flat:User:shell", "/bin/sh"),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User:userName",
                "alice",
            ),
        ];
        for (path, value) in cases {
            assert_eq!(one(path, &resource).as_deref(), Some(value), "{path}");
        }
        for path in [
            "nickName",
            "title",
            "name",
            "name.givenName",
            "userName.x",
            "urn:example:posix:2.0:User:gid",
        ] {
            assert_eq!(one(path, &resource), None, "{path}");
        }
        let keys = Path::new("urn:example:posix:2.0:User:ssh.keys").unwrap();
        assert_eq!(keys.all(resource.as_object().unwrap()), ["k1", "k2"]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "",
            ".",
            "a.",
            "a b",
            "a[b eq 1]",
            "x:y",
            "urn:x:",
            "urn:a b:c",
            "a\"b",
            "1a",
        ] {
            assert!(Path::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_filter_cannot_be_escaped_from() {
        let path = Path::new("userName").unwrap();
        assert_eq!(path.equals("a\" or \\x\n"), r#"userName eq "a\" or \\x\n""#);
    }

    #[test]
    fn values_can_be_put_where_they_would_be_found() {
        for path in [
            "description",
            "a.b",
            "urn:example:2.0:Group:about.text",
            "urn:ietf:params:scim:schemas:core:2.0:Group:x",
        ] {
            let path = Path::new(path).unwrap();
            let mut resource = Object::new();
            path.put(&mut resource, "words");
            assert_eq!(path.one(&resource).as_deref(), Some("words"), "{path:?}");
        }
    }
}
