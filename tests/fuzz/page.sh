#!/bin/sh
# Writes the end of docs/torture.md from docs/fuzz.tsv.
set -eu
cd "$(dirname "$0")/../.."
page=docs/torture.md
head='# Inputs that nobody would send'
{
    sed "/^$head\$/,\$d" "$page" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
    cat <<END

$head

Written by \`make fuzz\` from docs/fuzz.tsv, which says at which commit each line was measured. For each kind of input, libFuzzer makes
up bytes and keeps those that reach a new place in the code; \`src/fuzzing.rs\` says what must hold. **Failed** are inputs that broke
it, or took more than 20 seconds or 2 GiB, in the last run of all; what was found before and mended lies in \`tests/fuzz/corpus\`, which
every run of the unit tests replays. \`make fuzz\` gives each kind 600 seconds unless told otherwise.

Found so far, and mended: a glob with \`<\` or \`>\` among group filters matched the edge of a word; a \`group\` command chose which of two
keys of one name in somebody's record counts; names of LDAP entries that end in an escaped blank were none, and the form in which
names are compared was not always its own form (\`oid.\` before something else than a number, blanks and tabs at an end).

| input | tried | seconds | places reached | failed |
|---|---|---|---|---|
END
    awk -F '\t' '
        { print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " |"; tried += $2; seconds += $3; failed += $5 }
        END { print "| **all** | " tried " | " seconds " | | " failed " |" }' docs/fuzz.tsv
} > "$page.new"
mv "$page.new" "$page"
