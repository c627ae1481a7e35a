//! An upgrade interrupts no run, and leaves timers as they are.

use super::booted::{GO, WAITS, configured};
use super::host::Booted;
use super::{dpkg_install, there};

/// Begins a run that does not end before [`GO`], and upgrades meanwhile.
#[track_caller]
fn in_the_middle_of_a_run(host: &Booted, unit: &str, upgrade: &str) {
    host.good(&format!(
        "rm -f /var/lib/marks /var/lib/go; systemctl start --no-block {unit}"
    ));
    host.until("grep -q begin /var/lib/marks");
    let run = host.property(unit, "InvocationID");
    host.good(upgrade);
    assert_eq!(host.property(unit, "InvocationID"), run);
    assert_eq!(
        host.property(unit, "ActiveState"),
        "activating",
        "the run goes on"
    );
    host.good(GO);
    host.until(&format!(
        "! systemctl is-active --quiet {unit} && grep -q end /var/lib/marks"
    ));
    assert_eq!(
        host.good("cat /var/lib/marks"),
        "begin\nend\n",
        "it was not begun again"
    );
    assert_eq!(host.property(unit, "Result"), "success");
    host.good("getent passwd alice");
}

#[test]
fn a_deb_is_upgraded_in_the_middle_of_a_run() {
    let host = configured();
    host.good("systemctl enable gosync.timer");
    in_the_middle_of_a_run(&host, "gosync.service", &dpkg_install("2"));
    assert_eq!(
        host.good("dpkg-query -W -f '${Version}' gosync | sed 's/.*-//'"),
        "2\n".trim()
    );
    // It was enabled: it is active after the upgrade, whatever it was before.
    host.good("systemctl is-enabled gosync.timer; systemctl is-active gosync.timer");
    assert_ne!(
        host.run("systemctl is-active gosync-new.timer").code,
        Some(0)
    );
}

#[test]
fn a_rpm_is_upgraded_in_the_middle_of_a_run_and_erased() {
    let host = configured();
    host.good("dpkg --purge gosync");
    // Dependencies are those of other distributions.
    host.good(&format!("rpm --nodeps -i {}", there("1", ".rpm")));
    host.good("rpm -V --nodeps gosync; systemctl enable gosync.timer");
    let upgrade = format!("rpm --nodeps -U {}", there("2", ".rpm"));
    in_the_middle_of_a_run(&host, "gosync.service", &upgrade);
    host.good("systemctl is-enabled gosync.timer; systemctl is-active gosync.timer");
    let erased = host.good("rpm --nodeps -e gosync");
    assert!(erased.contains("the ledger, /var/lib/gosync"), "{erased}");
    host.good("getent passwd alice; test -e /var/lib/gosync/ledger.sqlite; test -e /etc/gosync/gosync.toml");
    let left = "ls -d /usr/sbin/gosync /etc/cron.d/gosync /usr/share/gosync /usr/lib/systemd/system/gosync* \
                /etc/systemd/system/*.wants/gosync* 2>/dev/null || true; systemctl --failed --quiet";
    assert_eq!(host.good(left), "");
}

/// The service that follows has to begin anew, with the new program; but not in the middle of a round.
#[test]
fn what_follows_is_restarted_between_two_rounds() {
    let host = configured();
    host.good(
        "systemctl enable gosync-follow.service; systemctl start --no-block gosync-follow.service",
    );
    host.until("grep -q begin /var/lib/marks");
    let first = host.property("gosync-follow.service", "MainPID");
    let upgrade = host.begin(&dpkg_install("2"));
    host.until(WAITS);
    assert_eq!(host.property("gosync-follow.service", "MainPID"), first);
    assert_eq!(host.good("cat /var/lib/marks"), "begin\n");
    host.good(GO);
    let upgraded = crate::scratch::Ran::from(upgrade.wait_with_output().unwrap());
    assert_eq!(upgraded.code, Some(0), "{upgraded:?}");
    host.until("systemctl is-active gosync-follow.service");
    assert_ne!(host.property("gosync-follow.service", "MainPID"), first);
    assert!(host.good("cat /var/lib/marks").starts_with("begin\nend\n"));
    host.good("getent passwd alice");
}
