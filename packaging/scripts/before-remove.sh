# Before the package is removed, not before it is upgraded. What runs is waited for: no commit is cut off. Which timers
# are enabled is kept, so that an installation that follows goes on with them.
if [ -d /run/systemd/system ]; then
    systemctl stop gosync.timer gosync-new.timer || true
fi
# Without a configuration that can be used there is no run to wait for.
gosync -q --wait 10m waitlock >/dev/null 2>&1 || true
if [ -d /run/systemd/system ]; then
    systemctl stop gosync-follow.service gosync.service gosync-new.service || true
fi
