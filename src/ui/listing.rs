//! Lists of groups in the forms that other programs read: names, addresses and descriptions of whatever characters.
//!
//! Quoting is that of `csv` and `quick-xml`. A description may be HTML at the provider; here it is its text, in which
//! only line breaks are kept, so that nobody's page runs what somebody wrote into a description.

use std::fmt::Write as _;

use quick_xml::Writer;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::model::shown;

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it is called.
    pub name: String,
    /// Where it is on the web; may be empty.
    pub url: String,
    /// Its description, as the provider has it.
    pub description: String,
}

/// The text of a description that may be HTML: line breaks for `<br>` and `</p>`, without other tags. However its lines
/// ended, here it is by a line feed.
fn plain(description: &str) -> String {
    let mut text = String::new();
    let mut rest = description;
    while let Some(start) = rest.find('<') {
        let Some(end) = rest[start..].find('>').map(|n| start + n) else {
            break;
        };
        let tag = rest[start + 1..end].to_ascii_lowercase();
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect();
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            // A sign of comparison, not a tag.
            text.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        }
        text.push_str(&rest[..start]);
        rest = &rest[end + 1..];
        if matches!(name.trim_end_matches('/'), "br" | "/p" | "/li") {
            text.push('\n');
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
    }
    text.push_str(rest);
    let text = unescape(&text)
        .map(std::borrow::Cow::into_owned)
        .unwrap_or(text);
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .trim_end()
        .to_owned()
}

/// The same as HTML.
fn markup(description: &str) -> String {
    escape(plain(description)).replace('\n', "<br/>\n")
}

/// What XML 1.0 can hold, and a page too; what they cannot becomes the replacement character.
fn held(text: &str) -> String {
    let holds = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| if holds(c) { c } else { '\u{fffd}' })
        .collect()
}

/// A table for a web page, without the page around it.
pub(crate) fn html(rows: &[Row]) -> String {
    let mut out = String::from("<table>\n<tr><th>Group</th><th>Description</th></tr>\n");
    for row in rows {
        // A bare carriage return would be read back as a line feed.
        let name = escape(held(&row.name)).replace('\r', "&#13;");
        let name = match row.url.is_empty() {
            true => name,
            false => format!("<a href=\"{}\">{name}</a>", escape(held(&row.url))),
        };
        // Writing into a String cannot fail.
        let _ = writeln!(
            out,
            "<tr><td>{name}</td><td>{}</td></tr>",
            held(&markup(&row.description))
        );
    }
    out.push_str("</table>\n");
    out
}

/// Comma-separated values, quoted after RFC 4180 but for the line ends.
///
/// # Errors
/// None that a list in memory can have.
pub(crate) fn records(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(|e| e.to_string())?;
    for row in rows {
        writer.write_record(row).map_err(|e| e.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|e| e.to_string())?;
    String::from_utf8(bytes).map_err(|e| e.to_string())
}

/// `groupname,url,description`
///
/// # Errors
/// None that a list in memory can have.
pub(crate) fn csv(rows: &[Row]) -> Result<String, String> {
    let row = |row: &Row| vec![row.name.clone(), row.url.clone(), plain(&row.description)];
    records(&["groupname", "url", "description"], rows.iter().map(row))
}

/// A `groups` element with a `group` for each, of `name`, `url` and `description`, which is of `html` and `text`.
///
/// # Errors
/// None that a list in memory can have.
pub(crate) fn xml(rows: &[Row]) -> Result<String, String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml_rows(&mut writer, rows).map_err(|e| e.to_string())?;
    let text = String::from_utf8(writer.into_inner()).map_err(|e| e.to_string())?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n"
    ))
}

