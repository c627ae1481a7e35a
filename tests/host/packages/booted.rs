//! The units of the packages where systemd is the first process.

use super::dpkg_install;
use super::host::{Booted, Host};

/// A program for `kind = "command"`: says in /var/lib/marks when it is asked and when it has answered, and answers when
/// there is /var/lib/go.
const SLOW: &str = r#"#!/bin/sh
echo begin >> /var/lib/marks
for i in $(seq 3000); do
    [ ! -e /var/lib/go ] || break
    sleep 0.1
done
cat /etc/gosync/directory.json
echo end >> /var/lib/marks
"#;

/// Takes what a hook may see of its sandbox.
const HOOK: &str = "#!/bin/sh\ngrep NoNewPrivs /proc/self/status > /var/lib/hook\n";

const CONFIG: &str = "[provider.p]\nkind = \"command\"\ncommand = [\"/usr/local/sbin/slow\"]\n\
                      [hooks.user]\nrun = [\"/etc/gosync/hooks/user.d/*\"]\n";

/// A document with this one person, with whatever else stands in the record; and with this group, empty.
pub fn document(login: &str, more: &str, group: &str) -> String {
    format!(
        "{{\"complete\": true, \"users\": [{{\"id\": \"u-{login}\", \"login\": \"{login}\", \"name\": \"A Person\"{more}}}], \
         \"groups\": [{{\"id\": \"g-{group}\", \"name\": \"{group}\", \"members\": []}}]}}"
    )
}

/// A host with a configuration, which boots with the package installed.
pub fn configured() -> Booted {
    let host = Host::new();
    host.write_with_mode("usr/local/sbin/slow", SLOW, 0o755);
    host.write_with_mode("etc/gosync/gosync.toml", CONFIG, 0o600);
    host.write_with_mode(
        "etc/gosync/directory.json",
        &document("alice", "", "team"),
        0o600,
    );
    host.write_with_mode("etc/gosync/hooks/user.d/look", HOOK, 0o755);
    let installed = host.run(&dpkg_install("1"));
    assert_eq!(installed.code, Some(0), "{installed:?}");
    host.boot()
}

/// Lets [`SLOW`] answer.
pub const GO: &str = "touch /var/lib/go";

/// Ends with 0 if a package waits for a run.
pub const WAITS: &str = r#"for pid in /proc/[0-9]*; do
    [ "$(readlink $pid/exe)" != /usr/sbin/gosync ] || ! grep -qz '^waitlock$' $pid/cmdline || exit 0
done; exit 1"#;

#[test]
fn the_services_bring_a_host_in_step_in_their_sandbox() {
    let host = configured();
    // A folder that a host lacks must not keep everything from running.
    host.good("rmdir /srv");
    host.good(GO);
    host.good("systemctl start gosync.service");
    assert!(host.good("getent passwd alice").contains("/home/alice"));
    assert_eq!(
        host.good("stat -c %U /home/alice; getent group team"),
        format!("alice\n{}", host.good("getent group team"))
    );
    // A hook that gives up root can still send mail through a setgid program.
    assert_eq!(host.good("cat /var/lib/hook"), "NoNewPrivs:\t0\n");
    assert_eq!(
        host.good("stat -c %a /var/lib/gosync /run/gosync"),
        "700\n700\n"
    );

    // People of whom none can be used: groups are brought in step all the same, and the unit has failed with 12.
    let odd = document("alice", ", \"odd\": 1", "other");
    host.good(&format!("echo '{odd}' > /etc/gosync/directory.json"));
    for unit in ["gosync.service", "gosync-new.service"] {
        assert_eq!(host.run(&format!("systemctl start {unit}")).code, Some(1));
        assert_eq!(host.property(unit, "ExecMainStatus"), "12");
    }
    host.good("getent group other; systemctl reset-failed");

    // Busy is no failure.
    host.good(&format!(
        "rm /var/lib/go; echo '{}' > /etc/gosync/directory.json",
        document("bob", "", "team")
    ));
    host.good("rm /var/lib/marks; systemctl start --no-block gosync.service");
    host.until("grep -q begin /var/lib/marks");
    host.good("systemctl start gosync-new.service");
    let told = host.good("journalctl --no-pager -u gosync-new.service");
    assert!(told.contains("another run is under way: `sync`"), "{told}");
    assert_ne!(
        host.run("systemctl is-failed gosync-new.service").code,
        Some(0)
    );
    host.good(GO);
    host.until("getent passwd bob");

    // Without a configuration nothing is begun, and nothing fails.
    host.until("! systemctl is-active --quiet gosync.service");
    host.good("mv /etc/gosync/gosync.toml /root; rm /var/lib/marks; systemctl start gosync.service gosync-new.service");
    assert_eq!(
        host.good("ls /var/lib/marks 2>/dev/null || true; systemctl --failed --quiet"),
        ""
    );
}

#[test]
fn timers_are_off_until_they_are_enabled_and_the_doctor_says_so() {
    let host = configured();
    host.good(GO);
    for timer in ["gosync.timer", "gosync-new.timer", "gosync-follow.service"] {
        assert_eq!(
            host.run(&format!("systemctl is-enabled {timer}")).out,
            "disabled\n"
        );
    }
    let doctor = |words: &str| {
        let said = host.run("gosync doctor").out;
        let mut found = said.lines().filter(|line| !line.starts_with("looked at"));
        found.any(|line| line.contains(words))
    };
    assert!(doctor(
        "/etc/cron.d/gosync leaves it to systemd, which runs this host, and no timer is enabled"
    ));
    host.good("systemctl enable gosync.timer");
    assert!(doctor("gosync.timer is enabled, and not active"));
    // Sooner than a test would wait, by what an admin may add.
    host.good(
        "mkdir /etc/systemd/system/gosync.timer.d /etc/systemd/system/gosync-new.timer.d
         printf '[Timer]\\nOnBootSec=1s\\nRandomizedDelaySec=0\\n' | tee /etc/systemd/system/gosync.timer.d/soon.conf > /etc/systemd/system/gosync-new.timer.d/soon.conf
         systemctl daemon-reload; systemctl start gosync.timer",
    );
    host.until("getent passwd alice");
    assert!(!doctor("crontab: "), "{:?}", host.run("gosync doctor"));
    host.good("systemctl disable --now gosync.timer; systemctl enable --now gosync-new.timer");
    assert!(doctor(
        "gosync-new.timer is enabled, and gosync.timer is not"
    ));
    let next = "systemctl show --value -p NextElapseUSecMonotonic gosync-new.timer";
    host.until(&format!(
        "[ \"$({next})\" != infinity ] && ! systemctl is-active gosync-new.service"
    ));
}

/// The line that the doctor gives for homes that the sandbox knows nothing of is typed as it stands.
#[test]
fn homes_elsewhere_need_a_line_that_the_doctor_gives() {
    let host = configured();
    host.good(GO);
    host.good("mkdir -p /export/home; printf '[accounts]\\nhome_base = \"/export/home\"\\n' >> /etc/gosync/gosync.toml");
    host.good("systemctl enable gosync.timer");
    let words = "gosync.service may not write /export/home";
    let said = host.run("gosync doctor").out;
    let mut lines = said.lines().skip_while(|line| !line.contains(words));
    let fix = lines.find_map(|line| line.trim().strip_prefix("fix: "));
    let fix = fix.unwrap_or_else(|| panic!("{said}"));
    assert_ne!(host.run("systemctl start gosync.service").code, Some(0));
    host.good(fix);
    host.good("systemctl start gosync.service; test -d /export/home/alice");
    assert!(!host.run("gosync doctor").out.contains(words));
}
