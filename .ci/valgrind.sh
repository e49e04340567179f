#!/usr/bin/env bash
# Memcheck over one example: a second opinion, on code that is not instrumented.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

if ! command -v valgrind >/dev/null; then
  echo "valgrind lane: skipped, no valgrind"
  exit 0
fi

checked_build valgrind
cargo build -p spdk-async-examples --example hello_bdev
# Blocks that are still reachable at the end are the record pages, which are never freed.
kinds=definite,indirect
expect_lines valgrind -q --error-exitcode=1 --leak-check=full --show-leak-kinds=$kinds --errors-for-leak-kinds=$kinds \
  "$CARGO_TARGET_DIR/debug/examples/hello_bdev" <<'END'
backend: embedded
buf matches!
the file holds what was written
END
passed valgrind 1
