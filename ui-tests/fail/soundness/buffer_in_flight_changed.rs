//! A buffer that is changed while it is written.

use spdk_async::bdev::BlockDevice;

async fn write(device: BlockDevice) {
    let mut bytes = vec![0; 512];
    let written = device.write_at(bytes, 0);
    bytes[0] = 1; // the operation has it until it is done
    written.await.0.expect("it writes");
}

fn main() {
    let _ = write;
}
