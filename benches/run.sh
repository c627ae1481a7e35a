#!/bin/sh
# How fast gosync is, beside ldapsearch reading the same entries and useradd in a loop, on made-up directories.
#
#     benches/run.sh [--sizes "1000 10000 100000"] [--runs 5] [--useradd 200] [--gosync PROGRAM] [--results FILE]
#
# Needs slapd, ldap-utils and python3; root for the part with useradd. Works in a directory of its own below TMPDIR,
# with a slapd of its own on a socket there. Stops if a result is wrong, or if a second sync writes anything.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
export PATH

sizes="1000 10000 100000"
runs=5
useradd=200
gosync=$here/../target/release/gosync
results=
while [ $# -gt 0 ]; do
    case $1 in
        --sizes) sizes=$2 ;;
        --runs) runs=$2 ;;
        --useradd) useradd=$2 ;;
        --gosync) gosync=$2 ;;
        --results) results=$2 ;;
        *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift 2
done
for program in python3 slapd slapadd ldapsearch "$gosync"; do
    command -v "$program" >/dev/null || { echo "benches/run.sh: $program is missing" >&2; exit 1; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/gosync-bench.XXXXXX")
slapd_pid=
stop_slapd() {
    if [ -n "$slapd_pid" ]; then
        kill "$slapd_pid" 2>/dev/null || true
        wait "$slapd_pid" 2>/dev/null || true
        slapd_pid=
    fi
}
cleanup() {
    stop_slapd
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
results=${results:-$work/results}
: > "$results"

fail() {
    echo "benches/run.sh: $*" >&2
    exit 1
}

measure() { # SIZE NAME COMMAND...
    size=$1 name=$2
    shift 2
    python3 "$here/measure.py" run "$results" "$size" "$name" -- "$@" || exit 1
}

# A host with nobody but root. Each run has one of its own, and all stay to the end: ext4 passes over inodes that were
# freed within the last minutes, one by one, whenever a file is made.
new_root() { # ROOT
    mkdir -p "$1/etc" "$1/home" "$1/var/lib"
    echo 'root:x:0:0:root:/root:/bin/bash' > "$1/etc/passwd"
    echo 'root:*:19000:0:99999:7:::' > "$1/etc/shadow"
    printf '%s\n' 'root:x:0:' 'shadow:x:42:' 'users:x:100:' > "$1/etc/group"
    printf '%s\n' 'root:*::' 'shadow:*::' 'users:*::' > "$1/etc/gshadow"
    printf '%s\n' /bin/sh /bin/bash /usr/bin/zsh > "$1/etc/shells"
    chmod 0640 "$1/etc/shadow" "$1/etc/gshadow"
}

settings() { # SOURCE KEYS
    cat <<END
[gosync]
provider = "$1"
time_limit = "1h"
[provider.file]
kind = "file"
path = "$work/directory.json"
[provider.slapd]
kind = "ldap"
url = "ldapi://$(echo "$work/ldapi" | sed 's,/,%2F,g')"
user_base = "ou=people,dc=example,dc=org"
group_base = "ou=groups,dc=example,dc=org"
[accounts]
uid_range = [100000, 1999999]
create_home = false
[groups]
gid_range = [2000000, 3999999]
[keys]
place = "$2"
END
}

sync() { # SIZE NAME ROOT SOURCE WHAT
    measure "$1" "$2" "$gosync" -q -f "$work/$4.toml" --root "$3" sync "$5"
}

start_slapd() {
    stop_slapd
    rm -rf "$work/db"
    mkdir "$work/db"
    cat > "$work/lpk.schema" <<'END'
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
END
    cat > "$work/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include $work/lpk.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $work/slapd.pid
argsfile $work/slapd.args
sizelimit unlimited
access to * by * read
database mdb
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
directory $work/db
maxsize 8589934592
index objectClass,entryUUID,uid,cn eq
END
    slapadd -q -f "$work/slapd.conf" -l "$work/directory.ldif" 2>"$work/slapadd.log" || fail "$(cat "$work/slapadd.log")"
    rm -f "$work/ldapi"
    slapd -d 0 -f "$work/slapd.conf" -h "ldapi://$(echo "$work/ldapi" | sed 's,/,%2F,g')" >/dev/null 2>&1 &
    slapd_pid=$!
    for _ in $(seq 100); do
        [ ! -S "$work/ldapi" ] || return 0
        sleep 0.1
    done
    fail "slapd does not start"
}

# The same filters, pages and attributes as gosync's.
ldapsearch_all() { # SIZE NAME BASE FILTER ATTRIBUTES...
    size=$1 name=$2 base=$3 filter=$4
    shift 4
    measure "$size" "$name" ldapsearch -Q -Y EXTERNAL -H "ldapi://$(echo "$work/ldapi" | sed 's,/,%2F,g')" -LLL \
        -o ldif-wrap=no -E pr=1000/noprompt -b "$base,dc=example,dc=org" "$filter" "$@"
}

beside_ldapsearch() { # SIZE
    ldapsearch_all "$1" "ldapsearch people" ou=people '(objectClass=posixAccount)' entryUUID uid loginShell cn gecos \
        uidNumber gidNumber homeDirectory shadowExpire pwdAccountLockedTime nsAccountLock \
        loginDisabled loginExpirationTime userAccountControl accountExpires krbPrincipalExpiration
    ldapsearch_all "$1" "ldapsearch groups" ou=groups '(objectClass=posixGroup)' entryUUID cn gidNumber description \
        memberUid member uniqueMember
}

# What must be true after a first sync: everybody who may log in, every group, and all their members.
check() { # ROOT
    python3 - "$work/directory.json" "$1/etc" <<'END' || fail "the result is wrong"
import json, sys

directory = json.load(open(sys.argv[1], encoding="utf-8"))
active = {user["id"]: user["login"] for user in directory["users"] if user["active"]}
read = lambda name: [line.split(":") for line in open(f"{sys.argv[2]}/{name}", encoding="utf-8").read().splitlines()]
passwd, shadow, group, gshadow = map(read, ["passwd", "shadow", "group", "gshadow"])
assert {line[0] for line in passwd[1:]} == set(active.values()), "passwd"
assert len(passwd) == len(shadow) == len(active) + 1, "shadow"
found = {line[0]: set(filter(None, line[3].split(","))) for line in group[3:]}
wanted = {g["name"]: {active[m["user"]] for m in g["members"] if m["user"] in active} for g in directory["groups"]}
assert found == wanted, "group"
assert [(line[0], line[3]) for line in group] == [(line[0], line[3]) for line in gshadow], "gshadow"
END
}

one_source() { # SIZE SOURCE RUN
    root=$work/root.$1.$2.$3
    settings "$2" none > "$work/$2.toml"
    new_root "$root"
    sync "$1" "$2 first users" "$root" "$2" users
    sync "$1" "$2 first groups" "$root" "$2" groups
    python3 "$here/measure.py" files "$root" > "$work/before"
    sync "$1" "$2 second users" "$root" "$2" users
    sync "$1" "$2 second groups" "$root" "$2" groups
    python3 "$here/measure.py" files "$root" > "$work/after"
    cmp -s "$work/before" "$work/after" || fail "the second sync of $1 from $2 wrote: $(diff "$work/before" "$work/after")"
}

# The same people, each with a file for their SSH keys.
with_keys() { # SIZE RUN
    root=$work/root.$1.keys.$2
    settings file directory > "$work/keys.toml"
    new_root "$root"
    sync "$1" "keys first users" "$root" keys users
    python3 "$here/measure.py" files "$root" > "$work/before"
    sync "$1" "keys second users" "$root" keys users
    python3 "$here/measure.py" files "$root" > "$work/after"
    cmp -s "$work/before" "$work/after" || fail "the second sync of $1 with keys wrote: $(diff "$work/before" "$work/after")"
}

# All that is compared runs in turn, so that what else the machine does slows everything.
one_run() { # SIZE RUN
    beside_ldapsearch "$1"
    one_source "$1" file "$2"
    one_source "$1" slapd "$2"
    with_keys "$1" "$2"
}

# useradd(8) once for each person, and gosync for the same people.
beside_useradd() {
    "$here/generate.py" --people "$useradd" --json "$work/directory.json" --ldif "$work/directory.ldif"
    settings file none > "$work/file.toml"
    python3 - "$work/directory.json" > "$work/useradd.sh" <<'END'
import json, shlex, sys

print("set -e")
for user in json.load(open(sys.argv[1], encoding="utf-8"))["users"]:
    if user["active"]:
        words = ["-M", "-N", "-g", 100, "-u", user["uid"], "-c", user["name"], "-s", user["shell"], user["login"]]
        print('useradd -P "$1" -K UID_MAX=1999999 ' + shlex.join(map(str, words)))
END
    for run in $(seq "$runs"); do
        theirs=$work/root.useradd.$run ours=$work/root.instead.$run
        new_root "$theirs"
        new_root "$ours"
        measure "$useradd" useradd sh "$work/useradd.sh" "$theirs"
        sync "$useradd" "instead of useradd" "$ours" file users
        there=$(cut -d: -f1,3,4,6,7 "$theirs/etc/passwd" | sort)
        [ "$there" = "$(cut -d: -f1,3,4,6,7 "$ours/etc/passwd" | sort)" ] || fail "useradd made other accounts"
    done
}

echo "$(uname -sr), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $runs runs; medians"
for size in $sizes; do
    "$here/generate.py" --people "$size" --json "$work/directory.json" --ldif "$work/directory.ldif"
    start_slapd
    for run in $(seq "$runs"); do
        one_run "$size" "$run"
    done
    stop_slapd
    check "$work/root.$size.file.$runs"
    for name in passwd group shadow gshadow; do
        cmp "$work/root.$size.file.$runs/etc/$name" "$work/root.$size.slapd.$runs/etc/$name" || fail "file and slapd give another $name"
    done
done
if [ "$(id -u)" -eq 0 ] && [ "$useradd" -gt 0 ]; then
    beside_useradd
fi
echo
python3 "$here/measure.py" table "$results" "$useradd"
