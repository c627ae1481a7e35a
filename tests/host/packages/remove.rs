//! A package that is removed waits for the run that is under way; what was enabled is again, once it is installed again.

use super::booted::{GO, WAITS, configured};
use super::dpkg_install;
use crate::scratch::Ran;

#[test]
fn a_run_is_waited_for_and_an_installation_that_follows_goes_on() {
    let host = configured();
    host.good("systemctl enable --now gosync.timer; systemctl start --no-block gosync.service");
    host.until("grep -q begin /var/lib/marks");
    let removal = host.begin("dpkg -r gosync");
    host.until(WAITS);
    assert_eq!(host.property("gosync.service", "ActiveState"), "activating");
    assert_ne!(
        host.run("systemctl is-active gosync.timer").code,
        Some(0),
        "no run is begun any more"
    );
    host.good(GO);
    let removed = Ran::from(removal.wait_with_output().unwrap());
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(host.good("cat /var/lib/marks"), "begin\nend\n");
    host.good("getent passwd alice");
    assert_eq!(
        host.good("systemctl list-units --quiet 'gosync*'; systemctl --failed --quiet"),
        ""
    );

    host.good(&dpkg_install("1"));
    host.good("systemctl is-enabled gosync.timer; systemctl is-active gosync.timer");
    let purged = host.good("dpkg -P gosync");
    assert!(purged.contains("the ledger, /var/lib/gosync"), "{purged}");
    assert_eq!(
        host.good(
            "ls -d /etc/systemd/system/*.wants/gosync* /etc/cron.d/gosync 2>/dev/null || true"
        ),
        ""
    );
    host.good("getent passwd alice; test -e /var/lib/gosync/ledger.sqlite");
}
