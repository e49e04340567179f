#!/usr/bin/env bash
# The README's test command, doc tests included, on the embedded backend.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
grep -q "^cargo test --workspace " README.md || fail "the README names another test command"
run_tests test cargo test --workspace
