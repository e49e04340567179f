//! A device that is used after it was closed.

use spdk_async::bdev::BlockDevice;

async fn close(device: BlockDevice) -> u64 {
    device.close().await;
    device.num_blocks() // ask before, or close a clone
}

fn main() {
    let _ = close;
}
