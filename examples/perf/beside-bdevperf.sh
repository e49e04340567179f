#!/usr/bin/env bash
# The example `perf` beside SPDK's `bdevperf`: the same configuration, the same options, in turn.
#   examples/perf/beside-bdevperf.sh [ROUNDS [OPTION...]]
# Three rounds, and random reads of 4 KiB, 32 at once, of a null bdev, if nothing else is asked for. The options
# are those that both have: -q DEPTH, -o BYTES, -w WORKLOAD, -M READS, -t SECONDS, -m CORES; CONFIG and BDEV in the
# environment name another configuration and its bdev. BDEVPERF names the program; without it, it is looked
# for in PATH and where SPDK's build leaves it beneath SPDK_DIR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rounds=${1:-3}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "beside-bdevperf.sh: ROUNDS is a number from 1, not \`$rounds\`" >&2; exit 2; }
options=("${@:2}")
[ ${#options[@]} -gt 0 ] || options=(-q 32 -o 4096 -w randread -t 2 -m 0x1)

bdevperf=${BDEVPERF:-$(command -v bdevperf || echo "${SPDK_DIR:-}/build/examples/bdevperf")}
[ -x "$bdevperf" ] || { echo "bdevperf: skipped, there is none in PATH, SPDK_DIR or BDEVPERF"; exit 0; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
config=${CONFIG:-$scratch/null.json}
bdev=${BDEV:-Null0}
[ -n "${CONFIG:-}" ] || cat >"$config" <<'END'
{"subsystems": [{"subsystem": "bdev", "config": [
  {"method": "bdev_null_create", "params": {"name": "Null0", "num_blocks": 131072, "block_size": 512}}]}]}
END

# run COMMAND...: says why where it cannot.
run() {
  "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/out" "$scratch/err" >&2; exit 1; }
}

run cargo build --release --example perf --features system
printf '%-8s %14s %14s %8s\n' round 'bdevperf IOPS' 'perf IOPS' ratio
for round in $(seq "$rounds"); do
  run "$bdevperf" --no-huge -s 1024 --no-pci -c "$config" -T "$bdev" "${options[@]}"
  # What it prints as it goes ends in carriage returns, and is on either stream.
  theirs=$(cat "$scratch/out" "$scratch/err" | tr '\r' '\n' | awk '$1 == "Total" && $2 == ":" {print $3}')
  [ -n "$theirs" ] || { echo "beside-bdevperf.sh: bdevperf has printed no total" >&2; exit 1; }
  run cargo run --release --example perf --features system -- \
    -c "$config" -b "$bdev" --warm-up 0 --json "$scratch/figures" "${options[@]}"
  ours=$(awk -F '[:,]' '/"total"/ {total = 1} total && /"iops"/ {print $2; exit}' "$scratch/figures")
  awk -v round="$round" -v theirs="$theirs" -v ours="$ours" \
    'BEGIN {printf "%-8s %14.0f %14.0f %8.2f\n", round, theirs, ours, ours / theirs}'
done
