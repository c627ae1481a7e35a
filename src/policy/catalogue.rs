//! What `gosync group` does with groups at the provider beyond the single step: `[catalogue]`.
//!
//! Pure: which file names a description or policy is looked for under, and what becomes of its
//! text, after the habits of the original.

use serde::{Deserialize, Deserializer};

use super::NameMap;
use super::matcher::Filter;
use super::overrides::Overrides;

/// `[catalogue]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalogue {
    /// Which groups are listed; what `*` stands for in `group list`.
    pub filter: Filter,
    /// What groups are called in lists.
    pub names: Vec<NameMap>,
    /// The form of lists that are no terminal's; without it HTML, as the original's.
    pub format: Option<ListForm>,
    /// What the address of a group begins with; its id follows.
    #[serde(rename = "portal", deserialize_with = "portal")]
    pub base_url: String,
    /// The description of a new group; `{projname}` and `{date}` are replaced.
    pub description: Option<String>,
    /// The directory with descriptions of groups.
    pub description_dir: Option<String>,
    /// The directory with policies of groups.
    pub policy_dir: Option<String>,
    /// Who becomes administrator of new groups that the filter lets through.
    pub admins: Vec<(Filter, Vec<String>)>,
    /// What is otherwise for some of them.
    #[serde(skip)]
    pub overrides: Overrides,
}

/// The form of a list of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListForm {
    /// A table for a web page.
    Html,
    /// Comma-separated values.
    Csv,
    /// Elements.
    Xml,
    /// One object.
    Json,
    /// An aligned table.
    Text,
}

impl Catalogue {
    /// Administrators of a new group, each once.
    pub fn admins_of(&self, group: &str) -> Vec<String> {
        let own = self
            .overrides
            .of(group)
            .and_then(|section| section.admins.as_ref());
        let matching = self
            .admins
            .iter()
            .filter(|(filter, _)| own.is_none() && filter.matches(group));
        let mut out: Vec<String> = Vec::new();
        for user in own
            .into_iter()
            .chain(matching.map(|(_, users)| users))
            .flatten()
        {
            if !out.contains(user) {
                out.push(user.clone());
            }
        }
        out
    }

    /// The description of a new group. `date`: today, as it shall be written.
    pub fn description_of(&self, group: &str, date: &str) -> String {
        let own = self
            .overrides
            .of(group)
            .and_then(|section| section.description.as_deref());
        let template = own.or(self.description.as_deref()).unwrap_or_default();
        template
            .replace("{projname}", group)
            .replace("{date}", date)
    }
}

/// The address that a portal stands for: it is written as that, or as a host.
fn portal<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let portal = String::deserialize(from)?;
    let is_address = portal.contains("://");
    Ok(if is_address {
        portal
    } else {
        portal_url(&portal)
    })
}

/// What the address of a group at a portal begins with.
pub(crate) fn portal_url(host: &str) -> String {
    format!("https://{host}/Groups#id=")
}

/// The group that a new one is made below if nothing else is said: what stands before the first
/// dot.
pub(crate) fn parent_of(group: &str) -> Option<&str> {
    let (parent, child) = group.split_once('.')?;
    (!parent.is_empty() && !child.is_empty()).then_some(parent)
}

/// Whether a group's name can be part of a file's name.
pub(crate) fn is_file_name(group: &str) -> bool {
    !group.is_empty()
        && !group.starts_with('.')
        && !group.chars().any(|c| c == '/' || c.is_control())
}

/// Names of the file with a group's description, the first that is there counts.
pub(crate) fn description_files(group: &str) -> [String; 2] {
    [group.to_owned(), format!("{group}.txt")]
}

/// Names of the file with a group's policy, the first that is there counts: `policy.a.b.json`,
/// `policy.a.json`, `policy.json`.
pub(crate) fn policy_files(group: &str) -> Vec<String> {
    let ends = group
        .match_indices('.')
        .map(|(dot, _)| dot)
        .chain([group.len()]);
    let mut names: Vec<String> = ends
        .map(|end| format!("policy.{}.json", &group[..end]))
        .collect();
    names.reverse();
    names.push("policy.json".to_owned());
    names
}

/// A description as the provider gets it: lines that begin with `Your` are left out, and each ends
/// with a line break.
pub(crate) fn description(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().starts_with("Your"));
    lines.map(|line| format!("{line}<br/>\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_looked_for_from_the_nearest() {
        assert_eq!(
            policy_files("a.b.c"),
            [
                "policy.a.b.c.json",
                "policy.a.b.json",
                "policy.a.json",
                "policy.json"
            ]
        );
        assert_eq!(policy_files("a"), ["policy.a.json", "policy.json"]);
    }

    #[test]
    fn a_group_is_made_below_what_stands_before_its_first_dot() {
        assert_eq!(
            [
                parent_of("a.b.c"),
                parent_of("a"),
                parent_of(".a"),
                parent_of("a.")
            ],
            [Some("a"), None, None, None]
        );
    }

    #[test]
    fn lines_for_the_reader_of_the_mail_are_left_out_of_a_description() {
        assert_eq!(
            description("One\n  Your project\nTwo"),
            "One<br/>\nTwo<br/>\n"
        );
    }

    #[test]
    fn administrators_come_from_every_filter_that_matches() {
        let filter = |words: &[&str]| Filter::new(words).unwrap();
        let admins = vec![
            (filter(&["*"]), vec!["ann".to_owned(), "bob".to_owned()]),
            (filter(&["osg.*"]), vec!["bob".to_owned(), "cy".to_owned()]),
        ];
        let catalogue = Catalogue {
            admins,
            ..Catalogue::default()
        };
        assert_eq!(catalogue.admins_of("osg.test"), ["ann", "bob", "cy"]);
        assert_eq!(catalogue.admins_of("duke"), ["ann", "bob"]);
    }

    #[test]
    fn a_section_of_a_group_takes_the_place_of_what_is_for_all() {
        use crate::policy::overrides::Override;
        let section = Override {
            filter: Filter::new(&["osg.*"]).unwrap(),
            admins: Some(vec!["cy".to_owned()]),
            description: Some("{projname} of OSG".to_owned()),
            ..Override::default()
        };
        let catalogue = Catalogue {
            admins: vec![(Filter::default(), vec!["ann".to_owned()])],
            description: Some("{projname}, {date}".to_owned()),
            overrides: Overrides::new(vec![("osg".to_owned(), section)]),
            ..Catalogue::default()
        };
        assert_eq!(
            [catalogue.admins_of("osg.test"), catalogue.admins_of("cms")],
            [["cy"], ["ann"]]
        );
        assert_eq!(
            catalogue.description_of("osg.test", "today"),
            "osg.test of OSG"
        );
        assert_eq!(catalogue.description_of("cms", "today"), "cms, today");
    }

    #[test]
    fn names_that_are_paths_are_no_file_names() {
        assert!(is_file_name("osg.test"));
        for name in ["", "../passwd", "a/b", ".hidden", "a\nb"] {
            assert!(!is_file_name(name), "{name:?}");
        }
    }
}
