# After the .deb was purged, or the .rpm erased: nothing of the package stays, and all that the site made.
rm -f /etc/systemd/system/timers.target.wants/gosync.timer /etc/systemd/system/timers.target.wants/gosync-new.timer
rm -f /etc/systemd/system/multi-user.target.wants/gosync-follow.service
rm -rf /run/gosync
if [ -d /var/lib/gosync ]; then
    echo "gosync: accounts, groups and homes stay as they are, and so does the ledger, /var/lib/gosync: it knows to whom"
    echo "gosync: each uid and gid belongs, also those that must never be given again. With /etc/gosync it is all that another"
    echo "gosync: installation needs. If there will be none: rm -r /var/lib/gosync /etc/gosync"
fi
