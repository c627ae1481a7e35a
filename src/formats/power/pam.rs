//! Files of pam.d(5), and what modules of PAM read besides: group.conf(5) and capability.conf(5).

use super::words::joined;
use crate::model::power::{Stated, Who};

/// Whom a file of pam.d(5) names: in lines of pam_wheel(8) and pam_succeed_if(8).
pub(crate) fn pam(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    for (number, line) in lines(bytes) {
        let mut words = line
            .split_whitespace()
            .map(|word| word.trim_matches(['[', ']']));
        let module = words.find_map(|word| word.rsplit('/').next()?.strip_suffix(".so"));
        let args: Vec<&str> = match module {
            Some("pam_wheel" | "pam_succeed_if" | "pam_listfile") => words.collect(),
            // Another module may stand before it only in an argument.
            _ => continue,
        };
        match module {
            Some("pam_wheel") => {
                let groups = args.iter().filter_map(|arg| arg.strip_prefix("group="));
                let groups = groups.map(|group| (number, Who::Group(group.to_owned())));
                out.names.extend(groups);
            }
            Some("pam_listfile") => {
                let is_of_people = ["item=user", "item=group", "item=ruser"];
                let lets_in = args.contains(&"sense=allow");
                if lets_in && args.iter().any(|arg| is_of_people.contains(arg)) {
                    out.unclear.push((number, "it asks a list of its own"));
                }
            }
            _ => conditions(number, &args, &mut out),
        }
    }
    out
}

/// The conditions of pam_succeed_if(8): a field, how it is compared, and with what.
fn conditions(number: usize, args: &[&str], out: &mut Stated) {
    for window in args.windows(3) {
        let &[field, how, with] = window else {
            continue;
        };
        let listed = with.split(':').filter(|name| !name.is_empty());
        let names = |of: fn(String) -> Who| -> Vec<Who> {
            listed.map(|name| of(name.to_owned())).collect()
        };
        let found = match (field, how) {
            ("user" | "ruser", "ingroup" | "notingroup") => names(Who::Group),
            ("user" | "ruser", "in" | "notin") => names(Who::User),
            ("user" | "ruser", "=" | "!=" | "==" | "eq") => vec![Who::User(with.to_owned())],
            ("user" | "ruser", "=~" | "!~") if with.contains(['[', ']']) => {
                out.unclear.push((number, "a pattern in brackets"));
                continue;
            }
            ("user" | "ruser", "=~" | "!~") => vec![pattern(with)],
            ("uid", "=" | "==" | "eq" | "ne" | "!=") => {
                with.parse().map(Who::Uid).into_iter().collect()
            }
            ("gid", "=" | "==" | "eq" | "ne" | "!=") => {
                with.parse().map(Who::Gid).into_iter().collect()
            }
            _ => continue,
        };
        out.names.extend(found.into_iter().map(|who| (number, who)));
    }
}

fn pattern(text: &str) -> Who {
    match text.contains(['*', '?']) {
        true => Who::Users(text.to_owned()),
        false => Who::User(text.to_owned()),
    }
}

/// Who is named in a group.conf(5): `SERVICES;TTYS;USERS;TIMES;GROUPS`, with operators between users.
pub(crate) fn groups(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    for (number, line) in lines(bytes) {
        let Some(users) = line.split(';').nth(2) else {
            out.unclear.push((number, "it is no line of group.conf(5)"));
            continue;
        };
        let is_between = |c: char| c.is_whitespace() || matches!(c, '&' | '|' | '!');
        let names = users.split(is_between).filter(|name| !name.is_empty());
        // Netgroups are no names of groups.
        for name in names.filter(|name| !name.starts_with('@')) {
            let who = match name.strip_prefix('%') {
                Some(group) => Who::Group(group.to_owned()),
                None => pattern(name),
            };
            out.names.push((number, who));
        }
    }
    out
}

/// Who is named in a capability.conf(5): capabilities, and who gets them.
pub(crate) fn capabilities(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    for (number, line) in lines(bytes) {
        let names = line.split_whitespace().skip(1).filter(|name| *name != "*");
        let who = |name: &str| match name.strip_prefix('@') {
            Some(group) => Who::Group(group.to_owned()),
            None => Who::User(name.to_owned()),
        };
        out.names.extend(names.map(|name| (number, who(name))));
    }
    out
}

fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let text = String::from_utf8_lossy(bytes);
    let end = |line: &str| line.find('#').unwrap_or(line.len());
    joined(&text, |line, _| &line[..end(line)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Who {
        Who::User(name.to_owned())
    }

    fn group(name: &str) -> Who {
        Who::Group(name.to_owned())
    }

    #[test]
    fn people_of_pam() {
        for (line, wanted) in [
            ("# auth required pam_wheel.so group=no", vec![]),
            (
                "auth required pam_wheel.so use_uid group=ops",
                vec![group("ops")],
            ),
            (
                "auth sufficient pam_wheel.so trust \\\n  group=staff2",
                vec![group("staff2")],
            ),
            ("auth required pam_wheel.so", vec![]),
            (
                "auth [success=1 default=ignore] /lib/security/pam_wheel.so [group=ops]",
                vec![group("ops")],
            ),
            ("auth sufficient pam_rootok.so group=no", vec![]),
            (
                "auth sufficient pam_succeed_if.so user ingroup nopasswdlogin",
                vec![group("nopasswdlogin")],
            ),
            (
                "account required pam_succeed_if.so quiet user notingroup a:b",
                vec![group("a"), group("b")],
            ),
            (
                "auth required pam_succeed_if.so uid >= 1000 quiet user in alice:bob",
                vec![user("alice"), user("bob")],
            ),
            (
                "auth required pam_succeed_if.so [user = carol]",
                vec![user("carol")],
            ),
            (
                "auth required pam_succeed_if.so user =~ adm* uid eq 1001",
                vec![Who::Users("adm*".to_owned()), Who::Uid(1001)],
            ),
            (
                "auth required pam_succeed_if.so gid = 1002",
                vec![Who::Gid(1002)],
            ),
            (
                "auth required pam_listfile.so item=user sense=deny file=/etc/ftpusers",
                vec![],
            ),
        ] {
            let found = pam(line.as_bytes());
            let names: Vec<Who> = found.names.into_iter().map(|(_, who)| who).collect();
            assert_eq!((names, found.unclear), (wanted, vec![]), "{line}");
        }
        for line in [
            "auth required pam_listfile.so onerr=fail item=group sense=allow file=/etc/in",
            "auth required pam_succeed_if.so user =~ [ab]*",
        ] {
            assert_eq!(pam(line.as_bytes()).unclear.len(), 1, "{line}");
        }
    }

    #[test]
    fn people_of_other_files() {
        let found = groups(b"#xsh;tty*;no;Al0000-2400;floppy\nlogin; *; alice|!bob & %ops|sys*|@net; Al; plugdev\nx\n");
        let names = [
            (2, user("alice")),
            (2, user("bob")),
            (2, group("ops")),
            (2, Who::Users("sys*".to_owned())),
        ];
        assert_eq!(found.names, names);
        assert_eq!(found.unclear[0].0, 3);
        let found = capabilities(b"cap_sys_admin alice @ops\nnone *\n# cap_chown no\n");
        assert_eq!(found.names, [(1, user("alice")), (1, group("ops"))]);
    }
}
