//! A task of another `spdk_thread` whose result must stay there.

use std::rc::Rc;

use spdk_async::Worker;

async fn make(worker: Worker) {
    let made = worker.spawn(|| async { Rc::new(1) }); // an `Arc`
    made.expect("it is up").await.expect("it is made");
}

fn main() {
    let _ = make;
}
