//! Sorted maps and sets gone through together, side by side: where all ids of one are looked up in another, in their
//! order, one step along is enough for each, and none has to be searched for from the root.

use std::collections::btree_map::{self, BTreeMap};
use std::collections::{BTreeSet, btree_set};
use std::iter::Peekable;

/// Look-ups in a map. In the order of the keys each costs a step; in any other order the answers are the same.
pub(crate) struct InStep<'a, K, V> {
    map: &'a BTreeMap<K, V>,
    rest: Peekable<btree_map::Iter<'a, K, V>>,
}

impl<'a, K: Ord, V> InStep<'a, K, V> {
    /// Those in this map.
    pub(crate) fn with(map: &'a BTreeMap<K, V>) -> Self {
        let rest = map.iter().peekable();
        Self { map, rest }
    }

    /// The value of a key.
    pub(crate) fn get(&mut self, key: &K) -> Option<&'a V> {
        while self.rest.next_if(|(at, _)| *at < key).is_some() {}
        match self.rest.peek() {
            Some((at, value)) if *at == key => Some(value),
            // It may have been passed by.
            _ => self.map.get(key),
        }
    }
}

/// The entries of a map whose keys are not in a set, in their order.
pub(crate) struct Without<'a, K, V> {
    rest: btree_map::Iter<'a, K, V>,
    set: Peekable<btree_set::Iter<'a, K>>,
}

impl<'a, K: Ord, V> Without<'a, K, V> {
    /// Those of `map` that are not in `set`.
    pub(crate) fn new(map: &'a BTreeMap<K, V>, set: &'a BTreeSet<K>) -> Self {
        Self {
            rest: map.iter(),
            set: set.iter().peekable(),
        }
    }
}

impl<'a, K: Ord, V> Iterator for Without<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let set = &mut self.set;
        self.rest.find(|(key, _)| {
            while set.next_if(|at| at < key).is_some() {}
            set.peek() != Some(key)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_search_finds_in_whatever_order(
            map: BTreeMap<u8, u8>, keys: Vec<u8>, is_sorted: bool
        ) {
            let mut keys = keys;
            if is_sorted {
                keys.sort_unstable();
            }
            let mut there = InStep::with(&map);
            for key in &keys {
                prop_assert_eq!(there.get(key), map.get(key));
            }
        }

        #[test]
        fn what_is_left_is_what_the_set_has_not(map: BTreeMap<u8, u8>, set: BTreeSet<u8>) {
            let left: Vec<_> = map.iter().filter(|(key, _)| !set.contains(key)).collect();
            prop_assert_eq!(Without::new(&map, &set).collect::<Vec<_>>(), left);
        }
    }
}
