//! A read whose failure nobody sees.
#![deny(unused_must_use)]

use spdk_async::bdev::BlockDevice;

async fn read(device: BlockDevice) {
    device.read_at(vec![0; 512], 0).await; // look at the result
}

fn main() {
    let _ = read;
}
