#!/bin/sh
# What a fleet costs its directory: many hosts, simulated by roots of their own, read one slapd.
#
#     benches/fleet.sh [--hosts 1000] [--people 1000] [--followers 50] [--gosync PROGRAM]
#
# Prints, for all hosts once each (a tick): the first sync, one when nothing has moved, and one after a change; the CPU that slapd
# took, the operations that it did, and the CPU of a host; and how long a change took to reach hosts that run `gosync follow`.
# Needs slapd, ldap-utils and python3. Works in a directory of its own below TMPDIR, with a slapd of its own on a socket there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

hosts=1000
people=1000
followers=50
gosync=$here/../target/release/gosync
while [ $# -gt 0 ]; do
    case $1 in
        --hosts) hosts=$2 ;;
        --people) people=$2 ;;
        --followers) followers=$2 ;;
        --gosync) gosync=$2 ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift 2
done
needs python3 slapd slapadd ldapsearch ldapmodify "$gosync"

socket="ldapi://$(echo "$work/ldapi" | sed 's,/,%2F,g')"

# In hundredths of a second, of a process and of those that it has waited for.
cpu() { # PID
    awk '{ print $14 + $15 + $16 + $17 }' "/proc/$1/stat"
}

# All that slapd has done, searches, binds and the rest, but for the question itself.
operations() {
    ldapsearch -Q -Y EXTERNAL -H "$socket" -LLL -b cn=Operations,cn=Monitor -s base monitorOpCompleted |
        sed -n 's/^monitorOpCompleted: //p'
}

tick() { # NAME
    slapd_before=$(cpu "$slapd_pid")
    done_before=$(operations)
    began=$(date +%s%N)
    python3 - "$gosync" "$work" "$hosts" <<'END' > "$work/tick" || fail "a host failed"
import os, resource, subprocess, sys

gosync, work, hosts = sys.argv[1], sys.argv[2], int(sys.argv[3])
running = []
for n in range(hosts):
    if len(running) == 2:
        assert running.pop(0).wait() == 0
    running.append(subprocess.Popen([gosync, "-q", "-f", f"{work}/slapd.toml", "--root", f"{work}/hosts/{n}", "sync"]))
for left in running:
    assert left.wait() == 0
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(1000 * (used.ru_utime + used.ru_stime) / hosts)
END
    took=$((($(date +%s%N) - began) / 1000000))
    # Two of the operations are ours: the bind and the search of the first question.
    done=$(($(operations) - done_before - 3))
    of_slapd=$((10 * ($(cpu "$slapd_pid") - slapd_before)))
    awk -v name="$1" -v hosts="$hosts" -v took="$took" -v done="$done" -v slapd="$of_slapd" -v host="$(cat "$work/tick")" 'BEGIN {
        printf "%-28s slapd %7d ms CPU in all, %5.2f ms a host; %4.1f operations a host; a host %6.1f ms CPU; all took %.1f s\n",
            name, slapd, slapd / hosts, done / hosts, host, took / 1000 }'
}

modify() {
    ldapmodify -Q -Y EXTERNAL -H "$socket" >/dev/null
}

gecos() { # TEXT
    printf 'dn: uid=%s,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: gecos\ngecos: %s\n' "$someone" "$1" | modify
}

"$here/generate.py" --people "$people" --json "$work/directory.json" --ldif "$work/directory.ldif"
settings slapd none > "$work/slapd.toml"
start_slapd
someone=$(python3 -c 'import json, sys
print(next(u["login"] for u in json.load(open(sys.argv[1], encoding="utf-8"))["users"] if u["active"]))' "$work/directory.json")
for n in $(seq 0 $((hosts - 1))); do
    new_root "$work/hosts/$n"
done
echo "$hosts hosts, $people people"
tick "first sync"
settle
tick "once more"
tick "nothing has moved"
gecos "Changed Once"
tick "one change"
grep -q ":Changed Once:" "$work/hosts/$((hosts - 1))/etc/passwd" || fail "the change is not on the last host"

pids=
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || true; done; cleanup' EXIT
for n in $(seq 0 $((followers - 1))); do
    "$gosync" -f "$work/slapd.toml" --root "$work/hosts/$n" follow --every 1d > "$work/hosts/$n/said" 2>&1 &
    pids="$pids $!"
done
for n in $(seq 0 $((followers - 1))); do
    for _ in $(seq 600); do
        ! grep -q "NOTICE: synced" "$work/hosts/$n/said" || continue 2
        sleep 0.1
    done
    fail "follow: $(cat "$work/hosts/$n/said")"
done
slapd_before=$(cpu "$slapd_pid")
began=$(date +%s%N)
gecos "Changed Twice"
first=
n=0
while [ "$n" -lt "$followers" ]; do
    if grep -q ":Changed Twice:" "$work/hosts/$n/etc/passwd"; then
        now=$((($(date +%s%N) - began) / 1000000))
        first=${first:-$now}
        n=$((n + 1))
    else
        sleep 0.02
    fi
done
rss=$(for pid in $pids; do awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; done | sort -n | tail -1)
echo "follow on $followers hosts: a change is on the first after $first ms, on all after $now ms; slapd" \
    "$((10 * ($(cpu "$slapd_pid") - slapd_before))) ms CPU; at most $((rss / 1024)) MiB a host"
