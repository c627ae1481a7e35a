//! Rules of polkit(8), which are programs, and the older files of pklocalauthority(8).
//!
//! Of a program only what is written out is understood: `isInGroup("x")`, `subject.user == "x"`, and identities such as
//! `unix-group:x`. Where it asks for somebody in another way, that is told.

use crate::model::power::{Stated, Who};

const OWN_WAY: &str = "it asks for accounts in a way of its own";

/// One piece of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// Who is named in a file of rules.
pub(crate) fn rules(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    let tokens = tokens(&text);
    for (at, (number, token)) in tokens.iter().enumerate() {
        let after = |n: usize| tokens.get(at + n).map(|(_, token)| token);
        let before = |n: usize| at.checked_sub(n).and_then(|at| tokens.get(at));
        // Whatever a rule calls the one who asks.
        let is_field = before(1).is_some_and(|(_, token)| *token == Token::Sign('.'));
        let is_taken_apart = || {
            let is = |token: Option<&Token>, signs: [char; 2]| matches!(token, Some(Token::Sign(sign)) if signs.contains(sign));
            is(before(1).map(|(_, token)| token), ['{', ',']) && is(after(1), ['}', ','])
        };
        let is_index = || {
            before(1).is_some_and(|(_, token)| *token == Token::Sign('['))
                && after(1) == Some(&Token::Sign(']'))
        };
        let unclear = &mut |why| out.unclear.push((*number, why));
        match token {
            Token::Text(text) if matches!(text.as_str(), "unix-user:" | "unix-group:") => {
                unclear("it names somebody who is computed");
            }
            Token::Text(text) if matches!(text.as_str(), "user" | "groups") && is_index() => {
                unclear(OWN_WAY);
            }
            Token::Word(word) if matches!(word.as_str(), "user" | "groups") && is_taken_apart() => {
                unclear(OWN_WAY);
            }
            Token::Text(text) => out.names.extend(identity(text).map(|who| (*number, who))),
            Token::Word(word) if word == "isInGroup" => match (after(1), after(2), after(3)) {
                (Some(Token::Sign('(')), Some(Token::Text(name)), Some(Token::Sign(')'))) => {
                    out.names.push((*number, Who::Group(name.clone())));
                }
                _ => unclear("it asks for a computed group"),
            },
            Token::Word(word) if word == "groups" && is_field => {
                unclear("it asks for groups in a way of its own");
            }
            Token::Word(word) if word == "user" && is_field => match compared(&tokens, at) {
                Compared::With(name) => out.names.push((*number, Who::User(name))),
                Compared::Told => {}
                _ => unclear(OWN_WAY),
            },
            _ => {}
        }
    }
    out
}

/// What becomes of `subject.user`.
enum Compared {
    With(String),
    /// It is put into a text.
    Told,
    Otherwise,
}

/// `at`: the place of `user`.
fn compared(tokens: &[(usize, Token)], at: usize) -> Compared {
    let sign = |at: usize, sign| matches!(tokens.get(at), Some((_, Token::Sign(c))) if *c == sign);
    let after = (at + 1..at + 4).take_while(|at| sign(*at, '=') || sign(*at, '!'));
    let after = after.count();
    if let (2.., Some((_, Token::Text(name)))) = (after, tokens.get(at + 1 + after)) {
        return Compared::With(name.clone());
    }
    let Some(start) = at.checked_sub(2) else {
        return Compared::Otherwise;
    };
    let signs = (1..4).take_while(|n| {
        let at = start.checked_sub(*n);
        at.is_some_and(|at| sign(at, '=') || sign(at, '!'))
    });
    let signs = signs.count();
    let other = start.checked_sub(signs + 1).and_then(|at| tokens.get(at));
    match other {
        Some((_, Token::Text(name))) if signs >= 2 => Compared::With(name.clone()),
        _ if sign(at + 1, '+') || start.checked_sub(1).is_some_and(|at| sign(at, '+')) => {
            Compared::Told
        }
        _ => Compared::Otherwise,
    }
}

/// The identity that a text is.
fn identity(text: &str) -> Option<Who> {
    let (kind, name) = text.split_once(':')?;
    let is_pattern = name.contains(['*', '?']);
    let of = match (kind, is_pattern) {
        ("unix-user", false) => Who::User,
        ("unix-user", true) => Who::Users,
        ("unix-group", false) => Who::Group,
        ("unix-group", true) => Who::Groups,
        _ => return None,
    };
    let number = name.parse().ok();
    Some(match (kind, number) {
        ("unix-user", Some(id)) => Who::Uid(id),
        (_, Some(id)) => Who::Gid(id),
        (_, None) => of(name.to_owned()),
    })
}

