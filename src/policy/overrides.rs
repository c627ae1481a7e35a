//! Settings for some of the provider's groups: `[group.NAME]`.
//!
//! Each section has a filter; for a group that it lets through, what the section says takes the place of what [groups]
//! and [catalogue] say. Tables have no order once several files are read as one, so that the sections are tried in the
//! order of their names; the first that matches wins, and no other is looked at. Pure.

use std::sync::Arc;

use serde::Deserialize;

use super::matcher::Filter;
use super::names::NameMap;
use crate::model::IdRange;
use crate::model::name::GroupPrefix;

/// One `[group.NAME]`; what is `None` is as it is for all groups.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Which groups it is for, by the provider's names.
    pub filter: Filter,
    /// Stands before their names.
    pub prefix: Option<GroupPrefix>,
    /// Where their gids are.
    pub gid_range: Option<IdRange>,
    /// Whether their names may have dots.
    pub dots: Option<bool>,
    /// From the provider's name to ours.
    pub names: Option<Vec<NameMap>>,
    /// The description of a new one.
    pub description: Option<String>,
    /// Who becomes administrator of a new one.
    pub admins: Option<Vec<String>>,
}

/// All of them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Arc<[(String, Override)]>);

impl Overrides {
    /// Takes sections with their names, in any order.
    pub fn new(mut sections: Vec<(String, Override)>) -> Self {
        sections.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(sections.into())
    }

    /// The sections with their names, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Override)> {
        self.0
            .iter()
            .map(|(name, section)| (name.as_str(), section))
    }

    /// The section for a group of the provider's.
    pub fn of(&self, remote: &str) -> Option<&Override> {
        self.0
            .iter()
            .map(|(_, section)| section)
            .find(|section| section.filter.matches(remote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::GroupRules;

    fn section(words: &[&str], prefix: &str) -> Override {
        let filter = Filter::new(words).unwrap();
        Override {
            filter,
            prefix: Some(GroupPrefix::new(prefix).unwrap()),
            ..Override::default()
        }
    }

    #[test]
    fn the_first_section_by_name_wins_alone() {
        let dotless = Override {
            dots: Some(false),
            ..section(&["osg.*"], "o")
        };
        let sections = vec![
            (
                "20-all".to_owned(),
                Override {
                    gid_range: IdRange::new(5000, 5999).ok(),
                    ..section(&["*"], "x")
                },
            ),
            ("10-osg".to_owned(), dotless),
        ];
        let rules = GroupRules {
            overrides: Overrides::new(sections),
            ..GroupRules::default()
        };
        let (osg, other) = (rules.of("osg.test"), rules.of("cms"));
        assert_eq!(*osg.prefix, GroupPrefix::new("o").unwrap());
        assert_eq!(
            (osg.dots, osg.gid_range),
            (false, GroupRules::default().gid_range)
        );
        assert_eq!(
            (other.prefix, other.dots),
            (&GroupPrefix::new("x").unwrap(), true),
            "the first alone"
        );
        assert!(other.gid_range.contains(5000));
    }

    #[test]
    fn what_no_section_is_for_is_as_it_is_for_all() {
        let names = Some(vec![NameMap::new("osg", "grid").unwrap()]);
        let one = Override {
            names,
            ..section(&["osg.*", "!osg.test", "and"], "o")
        };
        let rules = GroupRules {
            overrides: Overrides::new(vec![("osg".to_owned(), one)]),
            ..GroupRules::default()
        };
        assert_eq!(
            (
                rules.of("osg.test").prefix,
                rules.of("osg.test").names.len()
            ),
            (&GroupPrefix::default(), 0)
        );
        assert_eq!(rules.of("osg.one").names.len(), 1);
        assert!(Overrides::default().of("osg").is_none());
    }
}
