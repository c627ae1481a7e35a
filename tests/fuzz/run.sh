#!/bin/sh
# Lets cargo-fuzz make up inputs: each target of tests/fuzz for $SECONDS_EACH seconds, or those whose names contain $1. Each that ends
# leaves a line in docs/fuzz.tsv in place of its last one, and the end of docs/torture.md is written from all of them.
# With KEEP=1, inputs that reach more than those of tests/fuzz/corpus are put there, as long as it stays small.
set -eu
cd "$(dirname "$0")/../.."
command -v cargo-fuzz >/dev/null || { echo "make fuzz: needs cargo-fuzz: cargo install cargo-fuzz" >&2; exit 1; }
# Only a nightly compiler would let us have coverage otherwise.
export RUSTC_BOOTSTRAP=1
table=docs/fuzz.tsv
found=target/fuzz/found
# Without a sanitizer: gosync has no unsafe code that one could watch.
fuzz() {
    cargo fuzz run -s none --fuzz-dir tests/fuzz --target-dir target/fuzz "$@"
}

# target, inputs tried, seconds, places in the code that were reached, inputs that failed; the commit and the day
note() {
    row="$1	$2	$3	$4	$5	$(git describe --always --dirty)	$(date -u +%Y-%m-%d)"
    touch "$table"
    grep -v "^$1	" "$table" > "$table.new" || true
    printf '%s\n' "$row" >> "$table.new"
    LC_ALL=C sort -o "$table" "$table.new"
    rm "$table.new"
}

# Copies what the corpus lacks, of every size: at most 40 more, each of 4 KiB at most, and as many as make 60 files and 100,000 bytes.
keep() {
    more=target/fuzz/more/$1
    corpus=tests/fuzz/corpus/$1
    rm -rf "$more"
    mkdir -p "$more"
    fuzz "$1" "$more" "$corpus" "$found/$1" -- -merge=1 -max_len=4096 -timeout=20 > "target/fuzz/$1.merge" 2>&1
    step=$(($(ls "$more" | wc -l) / 40 + 1))
    for file in $(ls -Sr "$more" | awk -v step="$step" 'NR % step == 0'); do
        [ "$(ls "$corpus" | wc -l)" -lt 60 ] || break
        [ "$(cat "$corpus"/* "$more/$file" | wc -c)" -le 100000 ] || break
        cp "$more/$file" "$corpus/$(echo "$file" | cut -c 1-12)"
    done
}

status=0
for target in $(cargo fuzz list --fuzz-dir tests/fuzz | grep -F -- "${1:-}"); do
    mkdir -p "$found/$target"
    log=target/fuzz/$target.log
    begun=$(ls "tests/fuzz/artifacts/$target" 2>/dev/null | wc -l)
    fuzz "$target" "$found/$target" "tests/fuzz/corpus/$target" -- -max_total_time="${SECONDS_EACH:-600}" -max_len=16384 \
        -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 > "$log" 2>&1 || status=1
    tried=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    seconds=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log" | tail -1)
    places=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    failed=$(($(ls "tests/fuzz/artifacts/$target" 2>/dev/null | wc -l) - begun))
    note "$target" "${tried:-0}" "${seconds:-0}" "${places:-0}" "$failed"
    echo "$target: ${tried:-0} inputs in ${seconds:-0} s, ${places:-0} places, $failed failed"
    [ -z "${KEEP:-}" ] || keep "$target"
done
tests/fuzz/page.sh
exit "$status"
