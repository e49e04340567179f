//! An operation that is never begun.
#![deny(unused_must_use)]

use spdk_async::bdev::BlockDevice;

async fn write(device: BlockDevice) {
    device.write_at(vec![0; 512], 0); // await it
}

fn main() {
    let _ = write;
}
