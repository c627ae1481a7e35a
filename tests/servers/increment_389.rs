//! 389 Directory Server is asked what has changed where its log of changes is whole, and only there; whatever it does not tell of is
//! seen all the same.

use std::fmt::Write as _;

use crate::ds389::{Ds389, WHOLE_LOG};
use crate::histories::{
    PEOPLE, READER, both_are_the_same, configure, folders, groups, host, person, sync,
};
use crate::proxy::{Fault, Proxy};
use crate::slapd::SUFFIX;

fn directory(log: &str) -> Ds389 {
    let mut ldif = format!(
        "dn: {READER}\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: reader\nuserPassword: secret\n\n"
    );
    for n in 0..PEOPLE {
        ldif += &person(&format!("uid=u{n:04},ou=people"), 20_000 + n);
    }
    Ds389::logging(&format!("{ldif}{}{}", folders(), groups()), log)
}

#[test]
fn a_host_by_changes_is_the_same_as_one_in_full() {
    both_are_the_same(&mut directory(WHOLE_LOG), 0x5eed_0004, 6_000);
}
