//! The .deb where systemd does not run: cron has its lines, from the first installation to the purge.

use super::dpkg_install;
use super::host::Host;

/// What cron would run: the commands of the file, with the environment that cron gives them, and hardly a splay. Cron is
/// silent if nothing is said.
const CRON: &str = r#"cron() {
    grep -v '^#' /etc/cron.d/gosync | while read -r m h d M w user command; do
        test "$user" = root
        env -i HOME=/root LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin \
            sh -c "$(echo "$command" | sed 's/--splay [0-9]*s/--splay 1s/')" || echo "status $?"
    done
}
"#;

const CONFIGURE: &str = r#"
printf '[provider.p]\nkind = "file"\npath = "directory.json"\n' > /etc/gosync/gosync.toml
echo '{"users": [{"id": "u-1", "login": "alice", "name": "A"}], "groups": [{"id": "g-1", "name": "team", "members": [{"user": "u-1"}]}]}' > /etc/gosync/directory.json
chmod 600 /etc/gosync/gosync.toml /etc/gosync/directory.json
"#;

#[track_caller]
fn good(host: &Host, script: &str) -> String {
    let ran = host.run(&format!("{CRON}{script}"));
    assert_eq!(ran.code, Some(0), "{script}\n{ran:?}");
    ran.out
}

#[test]
fn a_deb_from_installation_to_purge_without_systemd() {
    let host = Host::new();
    good(&host, &dpkg_install("1"));
    let unconfigured = host.run("gosync sync");
    assert_eq!(unconfigured.code, Some(2), "{unconfigured:?}");
    assert!(
        unconfigured.err.contains("/etc/gosync/gosync.toml"),
        "{unconfigured:?}"
    );
    // Where the hint says to write it, it can be written; and before that cron is silent.
    assert_eq!(
        good(&host, "cron; ls /etc/gosync/hooks"),
        "group.d\nuser.d\n"
    );
    good(&host, CONFIGURE);
    assert_eq!(
        good(
            &host,
            "mkdir -p /run/systemd/system; cron; rmdir /run/systemd/system"
        ),
        ""
    );
    assert!(
        !good(&host, "cat /etc/passwd").contains("alice"),
        "systemd runs the host"
    );
    assert_eq!(good(&host, "cron"), "");
    let found = good(&host, "getent passwd alice; getent group team");
    assert!(
        found.contains("alice:x:") && found.ends_with(":alice\n"),
        "{found}"
    );

    // What an admin has changed stays when it is upgraded.
    good(&host, "sed -i 's|\\*/15|*/20|' /etc/cron.d/gosync");
    good(&host, &dpkg_install("2"));
    assert!(good(&host, "cat /etc/cron.d/gosync").contains("*/20"));
    assert_eq!(good(&host, "cron"), "");

    good(&host, "dpkg -r gosync");
    assert_eq!(
        good(&host, "cron"),
        "",
        "the conffile is still there, and the program is not"
    );
    let kept = "sha256sum /etc/passwd /etc/shadow /etc/group /var/lib/gosync/ledger.sqlite /etc/gosync/*.*";
    let before = good(&host, kept);
    let purge = good(&host, "dpkg -P gosync");
    assert!(
        purge.contains("the ledger, /var/lib/gosync"),
        "it says what stays, and where: {purge}"
    );
    assert_eq!(good(&host, kept), before);
    assert_eq!(
        good(
            &host,
            "ls -d /etc/cron.d/gosync /usr/share/gosync /run/gosync 2>/dev/null || true"
        ),
        ""
    );
    assert_eq!(
        good(&host, "ls /etc/gosync"),
        "anchor\ndirectory.json\ngosync.toml\n"
    );

    // And the next installation goes on where this one ended.
    good(&host, &dpkg_install("1"));
    let again = good(&host, "gosync sync");
    assert!(
        again.contains("sync users: nothing to do, 1 unchanged"),
        "{again}"
    );
}
