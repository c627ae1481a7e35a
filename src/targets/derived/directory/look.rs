//! Whether a directory answers, and has what entries of people and groups are made of: for `gosync doctor`. Changes nothing.
//!
//! Whether gosync may write there only a write shows; that is not tried.

use std::collections::BTreeSet;
use std::time::Instant;

use super::answers;
use super::config::Config;
use super::steps::NEEDED;
use crate::ldap::client::Client;
use crate::ldap::entry::Entry;
use crate::ldap::request::ASSERTION;
use crate::model::shown;
use crate::targets::derived::{Lack, Looked};

/// Every entry.
const ANY: &str = "(objectClass=*)";

/// What a server has in its schema, in small letters.
#[derive(Default)]
struct Schema {
    classes: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

impl Config {
    /// Looks at the server, and at what stands below the bases.
    pub(super) fn look_at(&self, deadline: Instant) -> Result<Looked, String> {
        let client = self.client(deadline)?;
        let mut lacks = Vec::new();
        self.look_at_controls(&client, &mut lacks)?;
        let bases = self.look_at_bases(&client, &mut lacks)?;
        if let Some(schema) = self.schema_of(&client)? {
            self.judge_schema(&schema, &mut lacks);
        }
        let figures = match bases {
            false => "not all of its bases are there".to_owned(),
            true => {
                let standing = self.read(&client)?;
                let people = standing.people.iter();
                let people = people.filter(|it| !it.get(&self.id_attribute).is_empty());
                let groups = standing.groups.iter();
                let groups = groups.filter(|it| !it.get(&self.group_id_attribute).is_empty());
                format!(
                    "entries with an id: {} of people, {} of groups",
                    people.count(),
                    groups.count()
                )
            }
        };
        Ok(Looked { figures, lacks })
    }

    fn look_at_controls(&self, client: &Client, lacks: &mut Vec<Lack>) -> Result<(), String> {
        let controls = |entry: &Entry<'_>| {
            let values = entry.values("supportedControl");
            values.map(text).collect::<Vec<_>>()
        };
        let controls = client.one("", ANY, &["supportedControl"], &controls);
        let controls = controls.map_err(answers::told)?.unwrap_or_default();
        if !controls.iter().any(|it| it == ASSERTION) {
            lacks.push(Lack {
                what: format!(
                    "{} does not know assertions (RFC 4528)",
                    shown(&self.url)
                ),
                why: "entries are only changed if they are still as they were read; without that nothing there is changed or removed",
                fix: "use a server that knows them, such as OpenLDAP".to_owned(),
            });
        }
        Ok(())
    }

    /// Whether all of them are there.
    fn look_at_bases(&self, client: &Client, lacks: &mut Vec<Lack>) -> Result<bool, String> {
        let mut are_there = true;
        let retired = self.retired_base.as_ref();
        let bases = [
            ("user_base", Some(&self.user_base)),
            ("group_base", Some(&self.group_base)),
            ("retired_base", retired),
        ];
        for (key, base) in bases.into_iter().filter_map(|(key, it)| Some((key, it?))) {
            let found = client.one(base, ANY, &["objectClass"], &|_| ());
            if found.map_err(answers::told)?.is_none() {
                are_there = false;
                lacks.push(Lack {
                    what: format!(
                        "{key}: there is no entry `{}`, or it is not shown",
                        shown(base)
                    ),
                    why: "nothing can be put below it",
                    fix: format!("make it there, or mend `{key}`"),
                });
            }
        }
        Ok(are_there)
    }

    /// The schema, if the server shows it (RFC 4512, 4.2).
    fn schema_of(&self, client: &Client) -> Result<Option<Schema>, String> {
        let place = |entry: &Entry<'_>| entry.only("subschemaSubentry").map(text);
        let place = client.one("", ANY, &["subschemaSubentry"], &place);
        let Some(place) = place.map_err(answers::told)?.flatten() else {
            return Ok(None);
        };
        let schema = |entry: &Entry<'_>| Schema {
            classes: names(entry, "objectClasses"),
            attributes: names(entry, "attributeTypes"),
        };
        let wanted = ["objectClasses", "attributeTypes"];
        let schema = client.one(&place, "(objectClass=subschema)", &wanted, &schema);
        let is_shown = |it: &Schema| !it.classes.is_empty() && !it.attributes.is_empty();
        Ok(schema.map_err(answers::told)?.filter(is_shown))
    }

    fn judge_schema(&self, schema: &Schema, lacks: &mut Vec<Lack>) {
        let groups = self.group_classes();
        for (key, classes) in [
            ("user_classes", &self.user_classes),
            ("group_classes", &groups),
        ] {
            let unknown = |it: &&String| !schema.classes.contains(&it.to_ascii_lowercase());
            for class in classes.iter().filter(unknown) {
                lacks.push(Lack {
                    what: format!("{key}: the server has no object class {}", shown(class)),
                    why: "it refuses every new entry with it",
                    fix: format!(
                        "load the schema that has it into the server, or set `{key}` without it"
                    ),
                });
            }
        }
        let marks = [
            ("id_attribute", &self.id_attribute),
            ("group_id_attribute", &self.group_id_attribute),
        ];
        for (key, name) in marks {
            if !schema.attributes.contains(&name.to_ascii_lowercase()) {
                lacks.push(Lack {
                    what: format!("{key}: the server has no attribute {}", shown(name)),
                    why: "without the provider's id nothing there is known again",
                    fix: format!("set `{key}` to one that it has"),
                });
            }
        }
        let needed = NEEDED.iter();
        let needed = needed.filter(|(attribute, class)| {
            schema.attributes.contains(&attribute.to_ascii_lowercase())
                && !schema.classes.contains(&class.to_ascii_lowercase())
        });
        lacks.extend(needed.map(|(attribute, class)| Lack {
            what: format!(
                "the server has no object class {class}, which entries with {attribute} need"
            ),
            why: "it refuses who is locked, or has keys",
            fix: "load the schema that has it into the server".to_owned(),
        }));
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// All names in descriptions (RFC 4512, 4.1): `NAME 'one'`, or `NAME ( 'one' 'other' )`.
fn names(entry: &Entry<'_>, of: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for value in entry.values(of) {
        let value = text(value);
        let Some((_, rest)) = value.split_once("NAME ") else {
            continue;
        };
        let end = match rest.trim_start().starts_with('(') {
            true => rest.find(')'),
            false => rest.match_indices('\'').nth(1).map(|(at, _)| at),
        };
        let quoted = rest[..end.unwrap_or(rest.len())].split('\'');
        out.extend(quoted.skip(1).step_by(2).map(str::to_ascii_lowercase));
    }
    out
}
