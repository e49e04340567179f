#!/usr/bin/env bash
# The models of what crosses threads, each in every schedule within the bounds that
# adapter/tests/models/README.md names. Their build has a target folder of its own, for it is another
# build of everything.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/models
export RUSTFLAGS="${RUSTFLAGS:-} --cfg loom"

run_tests models cargo test --release -p callback-adapter --test models -- --show-output
run_tests models cargo test --release -p spdk-async --lib roster_models -- --show-output
