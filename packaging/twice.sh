#!/bin/sh
# Makes the release once more, from a clone of the last commit in another folder, and compares it with that of DIRECTORY.
# usage: packaging/twice.sh DIRECTORY
set -eu
cd "$(dirname "$0")/.."
if [ -n "$(git status --porcelain)" ]; then
    echo "twice.sh: what is not committed would not be in the second build" >&2
    exit 2
fi
first=$(realpath "$1")
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
git clone --quiet . "$other/another-place"
TOOLS=${TOOLS:-$PWD/target/packaging/tools} "$other/another-place/packaging/release.sh" "$other/release" > "$other/log"
diff "$first/SHA256SUMS" "$other/release/SHA256SUMS"
echo "The same bytes:"
cat "$first/SHA256SUMS"
