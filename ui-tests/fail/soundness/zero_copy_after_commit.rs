//! The buffers of a zero-copy after they were given back.

use spdk_async::bdev::ZeroCopy;

async fn write(mut borrowed: ZeroCopy) {
    borrowed.commit().await.expect("it writes");
    borrowed.copy_from(0, b"late"); // the bdev has them again
}

fn main() {
    let _ = write;
}
