//! A read into bytes that never change.

use spdk_async::bdev::BlockDevice;

static BYTES: [u8; 512] = [0; 512];

fn read(device: BlockDevice) {
    drop(device.read_at(&BYTES[..], 0)); // these cannot be written
}

fn main() {
    let _ = read;
}
