//! What a provider says of people, merged with what other providers said last of the same persons.

use std::collections::BTreeSet;

use super::env::Env;
use crate::error::Result;
use crate::model::owned::Owned;
use crate::model::{ProviderName, Snapshot};
use crate::policy::merge::{MergeInput, Merged, merge};

/// The merged people of a sync; `None`: nobody is joined here.
///
/// # Errors
/// When nobody can be selected.
pub(crate) fn joined(snapshot: &Snapshot, env: &Env, owned: &Owned) -> Result<Option<Merged>> {
    let settings = &env.settings;
    if settings.join.by.is_none() {
        return Ok(None);
    }
    let order = &settings.gosync.providers;
    let order: Vec<ProviderName> = order.iter().map(|name| ProviderName::new(name)).collect();
    let mut attributes: BTreeSet<String> = settings.kept_attributes();
    attributes.extend(settings.hooks.attributes.iter().cloned());
    let selection = env.selection(&snapshot.directory)?;
    let input = MergeInput {
        order: &order,
        rules: &settings.join,
        owned,
        attributes: &attributes,
        gaps: &snapshot.gaps,
        rejected: &snapshot.rejected,
        completeness: &snapshot.completeness,
    };
    let users = snapshot.directory.users.clone();
    Ok(Some(merge(users, selection, &input)))
}
