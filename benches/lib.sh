# shellcheck shell=sh
# What run.sh and instructions.sh share: a directory of their own, a slapd of their own on a socket there, hosts, settings.
# Expects $here, the directory of the scripts, and sets $work. To be read with `.`.
umask 022
PATH=$PATH:/usr/sbin:/sbin
export PATH

fail() {
    echo "$0: $*" >&2
    exit 1
}

needs() { # PROGRAM...
    for program in "$@"; do
        command -v "$program" >/dev/null || fail "$program is missing"
    done
}

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
moduleload back_monitor
moduleload syncprov
pidfile $work/slapd.pid
argsfile $work/slapd.args
sizelimit unlimited
authz-regexp "gidNumber=$(id -g)\\\\+uidNumber=$(id -u),cn=peercred,cn=external,cn=auth" "cn=admin,dc=example,dc=org"
access to * by * read
database monitor
access to * by * read

database mdb
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
directory $work/db
maxsize 8589934592
index objectClass,entryUUID,uid,cn eq
overlay syncprov
syncprov-sessionlog 1000
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

# Changes at the server, as LDIF on standard input.
modify() {
    ldapmodify -Q -Y EXTERNAL -H "ldapi://$(echo "$work/ldapi" | sed 's,/,%2F,g')" >/dev/null
}

# Ten people get another shell.
shells() { # SHELL
    python3 - "$work/directory.json" "$1" <<'END' | modify
import json, sys

people = json.load(open(sys.argv[1], encoding="utf-8"))["users"]
chosen = [user["login"] for user in people if user["active"] and user.get("shell") == "/bin/bash"][:10]
assert len(chosen) == 10
for login in chosen:
    print(f"dn: uid={login},ou=people,dc=example,dc=org\nchangetype: modify\nreplace: loginShell\nloginShell: {sys.argv[2]}\n")
END
}

# Ten groups lose a member each.
leave() {
    python3 - "$work/directory.json" <<'END' | modify
import json, sys

directory = json.load(open(sys.argv[1], encoding="utf-8"))
active = {user["id"]: user["login"] for user in directory["users"] if user["active"]}
logins = ((group["name"], [active[m["user"]] for m in group["members"] if m["user"] in active]) for group in directory["groups"])
chosen = [(name, members[0]) for name, members in logins if len(members) > 1][:10]
assert len(chosen) == 10
for name, login in chosen:
    print(f"dn: cn={name},ou=groups,dc=example,dc=org\nchangetype: modify\ndelete: memberUid\nmemberUid: {login}\n")
END
}

# What changed a moment ago leaves no stamp.
settle() {
    sleep 4
}
