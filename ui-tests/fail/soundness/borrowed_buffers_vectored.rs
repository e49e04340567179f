//! Buffers of a vectored write that the caller only borrows.

use spdk_async::bdev::IoChannel;

async fn write(channel: IoChannel) {
    let header = vec![1; 512];
    let parts = vec![&header[..256], &header[256..]];
    channel.writev(parts, 0).await.0.expect("it writes"); // give it buffers, not borrows
}

fn main() {
    let _ = write;
}
