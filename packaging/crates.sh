#!/bin/sh
# Writes the list of the crates that the program is built from, as CycloneDX.
# usage: packaging/crates.sh DIRECTORY
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=packaging/tools.sh
. packaging/tools.sh

cargo_tool cargo-cyclonedx 0.5.9
target=$(uname -m)-unknown-linux-gnu
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# With it there is neither a serial number of chance nor today's date.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"

# It writes beside Cargo.toml, and names the place.
name=gosync-crates.$$
trap 'rm -f "$name.json"' EXIT
cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --override-filename "$name"
sed "s|path+file://$PWD|path+file:///gosync|g" "$name.json" > "$1/gosync-$version-$(uname -m)-linux.cdx.json"
