#!/bin/sh
# The session that README.md shows: what gosync prints on a scratch root, from a first dry run to a provider that answers with
# nobody. It needs no root, and nothing outside the scratch directory is touched. docs/session.txt is what it printed last, and
# docs/session.svg is that as a picture (docs/session.awk); tests/it/pages.rs compares both with the program of today.
#   GOSYNC=target/debug/gosync docs/session.sh
# The same anew, after a change of what gosync prints: GOSYNC_BLESS=1 cargo test --test it pages
set -eu
umask 022
gosync=${GOSYNC:?"set GOSYNC to the program"}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/gosync-session.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

root=$scratch/root
mkdir -p "$root/etc/skel" "$root/home" "$root/run" "$root/var/lib"
printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'admin:x:1000:1000:Local Admin:/home/admin:/bin/bash' > "$root/etc/passwd"
printf '%s\n' 'root:*:20000:0:99999:7:::' 'admin:!:20000:0:99999:7:::' > "$root/etc/shadow"
printf '%s\n' 'root:x:0:' 'users:x:100:' 'admin:x:1000:' > "$root/etc/group"
printf '%s\n' 'root:*::' 'users:!::' 'admin:!::' > "$root/etc/gshadow"
chmod 0640 "$root/etc/shadow" "$root/etc/gshadow"
printf '%s\n' /bin/sh /bin/bash > "$root/etc/shells"
printf '%s\n' '[provider.campus]' 'kind = "file"' 'path = "directory.json"' '[accounts]' 'dots = true' > "$scratch/gosync.toml"

# provider USERS: what the provider says from now on.
provider() {
    printf '{"users": [%s],\n "groups": [{"id": "g-1", "name": "physics", "members": [%s]}]}\n' "$1" "$2" > "$scratch/new"
    mv "$scratch/new" "$scratch/directory.json"
}
person() {
    printf '{"id": "%s", "login": "%s", "name": "%s", "uid": %s%s}' "$1" "$2" "$3" "$4" "${5:+, $5}"
}
note() { printf '\n# %s\n' "$*"; }
# run ARGUMENTS: what is typed, and what comes. The scratch directory is called by the name of the real one, and the options that
# lead there are left out, as they were from what was typed.
run() {
    printf '$ gosync %s\n' "$*"
    status=0
    "$gosync" --root "$root" --file "$scratch/gosync.toml" "$@" > "$scratch/said" 2>&1 || status=$?
    sed "s|gosync --root $root --file $scratch/gosync.toml|gosync|; s|$scratch|/etc/gosync|g" "$scratch/said"
    [ "$status" -eq 0 ] || printf '(exit status %s)\n' "$status"
}

alice=$(person u-1 alice 'Alice Liddell' 20001)
bob=$(person u-2 bob 'Bob Sawyer' 20002)
carol=$(person u-3 carol 'Carol Kidd' 20003)
members='{"user": "u-1"}, {"user": "u-2"}'
provider "$alice, $bob, $carol" "$members"
run sync --dry-run
run sync

note 'At the provider, Bob is disabled, and Carol has another name.'
bob=$(person u-2 bob 'Bob Sawyer' 20002 '"active": false')
carol=$(person u-3 carol.ross 'Carol Ross' 20003)
provider "$alice, $bob, $carol" "$members"
run sync

note 'The provider answers, but names nobody.'
provider '' ''
run sync
