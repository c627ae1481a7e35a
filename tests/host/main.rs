//! Tests that need root: real accounts, namespaces, the program killed at its system calls.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

/// A table of tests: one for each name and database, which the function is told.
macro_rules! cases {
    ($($(#[$attribute:meta])* $name:ident: $check:expr, $($database:ident),+;)*) => {
        $(mod $name {
            use super::*;

            cases!(@tests [$(#[$attribute])*] $check, $($database),+);
        })*
    };
    (@tests $attributes:tt $check:expr, $($database:ident),+) => {
        $(cases!(@test $attributes $check, $database);)+
    };
    (@test [$(#[$attribute:meta])*] $check:expr, $database:ident) => {
        #[test]
        $(#[$attribute])*
        fn $database() {
            let check: fn(Database) = $check;
            check(Database::named(stringify!($database)));
        }
    };
}

// What these five have and the tests here do not use, the tests in tests/servers do, and are compiled without leave
// for what nobody uses.
#[allow(dead_code)]
#[path = "../support/bare_host.rs"]
mod bare_host;
#[allow(dead_code)]
#[path = "../support/follower.rs"]
mod follower;
#[allow(dead_code)]
#[path = "../support/proxy.rs"]
mod proxy;
#[allow(dead_code)]
#[path = "../support/slapd.rs"]
mod slapd;
#[allow(dead_code)]
#[path = "../support/web.rs"]
mod web;

#[path = "../support/made_once.rs"]
mod made_once;
#[path = "../support/schema.rs"]
mod schema;
#[path = "../support/scratch.rs"]
mod scratch;

mod by_hand;
mod concurrent;
mod cut_network;
mod departure_kills;
mod departures;
mod doctor;
mod end_to_end;
mod errors;
mod findings;
mod history;
mod home_bases;
mod hook_host;
mod hook_kills;
mod hooks;
mod inputs;
mod interruptions;
mod invariants;
mod key_homes;
mod kills;
mod ledger_kills;
mod ledger_upgrade;
mod life;
mod locks;
mod name_services;
mod namespace;
mod nss_cache;
mod packages;
mod picture;
mod processes;
mod same_as_useradd;
mod scenarios;
mod small_host;
mod sshd;
mod stuck_homes;
mod syscalls;
mod told_in_json;
mod torture;
mod unwritable;
