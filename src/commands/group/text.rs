//! `gosync group syncdesc` and `syncpolicy`: what files say about groups, sent to the provider.

use std::path::{Path, PathBuf};

use super::{Client, Tally, find, unknown};
use crate::cli::Groups;
use crate::commands::Outcome;
use crate::error::{Error, Result};
use crate::model::group_policy::GroupPolicy;
use crate::model::shown;
use crate::policy::catalogue;
use crate::providers::admin::{Ability, Done, ManagedGroup};
use crate::system::files;

/// The longest description or policy that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

pub(super) fn descriptions(client: &Client<'_>, args: &Groups) -> Result<Outcome> {
    client.need(&[Ability::Describe])?;
    each(
        client,
        args,
        "description",
        |group| match description_file(client, group.name.raw())? {
            Some((path, text)) => {
                tracing::info!(path = %path.display(), "description");
                Ok(client.admin.describe(group, &text)?)
            }
            None => Err(
                Error::failed(format!("there is no description of `{}`", group.name))
                    .hint("Descriptions are looked for in `description_dir` of [catalogue]"),
            ),
        },
    )
}

pub(super) fn policies(client: &Client<'_>, args: &Groups) -> Result<Outcome> {
    client.need(&[Ability::Policy])?;
    each(client, args, "policy", |group| {
        match policy_file(client, group.name.raw())? {
            Some(policy) => Ok(client.admin.set_policy(group, &policy)?),
            None => Err(
                Error::failed(format!("there is no policy for `{}`", group.name))
                    .hint("Policies are looked for in `policy_dir` of [catalogue]"),
            ),
        }
    })
}

fn each(
    client: &Client<'_>,
    args: &Groups,
    what: &str,
    send: impl Fn(&ManagedGroup) -> Result<Done>,
) -> Result<Outcome> {
    let groups = client.groups(false)?;
    let mut tally = Tally::default();
    for name in &args.groups {
        let group = find(&groups, name).and_then(|found| found.ok_or_else(|| unknown(name)));
        match group.and_then(&send) {
            Ok(done) => {
                let already = if done == Done::Already {
                    " already"
                } else {
                    ""
                };
                client
                    .setup
                    .ui
                    .notice(format!("{}: the {what} is set{already}", shown(name)));
                tally.done();
            }
            Err(e) => tally.failed(client, &e),
        }
    }
    Ok(tally.outcome())
}

/// The description of a group that a file holds, and which file that is.
pub(super) fn description_file(
    client: &Client<'_>,
    group: &str,
) -> Result<Option<(PathBuf, String)>> {
    let Some(dir) = client.setup.settings.description_dir() else {
        return Ok(None);
    };
    let found = first_of(&dir, group, &catalogue::description_files(group))?;
    Ok(found.map(|(path, text)| (path, catalogue::description(&text))))
}

/// The policy of a group that a file holds; what of it cannot be said any more is told.
pub(super) fn policy_file(client: &Client<'_>, group: &str) -> Result<Option<GroupPolicy>> {
    let Some(dir) = client.setup.settings.policy_dir() else {
        return Ok(None);
    };
    let Some((path, text)) = first_of(&dir, group, &catalogue::policy_files(group))? else {
        return Ok(None);
    };
    let (policy, lost) = GroupPolicy::read(&text)
        .map_err(|e| Error::usage(format!("{}: {}", path.display(), shown(&e))))?;
    for key in lost {
        client.setup.ui.warn(format!(
            "{}: `{}` cannot be expressed, and is left out",
            path.display(),
            shown(&key)
        ));
    }
    Ok(Some(policy))
}

fn first_of(dir: &Path, group: &str, names: &[String]) -> Result<Option<(PathBuf, String)>> {
    if !catalogue::is_file_name(group) {
        return Err(Error::failed(format!(
            "`{}` cannot be the name of a file",
            shown(group)
        )));
    }
    for name in names {
        let path = dir.join(name);
        if !path.exists() {
            continue;
        }
        for at in [dir, &path] {
            if files::is_everybodys(at).map_err(Error::failed)? {
                let told = format!(
                    "everybody may write {}; nothing is sent from there",
                    at.display()
                );
                return Err(Error::failed(told).hint("`chmod o-w` it"));
            }
        }
        let bytes = files::read_limited(&path, MAX_BYTES).map_err(Error::failed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::failed(format!("{} is not UTF-8", path.display())))?;
        return Ok(Some((path, text)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_everybody_may_write_is_not_sent() {
        let dir = tempfile::tempdir().unwrap();
        let (path, names) = (dir.path().join("osg.txt"), ["osg.txt".to_owned()]);
        fs::write(&path, "text").unwrap();
        let found = || first_of(dir.path(), "osg", &names);
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        mode(&path, 0o664).unwrap();
        assert_eq!(found().unwrap().unwrap().1, "text");
        for (at, open, closed) in [(path.as_path(), 0o646, 0o644), (dir.path(), 0o777, 0o775)] {
            mode(at, open).unwrap();
            assert!(found().unwrap_err().message.contains("everybody may write"));
            mode(at, closed).unwrap();
        }
        assert!(found().is_ok());
    }
}
