#!/usr/bin/env bash
# The examples run on the embedded backend and print what they should.
. "$(dirname "${BASH_SOURCE[0]}")/lane.sh"

expect_lines cargo run --release --example hello_bdev <<'END'
backend: embedded
opened AIO0 \(AIO disk\): 2048 blocks of 512 bytes
buf matches!
the file holds what was written
END

expect_lines cargo run --release --example callbacks <<'END'
backend: embedded
spdk_bdev_remove_cb_t: .+
spdk_bdev_event_cb_t: .+
spdk_bdev_io_completion_cb: .+
spdk_bdev_wait_for_examine_cb: .+
spdk_bdev_init_cb: .+
spdk_bdev_fini_cb: .+
spdk_bdev_get_device_stat_cb: .+
spdk_bdev_io_timeout_cb: .+
spdk_bdev_io_wait_cb: .+
spdk_bdev_histogram_status_cb: .+
spdk_bdev_histogram_data_cb: .+
END

# It answers with its status whether each step went right.
expect_lines cargo run --release --example own_c_library <<'END'
ok: a kv_put was dropped in flight
ok: the snapshot that nobody took was closed
ok: the stream reported versions 1 and 2 and ended with its watch
END

figures=$(mktemp -d)
trap 'rm -rf "$figures"' EXIT
perf=(cargo run --release --example perf -- --time 0.5 --warm-up 0.1)
expect_lines "${perf[@]}" -b Malloc0 -b Null0 -w randrw --json "$figures/json" --plot "$figures/plot.svg" <<'END'
backend: embedded; randrw \(50 % reads\) of 4096 bytes, depth 32, 0\.50 s; latencies in µs
Malloc0 +0 +[1-9][0-9]* .+
Null0 +0 +[1-9][0-9]* .+
total +[1-9][0-9]* .+
END
# Of each row, of all, of the reads and of the writes.
awk -F '[:,]' '/"operations"/ {n[++lines] = $2}
  END {exit !(lines == 5 && n[1] + n[2] == n[3] && n[4] + n[5] == n[3])}' "$figures/json" ||
  fail "the figures of perf do not add up: $(cat "$figures/json")"
grep -q 'Null0 on core 0' "$figures/plot.svg" || fail "the plot of perf has no curve of Null0"
expect_lines "${perf[@]}" -w verify <<'END'
backend: embedded; verify of 4096 bytes, depth 32, 0\.50 s; latencies in µs
END
expect_status 2 "${perf[@]}" --depth 0
expect_status 1 "${perf[@]}" --bdev Nope

passed examples 4
