//! One connection to a server whose groups are changed, with what it says about groups and people.
//!
//! Finds what it is asked for, by id, by name of entry or by attribute, and all of it or an error;
//! entries of which the name is known are asked for one by one as long as they are few. Follows
//! groups in groups as deep as configured. Says nothing about what may be done with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::classes::Known;
use super::listed::{self, ListedGroup, ListedPerson, Part};
use super::settings::{Schema, Settings};
use super::{Ldap, fetch_error, ids, people};
use crate::ldap::client::{Client, SearchError};
use crate::ldap::code::Answer;
use crate::ldap::entry::Entry;
use crate::ldap::request::{Attributes, Change};
use crate::ldap::{Error, dn, filter};
use crate::model::{RemoteId, Untrusted};
use crate::providers::admin::AdminError;

/// How many entries are asked for one by one, before all of their kind are read at once.
const ONE_BY_ONE: usize = 64;
/// Every entry.
const ANY: &str = "(objectClass=*)";

/// A server with its schema, spoken to until the deadline.
pub(super) struct GroupClient {
    name: String,
    settings: Settings,
    client: Client,
}

impl GroupClient {
    /// Does not connect yet.
    pub(super) fn new(ldap: Ldap, deadline: Instant) -> Self {
        Self {
            name: ldap.name,
            settings: ldap.settings,
            client: Client::new(ldap.server, deadline),
        }
    }

    /// The name of the provider's section.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The configuration.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// As whom we speak to the server.
    pub(super) fn bind_dn(&self) -> Option<&str> {
        self.client.server().bind_dn.as_deref()
    }

    /// Something is missing in an answer; `reason` is in our own words.
    pub(super) fn incomplete(&self, reason: String) -> AdminError {
        AdminError::Incomplete {
            place: self.client.server().address.url.clone(),
            reason,
        }
    }

    fn error(&self, error: Error) -> AdminError {
        fetch_error(error, &self.client.server().address.url).into()
    }

    fn unfinished(&self, error: SearchError) -> AdminError {
        match error {
            SearchError::Failed(error) => self.error(error),
            SearchError::Incomplete(reason) => self.incomplete(reason),
        }
    }

    /// All entries at and below `base`, which must be there, that the filter finds: each as `take`
    /// gives it.
    ///
    /// # Errors
    /// When not all of them came.
    pub(super) fn all<T>(
        &self,
        base: &str,
        filter: &str,
        attributes: &[&str],
        take: &dyn Fn(&Entry<'_>) -> T,
    ) -> Result<Vec<T>, AdminError> {
        let found = self.client.all(base, filter, attributes, take);
        found.map_err(|error| self.unfinished(error))
    }

    /// The entry `dn`, if it is there and the filter finds it, as `take` gives it.
    ///
    /// # Errors
    /// When the server does not say.
    pub(super) fn one<T>(
        &self,
        dn: &str,
        filter: &str,
        attributes: &[&str],
        take: &dyn Fn(&Entry<'_>) -> T,
    ) -> Result<Option<T>, AdminError> {
        let found = self.client.one(dn, filter, attributes, take);
        found.map_err(|error| self.unfinished(error))
    }

    /// Changes the entry `dn`: all of it or nothing.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub(super) fn modify(&self, dn: &str, changes: &[Change]) -> Result<Answer, AdminError> {
        let answer = self.client.modify(dn, changes);
        answer.map_err(|error| self.error(error))
    }

    /// Makes the entry `dn`.
    ///
    /// # Errors
    /// When the server could not be asked, or its answer did not come.
    pub(super) fn add(&self, dn: &str, attributes: &Attributes) -> Result<Answer, AdminError> {
        let answer = self.client.add(dn, attributes);
        answer.map_err(|error| self.error(error))
    }

    /// The group with this id.
    ///
    /// # Errors
    /// When it is not there, or the server does not answer completely.
    pub(super) fn find(
        &self,
        id: &RemoteId,
        attributes: &[&str],
    ) -> Result<ListedGroup, AdminError> {
        let settings = self.settings();
        let names = &settings.names;
        for filter in filter::any_bytes(
            &settings.group_filter,
            &names.group_id,
            &ids::values(&names.group_id, id),
        ) {
            let take = |entry: &Entry<'_>| ListedGroup::new(entry, names);
            let found = self.all(&settings.group_base, &filter, attributes, &take)?;
            let same =
                |group: &ListedGroup| group.ident.as_ref().is_ok_and(|(found, _)| found == id);
            if let Some(group) = found.into_iter().find(same) {
                return self.whole(group);
            }
        }
        Err(AdminError::Refused(Untrusted::new(
            "the group is not there any more",
        )))
    }

    /// The group with all its values, where the server sends long lists in parts.
    fn whole(&self, mut group: ListedGroup) -> Result<ListedGroup, AdminError> {
        while let Some((attribute, first)) = group.more.pop() {
            let wanted = format!("{attribute};range={first}-*");
            let take = |entry: &Entry<'_>| Part::new(entry, &attribute);
            let part = self.one(&group.dn, ANY, &[&wanted], &take)?.flatten();
            if part.is_none_or(|part| group.next_part(&part, &attribute, first).is_err()) {
                return Err(self.incomplete(
                    "it sent a part of a group's members that does not fit".to_owned(),
                ));
            }
        }
        Ok(group)
    }

    /// The groups in a group, and those in them.
    ///
    /// # Errors
    /// When they are not all known.
    pub(super) fn inside(&self, top: &ListedGroup) -> Result<Vec<ListedGroup>, AdminError> {
        let settings = self.settings();
        let mut asked = BTreeSet::from([top.key.clone()]);
        let mut found: Vec<ListedGroup> = Vec::new();
        let mut level: Vec<String> = top.names().map(str::to_owned).collect();
        for depth in 0.. {
            level.retain(|key| {
                dn::is_under(key, &settings.group_base_key) && asked.insert(key.clone())
            });
            let new = self.groups_named(&level)?;
            if new.is_empty() {
                break;
            }
            if depth >= settings.nested_depth {
                let name = top.called();
                let reason = format!(
                    "groups are nested in `{name}` more than {} levels deep",
                    settings.nested_depth
                );
                return Err(self.incomplete(reason));
            }
            level = new
                .iter()
                .flat_map(ListedGroup::names)
                .map(str::to_owned)
                .collect();
            found.extend(new);
        }
        Ok(found)
    }

    /// Those of these entries that are groups.
    fn groups_named(&self, keys: &[String]) -> Result<Vec<ListedGroup>, AdminError> {
        let settings = self.settings();
        let (names, attributes) = (&settings.names, listed::member_attributes(settings));
        let mut found = Vec::new();
        if keys.len() > ONE_BY_ONE {
            let wanted: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
            let take = |entry: &Entry<'_>| {
                Some(ListedGroup::new(entry, names))
                    .filter(|group| wanted.contains(group.key.as_str()))
            };
            let all = self.all(
                &settings.group_base,
                &settings.group_filter,
                &attributes,
                &take,
            )?;
            found.extend(all.into_iter().flatten());
        } else {
            for key in keys {
                let take = |entry: &Entry<'_>| ListedGroup::new(entry, names);
                found.extend(self.one(key, &settings.group_filter, &attributes, &take)?);
            }
        }
        found.into_iter().map(|group| self.whole(group)).collect()
    }

