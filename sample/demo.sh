#!/bin/sh
# Shows what gosync does, on a scratch root: no root needed, and nothing outside the scratch directory is touched.
# KEEP=1 leaves it there. The accounts below are those of a fresh Debian 12, as fixed text.
set -eu
umask 022
here=$(cd "$(dirname "$0")/.." && pwd)
gosync=${GOSYNC:-$here/target/debug/gosync}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/gosync-demo.XXXXXX")
cleanup() {
    if [ "${KEEP:-}" = 1 ]; then
        printf '\nThe scratch root is %s.\n' "$scratch/root"
    else
        rm -rf "$scratch"
    fi
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

root=$scratch/root
mkdir -p "$root/etc/skel" "$root/home" "$root/run" "$root/var/lib" "$scratch/config/sample"
# A copy, so that a clone that its group may write does not stop the demo: gosync would refuse it.
printf '%s\n' '[provider.sample]' 'kind = "file"' 'path = "sample/directory.json"' > "$scratch/config/gosync.toml"
cp "$here/sample/directory.json" "$scratch/config/sample/directory.json"
chmod 0644 "$scratch/config/gosync.toml" "$scratch/config/sample/directory.json"

cat > "$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
games:x:5:60:games:/usr/games:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
news:x:9:9:news:/var/spool/news:/usr/sbin/nologin
uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin
proxy:x:13:13:proxy:/bin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin
irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
messagebus:x:100:107::/nonexistent:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
admin:x:1000:1000:Local Administrator,,,:/home/admin:/bin/bash
END

cat > "$root/etc/group" <<'END'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:admin
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
news:x:9:
uucp:x:10:
man:x:12:
proxy:x:13:
kmem:x:15:
dialout:x:20:
fax:x:21:
voice:x:22:
cdrom:x:24:
floppy:x:25:
tape:x:26:
sudo:x:27:admin
audio:x:29:
dip:x:30:
www-data:x:33:
backup:x:34:
operator:x:37:
list:x:38:
irc:x:39:
src:x:40:
shadow:x:42:
utmp:x:43:
video:x:44:
sasl:x:45:
plugdev:x:46:
staff:x:50:
games:x:60:
users:x:100:
nogroup:x:65534:
systemd-journal:x:999:
systemd-network:x:998:
crontab:x:101:
input:x:102:
sgx:x:103:
kvm:x:104:
render:x:105:
netdev:x:106:
messagebus:x:107:
_ssh:x:108:
admin:x:1000:
END

# Nobody has a password here.
awk -F: '{ print $1 ":" ($1 == "root" || $1 == "admin" ? "!" : "*") ":20000:0:99999:7:::" }' \
    "$root/etc/passwd" > "$root/etc/shadow"
awk -F: '{ print $1 ":" ($1 == "root" ? "*" : "!") "::" $4 }' "$root/etc/group" > "$root/etc/gshadow"
chmod 0640 "$root/etc/shadow" "$root/etc/gshadow"
echo admin:100000:65536 > "$root/etc/subuid"
echo admin:100000:65536 > "$root/etc/subgid"
printf '%s\n' '# /etc/shells: valid login shells' /bin/sh /usr/bin/sh /bin/bash /usr/bin/bash /bin/rbash /usr/bin/rbash \
    /bin/dash /usr/bin/dash > "$root/etc/shells"
printf '%s\n' 'passwd: files' 'group: files' 'shadow: files' 'gshadow: files' > "$root/etc/nsswitch.conf"
printf '%s\n' 'UID_MIN 1000' 'UID_MAX 60000' 'SYS_UID_MIN 100' 'SYS_UID_MAX 999' 'GID_MIN 1000' 'GID_MAX 60000' \
    'SYS_GID_MIN 100' 'SYS_GID_MAX 999' 'SUB_UID_MIN 100000' 'SUB_UID_MAX 600100000' 'SUB_UID_COUNT 65536' \
    > "$root/etc/login.defs"
echo '# ~/.profile: read by login shells.' > "$root/etc/skel/.profile"
echo '# ~/.bashrc: read by bash.' > "$root/etc/skel/.bashrc"

say() { printf '\n== %s\n\n' "$*"; }
run() {
    printf '$ gosync %s\n' "$*"
    "$gosync" --root "$root" --file "$scratch/config/gosync.toml" "$@"
}

say 'A dry run: the exact plan, and nothing is written'
run sync --dry-run
say 'The accounts, and the groups'
run sync
say 'What the host has now: the accounts'
awk -F: '$3 >= 20000 && $3 < 60000' "$root/etc/passwd"
say '... the groups'
awk -F: '$3 >= 60000 && $3 < 65000' "$root/etc/group"
say '... the homes'
ls "$root/home"
say 'The same again: there is nothing to do'
run sync
