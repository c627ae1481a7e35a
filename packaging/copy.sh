#!/bin/sh
# Copies texts for an installation: what they say of /usr/local is said of PREFIX and BINDIR. Programs stay programs.
# usage: BINDIR=/usr/sbin PREFIX=/usr packaging/copy.sh FROM TO      a file; or a directory, with all that is below it
set -eu

copy() {
    mode=0644
    [ ! -x "$1" ] || mode=0755
    install -D -m "$mode" /dev/null "$2"
    sed -e "s|/usr/local/bin/|$BINDIR/|g" -e "s|/usr/local/share/gosync/|$PREFIX/share/gosync/|g" "$1" > "$2"
}

if [ -d "$1" ]; then
    find "$1" -type f | sort | while read -r file; do
        copy "$file" "$2/${file#"$1"/}"
    done
else
    copy "$1" "$2"
fi
