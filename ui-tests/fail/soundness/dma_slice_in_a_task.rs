//! A slice of a `DmaBuf` in a task that may outlive it.

use spdk_async::{DmaBuf, spawn_local};

async fn sum(buf: DmaBuf) {
    let bytes = &buf[..];
    let sum = spawn_local(async move { bytes.len() }); // move the buffer into the task
    sum.await.expect("it counts");
}

fn main() {
    let _ = sum;
}
