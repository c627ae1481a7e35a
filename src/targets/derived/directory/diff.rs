//! What is to be done in a directory so that its entries are as they are to be: state against state.
//!
//! Only entries that carry the provider's id of a record of gosync's, and its number, are changed. What else stands in the way is
//! reported and stays. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Found, Kind, Leaver, mark};
use super::steps::{Draft, Op, Phase, Plan, Step};
use super::wanted::{Named, Wanted};
use crate::ldap::dn;
use crate::ldap::request::Renamed;
use crate::model::shown;

/// Entries by what tells them apart.
struct Index<'f> {
    by_id: BTreeMap<&'f [u8], Vec<&'f Found>>,
    by_name: BTreeMap<String, Vec<&'f Found>>,
    by_number: BTreeMap<&'f [u8], Vec<&'f Found>>,
    by_key: BTreeMap<&'f str, &'f Found>,
}

impl<'f> Index<'f> {
    fn new(kind: &Kind<'_>, found: &'f [Found]) -> Self {
        let mut out = Self {
            by_id: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_key: found.iter().map(|it| (it.key.as_str(), it)).collect(),
        };
        for it in found {
            for id in it.get(kind.mark) {
                out.by_id.entry(id).or_default().push(it);
            }
            for name in it.get(kind.naming) {
                let name = String::from_utf8_lossy(name).to_lowercase();
                out.by_name.entry(name).or_default().push(it);
            }
            for number in it.get(kind.number) {
                out.by_number.entry(number).or_default().push(it);
            }
        }
        out
    }

    fn of(&self, id: &str) -> &[&'f Found] {
        self.by_id.get(id.as_bytes()).map_or(&[], Vec::as_slice)
    }

    /// Of those who pass their names around in a circle, one of each: nobody could begin otherwise.
    fn steps_aside(&self, kind: &Kind<'_>, wanted: &[Wanted]) -> BTreeSet<&'f str> {
        let mut waits = BTreeMap::new();
        for it in wanted {
            if let [one] = self.of(&it.id)
                && one.is(kind, it.number)
                && !one.has(kind.naming, &it.name)
                && let Some(holders) = self.by_name.get(&it.name.to_lowercase())
                && let [holder] = holders.as_slice()
            {
                waits.insert(one.key.as_str(), holder.key.as_str());
            }
        }
        let mut out = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for start in waits.keys() {
            let mut way = BTreeSet::new();
            let mut at = *start;
            while !seen.contains(at) && way.insert(at) {
                let Some(next) = waits.get(at) else { break };
                at = next;
            }
            // Where the way comes back to itself, and nowhere it was before.
            if way.contains(at) && !seen.contains(at) && waits.contains_key(at) {
                out.insert(at);
            }
            seen.extend(way);
        }
        out
    }
}

/// What is to be done for entries of one kind; gives what the entries are called that stand then, by the names of accounts or groups.
pub(super) fn diff(
    kind: &Kind<'_>,
    wanted: &[Wanted],
    leavers: &[Leaver],
    found: &[Found],
    plan: &mut Plan,
) -> BTreeMap<String, Named> {
    let index = Index::new(kind, found);
    let known: BTreeSet<&str> = wanted.iter().map(|it| it.id.as_str()).collect();
    let going = leavers
        .iter()
        .filter(|it| !known.contains(it.id.as_str()))
        .filter_map(|it| match index.of(&it.id) {
            [one] if one.is(kind, it.number) => Some((it, *one)),
            _ => None,
        });
    let going: Vec<(&Leaver, &Found)> = going.collect();
    // Their names become free while this plan is carried out, or after it.
    let mut freed: BTreeSet<&str> = going.iter().map(|(_, it)| it.key.as_str()).collect();
    for it in wanted {
        if let [one] = index.of(&it.id)
            && one.is(kind, it.number)
            && !one.has(kind.naming, &it.name)
        {
            freed.insert(&one.key);
        }
    }
    let steps_aside = index.steps_aside(kind, wanted);
    let mut pass = Pass {
        kind,
        index,
        freed,
        steps_aside,
        plan,
    };
    let mut names = BTreeMap::new();
    for it in wanted {
        if let Some(named) = pass.one(it) {
            names.insert(it.name.clone(), named);
        }
    }
    for (leaver, entry) in going {
        pass.remove(leaver, entry);
    }
    names
}

/// Those of `absent` whose entries let them in, though this host has no account that could follow what the provider says of them.
pub(super) fn unattended(kind: &Kind<'_>, absent: &[Leaver], found: &[Found]) -> Vec<String> {
    let index = Index::new(kind, found);
    let is_open = |it: &&Leaver| match index.of(&it.id) {
        [one] => one.is(kind, it.number) && one.is_open(),
        _ => false,
    };
    let open = absent.iter().filter(is_open);
    open.map(|it| it.name.clone()).collect()
}

struct Pass<'p, 'f> {
    kind: &'p Kind<'p>,
    index: Index<'f>,
    freed: BTreeSet<&'f str>,
    /// Entries that get a name that is nobody's for a moment.
    steps_aside: BTreeSet<&'f str>,
    plan: &'p mut Plan,
}

impl Pass<'_, '_> {
    /// Brings one entry in step; what it is called, if it stands then.
    fn one(&mut self, wanted: &Wanted) -> Option<Named> {
        match *self.index.of(&wanted.id) {
            [] => self.add(wanted),
            [one] if one.is(self.kind, wanted.number) => {
                self.plan.count(self.kind.are_groups);
                Some(self.change(wanted, one))
            }
            [one] => self.refuse(wanted, &self.another(wanted, one)),
            [one, other, ..] => self.refuse(
                wanted,
                &format!(
                    "`{}` and `{}` both carry its id",
                    shown(&one.dn),
                    shown(&other.dn)
                ),
            ),
        }
    }

