//! What the tests of ownership share: several `spdk_thread`s on one OS thread, and ways to see that
//! something has ended.
//!
//! The applications have one core, so all their threads run on one OS thread, and what is not `Send`
//! can reach each of them by a `thread_local!`.

use core::any::Any;
use core::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use spdk_async::bdev::{Bdev, Descriptor, Events};
use spdk_async::{Worker, timeout};

use super::{next, turn};

pub(crate) fn thread_id() -> u64 {
    // SAFETY: no precondition.
    let thread = unsafe { spdk_sys::spdk_get_thread() };
    assert!(!thread.is_null());
    // SAFETY: the thread is current, so it is alive.
    unsafe { spdk_sys::spdk_thread_get_id(thread) }
}

/// How many `spdk_thread`s there are.
pub(crate) fn threads() -> u32 {
    // SAFETY: no precondition.
    unsafe { spdk_sys::spdk_thread_get_count() }
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let until = async {
        while !condition() {
            turn().await;
        }
    };
    timeout(Duration::from_secs(20), until).await.expect("it comes soon");
}

pub(crate) async fn open_watched() -> (Descriptor, Events) {
    let descriptor = Bdev::open("Malloc0").await.unwrap();
    let events = descriptor.events();
    (descriptor, events)
}

/// The descriptor behind this stream of events is closed.
pub(crate) async fn closes(mut events: Events) {
    let end = timeout(Duration::from_secs(20), next(&mut events)).await;
    assert_eq!(end.expect("the descriptor is closed soon"), None);
}

/// Runs `work` on a value on another `spdk_thread` of this OS thread.
pub(crate) async fn elsewhere<T: 'static, O: Send + 'static>(
    value: T,
    work: impl AsyncFnOnce(T) -> O + Send + 'static,
) -> O {
    thread_local!(static PASSED: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) });
    PASSED.set(Some(Box::new(value)));
    let (thread, os_thread) = (thread_id(), std::thread::current().id());
    let worker = Worker::create("elsewhere", None).await.unwrap();
    let task = worker.spawn(move || async move {
        assert_ne!(thread_id(), thread);
        assert_eq!(std::thread::current().id(), os_thread);
        let value = PASSED.take().expect("it was passed").downcast::<T>();
        work(*value.expect("it has its type")).await
    });
    let output = task.unwrap().await.unwrap();
    worker.end();
    output
}

pub(crate) async fn drop_elsewhere<T: 'static>(value: T) {
    elsewhere(value, async |value| drop(value)).await;
}

/// Counts how often it wakes.
#[derive(Default)]
pub(crate) struct Count(pub(crate) AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
