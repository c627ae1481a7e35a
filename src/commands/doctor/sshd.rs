//! sshd: whether it reads the keys that gosync writes, wherever that is, and lets PAM have its say.
//! Rules: sshd(8), sshd_config(5).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::host_look::HostLook;
use super::report::{Area, Finding, Report};
use crate::model::shown;
use crate::policy::keys::{KeyRules, Place};
use crate::system::{files, process};

const AREA: Area = Area::Sshd;

/// Where the keys of people are in their homes.
const IN_HOME: &str = ".ssh/authorized_keys";

/// A configuration of sshd's, and the directory that those of Debian and others include first.
const MAIN: &str = "/etc/ssh/sshd_config";
const PARTS: &str = "/etc/ssh/sshd_config.d";

/// How long sshd may take to say what its configuration is.
const LIMIT: Duration = Duration::from_secs(20);

/// What sshd says its configuration is: words by keyword, in small letters.
type Said = BTreeMap<String, Vec<String>>;

pub(super) fn check(look: &HostLook<'_>, report: &mut Report) {
    if !look.is_host() {
        return report.skipped(AREA, "with --root it would be that of this host");
    }
    if process::find("sshd").is_none() {
        return report.skipped(AREA, "it is not installed");
    }
    let mut present = look.accounts().filter(|account| account.state.is_present());
    let user = present
        .find(|account| is_plain(&account.name))
        .map(|account| account.name.as_str());
    let said = ask(user);
    if said.is_ok() {
        report.looked(
            AREA,
            user.map_or("sshd -T".to_owned(), |user| {
                format!("sshd -T -C user={user}")
            }),
        );
    }
    let facts = Facts {
        rules: &look.settings().rules.keys,
        user,
        general: user.and_then(|_| ask(None).ok()),
        has_parts: includes_parts(
            &files::read_plain(Path::new(MAIN))
                .ok()
                .flatten()
                .unwrap_or_default(),
        ),
        said,
    };
    report.add(judge(&facts));
}

/// What is known.
struct Facts<'a> {
    rules: &'a KeyRules,
    /// What holds for `user`, whom a Match block may be for; or in general.
    said: Result<Said, String>,
    user: Option<&'a str>,
    /// What holds for those whom no Match block is for, if that was asked apart.
    general: Option<Said>,
    /// Whether a file in [`PARTS`] is read.
    has_parts: bool,
}

/// Whether a configuration includes what is in [`PARTS`], for everybody.
fn includes_parts(main: &[u8]) -> bool {
    let text = String::from_utf8_lossy(main).to_ascii_lowercase();
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut general = lines.take_while(|words| words.first() != Some(&"match"));
    general.any(|words| {
        let is_part = |path: &&str| {
            path.trim_matches('"')
                .trim_start_matches("/etc/ssh/")
                .starts_with("sshd_config.d/")
        };
        words.first() == Some(&"include") && words[1..].iter().any(is_part)
    })
}

/// Whether a name means nothing but itself to sshd.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// What holds for `user`, whom a Match block may be for; or in general.
fn ask(user: Option<&str>) -> Result<Said, String> {
    let sshd = process::find("sshd").ok_or("it is not installed")?;
    let who = user.map(|user| format!("user={user},host=localhost,addr=127.0.0.1"));
    let mut args = vec![OsStr::new("-T")];
    if let Some(who) = &who {
        args.extend([OsStr::new("-C"), OsStr::new(who)]);
    }
    let answer = process::run(&sshd, &args, LIMIT).map_err(|e| e.to_string())?;
    match answer.code {
        Some(0) => Ok(parse(&String::from_utf8_lossy(&answer.output))),
        _ => Err(answer.complaint),
    }
}

fn parse(text: &str) -> Said {
    let mut said = Said::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().map(str::to_owned);
        if let Some(keyword) = words.next() {
            said.entry(keyword.to_ascii_lowercase())
                .or_default()
                .extend(words);
        }
    }
    said
}

