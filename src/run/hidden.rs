//! Other names in the place of people's, so that what a provider says can be given away.
//!
//! A name becomes another one of the same length and shape: letters stay letters, digits digits, and everything else what it is, so
//! that what is odd about a name is odd about the other one, too. The same name becomes the same, two names never one, and nobody
//! can tell which was which: the key is random and kept nowhere. Groups keep their names, since the configuration has them. What else
//! tells who somebody is goes: the comments of keys, attributes, and descriptions of groups.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::model::history::EntryKind;
use crate::model::{Gap, RejectedRecord, RemoteId, Snapshot, Untrusted, User};

/// So often another name of the same shape is looked for, before one that is longer is taken.
const TRIES: u32 = 64;

/// What stands for letters that are not of ASCII.
const FOREIGN: [char; 6] = ['é', 'ö', 'ñ', 'å', 'ç', 'ü'];

/// Which name stands for which.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    key: RandomState,
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Hidden {
    /// Puts other names in the place of people's.
    pub(super) fn hide(&mut self, snapshot: &mut Snapshot) {
        for user in &mut snapshot.directory.users {
            self.hide_person(user);
        }
        for group in &mut snapshot.directory.groups {
            group.description = None;
            for member in &mut group.members {
                member.user = self.id(&member.user);
            }
        }
        for record in &mut snapshot.rejected {
            self.hide_rejected(record);
        }
        for gap in &mut snapshot.gaps {
            self.hide_gap(gap);
        }
    }

    fn hide_person(&mut self, user: &mut User) {
        let login = user.login.raw().to_owned();
        let other = self.name(&login);
        user.id = self.id(&user.id);
        let home = user.home.take();
        user.home = home.map(|home| Untrusted::new(home.raw().replace(&login, &other)));
        user.login = Untrusted::new(other);
        for text in [&mut user.name, &mut user.email] {
            *text = text.take().map(|text| self.words(text.raw()));
        }
        user.attributes.clear();
        for key in &mut user.ssh_keys {
            let words: Vec<&str> = key.raw().split(' ').take(2).collect();
            *key = Untrusted::new(words.join(" "));
        }
    }

    fn hide_rejected(&mut self, record: &mut RejectedRecord) {
        if record.kind == EntryKind::Account {
            self.hide_subject(&mut record.subject, &mut record.reason);
            record.id = record.id.take().map(|id| self.id(&id));
        }
    }

    fn hide_gap(&mut self, gap: &mut Gap) {
        self.hide_subject(&mut gap.subject, &mut gap.reason);
        gap.user = self.id(&gap.user);
    }

    /// Somebody, and what is said of them.
    fn hide_subject(&mut self, subject: &mut Untrusted, reason: &mut String) {
        let other = self.name(subject.raw());
        *reason = reason.replace(subject.raw(), &other);
        *subject = Untrusted::new(other);
    }

    fn id(&mut self, id: &RemoteId) -> RemoteId {
        // One of the same shape is an id, too.
        RemoteId::new(&self.name(id.as_str())).unwrap_or_else(|| id.clone())
    }

    /// A text with another word for each of its words.
    fn words(&mut self, text: &str) -> Untrusted {
        let mut out = String::new();
        let mut word = String::new();
        for c in text.chars().chain(['\0']) {
            if c.is_alphanumeric() {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                out.push_str(&self.name(&std::mem::take(&mut word)));
            }
            out.push(c);
        }
        out.pop(); // the end, which was added
        Untrusted::new(out)
    }

    /// The name that stands for one.
    fn name(&mut self, name: &str) -> String {
        if let Some(other) = self.names.get(name) {
            return other.clone();
        }
        let mut tries = 0..;
        let other = loop {
            let n = tries.next().unwrap_or_default();
            let mut other = self.shaped(name, n);
            if n > TRIES {
                other.push_str(&n.to_string());
            }
            if self.taken.insert(other.clone()) {
                break other;
            }
        };
        self.names.insert(name.to_owned(), other.clone());
        other
    }

    /// One of many of the shape of a name.
    fn shaped(&self, name: &str, n: u32) -> String {
        let letter = |at: usize| self.key.hash_one((name, n, at));
        let other = |(at, c): (usize, char)| {
            let of = |first: u8, count: u64| {
                // Below 26.
                char::from(first + (letter(at) % count) as u8)
            };
            match c {
                'a'..='z' => of(b'a', 26),
                'A'..='Z' => of(b'A', 26),
                '0'..='9' => of(b'0', 10),
                _ if c.is_alphabetic() => FOREIGN[(letter(at) % FOREIGN.len() as u64) as usize],
                _ => c,
            }
        };
        name.chars().enumerate().map(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Completeness, Directory, Group, Membership, Role, Status};

    fn person(id: &str, login: &str) -> User {
        let text = |text: &str| Some(Untrusted::new(text));
        User {
            name: text("Ann O'Hara"),
            email: text("ann.ohara@example.org"),
            home: text(&format!("/home/{login}")),
            uid: text("20001"),
            ssh_keys: vec![Untrusted::new("ssh-ed25519 AAAA ann@laptop")],
            ..User::new(RemoteId::new(id).unwrap(), login)
        }
    }

    fn directory(logins: &[&str]) -> Snapshot {
        let users: Vec<User> = logins
            .iter()
            .map(|it| person(&format!("uid={it}"), it))
            .collect();
        let member = |user: &User| Membership {
            user: user.id.clone(),
            role: Role::Member,
            status: Status::Active,
        };
        let group = Group {
            id: RemoteId::new("g").unwrap(),
            name: Untrusted::new("staff"),
            description: Some(Untrusted::new("of Ann")),
            parent: None,
            gid: None,
            members: users.iter().map(member).collect(),
        };
        let directory = Directory {
            users,
            groups: vec![group],
        };
        Snapshot::new(
            directory,
            Vec::new(),
            Completeness::Complete("all".to_owned()),
        )
    }

    #[test]
    fn nothing_of_a_person_stays_and_who_is_whose_does() {
        let mut snapshot = directory(&["ann", "a.b-7"]);
        let before = snapshot.clone();
        let mut hidden = Hidden::default();
        hidden.hide(&mut snapshot);
        let text = format!("{snapshot:?}");
        for word in ["Hara", "ohara", "laptop", "of Ann", "uid=ann", "/home/ann"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        for (user, was) in snapshot.directory.users.iter().zip(&before.directory.users) {
            let (login, id) = (hidden.name(was.login.raw()), hidden.id(&was.id));
            assert_eq!((user.login.raw(), &user.id), (login.as_str(), &id));
            assert_eq!(user.login.raw().len(), was.login.raw().len());
            assert_eq!(user.home.as_ref().unwrap().raw(), format!("/home/{login}"));
            assert_eq!(user.uid, was.uid);
            assert_eq!(user.ssh_keys[0].raw(), "ssh-ed25519 AAAA");
        }
        let group = &snapshot.directory.groups[0];
        assert_eq!((group.name.raw(), &group.description), ("staff", &None));
        let ids: Vec<RemoteId> = before
            .directory
            .users
            .iter()
            .map(|it| hidden.id(&it.id))
            .collect();
        assert!(group.members.iter().all(|it| ids.contains(&it.user)));
    }

    #[test]
    fn a_name_keeps_its_shape_and_no_two_become_one() {
        let mut hidden = Hidden::default();
        let other = hidden.name("Zoë.9-x_");
        let kinds = |text: &str| {
            let kind = |c: char| {
                (
                    c.is_ascii(),
                    c.is_alphabetic(),
                    c.is_uppercase(),
                    c.is_numeric(),
                )
            };
            text.chars().map(kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&other), kinds("Zoë.9-x_"));
        assert_eq!(hidden.name("Zoë.9-x_"), other);
        // More names of one letter than there are letters.
        let names: BTreeSet<String> = ('a'..='z').map(|c| hidden.name(&c.to_string())).collect();
        assert_eq!(names.len(), 26);
    }
}
