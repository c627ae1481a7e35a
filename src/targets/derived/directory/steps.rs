//! The changes of single entries of which a plan for a directory is made. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Found, Kind, Leaver, mark};
use super::wanted::{EXPIRED, Rule, Values, Wanted, Wish};
use crate::ldap::dn;
use crate::ldap::request::{Attributes, Change, Modify, Renamed};

/// How many values of one attribute are changed at once: a message must not be longer than servers take (OpenLDAP: 4 MiB).
const AT_ONCE: usize = 1_000;

/// Classes without which an entry cannot have an attribute.
pub(super) const NEEDED: [(&str, &str); 2] = [
    ("shadowExpire", "shadowAccount"),
    ("sshPublicKey", "ldapPublicKey"),
];

/// The class whose entries must have a member.
const NEVER_EMPTY: &str = "groupOfNames";

/// When a step is done: those of one phase do not depend on each other, and each phase begins when the one before has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Who is to be out is shut out first.
    Close,
    /// Entries get other names.
    Rename,
    /// Groups come, still without members.
    Groups,
    /// People come.
    People,
    /// Values change.
    Change,
    /// Members come, and go where they are few.
    Members,
    /// Of very many members the rest goes.
    OldMembers,
    /// Entries go.
    Remove,
}

/// All phases, in their order.
pub(super) const PHASES: [Phase; 8] = [
    Phase::Close,
    Phase::Rename,
    Phase::Groups,
    Phase::People,
    Phase::Change,
    Phase::Members,
    Phase::OldMembers,
    Phase::Remove,
];

/// A change of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// When it is done.
    pub phase: Phase,
    /// Whose entry it is.
    pub name: String,
    /// The name of the entry, when the step is done.
    pub dn: String,
    /// What is done.
    pub op: Op,
    /// Only if the entry has these values; none of an attribute: there is none.
    pub only_if: Vec<(String, Values)>,
}

/// What is done with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add(Attributes),
    Modify(Vec<Change>),
    Rename(Renamed),
    Delete,
}

/// What people lose by a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Losses {
    /// Accounts that let somebody in and will not.
    pub closed: Vec<String>,
    /// Entries that go and let nobody in.
    pub removed: Vec<String>,
    /// Groups that go.
    pub groups: Vec<String>,
    /// Of each group: how many members it has, and who goes.
    pub members: BTreeMap<String, (usize, Vec<String>)>,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// In no order but that of their phases.
    pub steps: Vec<Step>,
    /// What is not as it should be and stays, and why.
    pub refused: Vec<String>,
    /// What can be done only when this plan has been carried out.
    pub waiting: Vec<String>,
    /// Who has an entry that lets them in, and no account on this host.
    pub unattended: Vec<String>,
    /// What people lose.
    pub losses: Losses,
    /// How many accounts of gosync's stand there.
    pub accounts: usize,
    /// How many groups.
    pub groups: usize,
    /// Entries that get another name, by the old one.
    pub renamed: BTreeSet<String>,
}

impl Plan {
    /// One of gosync's stands there.
    pub(super) fn count(&mut self, is_group: bool) {
        match is_group {
            true => self.groups += 1,
            false => self.accounts += 1,
        }
    }
}

/// The changes of one entry.
pub(super) struct Draft<'a> {
    kind: &'a Kind<'a>,
    wanted: &'a Wanted,
    dn: &'a str,
    entry: Option<&'a Found>,
    changes: Vec<Change>,
    only_if: Vec<(String, Values)>,
}

fn change(how: Modify, attribute: &str, values: Values) -> Change {
    Change {
        how,
        attribute: attribute.to_owned(),
        values,
    }
}

/// The form in which values are compared.
fn form(rule: Rule, value: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(value).ok();
    match (rule, text.and_then(dn::normalise)) {
        (Rule::Names, Some(normal)) => normal.into_owned().into_bytes(),
        _ => value.to_vec(),
    }
}

/// Those of `these` that are not among `others`.
fn without(rule: Rule, these: &[Vec<u8>], others: &[Vec<u8>]) -> Values {
    let others: BTreeSet<Vec<u8>> = others.iter().map(|it| form(rule, it)).collect();
    let these = these.iter().filter(|it| !others.contains(&form(rule, it)));
    these.cloned().collect()
}

