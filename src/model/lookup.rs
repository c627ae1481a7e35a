//! A map that can only be asked, so that the order in which it holds things reaches nobody.
//!
//! Half a million members are looked up in a large directory. In a [`BTreeMap`](std::collections::BTreeMap) that
//! compares texts some seventeen times for each, and takes longer than reading them.
#![allow(clippy::disallowed_types)] // whose order differs from run to run; it is never seen

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

/// Values by key. It cannot be walked through.
#[derive(Clone, Debug)]
pub(crate) struct Lookup<K, V>(HashMap<K, V>);

impl<K: Eq + Hash, V> Lookup<K, V> {
    /// Puts a value in; gives the one that had this key.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Nothing yet, with room for so many.
    pub(crate) fn with_room(most: usize) -> Self {
        Self(HashMap::with_capacity(most))
    }

    /// Puts a value in unless there is one of this key.
    pub(crate) fn insert_first(&mut self, key: K, value: V) {
        self.0.entry(key).or_insert(value);
    }

    /// Puts a value in unless there is a greater one of this key.
    pub(crate) fn insert_greatest(&mut self, key: K, value: V)
    where
        V: Ord + Copy,
    {
        let there = self.0.entry(key).or_insert(value);
        *there = value.max(*there);
    }

    /// Takes a value out.
    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key)
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is such a key.
    pub(crate) fn contains<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// The value of a key.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }
}

impl<K, V> Default for Lookup<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// Of several values with one key, the last stays.
impl<K: Eq + Hash, V> FromIterator<(K, V)> for Lookup<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Those of `some` that come more than once among `all`, of which they are a part.
pub(crate) fn repeated_of<T: Clone + Ord + Hash>(
    some: impl Iterator<Item = T>,
    all: impl Iterator<Item = T>,
) -> BTreeSet<T> {
    let mut seen: HashMap<T, bool> = some.map(|one| (one, false)).collect();
    let mut repeated = BTreeSet::new();
    for one in all {
        if let Some(was_seen) = seen.get_mut(&one)
            && std::mem::replace(was_seen, true)
        {
            repeated.insert(one);
        }
    }
    repeated
}

/// What comes more than once. `room`: how many come, more or less.
pub(crate) fn repeated<T: Clone + Ord + Hash>(
    all: impl Iterator<Item = T>,
    room: usize,
) -> BTreeSet<T> {
    let mut seen = HashSet::with_capacity(room);
    all.filter(|one| !seen.insert(one.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_more_than_once_is_repeated() {
        let all = ["a", "b", "a", "c", "a", "b"].into_iter();
        assert_eq!(repeated(all, 6).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    proptest::proptest! {
        #[test]
        fn of_some_the_same_is_repeated_as_of_all(all: Vec<u8>, is_asked: [bool; 16]) {
            let all: Vec<u8> = all.into_iter().map(|one| one % 16).collect();
            let is_asked = |one: &&u8| is_asked[usize::from(**one)];
            let wanted: BTreeSet<u8> = repeated(all.iter().copied(), 0);
            let wanted: BTreeSet<u8> = wanted.iter().filter(is_asked).copied().collect();
            let some = all.iter().filter(is_asked).copied();
            proptest::prop_assert_eq!(repeated_of(some, all.iter().copied()), wanted);
        }
    }

    #[test]
    fn the_first_stays_where_that_is_asked_for() {
        let mut lookup = Lookup::with_room(2);
        lookup.insert_first("a", 1);
        lookup.insert_first("a", 2);
        assert_eq!(lookup.get("a"), Some(&1));
        assert_eq!((lookup.remove("a"), lookup.remove("a")), (Some(1), None));
    }

    #[test]
    fn of_several_values_with_one_key_the_last_stays() {
        let mut lookup: Lookup<&str, u32> = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!(lookup.get("a"), Some(&3));
        assert_eq!(lookup.insert("b", 4), Some(2));
        assert_eq!(lookup.get("c"), None);
        assert!(lookup.contains("a") && !lookup.contains("c") && !lookup.is_empty());
    }
}
