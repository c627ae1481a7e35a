#!/bin/sh
# The full sweeps of tests/host/torture, as root: some hours on two cores. Writes docs/torture.md.
# $1: only those whose names contain this; the page stays as it is then.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "make torture: needs root" >&2; exit 1; }
rows=${CARGO_TARGET_DIR:-target}/tmp/torture
rm -rf "$rows"
status=0
cargo test --locked --test host -- --ignored "torture::${1:-}" || status=$?
[ -z "${1:-}" ] || exit "$status"

{
    cat <<END
# Interrupted at every call

Written by \`make torture\` on $(date -u +%Y-%m-%d), at $(git describe --always --dirty), Linux $(uname -r), $(strace --version | sed -n 1p).

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
    cat "$rows"/* | LC_ALL=C sort | awk -F '\t' '
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
        }'
} > docs/torture.md
exit "$status"
