//! The hook that comes with gosync: a mail to who is new.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{host, two};
use crate::hook_host::{HookHost, set_mode};
use crate::scratch::Ran;
use crate::small_host::{Database, document};

/// Runs the hook for welcome mails with a sendmail that writes down what it is given.
fn welcome(host: &HookHost, more: &[(&str, &str)]) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks/welcome");
    welcome_by(&script, host, more)
}

fn welcome_by(script: &Path, host: &HookHost, more: &[(&str, &str)]) -> (i32, String) {
    let bin = host.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        let log = host.path("log").display().to_string();
        fs::write(
            bin.join("sendmail"),
            format!("#!/bin/sh\n{{ echo \"$@\"; cat; }} >> {log}\n"),
        )
        .unwrap();
        set_mode(&bin.join("sendmail"), 0o755);
    }
    let env = [
        ("GOSYNC_KIND", "user"),
        ("GOSYNC_EVENT", "created"),
        ("GOSYNC_KEY", "3-4"),
        ("PW_NAME", "alice"),
        ("PW_GECOS", "Alice & \\1 @LOGIN@"),
        ("PW_DIR", "/home/alice"),
        ("PW_SHELL", "/bin/sh"),
        ("EMAIL", "alice@example.org"),
    ];
    let mut command = Command::new(script);
    command
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .stdin(Stdio::null());
    let output = command
        .envs(env)
        .envs(more.iter().copied())
        .output()
        .unwrap();
    (output.status.code().unwrap(), host.take())
}

#[test]
fn the_welcome_mail_goes_to_new_people_with_a_plain_address_alone() {
    let host = HookHost::new(Database::Etc);
    let (code, mail) = welcome(&host, &[]);
    assert_eq!(code, 0);
    let (head, body) = mail.split_once("\n\n").unwrap();
    let head: Vec<&str> = head.lines().collect();
    assert_eq!(
        head[..2],
        ["-oi -- alice@example.org", "To: alice@example.org"]
    );
    assert!(
        head.contains(&"Subject: Your account is ready")
            && head[2].starts_with("Message-ID: <gosync-3-4@")
    );
    assert!(
        body.starts_with("Hello Alice & \\1 @LOGIN@,\n") && body.contains("Your login is alice,"),
        "{body}"
    );
    for (name, value) in [
        ("EMAIL", ""),
        ("EMAIL", "alice"),
        ("EMAIL", "-oQ/tmp@example.org"),
        ("EMAIL", "a@example.org\nBcc: b@example.org"),
        ("EMAIL", "a@example.org,b@example.org"),
        ("EMAIL", "a b@example.org"),
        ("EMAIL", "a@b@example.org"),
        ("GOSYNC_EVENT", "updated"),
        ("GOSYNC_KIND", "bygroup"),
    ] {
        assert_eq!(
            welcome(&host, &[(name, value)]),
            (0, String::new()),
            "{name}={value}"
        );
    }
    for value in [
        "Eve\nBcc: eve@example.org",
        "Eve\r\n.\r\nQUIT\r\n",
        "\u{1b}[2J",
    ] {
        let (code, mail) = welcome(
            &host,
            &[
                ("PW_GECOS", value),
                ("GOSYNC_KEY", "1\nBcc: eve@example.org"),
            ],
        );
        assert_eq!(code, 0);
        assert!(
            !mail.lines().any(|l| l.starts_with("Bcc") || l == ".") && !mail.contains('\r'),
            "{mail}"
        );
        assert!(!mail.contains('\u{1b}'));
    }
    fs::write(host.path("bin/sendmail"), "#!/bin/sh\nexit 1\n").unwrap();
    assert_eq!(welcome(&host, &[]).0, 75);
}

#[test]
fn a_welcome_text_that_others_may_write_is_not_sent() {
    let host = HookHost::new(Database::Etc);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks");
    let dir = host.path("copy");
    fs::create_dir(&dir).unwrap();
    for name in ["welcome", "welcome.txt"] {
        fs::copy(shared.join(name), dir.join(name)).unwrap();
    }
    let text = dir.join("welcome.txt");
    for (mode, uid, sent) in [
        (0o644, 0, true),
        (0o664, 0, false),
        (0o646, 0, false),
        (0o644, 1001, false),
    ] {
        set_mode(&text, mode);
        std::os::unix::fs::chown(&text, Some(uid), None).unwrap();
        let (code, mail) = welcome_by(&dir.join("welcome"), &host, &[]);
        assert_eq!(
            (code, !mail.is_empty()),
            (i32::from(!sent), sent),
            "{mode:o} {uid}"
        );
    }
}

#[test]
fn the_welcome_mail_is_sent_by_a_run() {
    let host = host("");
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks");
    for name in ["welcome", "welcome.txt"] {
        fs::copy(hook.join(name), host.path("hooks").join(name)).unwrap();
    }
    let named = host.path("hooks/welcome").display().to_string();
    host.tree
        .configure(&format!("[hooks.user]\nrun = [\"{named}\"]\n"));
    let mut people = two();
    people[0]["email"] = "alice@example.org".into();
    host.tree.provide(&document(&people, &[]));
    fs::create_dir(host.path("sbin")).unwrap();
    let log = host.path("log").display().to_string();
    fs::write(
        host.path("sbin/sendmail"),
        format!("#!/bin/sh\n{{ echo \"$@\"; cat; }} >> {log}\n"),
    )
    .unwrap();
    set_mode(&host.path("sbin/sendmail"), 0o755);
    let script =
        "set -e; mount --bind $ROOT/../sbin /usr/sbin; $GOSYNC sync users --root-hooks --strict";
    Ran::from(
        crate::namespace::with_own_mounts(&host.tree, script)
            .output()
            .unwrap(),
    )
    .expect(0);
    let mails = host.take();
    assert_eq!(mails.matches("\nTo: ").count(), 1, "{mails}");
    assert!(
        mails.starts_with("-oi -- alice@example.org\n") && mails.contains("\nHello Alice,\n"),
        "{mails}"
    );
}
