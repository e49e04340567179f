# Sourced by each lane: strict mode, the root of the repository as the working directory, and what
# the lanes have in common.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=never

# passed NAME COUNT: the lane's result.
passed() {
  echo "lane $1: $2 passed"
}

# fail MESSAGE: ends the lane.
fail() {
  echo "error: $1" >&2
  exit 1
}

# checked_build NAME: a target folder of its own, with what a report needs to name lines and no more.
checked_build() {
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/$1
  export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
}

# need_nightly NAME: ends the lane, as skipped, where there is no nightly toolchain.
need_nightly() {
  if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "$1 lane: skipped, no nightly toolchain"
    exit 0
  fi
}

# run_tests NAME COMMAND...: runs a `cargo test` and reports how many tests passed. Nothing at all is
# a failure: a lane is never green by testing nothing.
run_tests() {
  local name=$1 log count
  shift
  log=$(mktemp)
  echo "+ $*"
  if ! "$@" 2>&1 | tee "$log"; then
    rm -f "$log"
    return 1
  fi
  count=$(awk '/^test result: ok\. /{n += $4} END {print n + 0}' "$log")
  rm -f "$log"
  [ "$count" -gt 0 ] || fail "no test ran"
  passed "$name" "$count"
}

# expect_lines COMMAND... <<< LINES: runs a program and checks that its output has each line, a regular
# expression that matches it as a whole.
expect_lines() {
  local output line
  echo "+ $*"
  output=$("$@" </dev/null) || fail "\`$*\` ended with status $?"
  echo "$output"
  while IFS= read -r line; do
    [ -z "$line" ] || grep -qxE -- "$line" <<<"$output" || fail "\`$*\` did not print: $line"
  done
}

# expect_status STATUS COMMAND...: runs a program that must fail with this status, and checks that it says
# why.
expect_status() {
  local expected=$1 status=0 errors
  shift
  echo "+ $*"
  errors=$("$@" </dev/null 2>&1 >/dev/null) || status=$?
  echo "$errors"
  [ "$status" -eq "$expected" ] || fail "\`$*\` ended with status $status, not $expected"
  [ -n "$errors" ] || fail "\`$*\` did not say why it failed"
}
