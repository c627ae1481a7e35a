//! A host's accounts or groups, by name: found at once, and gone through in the order of their names.
//!
//! Names of a large host are looked up in the order of ids, which is none of theirs. A
//! [`BTreeMap`](std::collections::BTreeMap) compares texts all over the memory for each; here it is one.
#![allow(clippy::disallowed_types)] // whose order differs from run to run; it is never seen

use std::cell::OnceCell;
use std::collections::HashMap;

/// Values by name.
#[derive(Clone, Debug)]
pub struct ByName<'a, V> {
    values: HashMap<&'a str, V>,
    /// All names in their order, once that was asked for: copies, since a cell of what is borrowed would bind its lender.
    order: OnceCell<Vec<Box<str>>>,
}

impl<'a, V> ByName<'a, V> {
    /// Nothing yet, with room for so many.
    pub(crate) fn with_room(most: usize) -> Self {
        Self {
            values: HashMap::with_capacity(most),
            order: OnceCell::new(),
        }
    }

    /// Puts a value in; gives the one that had this name.
    pub fn insert(&mut self, name: &'a str, value: V) -> Option<V> {
        self.order.take();
        self.values.insert(name, value)
    }

    /// Puts a value in if nothing has this name; tells whether it did.
    pub(crate) fn insert_first(&mut self, name: &'a str, value: V) -> bool {
        self.order.take();
        match self.values.entry(name) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(value);
                true
            }
            std::collections::hash_map::Entry::Occupied(_) => false,
        }
    }

    /// What has this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.values.get(name)
    }

    /// The same, with the name as it stands here.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&&'a str, &V)> {
        self.values.get_key_value(name)
    }

    /// Whether anything has this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&&'a str, &V)> {
        let names = self.names().iter();
        names.filter_map(|name| self.values.get_key_value(&**name))
    }

    /// All values, in the order of their names.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Of each key that these values have, the last name: as if they were gone through in their order.
    pub(crate) fn last_by<K: Eq + std::hash::Hash>(
        &self,
        key: impl Fn(&V) -> K,
    ) -> super::Lookup<K, &'a str> {
        let mut last = super::Lookup::with_room(self.values.len());
        for (name, value) in &self.values {
            last.insert_greatest(key(value), *name);
        }
        last
    }

    fn names(&self) -> &[Box<str>] {
        self.order.get_or_init(|| {
            let mut names: Vec<&str> = self.values.keys().copied().collect();
            names.sort_unstable();
            names.into_iter().map(Box::from).collect()
        })
    }
}

#[cfg(test)]
impl<V> ByName<'_, V> {
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.values.get_mut(name)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        self.order.take();
        self.values.remove(name)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<V> Default for ByName<'_, V> {
    fn default() -> Self {
        Self::with_room(0)
    }
}

impl<'a, V> FromIterator<(&'a str, V)> for ByName<'a, V> {
    fn from_iter<I: IntoIterator<Item = (&'a str, V)>>(pairs: I) -> Self {
        Self {
            values: pairs.into_iter().collect(),
            order: OnceCell::new(),
        }
    }
}

impl<'a, V, const N: usize> From<[(&'a str, V); N]> for ByName<'a, V> {
    fn from(pairs: [(&'a str, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

#[cfg(test)]
impl<V> std::ops::Index<&str> for ByName<'_, V> {
    type Output = V;

    fn index(&self, name: &str) -> &V {
        &self.values[name]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_in_the_order_of_names(pairs: Vec<(String, u8)>, gone in 0..8usize) {
            let pairs: Vec<(&str, u8)> = pairs.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let (mut map, mut first) = (ByName::default(), BTreeMap::new());
            for (name, value) in &pairs {
                let is_new = map.insert_first(name, *value);
                prop_assert_eq!(is_new, !first.contains_key(name));
                first.entry(*name).or_insert(*value);
            }
            let _ = map.iter().count();
            if let Some((name, _)) = pairs.get(gone) {
                prop_assert_eq!(map.remove(name), first.remove(name));
            }
            map.insert("x", 1);
            first.insert("x", 1);
            prop_assert!(map.iter().eq(first.iter()));
            prop_assert!(map.values().eq(first.values()));
            let last: BTreeMap<u8, &str> = first.iter().map(|(name, value)| (*value, *name)).collect();
            let found = map.last_by(|value| *value);
            for value in 0..=u8::MAX {
                prop_assert_eq!(found.get(&value), last.get(&value));
            }
        }
    }
}