/// The pieces of a program with their lines, without comments.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let mut out = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (token, length) = match c {
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |n| n + 2)),
            '"' | '\'' | '`' => {
                let (text, length) = quoted(rest, c);
                (Some(Token::Text(text)), length)
            }
            c if is_of_word(c) => {
                let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
                (Some(Token::Word(rest[..length].to_owned())), length)
            }
            c if c.is_whitespace() => (None, c.len_utf8()),
            c => (Some(Token::Sign(c)), c.len_utf8()),
        };
        out.extend(token.map(|token| (line, token)));
        let (done, left) = rest.split_at(length);
        line += done.bytes().filter(|b| *b == b'\n').count();
        rest = left;
    }
    out
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The text that a quotation mark begins, and how long it is with its marks; it ends with its line at the latest.
fn quoted(rest: &str, mark: char) -> (String, usize) {
    let mut text = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' if mark != '`' => return (text, at),
            c if escaped => {
                escaped = false;
                text.push(c);
            }
            '\\' => escaped = true,
            c if c == mark => return (text, at + 1),
            c => text.push(c),
        }
    }
    (text, rest.len())
}

/// Who is named in a file of pklocalauthority(8), or of its administrators.
pub(crate) fn local_authority(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in (1..).zip(text.lines()) {
        let Some((key, list)) = line.split_once('=') else {
            continue;
        };
        if !matches!(key.trim(), "Identity" | "AdminIdentities") {
            continue;
        }
        for text in list.split(';').map(str::trim).filter(|t| !t.is_empty()) {
            match identity(text) {
                Some(_) if text.contains('[') => {
                    out.unclear.push((number, "a pattern in brackets"));
                }
                Some(who) => out.names.push((number, who)),
                None if text.starts_with("unix-netgroup:") || text == "*" => {}
                None => out.unclear.push((number, "it is no identity of polkit's")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Who {
        Who::Group(name.to_owned())
    }

    fn user(name: &str) -> Who {
        Who::User(name.to_owned())
    }

    #[test]
    fn people_of_rules() {
        let text = r#"
polkit.addRule(function(action, subject) { // isInGroup("no")
    if (subject.isInGroup("ops") || subject.isInGroup('it\'s')) /* subject.user == "no"
        isInGroup("no") */ return polkit.Result.YES;
    if (subject.user == "alice" || "bob" === subject.user || subject.user !== 'carol') { }
    polkit.log("user " + subject.user);
    if (subject.isInGroup(name)) { }
    if (["dave"].indexOf(subject.user) >= 0) { }
    if (subject.groups.indexOf("x") >= 0) { }
});
polkit.addAdminRule(function() { return ["unix-group:admins", "unix-user:eve", "unix-user:1000"]; });
"#;
        let found = rules(text.as_bytes());
        let wanted = [
            (3, group("ops")),
            (3, group("it's")),
            (5, user("alice")),
            (5, user("bob")),
            (5, user("carol")),
            (11, group("admins")),
            (11, user("eve")),
            (11, Who::Uid(1000)),
        ];
        assert_eq!(found.names, wanted);
        let unclear: Vec<usize> = found.unclear.iter().map(|(line, _)| *line).collect();
        assert_eq!(unclear, [7, 8, 9]);
    }

    #[test]
    fn whatever_a_rule_calls_the_one_who_asks() {
        let text = r#"
polkit.addRule(function(a, s) { if (s.user == "alice") return "yes"; });
polkit.addRule((a, who) => who.isInGroup("ops") ? polkit.Result.YES : null);
if (subject["user"] == "bob") { }
const {user, groups} = subject;
return ["unix-group:" + name];
switch (s.user) { case "carol": }
polkit.log(action.lookup("user"));
"#;
        let found = rules(text.as_bytes());
        assert_eq!(found.names, [(2, user("alice")), (3, group("ops"))]);
        let unclear: Vec<usize> = found.unclear.iter().map(|(line, _)| *line).collect();
        assert_eq!(unclear, [4, 5, 5, 6, 7]);
    }

    #[test]
    fn people_of_local_authority() {
        let text = "[x]\nIdentity=unix-user:alice;unix-group:ops;unix-group:adm*;unix-netgroup:n\n\
            Action=org.x\nAdminIdentities = unix-user:[ab]; what\n";
        let found = local_authority(text.as_bytes());
        let wanted = [
            (2, user("alice")),
            (2, group("ops")),
            (2, Who::Groups("adm*".to_owned())),
        ];
        assert_eq!(found.names, wanted);
        assert_eq!(found.unclear.len(), 2);
    }
}