fn is_in(classes: &[String], class: &str) -> bool {
    classes.iter().any(|it| it.eq_ignore_ascii_case(class))
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        kind: &'a Kind<'a>,
        wanted: &'a Wanted,
        dn: &'a str,
        entry: Option<&'a Found>,
    ) -> Self {
        Self {
            kind,
            wanted,
            dn,
            entry,
            changes: Vec::new(),
            only_if: vec![mark(kind, &wanted.id)],
        }
    }

    fn step(&self, phase: Phase, op: Op, only_if: Vec<(String, Values)>) -> Step {
        Step {
            phase,
            name: self.wanted.name.clone(),
            dn: self.dn.to_owned(),
            op,
            only_if,
        }
    }

    fn have(&self, attribute: &str) -> &'a [Vec<u8>] {
        self.entry.map_or(&[], |entry| entry.get(attribute))
    }

    /// The entry is new.
    pub(super) fn add(mut self, plan: &mut Plan) {
        let kind = self.kind;
        let text = |text: &str| vec![text.as_bytes().to_vec()];
        let mut classes: Vec<String> = kind.classes.to_vec();
        let own = self.wanted.values.iter();
        let own = own.filter(|it| !matches!(it.rule, Rule::Alone(_)) && !it.values.is_empty());
        let own: Vec<&Wish> = own.filter(|_| !kind.are_groups).collect();
        for (attribute, class) in NEEDED {
            if own.iter().any(|it| it.attribute == attribute) && !is_in(&classes, class) {
                classes.push(class.to_owned());
            }
        }
        let mut attributes: Attributes = vec![
            (
                "objectClass".to_owned(),
                classes.iter().map(|it| it.as_bytes().to_vec()).collect(),
            ),
            (kind.naming.to_owned(), text(&self.wanted.name)),
            (
                kind.number.to_owned(),
                text(&self.wanted.number.to_string()),
            ),
            (kind.mark.to_owned(), text(&self.wanted.id)),
        ];
        for wish in own {
            attributes.push((wish.attribute.to_owned(), wish.values.clone()));
        }
        let mut holder = Vec::new();
        if kind.are_groups && is_in(kind.classes, NEVER_EMPTY) {
            holder = text(self.dn);
            attributes.push(("member".to_owned(), holder.clone()));
        }
        let phase = match kind.are_groups {
            true => Phase::Groups,
            false => Phase::People,
        };
        plan.steps
            .push(self.step(phase, Op::Add(attributes), Vec::new()));
        for wish in &self.wanted.values {
            match wish.rule {
                Rule::Alone(ours) => self.alone(wish, ours, plan),
                _ if kind.are_groups => self.members(wish, &holder, plan),
                _ => {}
            }
        }
    }

    /// The entry stands.
    pub(super) fn change(mut self, plan: &mut Plan) {
        for wish in &self.wanted.values {
            match wish.rule {
                Rule::Initial => {}
                Rule::Alone(ours) => self.alone(wish, ours, plan),
                _ if self.kind.are_groups => self.members(wish, self.have(wish.attribute), plan),
                Rule::Whole => self.whole(wish),
                Rule::Each | Rule::Names => self.each(wish),
            }
        }
        if self.changes.is_empty() {
            return;
        }
        let closes = !self.wanted.is_open && self.entry.is_some_and(Found::is_open);
        let phase = match closes {
            true => Phase::Close,
            false => Phase::Change,
        };
        // The name by which an entry is shut out before any is renamed.
        let dn = match (phase, self.entry) {
            (Phase::Close, Some(entry)) => &entry.dn,
            _ => self.dn,
        };
        if closes {
            plan.losses.closed.push(self.wanted.name.clone());
        }
        let (changes, only_if) = (
            std::mem::take(&mut self.changes),
            std::mem::take(&mut self.only_if),
        );
        let step = Step {
            dn: dn.to_owned(),
            ..self.step(phase, Op::Modify(changes), only_if)
        };
        plan.steps.push(step);
    }

    /// The entry of somebody who is gone stays: it lets nobody in.
    pub(super) fn close(kind: &Kind<'_>, leaver: &Leaver, entry: &Found, plan: &mut Plan) {
        if kind.are_groups {
            return;
        }
        let wish = |attribute, values, rule| Wish {
            attribute,
            values,
            rule,
        };
        let wanted = Wanted {
            id: leaver.id.clone(),
            name: leaver.name.clone(),
            number: leaver.number,
            is_open: false,
            values: vec![
                wish(
                    "shadowExpire",
                    vec![EXPIRED.as_bytes().to_vec()],
                    Rule::Whole,
                ),
                wish("sshPublicKey", Vec::new(), Rule::Each),
            ],
        };
        let before = plan.losses.closed.len();
        Draft::new(kind, &wanted, &entry.dn, Some(entry)).change(plan);
        // It is counted as one that goes.
        plan.losses.closed.truncate(before);
    }

    fn needs(&mut self, attribute: &str) {
        let needed = NEEDED.iter().find(|(of, _)| *of == attribute);
        if let Some((_, class)) = needed
            && self.entry.is_some_and(|it| !it.has("objectClass", class))
        {
            let values = vec![class.as_bytes().to_vec()];
            self.changes
                .push(change(Modify::Add, "objectClass", values));
        }
    }

    fn whole(&mut self, wish: &Wish) {
        let have = self.have(wish.attribute);
        if without(wish.rule, have, &wish.values).is_empty()
            && without(wish.rule, &wish.values, have).is_empty()
        {
            return;
        }
        if !wish.values.is_empty() {
            self.needs(wish.attribute);
        }
        self.changes
            .push(change(Modify::Replace, wish.attribute, wish.values.clone()));
        self.only_if
            .push((wish.attribute.to_owned(), have.to_vec()));
    }

    fn each(&mut self, wish: &Wish) {
        let have = self.have(wish.attribute);
        let go = without(wish.rule, have, &wish.values);
        let come = without(wish.rule, &wish.values, have);
        if !come.is_empty() {
            self.needs(wish.attribute);
        }
        for (how, values) in [(Modify::Delete, go), (Modify::Add, come)] {
            if !values.is_empty() {
                self.changes.push(change(how, wish.attribute, values));
            }
        }
    }

    fn alone(&mut self, wish: &Wish, ours: &str, plan: &mut Plan) {
        let have = self.have(wish.attribute);
        let is_right = match wish.values.is_empty() {
            true => have != [ours.as_bytes().to_vec()],
            false => have == wish.values,
        };
        if is_right {
            return;
        }
        let changes = vec![change(Modify::Replace, wish.attribute, wish.values.clone())];
        let only_if = vec![
            mark(self.kind, &self.wanted.id),
            (wish.attribute.to_owned(), have.to_vec()),
        ];
        plan.steps
            .push(self.step(Phase::Change, Op::Modify(changes), only_if));
    }

    /// Members of a group, `have` as they stand.
    fn members(&self, wish: &Wish, have: &[Vec<u8>], plan: &mut Plan) {
        let is_never_empty = match self.entry {
            Some(entry) => entry.has("objectClass", NEVER_EMPTY),
            None => is_in(self.kind.classes, NEVER_EMPTY),
        };
        let holder = [self.dn.as_bytes().to_vec()];
        let wanted: &[Vec<u8>] = match wish.values.is_empty() && is_never_empty {
            // A group without members is its own.
            true => &holder,
            false => &wish.values,
        };
        let go = without(wish.rule, have, wanted);
        let come = without(wish.rule, wanted, have);
        self.count(wish, have, &go, plan);
        let all = |go: &[Vec<u8>], come: &[Vec<u8>]| {
            [(Modify::Add, come), (Modify::Delete, go)]
                .into_iter()
                .filter(|(_, values)| !values.is_empty())
                .map(|(how, values)| change(how, wish.attribute, values.to_vec()))
                .collect::<Vec<_>>()
        };
        let mut push = |phase, changes: Vec<Change>| {
            if !changes.is_empty() {
                let only_if = vec![mark(self.kind, &self.wanted.id)];
                plan.steps
                    .push(self.step(phase, Op::Modify(changes), only_if));
            }
        };
        if go.len() + come.len() <= AT_ONCE {
            push(Phase::Members, all(&go, &come));
            return;
        }
        for come in come.chunks(AT_ONCE) {
            push(Phase::Members, all(&[], come));
        }
        for go in go.chunks(AT_ONCE) {
            push(Phase::OldMembers, all(go, &[]));
        }
    }

    /// Who goes, but those who are only called otherwise.
    fn count(&self, wish: &Wish, have: &[Vec<u8>], go: &[Vec<u8>], plan: &mut Plan) {
        let own = self.entry.map(|entry| entry.key.clone().into_bytes());
        let lost = go.iter().map(|it| form(wish.rule, it)).filter(|it| {
            let text = String::from_utf8_lossy(it);
            Some(it) != own.as_ref() && !plan.renamed.contains(text.as_ref())
        });
        let lost: Vec<String> = lost
            .map(|it| String::from_utf8_lossy(&it).into_owned())
            .collect();
        if !lost.is_empty() && self.entry.is_some() {
            let members = &mut plan.losses.members;
            members.insert(self.wanted.name.clone(), (have.len(), lost));
        }
    }
}
