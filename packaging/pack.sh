#!/bin/sh
# Makes a .deb, a .rpm and a tarball of a program that is there already, and of what comes with it.
# usage: packaging/pack.sh PROGRAM DIRECTORY     the same bytes for the same program, files and SOURCE_DATE_EPOCH
# In the environment: REVISION=1, of the packages; COMPRESS=best or none, for tests; MAINTAINER.
# Needed: dpkg-deb and rpmbuild, of Debian's packages dpkg and rpm.
set -eu
cd "$(dirname "$0")/.."
umask 022

program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
revision=${REVISION:-1}
maintainer=${MAINTAINER:-gosync maintainers <root@localhost>}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC

machine=$(uname -m)
case $machine in
    x86_64) deb_arch=amd64 ;;
    aarch64) deb_arch=arm64 ;;
    *) echo "pack.sh: unknown machine $machine" >&2 && exit 1 ;;
esac
case ${COMPRESS:-best} in
    best) level=9 deb_compress=xz ;;
    none) level=1 deb_compress=none ;;
    *) echo "pack.sh: COMPRESS is best or none" >&2 && exit 2 ;;
esac

# By hand: what a packager's tools find out holds for the machine that packs, and is too new for the program, which is
# linked for glibc 2.17 (packaging/build.sh checks that).
deb_depends='libc6 (>= 2.17)'
rpm_requires='glibc >= 2.17'

scratch=$out/.scratch
rm -rf "$scratch"
mkdir -p "$scratch"
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree

# All times are that of the last commit, at most; all that is below $1.
set_times() {
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

# Prints a template, with each @NAME@ filled in; what are whole files stands on a line of its own.
fill() {
    sed -e "s|@VERSION@|$version|; s|@REVISION@|$revision|; s|@MAINTAINER@|$maintainer|; s|@DEB_ARCH@|$deb_arch|" \
        -e "s|@SIZE@|$(du -sk --apparent-size "$tree" | cut -f 1)|; s|@LEVEL@|$level|" \
        -e "s|@DEB_DEPENDS@|$deb_depends|; s|@RPM_REQUIRES@|$rpm_requires|" \
        -e "/^@AFTER_INSTALL@$/{r packaging/scripts/after-install.sh
d}" -e "/^@BEFORE_REMOVE@$/{r packaging/scripts/before-remove.sh
d}" -e "/^@AFTER_REMOVE@$/{r packaging/scripts/after-remove.sh
d}" -e "/^@AFTER_PURGE@$/{r packaging/scripts/after-purge.sh
d}" -e "/^@FILES@$/{r $scratch/files
d}" "$1"
}

# What both packages have, where `make install` puts it; and in /etc what is read from there.
stage() {
    make --silent install DESTDIR="$tree" PREFIX=/usr BINDIR=/usr/sbin PROGRAM="$program"
    install -d "$tree/etc/cron.d" "$tree/etc/gosync/hooks/user.d" "$tree/etc/gosync/hooks/group.d"
    mv "$tree/usr/share/doc/gosync/cron.d/gosync" "$tree/etc/cron.d/gosync"
    rmdir "$tree/usr/share/doc/gosync/cron.d"
}

# A maintainer script: what calls it with one of the words $2 goes on with the files $3 ...
script() {
    to=$scratch/deb/DEBIAN/$1
    printf '#!/bin/sh\nset -e\ncase $1 in\n    %s) ;;\n    *) exit 0 ;;\nesac\n' "$2" > "$to"
    shift 2
    (cd packaging/scripts && cat "$@") >> "$to"
    chmod 0755 "$to"
}

deb() {
    cp -a "$tree" "$scratch/deb"
    doc=$scratch/deb/usr/share/doc/gosync
    install -d "$scratch/deb/DEBIAN" "$scratch/deb/usr/share/zsh/vendor-completions"
    mv "$scratch/deb/usr/share/zsh/site-functions/_gosync" "$scratch/deb/usr/share/zsh/vendor-completions/_gosync"
    rmdir "$scratch/deb/usr/share/zsh/site-functions"
    install -m 0644 packaging/deb/copyright packaging/deb/README.Debian "$doc"
    mv "$doc/CHANGELOG.md" "$doc/changelog"
    printf 'gosync (%s-%s) unstable; urgency=medium\n\n  * What is new is in changelog.gz.\n\n -- %s  %s\n' \
        "$version" "$revision" "$maintainer" "$(date -R --date="@$SOURCE_DATE_EPOCH")" > "$doc/changelog.Debian"
    find "$scratch/deb/usr/share/man" "$doc/changelog" "$doc/changelog.Debian" -type f -exec gzip -9n {} +
    fill packaging/deb/control > "$scratch/deb/DEBIAN/control"
    echo /etc/cron.d/gosync > "$scratch/deb/DEBIAN/conffiles"
    script postinst 'configure|abort-upgrade|abort-deconfigure|abort-remove' after-install.sh
    script prerm remove before-remove.sh
    script postrm 'remove|purge' after-remove.sh
    printf '[ "$1" = purge ] || exit 0\n' >> "$scratch/deb/DEBIAN/postrm"
    cat packaging/scripts/after-purge.sh >> "$scratch/deb/DEBIAN/postrm"
    (cd "$scratch/deb" && find usr -type f | sort | xargs md5sum) > "$scratch/deb/DEBIAN/md5sums"
    chmod 0644 "$scratch/deb/DEBIAN/md5sums"
    set_times "$scratch/deb"
    dpkg-deb --root-owner-group -Z$deb_compress --build "$scratch/deb" "$out/gosync_$version-${revision}_$deb_arch.deb"
}

# The files of the .rpm, with what they are. Directories of the system are left to it.
rpm_files() {
    cd "$tree"
    find . ! -type d -printf '/%P\n' | sort | while read -r file; do
        case $file in
            /etc/*) echo "%config(noreplace) $file" ;;
            /usr/share/man/*) echo "%doc $file*" ;;
            /usr/share/doc/*) echo "%doc $file" ;;
            *) echo "$file" ;;
        esac
    done
    find . -type d -path '*/gosync*' ! -path '*/doc/*' -printf '%%dir /%P\n' | sort
    echo '%dir /usr/share/doc/gosync'
}

rpm_package() {
    (rpm_files) > "$scratch/files"
    fill packaging/rpm/gosync.spec > "$scratch/gosync.spec"
    cp -a "$tree" "$scratch/root"
    set_times "$scratch/root"
    rpmbuild --quiet -bb --target "$machine" --buildroot "$scratch/root" --define "_topdir $scratch/rpm" "$scratch/gosync.spec"
    mv "$scratch/rpm/RPMS/$machine/gosync-$version-$revision.$machine.rpm" "$out"
}

# `make install` and `make uninstall` work in it as in the sources, without a compiler.
tarball() {
    name=gosync-$version-$machine-linux
    to=$scratch/$name
    install -d "$to/packaging" "$to/sample"
    cp -R Makefile gosync.toml.example ./*.md LICENSE* completions docs man share "$to"
    cp packaging/copy.sh "$to/packaging"
    cp sample/directory.json "$to/sample"
    install -m 0755 "$program" "$to/gosync"
    chmod -R u=rwX,go=rX "$to"
    set_times "$to"
    tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --directory="$scratch" "$name" |
        gzip -n -"$level" > "$out/$name.tar.gz"
}

stage
deb
rpm_package
tarball