    fn people_found(&self, filter: &str) -> Result<Vec<ListedPerson>, AdminError> {
        let settings = self.settings();
        let take = |entry: &Entry<'_>| {
            let told = |(subject, reason): (Untrusted, String)| tracing::warn!(%subject, reason, "left out");
            ListedPerson::new(entry, &settings.names).map_err(told).ok()
        };
        let attributes = listed::person_attributes(settings);
        Ok(self
            .all(&settings.user_base, filter, &attributes, &take)?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Those of these entries that are people, by name of entry.
    ///
    /// # Errors
    /// When the server does not answer completely.
    pub(super) fn people_named(
        &self,
        keys: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, ListedPerson>, AdminError> {
        let settings = self.settings();
        let attributes = listed::person_attributes(settings);
        let keys = keys
            .iter()
            .filter(|key| dn::is_under(key, &settings.user_base_key));
        let keys: BTreeSet<&str> = keys.copied().collect();
        let mut found = Vec::new();
        if keys.len() > ONE_BY_ONE {
            found = self.people_found(&settings.user_filter)?;
            found.retain(|human| keys.contains(human.key.as_str()));
        } else {
            for key in keys {
                let take = |entry: &Entry<'_>| ListedPerson::new(entry, &settings.names).ok();
                found.extend(
                    self.one(key, &settings.user_filter, &attributes, &take)?
                        .flatten(),
                );
            }
        }
        Ok(found
            .into_iter()
            .map(|human| (human.key.clone(), human))
            .collect())
    }

    /// People whom one of the filters finds. Who cannot be used is told in the log.
    ///
    /// # Errors
    /// When the server does not answer completely.
    pub(super) fn people_by(&self, filters: &[String]) -> Result<Vec<ListedPerson>, AdminError> {
        let mut found = Vec::new();
        for filter in filters {
            found.extend(self.people_found(filter)?);
        }
        Ok(found)
    }

    /// People whose primary group this is (Active Directory).
    ///
    /// # Errors
    /// When the server does not answer completely.
    pub(super) fn primary_members(
        &self,
        group: &ListedGroup,
    ) -> Result<Vec<ListedPerson>, AdminError> {
        let Some(number) = group.sid.as_deref().and_then(|sid| sid.last_chunk::<4>()) else {
            return Ok(Vec::new());
        };
        let filter = format!(
            "(&{}(primaryGroupID={}))",
            self.settings().user_filter,
            u32::from_le_bytes(*number)
        );
        let mut found = self.people_found(&filter)?;
        found.retain(|human| group.is_primary_of(human));
        Ok(found)
    }

    /// What the server's schema says about object classes; `None` if it does not show it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) fn known(&self) -> Result<Option<Known>, AdminError> {
        let settings = self.settings();
        // In Active Directory groups are of one kind, and its schema is large.
        if settings.schema == Schema::Ad {
            return Ok(None);
        }
        let place = "subschemaSubentry";
        let take = |entry: &Entry<'_>| people::loose(entry, place);
        let place = self.one(&settings.group_base, ANY, &[place], &take)?;
        let Some(place) = place.flatten() else {
            return Ok(None);
        };
        let classes = "objectClasses";
        let take = |entry: &Entry<'_>| -> Vec<Vec<u8>> {
            entry.values(classes).map(<[u8]>::to_vec).collect()
        };
        let values = self.one(&place, "(objectClass=subschema)", &[classes], &take)?;
        let values = values.unwrap_or_default();
        Ok((!values.is_empty()).then(|| Known::new(values)))
    }
}
