//! Drives an executor and the library in turn, on one thread.

use callback_adapter::{Executor, Home, Pool, Wakeup};

use crate::store::Store;

/// The loop below runs the executor all the time, so nobody needs waking.
struct PolledAlways;

impl Wakeup for PolledAlways {
    fn wake(&self) {}
}

/// Runs `work` to its end, and then the library until it has given back each record.
pub(crate) fn run<T: 'static>(store: &Store, work: impl AsyncFnOnce(Store) -> T + 'static) -> T {
    let pool = Pool::new(Home::os_thread());
    let executor = Executor::new(pool.clone(), PolledAlways);
    let task_store = store.clone();
    let mut task = executor.spawn(async move { work(task_store).await });
    while !task.is_finished() || pool.in_use() > 0 {
        executor.run(64);
        store.poll();
    }
    match futures_util::FutureExt::now_or_never(&mut task) {
        Some(Ok(output)) => output,
        Some(Err(error)) => panic!("{error}"),
        None => unreachable!("the task has finished"),
    }
}
