#!/usr/bin/env bash
# ThreadSanitizer over what uses several threads, on a nightly toolchain. The standard library comes
# without its instrumentation: `tsan/std.c` says what it does, `tsan/suppressions.txt` what remains.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"
need_nightly tsan

target=x86_64-unknown-linux-gnu
std=("$(rustc +nightly --print sysroot)/lib/rustlib/$target/lib"/libstd-*.so)

# symbol ENDING: the standard library's symbol that ends so.
symbol() {
  local found
  found=$(nm --defined-only "${std[0]}" | awk -v ending="$1\$" '$3 ~ ending {print $3}')
  [ "$(wc -w <<<"$found")" -eq 1 ] || fail "the standard library has no single symbol $1; adapt tsan/std.c"
  echo "$found"
}

lock=$(symbol 5mutex5futexNtB2_5Mutex14lock_contended)
wait=$(symbol 7condvar5futexNtB2_7Condvar4wait)
timeout=$(symbol 7condvar5futexNtB2_7Condvar12wait_timeout)

checked_build tsan
mkdir -p "$CARGO_TARGET_DIR"
object=$(realpath "$CARGO_TARGET_DIR")/std.o
cc -Wall -Werror -O1 -c .ci/tsan/std.c -o "$object" "-DLOCK_CONTENDED=$lock" \
  "-DCONDVAR_WAIT=$wait" "-DCONDVAR_WAIT_TIMEOUT=$timeout"

# The mismatch is that of the standard library.
flags=(-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer "-Clink-arg=$object")
for name in "$lock" "$wait" "$timeout"; do
  flags+=("-Clink-arg=-Wl,--wrap=$name")
done
export RUSTFLAGS="${flags[*]}"
# Of what must not be allocated, a test asks for a NULL. A backtrace is the standard library's.
export TSAN_OPTIONS="suppressions=$PWD/.ci/tsan/suppressions.txt allocator_may_return_null=1"
export RUST_BACKTRACE=0

# The tests that have a second thread: of their own, of an aio bdev, or of a second core. Not `shutdown`:
# a signal waits here for the next system call, which a reactor never makes.
tests=(adapter app_cores app_life app_signals aio_bdev bdev_threads env_util thread_channels
  thread_for_each thread_life thread_messages app cancel_threads device ownership_channels
  ownership_timers ownership_workers parents_threads read_write restart tasks workers)
run_tests tsan cargo +nightly test --no-fail-fast --target $target \
  -p callback-adapter -p spdk-sys -p spdk-async "${tests[@]/#/--test=}"
