#!/bin/sh
# How fast gosync is, beside ldapsearch reading the same entries and useradd in a loop, on made-up directories.
#
#     benches/run.sh [--sizes "1000 10000 100000"] [--runs 5] [--useradd 200] [--million no] [--gosync PROGRAM] [--results FILE]
#
# --million yes: a million people, too, once, and from the file alone.
# Needs slapd, ldap-utils and python3; root for the part with useradd. Works in a directory of its own below TMPDIR,
# with a slapd of its own on a socket there. Stops if a result is wrong, or if a second sync writes anything.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

sizes="1000 10000 100000"
runs=5
useradd=200
million=no
gosync=$here/../target/release/gosync
results=
while [ $# -gt 0 ]; do
    case $1 in
        --sizes) sizes=$2 ;;
        --runs) runs=$2 ;;
        --useradd) useradd=$2 ;;
        --million) million=$2 ;;
        --gosync) gosync=$2 ;;
        --results) results=$2 ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift 2
done
needs python3 slapd slapadd ldapsearch ldapmodify "$gosync"

results=${results:-$work/results}
: > "$results"

measure() { # SIZE NAME COMMAND...
    size=$1 name=$2
    shift 2
    python3 "$here/measure.py" run "$results" "$size" "$name" -- "$@" || exit 1
}

sync() { # SIZE NAME ROOT SOURCE [WHAT]
    measure "$1" "$2" "$gosync" -q -f "$work/$4.toml" --root "$3" sync ${5:-} --full
}

# Reads no more than a run from cron.
as_cron() { # SIZE NAME ROOT SOURCE
    measure "$1" "$2" "$gosync" -q -f "$work/$4.toml" --root "$3" sync
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
    sync "$1" "$2 first" "$root" "$2"
    settle
    python3 "$here/measure.py" files "$root" > "$work/before"
    sync "$1" "$2 second" "$root" "$2"
    python3 "$here/measure.py" files "$root" > "$work/after"
    cmp -s "$work/before" "$work/after" || fail "the second sync of $1 from $2 wrote: $(diff "$work/before" "$work/after")"
    as_cron "$1" "$2 unmoved" "$root" "$2"
}

# The server has no cheap question, or it is not believed: all is read, and is as it was.
same() { # SIZE RUN
    root=$work/root.$1.slapd.$2
    sed 's/^time_limit.*/&\nfull_read_every = "0s"/' "$work/slapd.toml" > "$work/same.toml"
    "$gosync" -q -f "$work/same.toml" --root "$root" sync
    as_cron "$1" "slapd same" "$root" same
}

# Ten people have another shell, on a host of their own: the others are compared later.
ten() { # SIZE RUN
    root=$work/root.$1.ten.$2
    cp -a "$work/root.$1.slapd.$2" "$root"
    shells /bin/sh
    as_cron "$1" "slapd ten" "$root" slapd
    [ "$(grep -c ':/bin/sh$' "$root/etc/passwd")" -ge 10 ] || fail "the ten changes were not seen"
    shells /bin/bash
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
    ten "$1" "$2"
    same "$1" "$2"
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
if [ "$million" = yes ]; then
    size=1000000
    "$here/generate.py" --people "$size" --json "$work/directory.json" --ldif /dev/null
    one_source "$size" file 1
    check "$work/root.$size.file.1"
fi
if [ "$(id -u)" -eq 0 ] && [ "$useradd" -gt 0 ]; then
    beside_useradd
fi
echo
python3 "$here/measure.py" table "$results" "$useradd"
