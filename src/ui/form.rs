//! What is printed for programs to read: JSON objects, each of a form that share/gosync/schema describes.

use serde_json::{Value, json};

use super::tame::{is_obeyed, turns};

/// The version of the forms; it grows when something is taken away or means something else.
const FORMAT: u32 = 1;

/// A document: an object, which begins with the version of its form.
pub(crate) fn document(object: Value) -> String {
    let mut document = json!({"format": FORMAT});
    if let (Value::Object(document), Value::Object(object)) = (&mut document, object) {
        document.extend(object);
    }
    escaped(&format!("{document:#}\n"))
}

/// JSON in which nobody finds anything to obey. What is escaped can only stand in strings, and means the same there.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_obeyed(c) || turns(c) {
            // All of them have four digits.
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_begins_with_its_form_and_means_what_it_was_made_of() {
        let name = "Zo\u{eb} \u{7f}\u{9b}2J\u{202e}\n\t\"\\ \u{1b}";
        let text = document(json!({"name": name, "list": []}));
        assert!(
            text.starts_with(
                "{\n  \"format\": 1,\n  \"name\": \"Zo\u{eb} \\u007f\\u009b2J\\u202e\\n"
            )
        );
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!({"format": 1, "name": name, "list": []}));
    }
}
