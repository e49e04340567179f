#!/usr/bin/env bash
# What the declarations of `spdk_async::raw` cost when `spdk-async` is compiled.
#   bench/compile-time.sh [RUNS]
# Checks the crate alone, its dependencies being there already, so many times (7), and prints the median.
# How long the expansion of all its macros takes, and what they expand to, only an unstable option of the
# compiler tells; it is asked for with RUSTC_BOOTSTRAP, in a target folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-7}
[[ $runs =~ ^[1-9][0-9]*$ ]] || { echo "compile-time.sh: RUNS is a number from 1, not \`$runs\`" >&2; exit 2; }
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/compile-time
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never RUSTC_BOOTSTRAP=1
raw=spdk-wrappers/src/raw
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

# compile COMMAND...: compiles `spdk-async` and nothing else; says why where it cannot.
compile() {
  cargo clean --quiet -p spdk-async
  "$@" >"$log/out" 2>"$log/err" || { cat "$log/err" >&2; exit 1; }
}

# median FILE: of one number a line, with two decimals.
median() {
  sort -n "$1" | awk '{n[NR] = $1} END {printf "%.2f", (n[int((NR + 1) / 2)] + n[int(NR / 2) + 1]) / 2}'
}

# row WHAT VALUE
row() {
  printf '%-62s %12s\n' "$1" "$2"
}

compile cargo check -p spdk-async
for ((run = 0; run < runs; run++)); do
  compile true
  start=$EPOCHREALTIME
  cargo check --quiet -p spdk-async
  awk -v start="$start" -v end="$EPOCHREALTIME" 'BEGIN {print end - start}' >>"$log/check"
  compile cargo rustc --profile check -p spdk-async --lib -- -Ztime-passes
  awk '/macro_expand_crate$/ {sub(/;/, "", $2); print $2}' "$log/out" "$log/err" >>"$log/expand"
done
[ "$(wc -l <"$log/expand")" -eq "$runs" ] || { echo "compile-time.sh: the compiler did not say how long its macros took" >&2; exit 1; }

compile cargo rustc --profile check -p spdk-async --lib -- -Zunpretty=expanded
# Comments are attributes of one or several lines by now.
expanded=$(sed -n '/^pub mod raw {/,/^}/p' "$log/out" |
  sed -e '/^ *#!\?\[doc/{:more' -e '/\]$/!{N;b more' -e '};d}' -e '/^ *\/\//d' | wc -l)
[ "$expanded" -gt 0 ] || { echo "compile-time.sh: there is no module \`raw\` in what the compiler has expanded" >&2; exit 1; }

row "$(rustc --version), median of $runs" ""
row "cargo check of spdk-async alone, seconds" "$(median "$log/check")"
row "of which all of its macros are expanded, seconds" "$(median "$log/expand")"
row "declared callbacks of raw (#[spdk_callback])" "$(grep -rhE '^ *#\[spdk_callback\b' $raw | wc -l)"
row "declared functions of raw (#[spdk_async])" "$(grep -rhE '^ *#\[spdk_async\b' $raw | wc -l)"
row "lines of raw, without comments" "$(grep -rhvE '^ *(//|$)' $raw | wc -l)"
row "lines of raw, expanded, without comments" "$expanded"
