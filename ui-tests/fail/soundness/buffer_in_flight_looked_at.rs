//! A slice of a buffer that is still looked at when a read takes the buffer.

use spdk_async::DmaBuf;
use spdk_async::bdev::BlockDevice;

async fn read(device: BlockDevice, buf: DmaBuf) -> u8 {
    let head = &buf[..16];
    let (result, _buf) = device.read_at(buf, 0).await; // the slice would see C's writes
    result.expect("it reads");
    head[0]
}

fn main() {
    let _ = read;
}
