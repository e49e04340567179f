//! A flush whose failure nobody sees.
#![deny(unused_must_use)]

use spdk_async::bdev::IoChannel;

async fn flush(channel: IoChannel) {
    channel.flush(0, 8).await; // look at the result
}

fn main() {
    let _ = flush;
}
