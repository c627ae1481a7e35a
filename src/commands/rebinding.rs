//! What is said of a provider that has other ids, and of accounts whose provider no section names: by a run, by `status`, and
//! by `doctor`.

use std::collections::BTreeMap;

use crate::config::ProviderSettings;
use crate::error::{Error, Kind};
use crate::ledger::Census;
use crate::model::history::EntryKind;
use crate::model::owned::{ChangedIds, Present};
use crate::model::{ProviderName, counted, shown};
use crate::plan::whole::IdsChanged;

/// What shows what would be tied to which record, and ties it.
pub(super) const ALL_BY_LOGIN: &str = "gosync rebind --all --by login";

/// How many accounts, or groups.
fn entries(kind: EntryKind, n: usize) -> String {
    match kind {
        EntryKind::Account => counted(n, "account", "accounts"),
        EntryKind::Group | EntryKind::LocalGroup => counted(n, "group", "groups"),
    }
}

/// That the provider seems to have other ids, in one sentence. `of`: of how many, if that is known.
pub(super) fn changed(kind: EntryKind, changed: ChangedIds, of: Option<usize>) -> String {
    let ChangedIds { asked_for, missing } = changed;
    let missing = match of {
        Some(of) => format!("{missing} of {}", entries(kind, of)),
        None => entries(kind, missing as usize),
    };
    format!(
        "missing at the provider: {missing}; asked for by their names under other ids: {asked_for} of them; perhaps the \
         directory was loaded anew, or `id` is another attribute now"
    )
}

/// The error of a run that has seen it.
pub(super) fn ids_changed(seen: &IdsChanged) -> Error {
    let IdsChanged {
        kind,
        changed: how,
        of,
    } = seen;
    let what = match kind {
        EntryKind::Account => "No account was locked, and nobody counts as missing, because of it",
        EntryKind::Group | EntryKind::LocalGroup => {
            "No group was emptied, and none counts as missing, because of it"
        }
    };
    let way = format!(
        "`{ALL_BY_LOGIN} -n` shows what ties them to the records that the provider has now, and without -n it does so"
    );
    let message = changed(*kind, *how, Some(*of));
    Error::new(Kind::Source, message).hint(what).hint(way)
}

/// The accounts and groups of a provider's.
pub(super) fn owned(present: Present) -> String {
    let Present { accounts, groups } = present;
    let all = [(EntryKind::Account, accounts), (EntryKind::Group, groups)];
    let all = all.into_iter().filter(|(_, n)| *n > 0);
    let all: Vec<String> = all.map(|(kind, n)| entries(kind, n)).collect();
    all.join(" and ")
}

/// The error of a run where the ledger has accounts or groups of providers that no section names.
pub(super) fn unnamed(providers: &[(ProviderName, Present)]) -> Error {
    let all: Vec<String> = providers
        .iter()
        .map(|(name, present)| format!("{} of `{}`", owned(*present), shown(name.as_str())))
        .collect();
    let message = format!(
        "the ledger has {}, and no section of the configuration names that provider: the records of these people are \
         no longer read, and people who leave keep their accounts",
        all.join(", ")
    );
    Error::new(Kind::Usage, message)
        .hint("If the section got another name, or another provider is in its place: see what `gosync rebind --all --by login -n` would tie together")
        .hint("If the section was removed by mistake, put it back; accounts that no provider has any more can be released by `gosync release`")
}

/// What the ledger has of providers that no section names.
pub(super) fn unnamed_of(
    census: &Census,
    sections: &BTreeMap<String, ProviderSettings>,
) -> Vec<(String, Present)> {
    let all = census.providers.iter();
    let unnamed = all.filter(|(name, _)| !sections.contains_key(*name));
    unnamed.map(|(name, n)| (name.clone(), *n)).collect()
}
