#!/bin/sh
# All that a release consists of: builds the program, packs it, lists its crates, and sums everything up.
# usage: packaging/release.sh DIRECTORY
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1"
out=$(realpath "$1")
rm -rf "${out:?}"/*

program=$(packaging/build.sh)
packaging/pack.sh "$program" "$out"
packaging/crates.sh "$out"
(cd "$out" && sha256sum ./* > SHA256SUMS)
echo
(cd "$out" && ls -l)
