//! A token of a channel's operations on another `spdk_thread`.

use spdk_async::Worker;
use spdk_async::bdev::AbortToken;

fn send(worker: Worker, token: AbortToken) {
    worker.spawn(move || async move { drop(token) }).expect("it is up").abort(); // abort on the channel's thread
}

fn main() {
    let _ = send;
}
