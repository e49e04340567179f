#!/usr/bin/env bash
# The same tests on an installed SPDK, where there is one, and no warning of clippy there. Its build has
# a target folder of its own, so that the two backends do not take turns at rebuilding each other's crates.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

if [ -z "${SPDK_DIR:-}" ] && ! pkg-config --exists spdk_event spdk_env_dpdk 2>/dev/null; then
  echo "system lane: skipped, no SPDK found by pkg-config or SPDK_DIR"
  exit 0
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/system
features=(--no-default-features --features system)

# The lane `clippy` sees the other backend.
cargo clippy -p spdk-sys -p spdk-async -p spdk-async-tests --all-targets "${features[@]}" -- -D warnings
passed system-clippy 1

run_tests system cargo test -p spdk-sys -p spdk-async -p spdk-async-tests "${features[@]}"

expect_lines cargo run -p spdk-async-examples --example hello_bdev "${features[@]}" <<'END'
backend: system
buf matches!
the file holds what was written
END
expect_lines cargo run -p spdk-async-examples --example callbacks "${features[@]}" <<'END'
backend: system
spdk_bdev_init_cb: .+
spdk_bdev_fini_cb: .+
END
expect_lines cargo run -p spdk-async-examples --example perf "${features[@]}" -- \
  --time 0.5 --warm-up 0.1 -b Malloc0 -w verify <<'END'
backend: system; verify of 4096 bytes, depth 32, 0\.50 s; latencies in µs
END
passed system-examples 3
