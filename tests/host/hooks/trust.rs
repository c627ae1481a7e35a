//! Which hooks run at all, what they see of this machine, and what is printed of what they say.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{doctor, host};
use crate::hook_host::{HookHost, RECORD, set_mode};
use crate::scratch::{GOSYNC, Ran};
use crate::small_host::Database;
use crate::web::{Asked, Reply, Web};

#[test]
fn a_hook_that_others_may_write_does_not_run_until_that_is_mended() {
    let host = host("");
    host.hook("user/x", RECORD);
    for (what, bad, good) in [
        ("hooks/user/x", 0o775, 0o755),
        ("hooks/user", 0o777, 0o755),
        ("hooks", 0o775, 0o755),
    ] {
        set_mode(&host.path(what), bad);
        let ran = host.run(&["sync", "users", "--retry-hooks"]).expect(0);
        assert!(
            ran.err.contains("others may write") && ran.err.contains("chmod go-w"),
            "{what}: {ran:?}"
        );
        assert_eq!(host.take(), "", "{what}");
        // The doctor says the same, and what it says mends it.
        let reason = ran
            .err
            .split_once("hooks/user/x: ")
            .unwrap()
            .1
            .split_once("; `chmod")
            .unwrap()
            .0;
        let told = doctor(&host, "cannot trust it");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0]["what"].as_str().unwrap().contains(reason),
            "{reason}: {told:?}"
        );
        assert_eq!(
            told[0]["fix"],
            format!("chmod go-w {}", host.path(what).display())
        );
        set_mode(&host.path(what), good);
        assert_eq!(doctor(&host, "cannot trust it"), [Value::Null; 0]);
    }
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(host.calls().len(), 2);
}

#[test]
fn a_link_into_a_folder_of_somebody_else_is_not_followed() {
    let host = host("");
    host.hook("around/good", RECORD);
    let (theirs, hook) = (host.path("theirs"), host.path("hooks/user/x"));
    fs::create_dir(&theirs).unwrap();
    set_mode(&theirs, 0o755);
    std::os::unix::fs::symlink("../hooks/around/good", theirs.join("link")).unwrap();
    std::os::unix::fs::symlink(theirs.join("link"), &hook).unwrap();
    std::os::unix::fs::chown(&theirs, Some(4_242), None).unwrap();
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(ran.err.contains("belongs to the uid 4242"), "{ran:?}");
    // They swap the link for another one, owned by them; and the folder is root's by now.
    std::os::unix::fs::chown(&theirs, Some(0), None).unwrap();
    std::os::unix::fs::lchown(theirs.join("link"), Some(4_242), None).unwrap();
    let ran = host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert!(ran.err.contains("belongs to the uid 4242"), "{ran:?}");
    assert_eq!(host.take(), "");
    std::os::unix::fs::lchown(theirs.join("link"), Some(0), None).unwrap();
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(host.calls().len(), 2);
}

#[test]
fn a_hook_that_is_named_and_missing_is_a_failure() {
    let host = host("");
    let dir = host.path("hooks").display().to_string();
    host.tree
        .configure(&format!("[hooks.user]\nrun = [\"{dir}/none\"]\n"));
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(
        ran.err.contains("none: cannot trust") && ran.err.contains("No such file"),
        "{ran:?}"
    );
    assert_eq!(host.status()["queued"], json!(2));
}

