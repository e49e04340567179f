#!/usr/bin/env bash
# No warning of the compiler or of clippy, in any target.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
cargo clippy --workspace --all-targets -- -D warnings
passed clippy 1
