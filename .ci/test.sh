#!/usr/bin/env bash
# The README's test command, doc tests included, on the embedded backend.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
run_tests test cargo test --workspace
