//! A zero-copy that ends as soon as it has begun.
#![deny(unused_must_use)]

use spdk_async::bdev::IoChannel;

async fn fill(channel: IoChannel) -> spdk_async::Result<()> {
    channel.zcopy(0, 8, false).await?; // write to it and commit it
    Ok(())
}

fn main() {
    let _ = fill;
}