    /// Why an entry that carries the right id is not the right one.
    fn another(&self, wanted: &Wanted, one: &Found) -> String {
        let (dn, class) = (shown(&one.dn), self.kind.class);
        let number = one.get(self.kind.number).first();
        let number = number.map(|it| String::from_utf8_lossy(it).into_owned());
        match number.filter(|_| one.has("objectClass", class)) {
            Some(number) => format!(
                "`{dn}` carries its id and the number {}, and here it has the number {}: neither is changed, and files may belong to both",
                shown(&number),
                wanted.number
            ),
            None => format!(
                "`{dn}` carries its id, and is no {class} with the number {}",
                wanted.number
            ),
        }
    }

    fn refuse(&mut self, wanted: &Wanted, why: &str) -> Option<Named> {
        let (noun, name) = (self.kind.noun, shown(&wanted.name));
        self.plan.refused.push(format!("{noun} `{name}`: {why}"));
        None
    }

    /// Whether nothing else has the name, or the number; `own`: the entry that is to have them.
    fn is_free(&mut self, wanted: &Wanted, dn: &str, own: Option<&Found>) -> bool {
        let is_other = |it: &&&Found| own.is_none_or(|own| own.key != it.key);
        let named = self.index.by_name.get(&wanted.name.to_lowercase());
        let key = dn::normalise(dn).unwrap_or_default();
        let there = self.index.by_key.get(key.as_ref());
        let number = wanted.number.to_string().into_bytes();
        let numbered = self.index.by_number.get(number.as_slice());
        let named = named.into_iter().flatten().chain(there).find(is_other);
        let numbered = numbered.into_iter().flatten().find(is_other);
        let (what, other) = match (named, numbered) {
            (Some(other), _) => ("name", *other),
            (None, Some(other)) => ("number", *other),
            (None, None) => return true,
        };
        if self.freed.contains(other.key.as_str()) {
            self.plan.waiting.push(format!(
                "{} `{}` waits until `{}` has left its {what}",
                self.kind.noun,
                shown(&wanted.name),
                shown(&other.dn)
            ));
            return false;
        }
        let whose = match other.get(self.kind.mark).first() {
            Some(id) => format!("whose id is {}", shown(&String::from_utf8_lossy(id))),
            None => "which is not gosync's".to_owned(),
        };
        let what = match what {
            "number" => format!("number {}", wanted.number),
            other => other.to_owned(),
        };
        let why = format!("its {what} is that of `{}`, {whose}", shown(&other.dn));
        self.refuse(wanted, &why);
        false
    }

