# After an installation or an upgrade, of the .deb and the .rpm. Nothing is enabled: without a configuration there is
# nothing to do. A run that is under way goes on with the program that it began with: gosync.service and
# gosync-new.service are not touched, only what starts them.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
    for timer in gosync.timer gosync-new.timer; do
        # One that was enabled when the package was removed and installed again is not active yet.
        if systemctl --quiet is-enabled "$timer" 2>/dev/null; then
            systemctl restart "$timer" || true
        fi
    done
    if systemctl --quiet is-enabled gosync-follow.service 2>/dev/null; then
        # Not in the middle of a round, be it the first one. It is started without waiting for it: it is up only when it is
        # in step.
        gosync -q --wait 10m waitlock >/dev/null 2>&1 || true
        systemctl --no-block restart gosync-follow.service || true
    fi
fi
