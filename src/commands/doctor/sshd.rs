//! sshd: whether it reads the keys of a directory that belongs to root, and lets PAM have its say.
//! Rules: sshd(8), sshd_config(5).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Duration;

use super::report::{Area, Finding, Report};
use super::scene::Scene;
use crate::model::shown;
use crate::system::process;

const AREA: Area = Area::Sshd;

/// Where keys are, unless they are in homes; sshd puts the name in.
const KEYS: &str = "/etc/ssh/authorized_keys.d/%u";

/// How long sshd may take to say what its configuration is.
const LIMIT: Duration = Duration::from_secs(20);

/// What sshd says its configuration is: words by keyword, in small letters.
type Said = BTreeMap<String, Vec<String>>;

pub fn check(scene: &Scene<'_>, report: &mut Report) {
    if !scene.is_host() {
        return report.skipped(AREA, "with --root it would be that of this host");
    }
    if process::find("sshd").is_none() {
        return report.skipped(AREA, "it is not installed");
    }
    let mut present = scene.owned.accounts.values().filter(|account| account.state.is_present());
    let user = present.find(|account| is_plain(&account.name)).map(|account| account.name.as_str());
    let said = ask(user);
    if said.is_ok() {
        report.looked(AREA, user.map_or("sshd -T".to_owned(), |user| format!("sshd -T -C user={user}")));
    }
    report.add(judge(&said, user));
}

/// Whether a name means nothing but itself to sshd.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
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
            said.entry(keyword.to_ascii_lowercase()).or_default().extend(words);
        }
    }
    said
}

fn judge(said: &Result<Said, String>, user: Option<&str>) -> Vec<Finding> {
    let said = match said {
        Ok(said) => said,
        Err(reason) => {
            let what = format!("sshd does not say what its configuration is: {}", shown(reason.trim()));
            let fix = "sshd -t; sshd -T   # if /run/sshd is missing: systemctl start ssh";
            return vec![AREA.note(what, "nobody knows whether it reads the keys of gosync's", fix)];
        }
    };
    let words = |key: &str| said.get(key).map(Vec::as_slice).unwrap_or_default();
    let is = |key: &str, word: &str| words(key).first().is_some_and(|found| found == word);
    let mut found = Vec::new();
    found.extend(keys(words("authorizedkeysfile"), words("authorizedkeyscommand"), user));
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
        found.push(AREA.warning("sshd does not ask PAM: UsePAM is no", why, config_line("UsePAM yes")));
    }
    for (key, keyword) in [
        ("allowusers", "AllowUsers"),
        ("allowgroups", "AllowGroups"),
        ("denyusers", "DenyUsers"),
        ("denygroups", "DenyGroups"),
    ] {
        if !words(key).is_empty() {
            let what = format!("sshd lets in by {keyword}: {}", shown(&words(key).join(" ")));
            let fix = "see that the people of gosync's match: sshd -T -C user=NAME,host=localhost,addr=127.0.0.1";
            found.push(AREA.note(what, "an account alone does not open the door there", fix));
        }
    }
    found
}

/// Whether the directory of keys is read.
fn keys(files: &[String], command: &[String], user: Option<&str>) -> Option<Finding> {
    let own = user.map(|user| KEYS.replace("%u", user));
    let is_ours = |file: &String| *file == KEYS || own.as_ref() == Some(file);
    if files.iter().any(is_ours) || command.iter().any(|word| word.contains("gosync")) {
        return None;
    }
    let mut wanted: Vec<&str> = files.iter().map(String::as_str).filter(|file| *file != "none").collect();
    wanted.push(KEYS);
    let what = format!("sshd does not read {KEYS}; it reads {}", shown(&files.join(" ")));
    let why = "keys there let nobody in; they are root's, so that nobody can plant links or add keys";
    let line = format!(
        "AuthorizedKeysFile {}",
        wanted.iter().map(|word| shown(word).to_string()).collect::<Vec<_>>().join(" ")
    );
    Some(AREA.warning(what, why, config_line(&line)))
}

/// The first value that sshd reads counts, and this file is read early.
fn config_line(line: &str) -> String {
    format!("echo '{line}' >> /etc/ssh/sshd_config.d/00-gosync.conf && sshd -t && systemctl reload ssh")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::report::Severity;

    fn told(text: &str, user: Option<&str>) -> Vec<(Severity, String)> {
        judge(&Ok(parse(text)), user).into_iter().map(|finding| (finding.severity, finding.fix)).collect()
    }

    const SOUND: &str = "port 22\nusepam yes\npubkeyauthentication yes\nauthorizedkeyscommand none\n\
                         authorizedkeysfile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n";

    #[test]
    fn a_sound_sshd_is_not_mentioned() {
        assert_eq!(told(SOUND, None), []);
        assert_eq!(told(SOUND, Some("ann")), []);
        assert_eq!(told(&SOUND.replace("%u", "ann"), Some("ann")), []);
        let command = SOUND
            .replace("/etc/ssh/authorized_keys.d/%u", "")
            .replace("command none", "command /usr/bin/gosync keys %u");
        assert_eq!(told(&command, None), []);
    }

    #[test]
    fn the_line_keeps_what_is_read_already() {
        let other = SOUND.replace(" /etc/ssh/authorized_keys.d/%u", " .ssh/authorized_keys2");
        let told = told(&other, Some("ann"));
        assert_eq!((told.len(), told[0].0), (1, Severity::Warning));
        let line =
            "echo 'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/authorized_keys.d/%u' >>";
        assert!(told[0].1.starts_with(line), "{told:?}");
        let none = keys(&["none".to_owned()], &[], None).unwrap();
        assert!(none.fix.starts_with("echo 'AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u'"), "{none:?}");
    }

    #[test]
    fn what_shuts_people_out_is_told() {
        assert_eq!(told(&SOUND.replace("usepam yes", "usepam no"), None)[0].0, Severity::Warning);
        let closed = SOUND.replace("pubkeyauthentication yes", "pubkeyauthentication no");
        assert_eq!(told(&closed, None)[0].0, Severity::Warning);
        assert_eq!(told(&format!("{SOUND}allowgroups wheel\nallowgroups staff\n"), None)[0].0, Severity::Note);
        assert_eq!(
            judge(&Err("Missing privilege separation directory\u{1b}".to_owned()), None)[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn only_plain_names_are_asked_about() {
        assert!(is_plain("ann.b-c_1") && !is_plain("ann,host=x") && !is_plain("a b"));
    }
}
