//! A task for another `spdk_thread` that borrows from this one.

use spdk_async::Worker;

async fn count(worker: Worker, mut counter: u32) {
    let count = worker.spawn(|| async { counter += 1 }); // it may still run when this is gone
    count.expect("it is up").await.expect("it counts");
}

fn main() {
    let _ = count;
}
