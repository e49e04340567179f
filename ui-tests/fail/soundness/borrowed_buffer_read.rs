//! A read into a buffer that the caller only borrows: the future may go while C still writes.

use spdk_async::bdev::BlockDevice;

async fn read(device: BlockDevice) {
    let mut bytes = [0; 512];
    device.read_at(&mut bytes, 0).await.0.expect("it reads"); // give it a buffer, not a borrow
}

fn main() {
    let _ = read;
}
