//! Spawning on the current `spdk_thread`.

pub use crate::adapter::{JoinError, JoinHandle, yield_now};
use crate::thread::Runtime;

/// Spawns a task on the current `spdk_thread`, where it stays; it need not be `Send`.
///
/// The task starts in the thread's next turn. Dropping the handle lets it run on by itself; a task
/// that is left when the thread ends is cancelled.
///
/// The task's waker may be used on any thread and at any time. Once the task, its thread or the
/// application is gone, it does nothing.
///
/// ```no_run
/// use spdk_async::spawn_local;
///
/// # async fn example() -> spdk_async::Result<()> {
/// let task = spawn_local(async { 6 * 7 });
/// assert_eq!(task.await.expect("the task neither panics nor is cancelled"), 42);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// If the current thread is no `spdk_thread` with a runtime, as outside of [`App::run`](crate::App)
/// and [`Worker`](crate::Worker), or if that runtime is ending.
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match Runtime::current("spawn_local").and_then(|runtime| runtime.spawn(future)) {
        Ok(handle) => handle,
        Err(error) => panic!("{error}"),
    }
}
