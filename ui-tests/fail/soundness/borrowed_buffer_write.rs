//! A write from a buffer that the caller only borrows.

use spdk_async::bdev::IoChannel;

async fn write(channel: &IoChannel, bytes: &[u8]) {
    channel.write(bytes, 0).await.0.expect("it writes"); // give it a buffer, not a borrow
}

fn main() {
    let _ = write;
}