#[test]
fn what_a_hook_says_is_cut_and_never_printed_raw() {
    let host = host("output_limit = \"2KiB\"");
    host.hook("user/x", "head -c 5000000 /dev/zero | tr '\\0' '\\033'; echo; printf 'root::0:0\\033[2J\\n'; exit 1\n");
    let ran = Ran::from(
        host.tree
            .command(&["-vvv", "sync", "users", "--root-hooks"])
            .output()
            .unwrap(),
    )
    .expect(0);
    assert!(
        ran.err.contains("exit code 1") && !ran.err.contains("root::0:0"),
        "{}",
        ran.err.len()
    );
    assert!(
        !ran.err.contains('\u{1b}') && ran.err.len() < 40_000,
        "{} bytes",
        ran.err.len()
    );
    let ledger = fs::read(host.tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    let raw = |window: &[u8]| window == b"\x1b[2J" || window == b"\x1b\x1b\x1b\x1b";
    assert!(
        !ledger.windows(4).any(raw),
        "an escape sequence in the ledger"
    );
}

/// A SCIM server with one person.
fn scim(asked: &Asked) -> Reply {
    let users = json!({"totalResults": 1, "Resources": [{"id": "u-1", "userName": "alice"}]});
    match asked.path() {
        "/v2/Users" => Reply::json(200, &users),
        "/v2/ServiceProviderConfig" => Reply::json(200, &json!({})),
        _ => Reply::json(404, &json!({"detail": "not here", "status": "404"})),
    }
}

#[test]
fn it_sees_no_secret_and_nothing_that_was_open() {
    let host = HookHost::new(Database::Etc);
    let web = Web::start(scim);
    let canary = "canary-hook-7f31";
    fs::write(host.path("token"), format!("{canary}-token\n")).unwrap();
    set_mode(&host.path("token"), 0o600);
    fs::write(host.path("open"), format!("{canary}-open\n")).unwrap();
    let hooks = host.path("hooks/user").display().to_string();
    let config = format!(
        "[provider.cloud]\nkind = \"scim\"\nurl = \"{}\"\ntoken_file = \"token\"\npaging = \"none\"\n[hooks.user]\nrun = [\"{hooks}/*\"]\n\
         pre = [\"{hooks}/*\"]\n",
        web.url("/v2")
    );
    fs::write(host.tree.config(), config).unwrap();
    // Its environment, arguments and input; which files are open, and what can be read from them.
    let look = "{ cat; env; tr '\\0' ' ' < /proc/$$/cmdline; ls -l /proc/$$/fd /proc/self/fd; cat /proc/$$/fd/[3-9]* \
                /proc/$$/fd/1[1-9]*; umask; pwd; } 2>&1 | tee -a $LOG; exit 1\n";
    host.hook("user/x", look);
    let output = Command::new("sh")
        .args(["-c", "exec 7<\"$0/open\" 8>>\"$0/open\"; exec \"$@\""])
        .arg(host.tree.dir())
        .arg(GOSYNC)
        .args(
            host.tree
                .arguments(&["-vvv", "sync", "users", "--root-hooks"]),
        )
        .env("SECRET", format!("{canary}-variable"))
        .env("LD_PRELOAD", "")
        .stdin(Stdio::null())
        .output();
    let ran = Ran::from(output.unwrap()).expect(0);
    assert!(
        web.count() > 0 && ran.err.contains("exit code 1"),
        "{ran:?}"
    );
    let seen = host.take();
    assert!(
        seen.contains("GOSYNC_KEY=")
            && seen.contains("/proc/self/fd:")
            && seen.contains("\n0077\n/\n"),
        "{seen}"
    );
    assert!(
        !seen.contains("canary") && !seen.contains("/open") && !seen.contains("LD_PRELOAD"),
        "{seen}"
    );
    assert!(
        !seen.contains("ledger.sqlite") && !seen.contains("gosync/lock"),
        "{seen}"
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("canary"));
    let mut names: BTreeSet<&str> = seen
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.retain(|name| {
        name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            && !["PWD", "_", "OLDPWD"].contains(name)
    });
    let wanted = [
        "EMAIL",
        "GOSYNC_EVENT",
        "GOSYNC_KEY",
        "GOSYNC_KIND",
        "GOSYNC_ROOT",
        "LC_ALL",
        "PATH",
        "POSIX_ETC_PASSWD",
        "PW_DIR",
        "PW_GECOS",
        "PW_GID",
        "PW_NAME",
        "PW_PASSWD",
        "PW_SHELL",
        "PW_UID",
        "SSH_KEYS",
    ];
    let around = ["GOSYNC_KEY", "GOSYNC_KIND", "GOSYNC_ROOT", "LC_ALL", "PATH"];
    assert!(
        names.iter().eq(&wanted) || names.iter().eq(&around),
        "{names:?}"
    );
}
