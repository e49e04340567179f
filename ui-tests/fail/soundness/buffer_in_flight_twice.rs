//! One buffer for two reads at a time.

use spdk_async::DmaBuf;
use spdk_async::bdev::BlockDevice;

async fn read(device: BlockDevice, buf: DmaBuf) {
    let first = device.read_at(buf, 0);
    let second = device.read_at(buf, 4096); // the first has it until it is done
    first.await.0.expect("it reads");
    second.await.0.expect("it reads");
}

fn main() {
    let _ = read;
}
