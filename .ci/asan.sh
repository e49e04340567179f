#!/usr/bin/env bash
# AddressSanitizer, with its leak check, over the tests, on a nightly toolchain. The tests of the
# compiler's messages and the doc tests stay with the `test` lane.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
need_nightly asan

checked_build asan
export RUSTFLAGS=-Zsanitizer=address CFLAGS=-fsanitize=address
# One test asks for more memory than there is, to be refused.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
run_tests asan cargo +nightly test --no-fail-fast --target x86_64-unknown-linux-gnu --tests \
  -p callback-adapter -p spdk-sys -p spdk-async -p spdk-async-tests
