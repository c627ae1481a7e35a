//! The table `losses`: what was taken away, and what was given, for the limits of a day and of 30 days.

use rusqlite::params;

use super::columns::words;
use super::store::{DAY, MONTH, Scope};
use crate::model::RemoteId;
use crate::model::owned::{Loss, Losses};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LossKind {
    /// An account was locked, or removed by hand.
    Account,
    /// Somebody has no keys any more.
    Keys,
    /// Members of a group.
    Member,
    /// Members of a group of the host's own.
    LocalMember,
    /// New members of a privileged group.
    Gain,
    /// Accounts were made.
    NewAccount,
    /// Groups were made.
    NewGroup,
    /// Locked accounts were opened.
    Opened,
    Rename,
    Archive,
    Removal,
    Group,
}

words!(LossKind {
    Account = "account",
    Keys = "keys",
    Member = "member",
    LocalMember = "local",
    Gain = "gain",
    NewAccount = "new-account",
    NewGroup = "new-group",
    Opened = "opened",
    Rename = "rename",
    Archive = "archive",
    Removal = "removal",
    Group = "group",
});

/// Counts a loss; none, if nobody lost anything.
pub(super) fn add(
    scope: Scope<'_>,
    kind: LossKind,
    id: &str,
    count: usize,
) -> rusqlite::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "INSERT INTO losses (at, target, provider, kind, id, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    scope.execute(
        sql,
        params![scope.now, scope.target, scope.provider, kind, id, count],
    )
}

/// An account is open again: that it was locked, or removed by hand, is no loss any more.
pub(super) fn take_back(scope: Scope<'_>, account: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM losses WHERE target = ?1 AND provider = ?2 AND kind = ?3 AND id = ?4";
    let of = params![scope.target, scope.provider, LossKind::Account, account];
    scope.execute(sql, of)
}

/// Forgets what no limit asks about any more.
pub(super) fn prune(scope: Scope<'_>) -> rusqlite::Result<()> {
    let sql = "DELETE FROM losses WHERE at <= ?1";
    scope.execute(sql, params![scope.now - MONTH])
}

/// Those of the last 24 hours, and accounts of the last 30 days.
pub(super) fn load(scope: Scope<'_>) -> rusqlite::Result<Losses> {
    let mut losses = Losses::default();
    let sql = "SELECT kind, id, SUM(count) AS count FROM losses
                WHERE target = ?1 AND provider = ?2 AND at > ?3 GROUP BY kind, id";
    let mut statement = scope.db.prepare(sql)?;
    let mut rows = statement.query(params![scope.target, scope.provider, scope.now - DAY])?;
    while let Some(row) = rows.next()? {
        let (id, count): (String, u32) = (row.get("id")?, row.get("count")?);
        let others = &mut losses.others;
        match row.get("kind")? {
            LossKind::Account => losses.accounts += count,
            LossKind::Keys => losses.keys += count,
            LossKind::NewAccount => losses.given.accounts += count,
            LossKind::NewGroup => losses.given.groups += count,
            LossKind::Opened => losses.given.opened += count,
            LossKind::Member => {
                let group = RemoteId::new(&id);
                losses.members.extend(group.map(|group| (group, count)));
            }
            LossKind::LocalMember => drop(losses.local.insert(id, count)),
            LossKind::Gain => drop(losses.gains.insert(id, count)),
            LossKind::Rename => *others.entry(Loss::Rename).or_insert(0) += count,
            LossKind::Archive => *others.entry(Loss::Archive).or_insert(0) += count,
            LossKind::Removal => *others.entry(Loss::Removal).or_insert(0) += count,
            LossKind::Group => *others.entry(Loss::Group).or_insert(0) += count,
        }
    }
    let sql = "SELECT TOTAL(count) FROM losses WHERE target = ?1 AND provider = ?2 AND kind = ?3 AND at > ?4";
    let of = params![
        scope.target,
        scope.provider,
        LossKind::Account,
        scope.now - MONTH
    ];
    let total: f64 = scope.db.query_row(sql, of, |row| row.get(0))?;
    losses.accounts_in_30_days = total as u32;
    Ok(losses)
}
