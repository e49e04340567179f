//! A task for another `spdk_thread` that shares what must stay on this one.

use std::cell::Cell;
use std::rc::Rc;

use spdk_async::Worker;

async fn count(worker: Worker, counter: Rc<Cell<u32>>) {
    let count = worker.spawn(move || async move { counter.set(1) }); // an `Arc` and an atomic
    count.expect("it is up").await.expect("it counts");
}

fn main() {
    let _ = count;
}
