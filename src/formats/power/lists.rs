//! Files that are little more than lists of names: access.conf(5), cron.allow and at.allow (crontab(1), at(1)).

use crate::model::power::{Stated, Who};

/// Who is named in an access.conf(5). A bare name may be that of an account or of a group there.
pub(crate) fn access(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fields = line.splitn(3, ':').map(str::trim);
        let (Some("+" | "-"), Some(users), Some(_)) = (fields.next(), fields.next(), fields.next())
        else {
            out.unclear
                .push((number, "it is no line of access.conf(5)"));
            continue;
        };
        let names = users
            .split([' ', '\t', ','])
            .filter(|name| !name.is_empty());
        for name in names.filter(|name| !matches!(*name, "ALL" | "EXCEPT" | "LOCAL")) {
            let group = name.strip_prefix('(').and_then(|n| n.strip_suffix(')'));
            match group {
                _ if name.starts_with('@') => {}
                Some(group) => out.names.push((number, Who::Group(group.to_owned()))),
                None => {
                    let name = name.split('@').next().unwrap_or(name);
                    out.names.push((number, Who::User(name.to_owned())));
                    out.names.push((number, Who::Group(name.to_owned())));
                }
            }
        }
    }
    out
}

/// Who is named in a cron.allow or at.allow: an account in each line.
pub(crate) fn allowed(bytes: &[u8]) -> Stated {
    let text = String::from_utf8_lossy(bytes);
    let lines = (1..).zip(text.lines().map(str::trim));
    let named = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Stated {
        names: named
            .map(|(number, name)| (number, Who::User(name.to_owned())))
            .collect(),
        ..Stated::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(line: usize, name: &str) -> [(usize, Who); 2] {
        [Who::User(name.to_owned()), Who::Group(name.to_owned())].map(|who| (line, who))
    }

    #[test]
    fn names_of_access_conf() {
        let text = "# +:x:ALL\n+:root alice:LOCAL\n + : (ops) @net : 10.0.0.0/8\n-:ALL EXCEPT bob:ALL\nalice\n";
        let found = access(text.as_bytes());
        let mut wanted = Vec::from(both(2, "root"));
        wanted.extend(both(2, "alice"));
        wanted.push((3, Who::Group("ops".to_owned())));
        wanted.extend(both(4, "bob"));
        assert_eq!(found.names, wanted);
        assert_eq!(found.unclear[0].0, 5);
    }

    #[test]
    fn names_of_cron() {
        let found = allowed(b"# cron\n alice \n\nbob\n");
        let user = |name: &str| Who::User(name.to_owned());
        assert_eq!(found.names, [(2, user("alice")), (4, user("bob"))]);
    }
}
