#!/bin/sh
# Builds the program that the packages carry: one file that starts on glibc 2.17 and later (EL 7, Debian 8, Ubuntu 14.04),
# with the list of its crates inside (cargo-auditable), and the same bytes wherever and whenever it is built.
# usage: packaging/build.sh        prints the path of the program, on standard output and nothing else
# Needed: cargo, python3 with venv, and the registries. zig and the tools of cargo are put into target/packaging.
#
# It is linked by zig, which has the symbols of each glibc. Never with `-C target-feature=+crt-static`: such a program
# links, starts, and dies at the first name that nsswitch.conf hands to a module of another glibc.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=packaging/tools.sh
. packaging/tools.sh

glibc=2.17
target=$(uname -m)-unknown-linux-gnu

cargo_tool cargo-auditable 0.7.7
zig

# No path of this machine stays in the program. $1 becomes $2, for rustc and for the compiler of C.
rust=
c=
forget() {
    rust="$rust --remap-path-prefix=$1=$2"
    c="$c -ffile-prefix-map=$1=$2"
}
forget "$(rustc --print sysroot)" /rust
forget "${CARGO_HOME:-$HOME/.cargo}" /cargo
forget "$PWD" /gosync

export RUSTFLAGS="$rust" CFLAGS="$c"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
export CARGO_TARGET_DIR="$PWD/target/packaging/build"
export CARGO_INCREMENTAL=0
unset RUSTC_WRAPPER

cargo auditable zigbuild --release --locked --target "$target.$glibc" >&2
program=$CARGO_TARGET_DIR/$target/release/gosync
packaging/needs.sh "$program" $glibc >&2
echo "$program"
