//! The future of an operation in a task that may outlive its channel.

use spdk_async::bdev::IoChannel;
use spdk_async::spawn_local;

async fn read(channel: IoChannel) {
    let read = spawn_local(channel.read(vec![0; 512], 0)); // move the channel into the task
    read.await.expect("it reads").0.expect("it reads");
}

fn main() {
    let _ = read;
}
