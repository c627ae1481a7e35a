//! Names and numbers that files of a host give power to, or let in, besides its databases: sudoers(5) and its like.
//!
//! Whoever gets such a name gets what stands behind it. Plain data; nothing here reads a file. It is read only when
//! somebody asks, and then once: a [`PowerBook`] is asked when a name is given out, or people come into a group.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// An account.
    User(String),
    /// A group.
    Group(String),
    /// Accounts, by a pattern with `*` and `?`.
    Users(String),
    /// Groups, likewise.
    Groups(String),
    /// An account, by its number.
    Uid(u32),
    /// A group, by its number.
    Gid(u32),
}

/// What one file says, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// Who is named, each with its line.
    pub names: Vec<(usize, Who)>,
    /// What else is to be read.
    pub includes: Vec<(usize, Include)>,
    /// What could not be understood, and why.
    pub unclear: Vec<(usize, &'static str)>,
}

/// What a file includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    /// One file.
    File(String),
    /// What is in a directory, but names with a dot or a `~` at their end.
    Directory(String),
    /// What a pattern of glob(7) matches.
    Matching(String),
}

/// Where somebody is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as a path of the managed host.
    pub path: String,
    /// Its line.
    pub line: usize,
    /// Whether it can make somebody root; else it lets people in, or keeps them out.
    pub is_root: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = super::shown(&self.path);
        match self.line {
            0 => write!(f, "{path}"),
            line => write!(f, "{path}, line {line}"),
        }
    }
}

/// Who is named, and where first.
#[derive(Clone, Debug, Default)]
pub struct Powers {
    users: Names,
    groups: Names,
    /// What could not be read or understood, as sentences.
    pub unclear: Vec<String>,
}

/// Those of one kind.
#[derive(Clone, Debug, Default)]
struct Names {
    by_name: BTreeMap<String, Place>,
    by_number: BTreeMap<u32, Place>,
    by_pattern: Vec<(String, Place)>,
    /// Those that the configuration trusts.
    trusted: BTreeSet<String>,
}

impl Names {
    fn of(&self, name: &str) -> Option<&Place> {
        if self.trusted.contains(name) {
            return None;
        }
        let by_pattern = || {
            let mut all = self.by_pattern.iter();
            all.find(|(pattern, _)| matches(pattern, name))
        };
        self.by_name
            .get(name)
            .or_else(|| by_pattern().map(|(_, place)| place))
    }

    fn of_number(&self, id: u32) -> Option<&Place> {
        let place = self.by_number.get(&id)?;
        (!self.trusted.contains(&format!("#{id}"))).then_some(place)
    }

    fn add_name(&mut self, name: &str, place: Place) {
        // sudo(8) and sssd do not tell small from capital letters, and names of ours are small.
        let name = name.to_ascii_lowercase();
        let known = self.by_name.entry(name);
        let known = known.or_insert_with(|| place.clone());
        if place.is_root && !known.is_root {
            *known = place;
        }
    }

    fn add_pattern(&mut self, pattern: &str, place: Place) {
        // Which everybody matches says nothing of a name.
        if pattern.bytes().any(|b| b != b'*') {
            self.by_pattern.push((pattern.to_ascii_lowercase(), place));
        }
    }
}

impl Powers {
    /// Adds somebody who is named at a place.
    pub(crate) fn add(&mut self, who: &Who, place: Place) {
        match who {
            Who::User(name) => self.users.add_name(name, place),
            Who::Group(name) => self.groups.add_name(name, place),
            Who::Users(pattern) => self.users.add_pattern(pattern, place),
            Who::Groups(pattern) => self.groups.add_pattern(pattern, place),
            Who::Uid(id) => drop(self.users.by_number.entry(*id).or_insert(place)),
            Who::Gid(id) => drop(self.groups.by_number.entry(*id).or_insert(place)),
        }
    }

    /// The same, but for names that are trusted; a number is trusted as `#1000`.
    pub fn trusting(mut self, users: &BTreeSet<String>, groups: &BTreeSet<String>) -> Self {
        self.users.trusted.clone_from(users);
        self.groups.trusted.clone_from(groups);
        self
    }

