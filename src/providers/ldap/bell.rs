//! A server that can be replicated from rings when an entry of a person or a group changes, comes or goes.
//!
//! As little is seen of what lies elsewhere as by a mark: see `mark`.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use super::{Ldap, fetch_error};
use crate::ldap::Error;
use crate::ldap::persist::{Came, Persist};
use crate::providers::FetchError;
use crate::providers::bell::{Bell, Heard};

/// The doorbell of a server.
struct LdapBell {
    persist: Persist,
    /// The address of the server.
    place: String,
}

/// Begins to listen.
pub(super) fn open(ldap: &Ldap, deadline: Instant) -> Result<Box<dyn Bell>, Error> {
    let settings = &ldap.settings;
    let searches = [
        (settings.user_base.as_str(), settings.user_filter.as_str()),
        (settings.group_base.as_str(), settings.group_filter.as_str()),
    ];
    Ok(Box::new(LdapBell {
        persist: Persist::open(&ldap.server, &searches, deadline)?,
        place: ldap.server.address.url.clone(),
    }))
}

impl Bell for LdapBell {
    fn socket(&self) -> BorrowedFd<'_> {
        self.persist.as_fd()
    }

    fn heard(&mut self) -> Result<Heard, FetchError> {
        let came = self.persist.came();
        let Came { changes, answer } = came.map_err(|error| fetch_error(error, &self.place))?;
        Ok(Heard {
            rang: changes,
            lives: answer,
        })
    }

    fn ask(&mut self) -> Result<(), FetchError> {
        let asked = self.persist.ask();
        asked.map_err(|error| fetch_error(error, &self.place))
    }
}
