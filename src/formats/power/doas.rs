//! doas.conf(5).

use super::words::{before_hash, joined, quoted_words};
use crate::model::power::{Stated, Who};

/// Who is named in a doas.conf(5).
pub(crate) fn doas(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in joined(&text, |line, _| before_hash(line)) {
        match rule(&line) {
            Some(named) => out.names.extend(named.into_iter().map(|who| (number, who))),
            None => out.unclear.push((number, "it is no rule of doas.conf(5)")),
        }
    }
    out
}

/// Who is named in a rule: `permit|deny [OPTION...] IDENTITY [as TARGET] [cmd ...]`.
fn rule(line: &str) -> Option<Vec<Who>> {
    let words = quoted_words(&line.replace('{', " { ").replace('}', " } "))?;
    let mut words = words.iter().map(String::as_str);
    if !matches!(words.next()?, "permit" | "deny") {
        return None;
    }
    let mut identity = words.next()?;
    while matches!(
        identity,
        "nopass" | "nolog" | "persist" | "keepenv" | "setenv"
    ) {
        if identity == "setenv" {
            words.find(|word| *word == "}")?;
        }
        identity = words.next()?;
    }
    let mut named = vec![match identity.strip_prefix(':') {
        Some(group) => group
            .parse()
            .map_or_else(|_| Who::Group(group.to_owned()), Who::Gid),
        None => user(identity),
    }];
    match (words.next(), words.next()) {
        (Some("as"), Some(target)) => named.push(user(target)),
        (None | Some("cmd"), _) => {}
        _ => return None,
    }
    Some(named)
}

fn user(name: &str) -> Who {
    name.parse()
        .map_or_else(|_| Who::User(name.to_owned()), Who::Uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_doas() {
        let text = "# permit nobody\npermit nopass setenv { PATH -HOME } alice as oper cmd id\n\
            permit :ops\npermit persist \"bob\" # x\ndeny :1001\npermit 1002\npermit \\\n carol\nallow eve\npermit\n";
        let found = doas(text.as_bytes());
        let user = |name: &str| Who::User(name.to_owned());
        let wanted = [
            (2, user("alice")),
            (2, user("oper")),
            (3, Who::Group("ops".to_owned())),
            (4, user("bob")),
            (5, Who::Gid(1001)),
            (6, Who::Uid(1002)),
            (7, user("carol")),
        ];
        assert_eq!(found.names, wanted);
        let unclear: Vec<usize> = found.unclear.iter().map(|(line, _)| *line).collect();
        assert_eq!(unclear, [9, 10]);
    }
}
