//! sudoers(5): who may run commands, as whom, and whom `Defaults` are for.
//!
//! Words in capital letters alone are aliases, and name nobody by themselves; their definitions do. Netgroups (`+x`) are no
//! names of accounts or groups.

use std::iter::Peekable;
use std::str::Chars;

use super::words::{before_hash_unless, joined};
use crate::model::power::{Include, Stated, Who};

/// What ends a name besides blanks.
const SIGNS: [char; 6] = [',', ':', '=', '(', ')', '>'];

/// Who is named in a file of sudoers(5).
pub(crate) fn sudoers(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in joined(&text, before_comment) {
        let line = line.trim();
        let included = includes(line);
        if !included.is_empty() {
            let included = included.into_iter();
            out.includes
                .extend(included.map(|include| (number, include)));
            continue;
        }
        let mut people = People::default();
        match people.line(line) {
            Ok(()) => {}
            Err(why) => out.unclear.push((number, why)),
        }
        let found = people.0.into_iter();
        out.names.extend(found.map(|who| (number, who)));
    }
    out
}

/// A line without its comment. A `#` begins none where digits follow, which makes it a uid or, behind `%`, a gid; and not
/// where it begins an include.
fn before_comment(line: &str, goes_on: bool) -> &str {
    if !goes_on && is_old_include(line.trim_start()) {
        return line;
    }
    before_hash_unless(line, |behind| {
        behind.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn is_old_include(line: &str) -> bool {
    line.starts_with('#') && !includes(line).is_empty()
}

/// The files of sudoers(5) that a sudo.conf(5) names: `Plugin sudoers_policy sudoers.so sudoers_file=PATH`.
pub(crate) fn sudo_conf(bytes: &[u8]) -> Stated {
    let mut out = Stated::default();
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in joined(&text, |line, _| line) {
        let mut words = line.split_whitespace();
        if words.next() != Some("Plugin") {
            continue;
        }
        let paths = words.filter_map(|word| word.strip_prefix("sudoers_file="));
        let paths = paths.flat_map(|paths| paths.split(':'));
        let files = paths.map(|path| (number, Include::File(path.to_owned())));
        out.includes.extend(files);
    }
    out
}

/// What a line includes, if it is one that does; of several paths with colons between them sudo takes the first that is
/// there.
fn includes(line: &str) -> Vec<Include> {
    let all = match include(line) {
        Some(Include::File(paths)) => (paths, Include::File as fn(String) -> Include),
        Some(Include::Directory(paths)) => (paths, Include::Directory as _),
        Some(other) => return vec![other],
        None => return Vec::new(),
    };
    let (paths, of) = all;
    paths.split(':').map(|path| of(path.to_owned())).collect()
}

fn include(line: &str) -> Option<Include> {
    let rest = line.strip_prefix(['@', '#'])?.strip_prefix("include")?;
    let (is_directory, rest) = match rest.strip_prefix("dir") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let path = word(&mut rest.trim_start().chars().peekable(), &[])?;
    Some(match is_directory {
        true => Include::Directory(path),
        false => Include::File(path),
    })
}

/// The people of one line.
#[derive(Default)]
struct People(Vec<Who>);

type Rest<'a> = Peekable<Chars<'a>>;

impl People {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (first, rest) = line.split_at(end.unwrap_or(line.len()));
        match first {
            "Defaults" => self.defaults(rest),
            "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias" => Ok(()),
            "User_Alias" | "Runas_Alias" => self.aliases(rest),
            _ => self.rule(line),
        }
    }

    /// `Defaults[:USERS|>RUNAS|@HOSTS|!COMMANDS] OPTION...`
    fn defaults(&mut self, text: &str) -> Result<(), &'static str> {
        let mut rest = text.chars().peekable();
        if matches!(rest.peek(), Some(':' | '>')) {
            rest.next();
            self.list(&mut rest, false)?;
        }
        let rest: String = rest.collect();
        for (key, of) in [
            ("exempt_group", Who::Group as fn(String) -> Who),
            ("runas_default", Who::User),
            ("iolog_group", Who::Group),
            ("iolog_user", Who::User),
            ("timestampowner", Who::User),
        ] {
            let Some((_, value)) = rest.split_once(key) else {
                continue;
            };
            let value = value.trim_start().strip_prefix('=').unwrap_or_default();
            let name = word(&mut value.trim_start().chars().peekable(), &SIGNS);
            self.0.extend(name.filter(|name| !name.is_empty()).map(of));
        }
        Ok(())
    }

    /// `NAME = LIST [: NAME = LIST]...`
    fn aliases(&mut self, text: &str) -> Result<(), &'static str> {
        let mut rest = text.chars().peekable();
        loop {
            skip_blanks(&mut rest);
            word(&mut rest, &SIGNS);
            skip_blanks(&mut rest);
            if rest.next() != Some('=') {
                return Err("it is no alias of sudoers(5)");
            }
            self.list(&mut rest, false)?;
            match rest.next() {
                Some(':') => {}
                None => return Ok(()),
                Some(_) => return Err("it is no alias of sudoers(5)"),
            }
        }
    }

    /// `USERS HOSTS = [(RUNAS)] COMMANDS [: HOSTS = ...]...`
    fn rule(&mut self, text: &str) -> Result<(), &'static str> {
        let mut rest = text.chars().peekable();
        self.list(&mut rest, false)?;
        let (mut before, mut is_rule) = (' ', false);
        while let Some(c) = rest.peek().copied() {
            match c {
                '(' if matches!(before, '=' | ',') => {
                    rest.next();
                    self.runas(&mut rest)?;
                }
                '"' => drop(word(&mut rest, &SIGNS).ok_or(UNENDED)?),
                '\\' => drop(rest.nth(1)),
                _ => {
                    is_rule |= c == '=';
                    rest.next();
                }
            }
            if !c.is_whitespace() {
                before = c;
            }
        }
        is_rule.then_some(()).ok_or("it is no rule of sudoers(5)")
    }

    /// `[USERS][:GROUPS])`
    fn runas(&mut self, rest: &mut Rest<'_>) -> Result<(), &'static str> {
        self.list(rest, false)?;
        if rest.peek() == Some(&':') {
            rest.next();
            self.list(rest, true)?;
        }
        match rest.next() {
            Some(')') => Ok(()),
            _ => Err("a parenthesis is missing"),
        }
    }

    /// Names with commas between them. `bare_is_group`: what stands alone is a group.
    fn list(&mut self, rest: &mut Rest<'_>, bare_is_group: bool) -> Result<(), &'static str> {
        loop {
            while rest.next_if(|c| c.is_whitespace() || *c == '!').is_some() {}
            let name = word(rest, &SIGNS).ok_or(UNENDED)?;
            self.0.extend(who(&name, bare_is_group));
            skip_blanks(rest);
            if rest.next_if_eq(&',').is_none() {
                return Ok(());
            }
        }
    }
}

const UNENDED: &str = "a quotation mark is missing";

fn skip_blanks(rest: &mut Rest<'_>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

/// The next word, without quotes and backslashes; `None`: a quote does not end.
fn word(rest: &mut Rest<'_>, signs: &[char]) -> Option<String> {
    let mut out = String::new();
    // `%:name` is a group of another source than group(5).
    for prefix in ['%', ':'] {
        if prefix == '%' || out == "%" {
            out.extend(rest.next_if_eq(&prefix));
        }
    }
    if rest.next_if_eq(&'"').is_some() {
        loop {
            match rest.next()? {
                '"' => return Some(out),
                '\\' => out.push(rest.next()?),
                c => out.push(c),
            }
        }
    }
    while let Some(c) = rest.next_if(|c| !c.is_whitespace() && !signs.contains(c)) {
        match c {
            '\\' => out.extend(escaped(rest)),
            c => out.push(c),
        }
    }
    Some(out)
}

/// What stands behind a backslash: a character, or its code as `x20`.
fn escaped(rest: &mut Rest<'_>) -> Option<char> {
    let mut ahead = rest.clone();
    if ahead.next() == Some('x') {
        let digits: String = ahead.by_ref().take(2).collect();
        if let (2, Ok(code)) = (digits.len(), u8::from_str_radix(&digits, 16)) {
            *rest = ahead;
            return Some(code.into());
        }
    }
    rest.next()
}

/// Who a name is.
fn who(name: &str, bare_is_group: bool) -> Option<Who> {
    let (is_group, name) = match name.strip_prefix('%') {
        Some(name) => (true, name.strip_prefix(':').unwrap_or(name)),
        None => (bare_is_group, name),
    };
    let number = name.strip_prefix('#').and_then(|id| id.parse().ok());
    let is_alias = name
        .bytes()
        .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && name.starts_with(|c: char| c.is_ascii_uppercase());
    match number {
        _ if name.is_empty() || name.starts_with('+') || !is_group && is_alias => None,
        Some(id) if is_group => Some(Who::Gid(id)),
        Some(id) => Some(Who::Uid(id)),
        None if bare_is_group && is_alias => None,
        None if is_group => Some(Who::Group(name.to_owned())),
        None => Some(Who::User(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Who> {
        let found = sudoers(text.as_bytes());
        assert_eq!(found.unclear, [], "{text}");
        found.names.into_iter().map(|(_, who)| who).collect()
    }

    fn user(name: &str) -> Who {
        Who::User(name.to_owned())
    }

    fn group(name: &str) -> Who {
        Who::Group(name.to_owned())
    }

    #[test]
    fn people_of_rules() {
        for (text, wanted) in [
            ("ubuntu ALL=(ALL) NOPASSWD:ALL", vec![user("ubuntu")]),
            (
                "%platform-ops ALL=(ALL:ALL) NOPASSWD:ALL",
                vec![group("platform-ops")],
            ),
            (
                "alice,bob , !carol ALL = /bin/ls",
                vec![user("alice"), user("bob"), user("carol")],
            ),
            ("#1001 ALL=ALL # not %x", vec![Who::Uid(1001)]),
            ("%#1002,+net,ADMINS ALL=ALL", vec![Who::Gid(1002)]),
            ("\"two words\" ALL=ALL", vec![user("two words")]),
            (
                "%\"domain users\",\"%x y\" ALL=ALL",
                vec![group("domain users"), group("x y")],
            ),
            (
                "%domain\\ users,a\\x2eb,c\\,d ALL=ALL",
                vec![group("domain users"), user("a.b"), user("c,d")],
            ),
            ("%:ad ALL=ALL", vec![group("ad")]),
            (
                "dave ALL=(oper,%web:tape, AUDIO) CWD=/ /bin/x (a) : H2 = (eve) ALL, (root) /y\\(z",
                vec![
                    user("dave"),
                    user("oper"),
                    group("web"),
                    group("tape"),
                    user("eve"),
                    user("root"),
                ],
            ),
            (
                "alice ALL = NOPASSWD: /bin/a, (:ops) /bin/b",
                vec![user("alice"), group("ops")],
            ),
            (
                "alice \\\n  ALL=\\\n (bob) ALL",
                vec![user("alice"), user("bob")],
            ),
            ("# a comment \\\nalice ALL=ALL", vec![user("alice")]),
            (
                "alice ALL=ALL # and \\\nbob ALL=ALL",
                vec![user("alice"), user("bob")],
            ),
            (
                "#1001 ALL=ALL\\\n, (carol) ALL",
                vec![Who::Uid(1001), user("carol")],
            ),
            ("user@ad.example ALL=ALL", vec![user("user@ad.example")]),
            ("\u{feff}\n", vec![]),
        ] {
            if text.starts_with('\u{feff}') {
                assert_eq!(sudoers(text.as_bytes()).unclear.len(), 1);
                continue;
            }
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn people_of_aliases_and_defaults() {
        for (text, wanted) in [
            (
                "User_Alias OPS = alice, %ops : DBA = bob",
                vec![user("alice"), group("ops"), user("bob")],
            ),
            (
                "Runas_Alias OP = oper, #12",
                vec![user("oper"), Who::Uid(12)],
            ),
            (
                "Cmnd_Alias X = /bin/ls, /x=(y)\nHost_Alias H = alice",
                vec![],
            ),
            (
                "Defaults:alice,%ops !authenticate",
                vec![user("alice"), group("ops")],
            ),
            (
                "Defaults>oper !lecture\nDefaults@host log_year",
                vec![user("oper")],
            ),
            (
                "Defaults env_reset, exempt_group = \"no pass\"",
                vec![group("no pass")],
            ),
            (
                "Defaults iolog_user=logger, iolog_group=loggers, timestampowner=stamp",
                vec![group("loggers"), user("logger"), user("stamp")],
            ),
            (
                "Defaults runas_default=oper\nDefaults mailto=\"a#b\"",
                vec![user("oper")],
            ),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn includes_and_what_is_no_sudoers() {
        let text = "#include /etc/sudoers.local\n@include \"/etc/a b\"\n#includedir /etc/sudoers.d\n\
            @includedir /etc/x\\ y\n@includedir /etc/one:/usr/etc/two\n# include /no\n#included x\n";
        let includes: Vec<Include> = sudoers(text.as_bytes())
            .includes
            .into_iter()
            .map(|(_, include)| include)
            .collect();
        let wanted = [
            Include::File("/etc/sudoers.local".to_owned()),
            Include::File("/etc/a b".to_owned()),
            Include::Directory("/etc/sudoers.d".to_owned()),
            Include::Directory("/etc/x y".to_owned()),
            Include::Directory("/etc/one".to_owned()),
            Include::Directory("/usr/etc/two".to_owned()),
        ];
        assert_eq!(includes, wanted);
        for text in [
            "alice ALL",
            "\"alice ALL=ALL",
            "User_Alias X",
            "alice ALL=(bob ALL",
            "<<<<<<<",
        ] {
            let found = sudoers(text.as_bytes());
            assert_eq!(found.unclear.len(), 1, "{text} {found:?}");
        }
    }

    #[test]
    fn other_files_by_sudo_conf() {
        let text = "# Plugin sudoers_policy sudoers.so sudoers_file=/no\nSet x sudoers_file=/no\n\
            Plugin sudoers_policy sudoers.so sudoers_file=/srv/sudoers sudoers_mode=0400\n";
        let wanted = [(3, Include::File("/srv/sudoers".to_owned()))];
        assert_eq!(sudo_conf(text.as_bytes()).includes, wanted);
    }

    #[test]
    fn people_in_odd_dress() {
        for (text, wanted) in [
            ("\t%ops\tALL\t=\t(ALL:ALL)\tALL", vec![group("ops")]),
            ("%ops,!%bad ALL=ALL", vec![group("ops"), group("bad")]),
            ("%:#1001 ALL=ALL", vec![Who::Gid(1001)]),
            ("%:\"Domain Ops\" ALL=ALL", vec![group("Domain Ops")]),
            ("\"%:ops\" ALL=ALL", vec![group("ops")]),
            ("\"#1001\" ALL=ALL", vec![Who::Uid(1001)]),
            ("%ADMINS ALL=ALL", vec![group("ADMINS")]),
            ("+admins,ADMINS,ALL ALL=ALL", vec![]),
            (
                "alice ALL=(%#1002:#1003) ALL",
                vec![user("alice"), Who::Gid(1002), Who::Gid(1003)],
            ),
            (
                "alice ALL=sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls",
                vec![user("alice")],
            ),
            (
                "User_Alias\tOPS=alice\\\n,%ops\nOPS ALL=ALL",
                vec![user("alice"), group("ops")],
            ),
            (
                "alice ALL=ALL\r\nbob ALL=ALL\r\n",
                vec![user("alice"), user("bob")],
            ),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }
}
