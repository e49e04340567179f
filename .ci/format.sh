#!/usr/bin/env bash
# The sources are formatted as rustfmt.toml says.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
cargo fmt --all --check
passed format 1
