//! Tasks that are ready at once.

use spdk_async::spawn_local;

/// Spawns so many, and awaits each before the next.
pub(super) async fn spawn(count: u64) {
    for _ in 0..count {
        spawn_local(async {}).await.expect("the task neither panics nor is cancelled");
    }
}
