# After the package was removed.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
fi
