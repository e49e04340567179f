#!/usr/bin/env bash
# Instructions of the toolkit's steps, counted by callgrind, beside those in bench/budget.tsv: 3 % more
# fails, and so does 3 % less, for a budget that nobody lowers catches nothing. `--bless` writes what
# is counted into the file.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

budget=bench/budget.tsv
case "${1:-}" in
  "" | --bless) ;;
  *) fail "\`.ci/budget.sh\` takes \`--bless\` or nothing, and not \`$1\`" ;;
esac
if ! command -v valgrind >/dev/null; then
  [ "${1:-}" != --bless ] || fail "blessing needs valgrind; install it"
  echo "budget lane: skipped, no valgrind"
  exit 0
fi
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "budget lane: skipped, the budget is one of x86_64 Linux"
  exit 0
fi

# The release build as users get it.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
cargo build --release -p spdk-async-bench
bench=${CARGO_TARGET_DIR:-target}/release/spdk-async-bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Multiples of the depth, and far enough apart.
depth=32 few=6400 many=25600

# collected PIECE COUNT [FUNCTION]: the instructions of a run, or of one function in it. A piece is one of
# the benchmark, or a lane with what it does, as LANE:OP. The environment is empty, and libc is told to copy
# memory in the way that any x86_64 can.
collected() {
  local piece=${1%:*} op=read
  [ "$piece" = "$1" ] || op=${1#*:}
  env -i PATH="$PATH" GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512VL,-AVX_Fast_Unaligned_Load,-ERMS \
    valgrind --tool=callgrind --callgrind-out-file=/dev/null ${3:+--toggle-collect="*::$3"} \
    "$bench" --depths $depth --ops $op --fixed "$piece" "$2" 2>&1 | tee "$work/log.$2" |
    sed -n 's/^==[0-9]*== Collected : //p'
}

# count NAME PIECE [FUNCTION]: adds the instructions of one operation to the list of counts.
count() {
  local name=$1 low high run
  shift
  collected "$1" $few "${2:-}" >"$work/few" &
  run=$!
  high=$(collected "$1" $many "${2:-}") || fail "the piece \`$1\` failed: $(tail -n 1 "$work/log.$many")"
  wait $run || fail "the piece \`$1\` failed: $(tail -n 1 "$work/log.$few")"
  low=$(<"$work/few")
  [ "${high:-0}" -gt "${low:-0}" ] || fail "callgrind counted nothing of \`$*\`"
  awk -v name="$name" -v more=$((high - low)) -v times=$((many - few)) \
    'BEGIN {printf "%s %.3f\n", name, more / times}' >>"$work/counts"
}

for lane in callback safe raw; do
  count $lane $lane:read
done
for lane in callback safe; do
  count ${lane}_readv $lane:readv
done
count bare bare
count bare_calls bare counted
count submit_polls submit counted
count cancel cancel
count spawn spawn
count wake wake
count wake_calls wake counted

# What the items of the budget are made of.
awk '
  {count[$1] = $2}
  function item(name, instructions) {printf "%s\t%.1f\n", name, instructions}
  END {
    submit = count["submit_polls"] - count["bare_calls"]
    item("read_safe", count["safe"] - count["callback"])
    item("read_raw", count["raw"] - count["callback"])
    item("readv_safe", count["safe_readv"] - count["callback_readv"])
    item("submit", submit)
    item("complete", count["safe"] - count["callback"] - submit)
    item("cancel", count["cancel"] - count["bare"])
    item("spawn", count["spawn"])
    item("wake_away", count["wake_calls"])
    item("woken_from_away", count["wake"] - count["wake_calls"])
  }' "$work/counts" >"$work/measured"

with="$(rustc --version | cut -d' ' -f1,2), $(getconf GNU_LIBC_VERSION)"
if [ "${1:-}" = --bless ]; then
  awk -F'\t' -v OFS='\t' -v with="$with" '
    NR == FNR {measured[$1] = $2; next}
    /^# with: / {$0 = "# with: " with}
    !/^#/ && !($1 in measured) {next}
    !/^#/ {$2 = measured[$1]; delete measured[$1]}
    {print}
    END {for (name in measured) print name, measured[name], "(say what this is)"}
  ' "$work/measured" $budget >"$work/blessed"
  cp "$work/blessed" $budget
fi

blessed_with=$(sed -n 's/^# with: //p' $budget)
[ "$with" = "$blessed_with" ] ||
  echo "note: the budget was counted with $blessed_with, this is $with; a difference may be theirs"

awk -F'\t' '
  BEGIN {printf "%-16s %10s %10s %9s\n", "instructions", "measured", "budget", "change"}
  NR == FNR {if (!/^#/) {budget[$1] = $2; meaning[$1] = $3}; next}
  !($1 in budget) {errors = errors "error: `" $1 "` has no budget: bless it\n"; next}
  {
    change = ($2 / budget[$1] - 1) * 100
    printf "%-16s %10.1f %10.1f %+7.1f %%   %s\n", $1, $2, budget[$1], change, meaning[$1]
    if (change > 3) {
      errors = errors sprintf("error: `%s` takes %.1f %% more instructions than its budget: " \
        "find out why, or bless it\n", $1, change)
    } else if (change < -3) {
      errors = errors sprintf("error: `%s` is better than its budget, by %.1f %%: bless it\n", $1, -change)
    }
    delete budget[$1]
  }
  END {
    for (name in budget) errors = errors "error: nothing measures `" name "`: bless it\n"
    printf "%s", errors
    exit errors != ""
  }' $budget "$work/measured" || fail "\`.ci/budget.sh --bless\` makes what is counted the budget"
passed budget "$(wc -l <"$work/measured")"
