//! A read into a buffer that others may look at meanwhile.

use std::sync::Arc;

use spdk_async::DmaBuf;
use spdk_async::bdev::BlockDevice;

fn read(device: BlockDevice, buf: Arc<DmaBuf>) {
    drop(device.read_at(buf, 0)); // a read needs a buffer of its own
}

fn main() {
    let _ = read;
}
