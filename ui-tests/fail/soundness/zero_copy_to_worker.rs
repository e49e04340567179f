//! A zero-copy that is ended on another `spdk_thread`.

use spdk_async::Worker;
use spdk_async::bdev::ZeroCopy;

async fn commit(worker: Worker, borrowed: ZeroCopy) {
    let committed = worker.spawn(move || async move { borrowed.commit().await.is_ok() }); // commit it here
    committed.expect("it is up").await.expect("it writes");
}

fn main() {
    let _ = commit;
}