fn xml_rows(writer: &mut Writer<Vec<u8>>, rows: &[Row]) -> std::io::Result<()> {
    let start = |name| Event::Start(BytesStart::new(name));
    let end = |name| Event::End(BytesEnd::new(name));
    let element = |writer: &mut Writer<Vec<u8>>, name: &str, text: &str| -> std::io::Result<()> {
        // A bare carriage return would be read back as a line feed.
        let text = escape(held(text)).replace('\r', "&#13;");
        writer
            .create_element(name)
            .write_text_content(BytesText::from_escaped(text))
            .map(drop)
    };
    writer.write_event(start("groups"))?;
    for row in rows {
        writer.write_event(start("group"))?;
        element(writer, "name", &row.name)?;
        element(writer, "url", &row.url)?;
        writer.write_event(start("description"))?;
        element(writer, "html", &markup(&row.description))?;
        element(writer, "text", &plain(&row.description))?;
        writer.write_event(end("description"))?;
        writer.write_event(end("group"))?;
    }
    writer.write_event(end("groups"))
}

/// `{"groups": [{name, url, description: {html, text}}]}`
pub(crate) fn json(rows: &[Row]) -> String {
    #[derive(Serialize)]
    struct Description {
        html: String,
        text: String,
    }
    #[derive(Serialize)]
    struct Group<'a> {
        name: &'a str,
        url: &'a str,
        description: Description,
    }
    let group = |row: &'_ Row| {
        let description = Description {
            html: markup(&row.description),
            text: plain(&row.description),
        };
        serde_json::json!(Group {
            name: &row.name,
            url: &row.url,
            description
        })
    };
    let groups: Vec<serde_json::Value> = rows.iter().map(group).collect();
    super::form::document(serde_json::json!({ "groups": groups }))
}

/// An aligned table for a terminal.
pub(crate) fn table(rows: &[Row]) -> String {
    let first_line = |row: &Row| {
        plain(&row.description)
            .lines()
            .next()
            .map(|line| shown(line).to_string())
    };
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| {
            [
                shown(&row.name).to_string(),
                shown(&row.url).to_string(),
                first_line(row).unwrap_or_default(),
            ]
        })
        .collect();
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].width())
            .max()
            .unwrap_or(0)
    };
    let (names, urls) = (width(0), width(1));
    let mut out = String::new();
    for [name, url, description] in &cells {
        let pad = |text: &str, to: usize| " ".repeat(to - text.width() + 2);
        let mut line = format!("{name}{}", pad(name, names));
        if urls > 0 {
            let _ = write!(line, "{url}{}", pad(url, urls));
        }
        line.push_str(description);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nasty() -> Vec<Row> {
        let row = |name: &str, description: &str| Row {
            name: name.to_owned(),
            url: "https://x/?a=1&b=\"2\"#id=g".to_owned(),
            description: description.to_owned(),
        };
        vec![
            row(
                "a \"b\", <c>\n&d",
                "One<br/>\nTwo &amp; <script>alert(1)</script> 1 < 2",
            ),
            row("\u{1}\r", ""),
        ]
    }

    #[test]
    fn descriptions_lose_their_tags_and_keep_their_lines() {
        assert_eq!(plain("One<br/>\nTwo<BR>Three<p>x</p>"), "One\nTwo\nThreex");
        assert_eq!(plain("a < b > c &lt;i&gt; &#65;"), "a < b > c <i> A");
        assert_eq!(plain("<b"), "<b");
        assert_eq!(markup("a<br>b & c"), "a<br/>\nb &amp; c");
    }

    #[test]
    fn a_page_runs_nothing() {
        let page = html(&nasty());
        assert!(
            page.contains("a &quot;b&quot;, &lt;c&gt;\n&amp;d") && !page.contains("<script"),
            "{page}"
        );
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let text = csv(&nasty()).unwrap();
        assert!(
            text.starts_with("groupname,url,description\n\"a \"\"b\"\", <c>\n&d\","),
            "{text}"
        );
    }

    #[test]
    fn xml_holds_only_what_xml_can() {
        let text = xml(&nasty()).unwrap();
        assert!(text.contains("<name>\u{fffd}&#13;</name>"), "{text}");
    }

    #[test]
    fn a_table_is_aligned_by_width() {
        let row = |name: &str, description: &str| Row {
            name: name.to_owned(),
            url: String::new(),
            description: description.to_owned(),
        };
        assert_eq!(table(&[row("王", "x"), row("abc", "")]), "王   x\nabc\n");
    }
}