fn judge(facts: &Facts<'_>) -> Vec<Finding> {
    let said = match &facts.said {
        Ok(said) => said,
        Err(reason) => {
            let what = format!(
                "sshd does not say what its configuration is: {}",
                shown(reason.trim())
            );
            let fix = "sshd -t; sshd -T   # if /run/sshd is missing: systemctl start ssh";
            return vec![AREA.note(what, "it is not known whether it reads gosync's keys", fix)];
        }
    };
    let words = |key: &str| words(said, key);
    let config_line = |line: &str| config_line(line, facts.has_parts);
    let is = |key: &str, word: &str| words(key).first().is_some_and(|found| found == word);
    let mut found = Vec::new();
    found.extend(keys(facts, said));
    found.extend(command(facts, said));
    if is("pubkeyauthentication", "no") {
        let fix = config_line("PubkeyAuthentication yes");
        found.push(AREA.warning(
            "sshd accepts no keys: PubkeyAuthentication is no",
            "keys of people are of no use",
            fix,
        ));
    }
    if is("usepam", "no") {
        let why = "pam_access, pam_limits and session modules are passed over; that an account has expired is then \
                   looked up by sshd alone, and sessions by other means than sshd may differ";
        found.push(AREA.warning(
            "sshd does not ask PAM: UsePAM is no",
            why,
            config_line("UsePAM yes"),
        ));
    }
    found.extend(doors(said));
    found
}

/// By what else than an account sshd lets people in.
fn doors(said: &Said) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, keyword) in [
        ("allowusers", "AllowUsers"),
        ("allowgroups", "AllowGroups"),
        ("denyusers", "DenyUsers"),
        ("denygroups", "DenyGroups"),
    ] {
        let words = words(said, key);
        if !words.is_empty() {
            let what = format!("sshd lets in by {keyword}: {}", shown(&words.join(" ")));
            let fix = "see that the people of gosync's match: sshd -T -C user=NAME,host=localhost,addr=127.0.0.1";
            found.push(AREA.note(what, "having an account is not enough to log in there", fix));
        }
    }
    found
}

fn words<'a>(said: &'a Said, key: &str) -> &'a [String] {
    said.get(key).map(Vec::as_slice).unwrap_or_default()
}

/// Whether sshd calls `gosync keys`.
fn asks_us(said: &Said) -> bool {
    words(said, "authorizedkeyscommand")
        .iter()
        .any(|word| word.contains("gosync"))
}

/// The word for the place where gosync writes keys, as AuthorizedKeysFile names it.
fn place(rules: &KeyRules) -> Option<String> {
    match rules.place {
        Place::Directory => Some(rules.file("%u")),
        Place::Home => Some(IN_HOME.to_owned()),
        Place::None => None,
    }
}

/// Whether a word of AuthorizedKeysFile is that place. sshd shows it with the user's name and home
/// put in, or without.
fn is_place(word: &str, rules: &KeyRules, user: Option<&str>) -> bool {
    match rules.place {
        Place::Directory => {
            word == rules.file("%u") || user.is_some_and(|user| word == rules.file(user))
        }
        Place::Home => word == IN_HOME || word.ends_with("/.ssh/authorized_keys"),
        Place::None => false,
    }
}

/// Whether the keys that gosync writes are read.
fn keys(facts: &Facts<'_>, said: &Said) -> Option<Finding> {
    let rules = facts.rules;
    let wanted = place(rules)?;
    let reads = |said: &Said| {
        words(said, "authorizedkeysfile")
            .iter()
            .any(|word| is_place(word, rules, facts.user))
    };
    if reads(said) || rules.place == Place::Directory && asks_us(said) {
        return None;
    }
    let files = words(said, "authorizedkeysfile");
    let what = format!(
        "sshd does not read {wanted}; it reads {}",
        shown(&files.join(" "))
    );
    let why = "gosync writes people's keys there, and sshd does not read them";
    let fix = match facts.general.as_ref().is_some_and(reads) {
        true => format!(
            "grep -n -A9 -i '^ *match' {MAIN} {PARTS}/*   # a block that is for {} says AuthorizedKeysFile: add {wanted}",
            shown(facts.user.unwrap_or_default())
        ),
        false => {
            // What is read already still is.
            let all = files
                .iter()
                .map(String::as_str)
                .filter(|file| *file != "none")
                .chain([wanted.as_str()]);
            let all: Vec<String> = all.map(|word| shown(word).to_string()).collect();
            let line = config_line(
                &format!("AuthorizedKeysFile {}", all.join(" ")),
                facts.has_parts,
            );
            format!("{line}   # or `place` in [keys]")
        }
    };
    Some(AREA.problem(what, why, fix))
}

