//! What would stand in a directory if the steps of a plan were carried out: a dry run plans on from there, as a run does from what it has
//! read again. Pure.

use std::collections::BTreeMap;

use super::entries::{Found, Standing};
use super::steps::{Op, PHASES, Phase, Step};
use crate::ldap::dn;
use crate::ldap::request::{Change, Modify, Renamed};

impl Standing {
    /// Supposes that the steps were carried out, and all of them were accepted.
    pub(super) fn suppose(&mut self, steps: &[Step]) {
        for (entries, comes_in) in [
            (&mut self.people, Phase::People),
            (&mut self.groups, Phase::Groups),
        ] {
            let all = std::mem::take(entries).into_iter();
            let mut all: BTreeMap<String, Found> = all.map(|it| (it.key.clone(), it)).collect();
            for phase in PHASES {
                let steps = steps.iter().filter(|it| it.phase == phase);
                steps.for_each(|step| take(&mut all, step, comes_in));
            }
            *entries = all.into_values().collect();
        }
    }
}

/// Supposes one step; `comes_in`: when new entries of this kind come.
fn take(all: &mut BTreeMap<String, Found>, step: &Step, comes_in: Phase) {
    let key = key(&step.dn);
    if let Op::Add(attributes) = &step.op {
        if step.phase == comes_in {
            let values = attributes.iter();
            let values = values.map(|(name, values)| (name.to_ascii_lowercase(), values.clone()));
            let (dn, values) = (step.dn.clone(), values.collect());
            all.insert(key.clone(), Found { dn, key, values });
        }
        return;
    }
    let Some(mut entry) = all.remove(&key) else {
        return;
    };
    match &step.op {
        Op::Modify(changes) => changes.iter().for_each(|it| entry.modify(it)),
        Op::Rename(to) if to.base.is_none() => entry.rename(to),
        // It stands elsewhere then, or nowhere.
        Op::Rename(_) | Op::Delete => return,
        Op::Add(_) => {}
    }
    all.insert(entry.key.clone(), entry);
}

impl Found {
    fn modify(&mut self, change: &Change) {
        let values = self.values.entry(change.attribute.to_ascii_lowercase());
        let values = values.or_default();
        match change.how {
            Modify::Add => values.extend(change.values.iter().cloned()),
            Modify::Replace => values.clone_from(&change.values),
            Modify::Delete if change.values.is_empty() => values.clear(),
            Modify::Delete => values.retain(|it| !change.values.contains(it)),
        }
        self.values.retain(|_, values| !values.is_empty());
    }

    fn rename(&mut self, to: &Renamed) {
        let parent = dn::parent(&self.dn).unwrap_or_default().to_owned();
        if !to.keeps_old {
            for (attribute, old) in own(&self.dn) {
                let values = self.values.entry(attribute).or_default();
                values.retain(|it| !it.eq_ignore_ascii_case(&old));
            }
        }
        for (attribute, new) in own(&to.name) {
            let values = self.values.entry(attribute).or_default();
            if !values.contains(&new) {
                values.push(new);
            }
        }
        self.values.retain(|_, values| !values.is_empty());
        self.dn = format!("{},{parent}", to.name);
        self.key = key(&self.dn);
    }
}

/// What an entry is named by.
fn own(name: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let parts = dn::first(name).into_iter();
    parts.filter_map(|part| Some((part.attribute, part.value?.into_bytes())))
}

/// The form in which names of entries are compared.
fn key(name: &str) -> String {
    dn::normalise(name).unwrap_or_default().into_owned()
}
