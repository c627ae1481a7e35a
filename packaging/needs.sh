#!/bin/sh
# Says what a program needs of the host's glibc, and fails if that is more than the packages promise: a symbol of a later
# version, or another library than glibc's own.
# usage: packaging/needs.sh PROGRAM VERSION
set -eu

symbols=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -Vu)
newest=$(echo "$symbols" | tail -n 1)
newest=${newest#GLIBC_}
libraries=$(objdump -p "$1" | sed -n 's/^ *NEEDED *//p' | sort | tr '\n' ' ')

if [ -z "$newest" ] || [ "$(printf '%s\n' "$newest" "$2" | sort -V | tail -n 1)" != "$2" ]; then
    echo "$1 needs glibc $newest, and $2 is promised:" >&2
    objdump -T "$1" | grep "GLIBC_$newest" >&2
    exit 1
fi
for library in $libraries; do
    case $library in
        ld-linux-*.so.[12] | libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libutil.so.1) ;;
        *) echo "$1 needs $library, which is no part of glibc" >&2 && exit 1 ;;
    esac
done
echo "needs glibc $newest: $libraries"
