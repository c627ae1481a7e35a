//! What every provider promises, tried with each of them on a server that knows one and the same world.
//!
//! `dataset` says who there is; each kind of provider has a file with a [`Fixture`] that loads the world into a server and
//! opens the provider; `read`, `faults` and `admin` hold the promises. A new provider is a fixture and a line in the list
//! below. What a provider cannot do is said by a type here, and tried as such; nothing is passed over.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod admin;
mod dataset;
mod directory;
mod document;
mod faults;
mod github;
mod globus;
mod printed;
mod read;
mod scim;
mod served;

use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::providers::admin::GroupAdmin;
use gosync::testing::providers::{Provider, Query, Scope};

use self::dataset::{TOP, Tells, World};

/// The name of the section of every provider here.
const NAME: &str = "contract";

/// A provider, and a server that knows a world.
trait Fixture: Sized {
    /// How much of a world it tells.
    const TELLS: Tells;

    /// Starts a server and tells it the world, in the order of the world.
    fn load(world: &World) -> Self;

    /// The provider, with pages of so many records where it has pages.
    fn open(&self, page: usize) -> Box<dyn Provider>;

    /// Where it reads from.
    fn place(&self) -> Place<'_>;
}

/// A provider whose groups can be changed.
trait Managed: Fixture {
    /// The provider, to change groups.
    fn admin(&self) -> Box<dyn GroupAdmin>;

    /// The same for the program.
    fn section(&self) -> Section;
}

/// Where a provider reads from.
enum Place<'a> {
    /// From a file: there is nobody to let us in, and no connection to break.
    File(&'a dyn File),
    /// From a server.
    Server(&'a dyn Server),
}

/// A file that a provider reads.
trait File {
    /// What stands in it.
    fn bytes(&self) -> Vec<u8>;

    /// The provider, with this in its file; `None`: without a file.
    fn with(&self, bytes: Option<&[u8]>) -> Box<dyn Provider>;
}

/// A server that a provider reads from.
trait Server {
    /// Where it listens on 127.0.0.1.
    fn port(&self) -> u16;

    /// The provider, sent to another port of 127.0.0.1.
    fn at(&self, port: u16) -> Box<dyn Provider>;

    /// The provider, with credentials that are wrong.
    fn stranger(&self) -> Box<dyn Provider>;

    /// How it is spoken to.
    fn wire(&self) -> Wire;
}

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Http,
    Ldap,
}

/// A provider's section in gosync.toml.
struct Section {
    /// Its keys, `kind` among them.
    keys: String,
    /// Names and contents of the files that they name.
    files: Vec<(&'static str, String)>,
}

/// A query for all, to be answered in time.
fn query(scope: Scope) -> Query {
    let top_group = (scope == Scope::Users).then(|| TOP.to_owned());
    Query {
        scope,
        only: None,
        top_group,
        details: Details::ALL,
        attribute: None,
        deadline: soon(60),
    }
}

fn soon(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// Every promise about reading, as a test.
macro_rules! reads {
    ($fixture:ty) => {
        #[test]
        fn all_is_read_and_nothing_is_dropped() {
            read::all::<$fixture>();
        }

        #[test]
        fn one_read_of_both_says_what_two_say() {
            read::both::<$fixture>();
        }

        #[test]
        fn what_is_as_it_was_is_known_again() {
            read::again::<$fixture>();
        }

        #[test]
        fn the_order_of_the_server_does_not_matter() {
            read::order::<$fixture>();
        }

        #[test]
        fn a_part_is_never_called_all() {
            read::part::<$fixture>();
        }

        #[test]
        fn a_name_is_the_same_in_capital_letters() {
            read::capitals::<$fixture>();
        }

        #[test]
        fn a_read_that_is_cut_is_never_called_all() {
            faults::cut::<$fixture>();
        }

        #[test]
        fn failures_are_told_apart() {
            faults::told_apart::<$fixture>();
        }
    };
}

/// Every promise about changing groups, as a test.
macro_rules! changes {
    ($fixture:ty) => {
        #[test]
        fn who_is_to_change_is_the_same_in_capital_letters() {
            admin::capitals::<$fixture>();
        }

        #[test]
        fn groups_are_changed_and_read_back() {
            admin::changes::<$fixture>();
        }

        #[test]
        fn what_it_lacks_is_said_and_not_tried() {
            admin::lacks::<$fixture>();
        }

        #[test]
        fn of_two_groups_with_one_name_none_is_taken() {
            admin::twins::<$fixture>();
        }
    };
}

/// Every promise as a test of every provider; of those that can only be read, those about reading.
macro_rules! contract {
    (all { $($name:ident: $fixture:ty;)* } reads { $($reader:ident: $read:ty;)* }) => {
        $(mod $name {
            use super::*;

            reads!($fixture);
            changes!($fixture);
        })*
        $(mod $reader {
            use super::*;

            reads!($read);
        })*
    };
}

contract! {
    all {
        in_a_file: document::Document;
        in_ldap_rfc2307: directory::Directory<directory::Nis>;
        in_ldap_rfc2307bis: directory::Directory<directory::Bis>;
        in_389_directory_server: directory::Directory<crate::ds389::Ds389>;
        in_active_directory: directory::Directory<crate::samba::Samba>;
        in_scim_by_index: scim::People<false>;
        in_scim_by_cursor: scim::People<true>;
        in_globus: globus::Club;
    }
    reads {
        by_a_command: printed::Printed;
        on_a_web_server: served::Served;
        at_github: github::Organisation;
    }
}
