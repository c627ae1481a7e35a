#!/bin/sh
# How many instructions a sync of 10,000 people from slapd takes, counted by valgrind: the same in every run of the same
# program, whatever else the machine does.
#
#     benches/instructions.sh [--bless]
#
# Fails if a figure is more than 3 % and a million above the one in benches/instructions.txt; with --bless, writes them there. Needs
# valgrind, slapd, ldap-utils and python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

gosync=$here/../target/release/gosync
ceiling=$here/instructions.txt
needs valgrind python3 slapd slapadd ldapmodify "$gosync"

count() { # NAME WORDS...
    name=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$work/valgrind" \
        "$gosync" -q -f "$work/slapd.toml" --root "$root" "$@" >"$work/said" 2>&1 || fail "$(cat "$work/said")"
    figure=$(sed -n 's/.*Collected *: *//p' "$work/valgrind")
    [ -n "$figure" ] || fail "valgrind counted nothing: $(cat "$work/valgrind")"
    printf '%s\t%s\n' "$name" "$((figure / 1000000))" >> "$work/figures"
}

"$here/generate.py" --people 10000 --json "$work/directory.json" --ldif "$work/directory.ldif"
settings slapd none > "$work/slapd.toml"
root=$work/root
new_root "$root"
start_slapd
for run in first second; do
    count "$run users" sync users --full
    count "$run groups" sync groups --full
    settle
done
# Both from one read, on a host of their own.
kept=$work/root
root=$work/root.both
new_root "$root"
count "first both" sync --full
settle
count "second both" sync --full
root=$kept
# The second ones may have been too early to leave a stamp.
"$gosync" -q -f "$work/slapd.toml" --root "$work/root" sync users
"$gosync" -q -f "$work/slapd.toml" --root "$work/root" sync groups
count "unmoved users" sync users
count "unmoved groups" sync groups
# Ten changes, of which a read of changes alone tells; on a host of its own, since the others are compared later.
root=$work/root.ten
cp -a "$kept" "$root"
shells /bin/sh
count "ten users" sync users
leave
count "ten groups" sync groups
for name in passwd group; do
    changed=$(diff "$kept/etc/$name" "$root/etc/$name" | grep -c '^>') || true
    [ "$changed" -eq 10 ] || fail "$changed of ten changes were made in $name"
done
root=$kept
"$gosync" -q -f "$work/slapd.toml" --root "$root" sync
settle
# As with a server that has no cheap question, or none that is believed.
sed -i 's/^time_limit.*/&\nfull_read_every = "0s"/' "$work/slapd.toml"
"$gosync" -q -f "$work/slapd.toml" --root "$work/root" sync users
"$gosync" -q -f "$work/slapd.toml" --root "$work/root" sync groups
count "same users" sync users
count "same groups" sync groups
stop_slapd

if [ "${1:-}" = --bless ]; then
    cp "$work/figures" "$ceiling"
fi
echo "millions of instructions, 10,000 people: now, and at most"
status=0
while IFS='	' read -r name figure; do
    before=$(sed -n "s/^$name	//p" "$ceiling")
    [ -n "$before" ] || fail "$ceiling has no figure for $name"
    most=$((before + before * 3 / 100 + 1))
    echo "$name	$figure	$most"
    [ "$figure" -le "$most" ] || status=1
done < "$work/figures"
[ "$status" -eq 0 ] || echo "$0: more than 3 % above benches/instructions.txt" >&2
exit "$status"
