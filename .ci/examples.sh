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

passed examples 3
