//! sshd_config(5): whom `AllowUsers` and its like, and blocks of `Match`, are for.

use crate::model::power::{Include, Stated, Who};

/// Who is named in an sshd_config(5).
pub(crate) fn sshd(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let end = line.find(|c: char| c.is_whitespace() || c == '=');
        let (keyword, rest) = line.split_at(end.unwrap_or(line.len()));
        let rest = rest.trim_start().strip_prefix('=').unwrap_or(rest);
        let keyword = keyword.to_ascii_lowercase();
        let known = [
            "allowusers",
            "denyusers",
            "allowgroups",
            "denygroups",
            "match",
            "include",
            "authorizedkeyscommanduser",
            "authorizedprincipalscommanduser",
        ];
        if !known.contains(&keyword.as_str()) {
            continue;
        }
        let Some(words) = words(rest) else {
            out.unclear.push((number, "a quotation mark is missing"));
            continue;
        };
        match keyword.as_str() {
            "include" => {
                let all = words.into_iter().map(Include::Matching);
                out.includes.extend(all.map(|include| (number, include)));
            }
            "match" => out.names.extend(conditions(number, &words)),
            _ => {
                // As whom commands are run that say whose keys are good is as good as a key of anybody's.
                let is_user = keyword.ends_with("users") || keyword.ends_with("user");
                let names = words.iter().flat_map(|word| word.split(','));
                out.names
                    .extend(names.filter_map(|name| Some((number, who(name, is_user)?))));
            }
        }
    }
    out
}

/// The words of a line, as `argv_split` of OpenSSH finds them: either quotation mark, a backslash before what would
/// mean something, and a comment from a `#` that begins a word; `None`: a quote does not end.
fn words(line: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none_or(|c| *c == '#') {
            return Some(out);
        }
        let (mut word, mut quote) = (String::new(), None);
        while let Some(c) = rest.next_if(|c| quote.is_some() || !c.is_whitespace()) {
            match (c, quote) {
                ('\\', _) => {
                    let is_meant =
                        |c: &char| matches!(c, '"' | '\'' | '\\') || quote.is_none() && *c == ' ';
                    word.push(rest.next_if(is_meant).unwrap_or('\\'));
                }
                ('"' | '\'', None) => quote = Some(c),
                (c, Some(mark)) if c == mark => quote = None,
                (c, _) => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        out.push(word);
    }
}

/// Whom a line `Match` is for: criteria with a list of patterns each.
fn conditions(number: usize, words: &[String]) -> Vec<(usize, Who)> {
    let words = words.iter().flat_map(|word| word.splitn(2, '='));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter_map(|pair| {
        let criterion = pair.first()?.to_ascii_lowercase();
        let is_user = criterion == "user";
        (is_user || criterion == "group").then_some((is_user, *pair.get(1)?))
    });
    pairs
        .flat_map(|(is_user, list)| list.split(',').map(move |name| (is_user, name)))
        .filter_map(|(is_user, name)| Some((number, who(name, is_user)?)))
        .collect()
}

/// A pattern; of accounts it may say from which host they come.
fn who(pattern: &str, is_user: bool) -> Option<Who> {
    let pattern = pattern.trim_start_matches('!');
    let name = match pattern.rsplit_once('@') {
        Some((name, _)) if is_user => name,
        _ => pattern,
    };
    if name.is_empty() {
        return None;
    }
    let of = match (is_user, name.contains(['*', '?'])) {
        (true, false) => Who::User,
        (true, true) => Who::Users,
        (false, false) => Who::Group,
        (false, true) => Who::Groups,
    };
    Some(of(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_sshd() {
        let text = "Include /etc/ssh/sshd_config.d/*.conf\n#AllowUsers x\nallowusers alice bob@10.0.0.* adm*\n\
            DenyGroups=\"bad group\" !ops\nMatch User carol,!dave Group sftp* Address 10.0.0.0/8\n  AllowGroups *\n\
            Match user=\"eve\"\nMatch all\nPermitRootLogin no\nAllowUsers \"x\n";
        let found = sshd(text.as_bytes());
        let user = |name: &str| Who::User(name.to_owned());
        let group = |name: &str| Who::Group(name.to_owned());
        let wanted = [
            (3, user("alice")),
            (3, user("bob")),
            (3, Who::Users("adm*".to_owned())),
            (4, group("bad group")),
            (4, group("ops")),
            (5, user("carol")),
            (5, user("dave")),
            (5, Who::Groups("sftp*".to_owned())),
            (6, Who::Groups("*".to_owned())),
            (7, user("eve")),
        ];
        assert_eq!(found.names, wanted);
        let included = Include::Matching("/etc/ssh/sshd_config.d/*.conf".to_owned());
        assert_eq!(found.includes, [(1, included)]);
        assert_eq!(found.unclear[0].0, 10);
    }

    #[test]
    fn words_of_sshd_in_odd_dress() {
        let text = "AllowGroups 'ops' \"it's\" # no\nallowusers\t=\talice\\ b a#b c\\d\nMatch Group=ops,!bad User *,?ob\n\
            AuthorizedKeysCommandUser keys\nAllowUsers carol@'10.0.0.1'\nDenyUsers 'x\n";
        let found = sshd(text.as_bytes());
        let user = |name: &str| Who::User(name.to_owned());
        let group = |name: &str| Who::Group(name.to_owned());
        let wanted = [
            (1, group("ops")),
            (1, group("it's")),
            (2, user("alice b")),
            (2, user("a#b")),
            (2, user("c\\d")),
            (3, group("ops")),
            (3, group("bad")),
            (3, Who::Users("*".to_owned())),
            (3, Who::Users("?ob".to_owned())),
            (4, user("keys")),
            (5, user("carol")),
        ];
        assert_eq!(found.names, wanted);
        assert_eq!(found.unclear[0].0, 6);
    }
}
