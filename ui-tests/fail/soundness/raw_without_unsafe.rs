//! SPDK's own function, whose arguments nobody checks.

use spdk_async::raw::bdev::spdk_bdev_wait_for_examine;

async fn examine() {
    spdk_bdev_wait_for_examine().await.expect("it examines"); // `unsafe`, or `bdev::wait_for_examine`
}

fn main() {
    let _ = examine;
}
