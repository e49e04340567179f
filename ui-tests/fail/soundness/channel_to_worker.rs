//! A channel that is used on another `spdk_thread`.

use spdk_async::Worker;
use spdk_async::bdev::IoChannel;

async fn read(worker: Worker, channel: IoChannel) {
    let read = worker.spawn(move || async move { channel.read(vec![0; 512], 0).await.0.is_ok() }); // open one there
    read.expect("it is up").await.expect("it reads");
}

fn main() {
    let _ = read;
}
