#!/bin/sh
# The full sweeps of tests/host/torture, as root: some hours on two cores. Each that ends leaves a line in docs/torture.tsv,
# in place of its last one, and the page docs/torture.md is written from all of them: what is broken off is not lost.
# $1: only those whose names contain this.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "make torture: needs root" >&2; exit 1; }
rows=$PWD/target/tmp/torture
[ -z "${CARGO_TARGET_DIR:-}" ] || rows=$CARGO_TARGET_DIR/tmp/torture
table=docs/torture.tsv
commit=$(git describe --always --dirty)
day=$(date -u +%Y-%m-%d)
rm -rf "$rows"
status=0

# plan, database, interrupted by, points, damaged, unsafe, unhealed, silent, litter, lost; the commit and the day
keep_rows() {
    [ -d "$rows" ] || return 0
    touch "$table"
    for row in "$rows"/*; do
        key=$(cut -f 1-3 "$row")
        grep -vF "$key	" "$table" > "$table.new" || true
        printf '%s\t%s\t%s\n' "$(cat "$row")" "$commit" "$day" >> "$table.new"
        mv "$table.new" "$table"
    done
    LC_ALL=C sort -o "$table" "$table"
    rm -rf "$rows"
}

# The sweeps of which there is no line, as `plan (database)`.
never_run() {
    cargo test --locked --test host -- --ignored --list 2>/dev/null |
        sed -n 's/^torture::\([a-z_]*\)::\(etc\|extrausers\|nss_cache\)::[a-z_]*: test$/\1 \2/p' | LC_ALL=C sort -u |
        while read -r plan database; do
            grep -q "^$plan	$database	" "$table" || echo "$plan ($database)"
        done
    grep -q '	power cut	' "$table" || echo 'power cuts'
    grep -q '	60 s	' "$table" || echo 'beside other programs'
}

write_page() {
    cat <<END
# Interrupted at every call

Written by \`make torture\` from docs/torture.tsv, which says at which commit each line was measured. The last time on $day,
Linux $(uname -r), $(strace --version | sed -n 1p).

A run of each kind of plan is interrupted at every system call that changes something (and, where it fails or is stopped or the
power is cut, at every one that writes to disk); the host is looked at, and the same command runs again. Each column of the second
part must be 0:

- **damaged**: a file of accounts is cut, or has lost or broken something that the run was not to change
- **unsafe**: somebody is half there, or something secret is open to others
- **unhealed**: the next plain run does not reach what an undisturbed run reaches
- **silent**: a run said that it was done and was not, or failed without a word
- **litter**: after the next run something lies about that an undisturbed run does not leave
- **lost**: what a run that ended with 0 had done was gone after a power cut

What interrupts: \`killed\` (SIGKILL before the call), \`killed_in_recovery\` (the same in the run that makes up for a killed one), \`eio\`, \`enospc\`,
\`erofs\`, \`eintr\` (the call fails with this error), \`stopped\` (SIGSTOP after the call, another run of the same command meanwhile, SIGCONT), \`power cut\` (a
kill before the call, then an ext4 file system of its own is shut down without writing out what it has not written yet), \`60 s\` (useradd, usermod, userdel,
groupadd, gpasswd, groupdel, chpasswd, chage and systemd-sysusers in loops; points are the runs of gosync that came to their end).

END
    awk -F '\t' '
        function row(name, sums, key,    i, line) {
            line = "| " name " |"
            for (i = 4; i <= 10; i++) line = line " " sums[key, i] + 0 " |"
            return line "\n"
        }
        function head(name) {
            return "| " name " | points | damaged | unsafe | unhealed | silent | litter | lost |\n|---|---|---|---|---|---|---|---|\n"
        }
        {
            for (i = 4; i <= 10; i++) { fault[$3, i] += $i; plan[$1 " (" $2 ")", i] += $i; all["all", i] += $i }
            if (!($3 in faults)) { faults[$3] = 1; fault_names[++f] = $3 }
            if (!(($1, $2) in plans)) { plans[$1, $2] = 1; plan_names[++p] = $1 " (" $2 ")" }
        }
        END {
            printf "%s", head("interrupted by")
            for (i = 1; i <= f; i++) printf "%s", row(fault_names[i], fault, fault_names[i])
            printf "%s\n", row("**all**", all, "all")
            printf "%s", head("plan (database)")
            for (i = 1; i <= p; i++) printf "%s", row(plan_names[i], plan, plan_names[i])
        }' "$table"
    left=$(never_run | paste -sd ',' | sed 's/,/, /g')
    [ -z "$left" ] || printf '\n**Not run yet:** %s.\n' "$left"
}

trap 'keep_rows; exit 1' HUP INT TERM
cargo test --locked --test host -- --ignored "torture::${1:-}" || status=$?
keep_rows
write_page > docs/torture.md.new
mv docs/torture.md.new docs/torture.md
[ ! -f docs/fuzz.tsv ] || tests/fuzz/page.sh
exit "$status"
