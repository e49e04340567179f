#!/usr/bin/env bash
# A million reads in flight at once and a hundred thousand tasks, optimised, on the embedded backend, each with its
# limit of memory. SPDK_ASYNC_SCALE_READS asks for another number. One test at a time, for each takes two
# gigabytes.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
export SPDK_ASYNC_SCALE_READS=${SPDK_ASYNC_SCALE_READS:-1000000}

run_tests scale cargo test --release -p spdk-async --test scale -- --test-threads=1
