//! What a server knows its content by at one time, and what it says later has changed since then.
//!
//! Servers say that in different ways, and each means its own by it: what of an answer is believed is for `refresh` (RFC 4533) and
//! `active_directory` (DirSync). Whatever does not fit their rules is no answer, and whoever asks reads everything then.

use serde::{Deserialize, Serialize};

use super::active_directory::ActiveDirectory;
use super::connect::Session;
use super::error::Error;
use super::question::Request;
use super::refresh::Refresh;
use super::sync::{Changes, Record};

/// What a server's content is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Since {
    /// OpenLDAP and 389 Directory Server.
    Refresh(Refresh),
    /// Active Directory and Samba.
    DirSync(ActiveDirectory),
}

impl Since {
    /// What the content of these searches is known by now; `None`: the server does not say later what has changed.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn now(
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<Option<Self>, Error> {
        Ok(match Refresh::now(session, requests)? {
            Some(refresh) => Some(Self::Refresh(refresh)),
            None => ActiveDirectory::now(session, requests)?.map(Self::DirSync),
        })
    }

    /// The attribute that says which entry it is.
    pub(crate) fn uuid(&self) -> &'static str {
        match self {
            Self::Refresh(refresh) => refresh.uuid(),
            Self::DirSync(_) => super::dirsync::UUID,
        }
    }

    /// Whether nothing that these searches find has changed since then, nor left, nor come. But for OpenLDAP: nothing that matters
    /// to them in the suffixes.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) fn is_unmoved(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
    ) -> Result<bool, Error> {
        match self {
            Self::Refresh(refresh) => refresh.is_unmoved(session, requests),
            Self::DirSync(cookies) => cookies.is_unmoved(session, requests),
        }
    }

    /// What has changed since then of what each of these searches finds, and what the content is known by now; `None`: the server
    /// does not say, or not so that it could be believed. `records`: what they had found.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) fn changes(
        &self,
        session: &mut Session,
        requests: &[Request<'_>],
        records: &[Record<'_>],
    ) -> Result<Option<(Vec<Changes>, Self)>, Error> {
        Ok(match self {
            Self::Refresh(refresh) => {
                let told = refresh.changes(session, requests, records)?;
                told.map(|(changes, now)| (changes, Self::Refresh(now)))
            }
            Self::DirSync(cookies) => {
                let told = cookies.changes(session, requests, records)?;
                told.map(|(changes, now)| (changes, Self::DirSync(now)))
            }
        })
    }
}