    fn named(&self, name: &str) -> String {
        format!("{}={}", self.kind.naming, dn::escaped(name))
    }

    fn add(&mut self, wanted: &Wanted) -> Option<Named> {
        let dn = format!("{},{}", self.named(&wanted.name), self.kind.base);
        if !self.is_free(wanted, &dn, None) {
            return None;
        }
        Draft::new(self.kind, wanted, &dn, None).add(self.plan);
        let name = wanted.name.clone();
        Some(Named { dn, name })
    }

    /// Brings an entry in step that is there; what it is called then.
    fn change(&mut self, wanted: &Wanted, entry: &Found) -> Named {
        let named = match entry.has(self.kind.naming, &wanted.name) {
            true => None,
            false => self.rename(wanted, entry),
        };
        let named = named.unwrap_or_else(|| Named {
            dn: entry.dn.clone(),
            name: match entry.has(self.kind.naming, &wanted.name) {
                true => wanted.name.clone(),
                false => entry.name(self.kind),
            },
        });
        Draft::new(self.kind, wanted, &named.dn, Some(entry)).change(self.plan);
        named
    }

    /// Gives an entry its name, if that is free; or in a circle, one that is nobody's.
    fn rename(&mut self, wanted: &Wanted, entry: &Found) -> Option<Named> {
        let parent = dn::parent(&entry.dn).unwrap_or_default();
        let mut name = wanted.name.clone();
        let next = |pass: &Self, name: &str| format!("{},{parent}", pass.named(name));
        if !self.is_free(wanted, &next(self, &name), Some(entry)) {
            if !self.steps_aside.contains(entry.key.as_str()) {
                return None;
            }
            name = format!("gosync-renames-{}", wanted.number);
            let aside = Wanted {
                name: name.clone(),
                ..wanted.clone()
            };
            if !self.is_free(&aside, &next(self, &name), Some(entry)) {
                return None;
            }
        }
        // By either of them groups have listed it.
        let old = entry.get(self.kind.naming).iter();
        let old = old.map(|it| String::from_utf8_lossy(it).into_owned());
        self.plan.renamed.extend(old.chain([entry.key.clone()]));
        self.plan.steps.push(Step {
            phase: Phase::Rename,
            name: wanted.name.clone(),
            dn: entry.dn.clone(),
            op: Op::Rename(Renamed {
                name: self.named(&name),
                keeps_old: false,
                base: None,
            }),
            only_if: vec![mark(self.kind, &wanted.id)],
        });
        let dn = next(self, &name);
        Some(Named { dn, name })
    }

    fn remove(&mut self, leaver: &Leaver, entry: &Found) {
        self.plan.count(self.kind.are_groups);
        let losses = &mut self.plan.losses;
        match (self.kind.are_groups, entry.is_open()) {
            (true, _) => losses.groups.push(leaver.name.clone()),
            (false, true) => losses.closed.push(leaver.name.clone()),
            (false, false) => losses.removed.push(leaver.name.clone()),
        }
        let op = match self.kind.retired {
            None => Op::Delete,
            Some(base) => {
                Draft::close(self.kind, leaver, entry, self.plan);
                // Two who were called alike one after the other come to stand side by side.
                let id = dn::escaped(&leaver.id);
                Op::Rename(Renamed {
                    name: format!("{}={id}", self.kind.mark),
                    keeps_old: true,
                    base: Some(base.to_owned()),
                })
            }
        };
        self.plan.steps.push(Step {
            phase: Phase::Remove,
            name: leaver.name.clone(),
            dn: entry.dn.clone(),
            op,
            only_if: vec![mark(self.kind, &leaver.id)],
        });
    }
}
