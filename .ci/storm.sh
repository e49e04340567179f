#!/usr/bin/env bash
# A million operations, 256 at once, dropped at random, optimised, on the embedded backend and, where there
# is one, on an installed SPDK. SPDK_ASYNC_STORM_OPS asks for another number.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
export SPDK_ASYNC_STORM_OPS=${SPDK_ASYNC_STORM_OPS:-1000000}

run_tests storm cargo test --release -p spdk-async --test storm

if [ -z "${SPDK_DIR:-}" ] && ! pkg-config --exists spdk_event spdk_env_dpdk 2>/dev/null; then
  echo "storm on an installed SPDK: skipped, none found by pkg-config or SPDK_DIR"
  exit 0
fi
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/system
run_tests storm-system \
  cargo test --release -p spdk-async --test storm --no-default-features --features system
