//! What can happen to a host in a history: at the provider, by hand, by the passing of time; and when gosync is killed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::small_host::Database;

/// How many people come and go; one more is always there.
pub const PEOPLE: usize = 4;

/// How many groups come and go; one more is always there.
pub const GROUPS: usize = 2;

/// What the configuration says, as far as it differs between histories.
#[derive(Clone, Debug)]
pub struct Setting {
    pub database: Database,
    /// Keys go into homes, not into a directory.
    pub keys_in_homes: bool,
    /// Homes move along with renames.
    pub rename_home: bool,
    /// What was deleted by hand comes back.
    pub restore: bool,
    /// What was locked by hand stays locked.
    pub keep_lock: bool,
    /// Who is missing must be so for a while.
    pub patient: bool,
    /// Homes are packed after [`ARCHIVE_DAYS`].
    pub archive: bool,
    /// Accounts and groups are removed after [`REMOVE_DAYS`].
    pub remove: bool,
}

pub const ARCHIVE_DAYS: u32 = 30;
pub const REMOVE_DAYS: u32 = 90;

/// One thing that happens. People and groups are named by their numbers.
#[derive(Clone, Debug)]
pub enum Event {
    /// Is at the provider, and active.
    Come(usize),
    /// Is at the provider, and inactive.
    Shut(usize),
    /// Is not at the provider any more.
    Leave(usize),
    /// Has another login, or the one of before.
    Rename(usize),
    Gecos(usize, u8),
    Shell(usize, bool),
    /// Has these of three keys, a bit for each.
    Keys(usize, u8),
    Join(usize, usize),
    Quit(usize, usize),
    GroupComes(usize),
    GroupLeaves(usize),
    GroupRenamed(usize),
    Hand(Hand),
    /// So many days pass.
    Days(u32),
}

/// What an admin does by hand.
#[derive(Clone, Debug)]
pub enum Hand {
    Lock(usize),
    /// Takes off whatever lock there is.
    Open(usize),
    Shell(usize),
    Gecos(usize),
    /// Writes another key to the file of an account.
    Key(usize),
    /// As userdel(8) does it, which leaves the home.
    Delete(usize),
    /// Adds the host's own admin to a group.
    Add(usize),
    TakeOut(usize, usize),
    /// As groupdel(8) does it.
    DeleteGroup(usize),
}

/// A kill of one of a step's two runs, at one of its points.
#[derive(Clone, Debug)]
pub struct Kill {
    /// Of `sync groups`, not of `sync users`.
    pub groups: bool,
    pub at: Index,
    /// Another program adds an account before the next run.
    pub overtaken: bool,
}

/// What happens between two runs, and how these are broken off.
#[derive(Clone, Debug)]
pub struct Step {
    pub events: Vec<Event>,
    pub kills: Vec<Kill>,
}

fn one() -> std::ops::Range<usize> {
    0..PEOPLE
}

fn team() -> std::ops::Range<usize> {
    0..GROUPS
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        2 => one().prop_map(Hand::Lock),
        1 => one().prop_map(Hand::Open),
        1 => one().prop_map(Hand::Shell),
        1 => one().prop_map(Hand::Gecos),
        1 => one().prop_map(Hand::Key),
        2 => one().prop_map(Hand::Delete),
        1 => team().prop_map(Hand::Add),
        1 => (one(), team()).prop_map(|(n, g)| Hand::TakeOut(n, g)),
        1 => team().prop_map(Hand::DeleteGroup),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => one().prop_map(Event::Come),
        3 => one().prop_map(Event::Shut),
        3 => one().prop_map(Event::Leave),
        3 => one().prop_map(Event::Rename),
        1 => (one(), 0..3_u8).prop_map(|(n, text)| Event::Gecos(n, text)),
        1 => (one(), any::<bool>()).prop_map(|(n, plain)| Event::Shell(n, plain)),
        2 => (one(), 0..8_u8).prop_map(|(n, keys)| Event::Keys(n, keys)),
        2 => (one(), team()).prop_map(|(n, g)| Event::Join(n, g)),
        1 => (one(), team()).prop_map(|(n, g)| Event::Quit(n, g)),
        1 => team().prop_map(Event::GroupComes),
        1 => team().prop_map(Event::GroupLeaves),
        1 => team().prop_map(Event::GroupRenamed),
        5 => hand().prop_map(Event::Hand),
        4 => select(vec![1, 40, 100]).prop_map(Event::Days),
    ]
}

fn kill() -> impl Strategy<Value = Kill> {
    (
        prop::bool::weighted(0.3),
        any::<Index>(),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(groups, at, overtaken)| Kill {
            groups,
            at,
            overtaken,
        })
}

fn step() -> impl Strategy<Value = Step> {
    (vec(event(), 1..5), vec(kill(), 0..=2)).prop_map(|(events, kills)| Step { events, kills })
}

/// Histories of so many steps.
pub fn history(steps: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), steps)
}

pub fn setting(database: Database) -> impl Strategy<Value = Setting> {
    let often = || prop::bool::weighted(0.6);
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        often(),
        often(),
    )
        .prop_map(
            move |(keys_in_homes, rename_home, restore, keep_lock, patient, archive, remove)| {
                Setting {
                    database,
                    keys_in_homes,
                    rename_home,
                    restore,
                    keep_lock,
                    patient,
                    archive,
                    remove,
                }
            },
        )
}
