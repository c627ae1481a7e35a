#!/bin/sh
# Installs what the tests need, where it may, and runs everything: style, unit tests, `it`, `servers` and, as root, `host`.
set -eu
cd "$(dirname "$0")/.."

# What is needed, and in which of Debian's packages it is: a program's name, or a file.
needs() {
    cat <<'END'
cc gcc
openssl openssl
strace strace
/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1:/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1 libfaketime
curl curl
jq jq
zsh zsh
fish fish
zstd zstd
promtool prometheus
python3 python3
/usr/lib/postgresql postgresql
psql postgresql-client
mariadbd mariadb-server-core
mariadb mariadb-client-core
slurmdbd slurmdbd
sacctmgr slurm-client
munged munge
setquota quota
/usr/lib/python3.*/ensurepip:/usr/local/lib/python3.*/ensurepip python3-venv
/usr/sbin/slapd slapd
/usr/lib/ldap/pw-pbkdf2.so slapd-contrib
ldapsearch ldap-utils
/usr/sbin/ns-slapd 389-ds-base
/usr/sbin/samba samba-ad-dc
/usr/share/samba/setup samba-ad-provision
node nodejs
npm npm
useradd passwd
/usr/sbin/sshd openssh-server
ssh openssh-client
/usr/lib/libnss_extrausers.so.2:/usr/lib/*/libnss_extrausers.so.2 libnss-extrausers
/usr/lib/libnss_cache.so.2:/usr/lib/*/libnss_cache.so.2 libnss-cache
ip iproute2
unshare util-linux
newuidmap uidmap
chattr e2fsprogs
strip binutils
dpkg-deb dpkg
rpmbuild rpm
mmdebstrap mmdebstrap
systemd-analyze systemd
systemd-nspawn systemd-container
END
}

# The rows of `needs` that are not there.
lacking() {
    needs | while read -r what package; do
        case $what in
            /*)
                found=
                for file in $(echo "$what" | tr : ' '); do
                    [ ! -e "$file" ] || found=1
                done
                [ -n "$found" ] || echo "$package"
                ;;
            *) command -v "$what" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$what" >/dev/null || echo "$package" ;;
        esac
    done | sort -u | tr '\n' ' '
}

policy=/usr/sbin/policy-rc.d
policy_is_ours=

put_policy_back() {
    if [ -n "$policy_is_ours" ]; then
        rm -f "$policy"
        policy_is_ours=
    fi
}
trap put_policy_back EXIT
trap 'exit 1' HUP INT TERM

# Packages such as slapd start a server when they are installed. Nothing here may start or stop a service.
install_packages() {
    if [ ! -e "$policy" ]; then
        policy_is_ours=1
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 0755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y --no-install-recommends $1 || { apt-get update && apt-get install -y --no-install-recommends $1; }
    put_policy_back
}

missing=$(lacking)
root=
[ "$(id -u)" -ne 0 ] || root=1
if [ -n "$missing" ] && [ -n "$root" ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: $missing"
    install_packages "$missing" || echo "Not everything could be installed."
    missing=$(lacking)
fi
if [ -n "$missing" ]; then
    echo "Missing for the tests, from Debian's packages: $missing"
fi

make check
if [ -n "$root" ]; then
    # What is missing, if anything, fails there by its name.
    make servers
    make host T=
    exit
fi
cargo build --locked --test host
# What is missing, if anything, fails by its name; what was not even tried is told at the end.
failed=0
make servers || failed=1
cat >&2 <<'END'

***************************************************************************
*  NOT ALL TESTS WERE RUN. Those in tests/host (real accounts, gosync     *
*  killed at every system call) need root: make test, as root.            *
***************************************************************************
END
exit "$failed"