/// Whether `gosync keys` can do what sshd asks of it.
fn command(facts: &Facts<'_>, said: &Said) -> Option<Finding> {
    if !asks_us(said) {
        return None;
    }
    if facts.rules.place != Place::Directory {
        let what = "sshd asks `gosync keys`, which has no keys to print: `place` in [keys] is not \"directory\"";
        let fix = format!(
            "sed -i 's/^ *AuthorizedKeysCommand/#&/I' {MAIN}; or place = \"directory\" in [keys]"
        );
        return Some(AREA.problem(what, "each login waits for a program that fails", fix));
    }
    let user = words(said, "authorizedkeyscommanduser")
        .first()
        .filter(|user| *user != "none");
    let fix = config_line("AuthorizedKeysCommandUser nobody", facts.has_parts);
    let why = "sshd does not run the command without this user, and gets none of its keys";
    user.is_none().then(|| {
        AREA.problem(
            "sshd has an AuthorizedKeysCommand and no AuthorizedKeysCommandUser",
            why,
            fix,
        )
    })
}

/// How a line comes to be the first that sshd reads, which is the one that counts.
fn config_line(line: &str, has_parts: bool) -> String {
    let test = "sshd -t && systemctl reload ssh";
    match has_parts {
        true => format!("echo '{line}' >> {PARTS}/00-gosync.conf && {test}"),
        false => format!("sed -i '1i {line}' {MAIN} && {test}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    const SOUND: &str = "port 22\nusepam yes\npubkeyauthentication yes\nauthorizedkeyscommand none\n\
                         authorizedkeysfile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n";

    /// What is found with keys in `place`, and something else for those whom no Match block is for.
    fn found(
        place: Place,
        text: &str,
        user: Option<&str>,
        general: Option<&str>,
    ) -> Vec<(Severity, String)> {
        let rules = KeyRules {
            place,
            ..KeyRules::default()
        };
        let general = general.map(parse);
        let facts = Facts {
            rules: &rules,
            said: Ok(parse(text)),
            user,
            general,
            has_parts: true,
        };
        judge(&facts)
            .into_iter()
            .map(|finding| (finding.severity, finding.fix))
            .collect()
    }

    fn told(text: &str, user: Option<&str>) -> Vec<(Severity, String)> {
        found(Place::Directory, text, user, None)
    }

    fn with_command(user: &str) -> String {
        let text = SOUND.replace("/etc/ssh/authorized_keys.d/%u", "");
        text.replace(
            "command none",
            &format!("command /usr/bin/gosync keys %u\nauthorizedkeyscommanduser {user}"),
        )
    }

    #[test]
    fn a_sound_sshd_is_not_mentioned() {
        assert_eq!(told(SOUND, None), []);
        assert_eq!(told(SOUND, Some("ann")), []);
        assert_eq!(told(&SOUND.replace("%u", "ann"), Some("ann")), []);
        assert_eq!(told(&with_command("nobody"), None), []);
        for text in [SOUND, &SOUND.replace(".ssh/", "/home/ann/.ssh/")] {
            assert_eq!(found(Place::Home, text, Some("ann"), None), []);
        }
        let none = SOUND.replace(".ssh/authorized_keys /etc/ssh/authorized_keys.d/%u", "none");
        assert_eq!(found(Place::None, &none, None, None), []);
    }

    #[test]
    fn keys_that_are_written_and_not_read_are_a_problem_with_the_line_that_keeps_what_is_read_already()
     {
        let other = SOUND.replace(" /etc/ssh/authorized_keys.d/%u", " .ssh/authorized_keys2");
        let list = told(&other, Some("ann"));
        assert_eq!((list.len(), list[0].0), (1, Severity::Problem));
        let line = "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/authorized_keys.d/%u";
        assert!(
            list[0].1.starts_with(&format!(
                "echo '{line}' >> /etc/ssh/sshd_config.d/00-gosync.conf"
            )),
            "{list:?}"
        );
        let none = SOUND.replace(".ssh/authorized_keys /etc/ssh/authorized_keys.d/%u", "none");
        assert!(
            told(&none, None)[0]
                .1
                .starts_with("echo 'AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u'")
        );
        let home = found(Place::Home, &none, None, None);
        assert!(
            home[0].0 == Severity::Problem
                && home[0]
                    .1
                    .starts_with("echo 'AuthorizedKeysFile .ssh/authorized_keys'")
        );
    }

    #[test]
    fn a_match_block_is_mended_where_it_stands() {
        let none = SOUND.replace(".ssh/authorized_keys /etc/ssh/authorized_keys.d/%u", "none");
        let list = found(Place::Directory, &none, Some("ann"), Some(SOUND));
        assert_eq!((list.len(), list[0].0), (1, Severity::Problem));
        assert!(
            list[0].1.starts_with("grep -n") && list[0].1.contains("a block that is for ann says"),
            "{list:?}"
        );
    }

    #[test]
    fn a_command_that_cannot_do_its_work_is_a_problem() {
        let list = told(&with_command("none"), None);
        assert_eq!((list.len(), list[0].0), (1, Severity::Problem));
        assert!(
            list[0].1.contains("AuthorizedKeysCommandUser nobody"),
            "{list:?}"
        );
        let list = found(Place::Home, &with_command("nobody"), None, None);
        assert!(
            list.len() == 1 && list[0].1.contains("place = \"directory\""),
            "{list:?}"
        );
    }

    #[test]
    fn where_no_parts_are_read_the_line_goes_into_the_main_file() {
        for (text, wanted) in [
            ("", false),
            ("Port 22\n  Include /etc/ssh/sshd_config.d/*.conf\n", true),
            ("include sshd_config.d/*\n", true),
            ("#Include /etc/ssh/sshd_config.d/*.conf\n", false),
            (
                "Match User x\nInclude /etc/ssh/sshd_config.d/*.conf\n",
                false,
            ),
        ] {
            assert_eq!(includes_parts(text.as_bytes()), wanted, "{text}");
        }
        assert!(
            config_line("UsePAM yes", false)
                .starts_with("sed -i '1i UsePAM yes' /etc/ssh/sshd_config && sshd -t")
        );
    }

    #[test]
    fn what_shuts_people_out_is_told() {
        assert_eq!(
            told(&SOUND.replace("usepam yes", "usepam no"), None)[0].0,
            Severity::Warning
        );
        let closed = SOUND.replace("pubkeyauthentication yes", "pubkeyauthentication no");
        assert_eq!(told(&closed, None)[0].0, Severity::Warning);
        assert_eq!(
            told(
                &format!("{SOUND}allowgroups wheel\nallowgroups staff\n"),
                None
            )[0]
            .0,
            Severity::Note
        );
        let rules = KeyRules::default();
        let said = Err("Missing privilege separation directory\u{1b}".to_owned());
        let mute = Facts {
            rules: &rules,
            said,
            user: None,
            general: None,
            has_parts: false,
        };
        assert_eq!(judge(&mute)[0].severity, Severity::Note);
    }

    #[test]
    fn only_plain_names_are_asked_about() {
        assert!(is_plain("ann.b-c_1") && !is_plain("ann,host=x") && !is_plain("a b"));
    }
}
