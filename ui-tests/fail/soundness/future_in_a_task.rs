//! The future of a command in a task that may outlive its channel.

use spdk_async::bdev::IoChannel;
use spdk_async::spawn_local;

async fn flush(channel: IoChannel) {
    let flush = spawn_local(channel.flush(0, 1)); // move the channel into the task
    flush.await.expect("it is not cancelled").expect("it flushes");
}

fn main() {
    let _ = flush;
}