    /// Where an account of this name is named.
    pub fn user(&self, name: &str) -> Option<&Place> {
        self.users.of(name)
    }

    /// Where a group of this name is named.
    pub fn group(&self, name: &str) -> Option<&Place> {
        self.groups.of(name)
    }

    /// Where an account of this number is named.
    pub fn uid(&self, id: u32) -> Option<&Place> {
        self.users.of_number(id)
    }

    /// Where a group of this number is named.
    pub fn gid(&self, id: u32) -> Option<&Place> {
        self.groups.of_number(id)
    }

    /// Every number that is named and not trusted: one set for uids and gids.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        let of = |names: &Names| {
            let all = names.by_number.keys().copied();
            all.filter(|id| names.of_number(*id).is_some())
                .collect::<Vec<_>>()
        };
        of(&self.users).into_iter().chain(of(&self.groups))
    }

    /// Accounts that are named by their names and not trusted.
    pub fn users(&self) -> impl Iterator<Item = (&str, &Place)> {
        named(&self.users)
    }

    /// Groups, likewise.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &Place)> {
        named(&self.groups)
    }
}

fn named(names: &Names) -> impl Iterator<Item = (&str, &Place)> {
    let all = names.by_name.iter();
    all.filter(|(name, _)| !names.trusted.contains(*name))
        .map(|(name, place)| (name.as_str(), place))
}

/// Whether a pattern with `*` and `?` matches all of a text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    let mut star = None;
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star_at, from)) = star else {
                    return false;
                };
                star = Some((star_at, from + 1));
                (at, read) = (star_at + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|b| *b == b'*')
}

/// Who is named on a host, read when somebody asks.
pub struct PowerBook<'t> {
    read: Box<dyn Fn() -> Powers + 't>,
    powers: OnceCell<Powers>,
}

impl<'t> PowerBook<'t> {
    /// What `read` will say.
    pub fn new(read: impl Fn() -> Powers + 't) -> Self {
        Self {
            read: Box::new(read),
            powers: OnceCell::new(),
        }
    }

    /// It.
    pub fn get(&self) -> &Powers {
        self.powers.get_or_init(&self.read)
    }

    /// It, if somebody has asked.
    pub fn asked(&self) -> Option<&Powers> {
        self.powers.get()
    }
}

impl fmt::Debug for PowerBook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PowerBook").field(&self.powers).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str, is_root: bool) -> Place {
        Place {
            path: path.to_owned(),
            line: 3,
            is_root,
        }
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, fits) in [
            ("adm*", "admins", true),
            ("adm*", "xadmins", false),
            ("*ops", "ops", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn who_is_named_is_found_unless_trusted() {
        let mut powers = Powers::default();
        powers.add(&Who::User("Ubuntu".into()), place("/etc/sudoers", true));
        powers.add(&Who::Users("adm*".into()), place("/sshd", false));
        powers.add(&Who::Users("*".into()), place("/sshd", false));
        powers.add(&Who::Group("ops".into()), place("/sshd", false));
        powers.add(&Who::Group("ops".into()), place("/etc/sudoers", true));
        powers.add(&Who::Uid(20_001), place("/etc/sudoers", true));
        assert_eq!(
            powers.user("ubuntu").map(ToString::to_string).as_deref(),
            Some("/etc/sudoers, line 3")
        );
        assert!(powers.user("admira").is_some() && powers.user("bob").is_none());
        assert!(powers.group("ops").is_some_and(|place| place.is_root));
        assert!(powers.group("ubuntu").is_none());
        assert_eq!(powers.numbers().collect::<Vec<_>>(), [20_001]);
        let trusted = ["ubuntu", "admira", "#20001"];
        let powers = powers.trusting(&trusted.map(String::from).into(), &BTreeSet::new());
        assert!(powers.user("ubuntu").is_none() && powers.user("admira").is_none());
        assert!(powers.uid(20_001).is_none() && powers.users().next().is_none());
    }
}
