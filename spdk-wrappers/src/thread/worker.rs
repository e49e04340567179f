//! Further `spdk_thread`s for tasks, placed on the reactors by SPDK.

use core::ffi::c_void;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::ffi::CString;

use futures_channel::oneshot;

use super::end;
use super::runtime::Runtime;
use crate::adapter::{JoinHandle, Remote, guard};
use crate::error::{Error, Result};

/// The worker has ended; nothing can be spawned on it.
pub use crate::adapter::Closed as WorkerEnded;

/// An `spdk_thread` of its own, with a runtime. Cheap to clone, and usable from any thread.
///
/// SPDK places it on one of the application's cores, where it stays. It ends by
/// [`end`](Self::end), or with the application.
///
/// ```no_run
/// use spdk_async::{Worker, bdev::BlockDevice};
///
/// # async fn example() -> spdk_async::Result<()> {
/// let device = BlockDevice::open("Malloc0").await?;
/// let worker = Worker::create("reader", Some("0x2")).await?;
/// let read = worker.spawn(move || async move { device.read_at(vec![0; 512], 0).await.0 });
/// read.expect("the worker is up").await.expect("the task is not cancelled")?;
/// worker.end();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Worker {
    id: u64,
    remote: Remote,
}

impl Worker {
    /// Creates the thread (`spdk_thread_create`) and waits until its runtime is up. `cores` is a
    /// core mask or list in SPDK's form, such as `"0x2"` or `"[1,2]"`; `None` allows every core.
    ///
    /// # Errors
    ///
    /// If no `spdk_thread` is current or the current one is ending, the name holds a NUL, the mask
    /// cannot be read, or SPDK cannot create the thread.
    pub async fn create(name: &str, cores: Option<&str>) -> Result<Self> {
        const OPERATION: &str = "spdk_thread_create";
        // The end of the application waits for the workers that there are when its own tasks are gone.
        if Runtime::current(OPERATION)?.is_ending() {
            return Err(Error::ending(OPERATION));
        }
        let (ready, up) = oneshot::channel();
        start(OPERATION, name, cores, ready)?;
        up.await.map_err(|_| Error::ending(OPERATION))?.map(Unclaimed::claim)
    }

    /// Spawns the future that `generator` makes on this thread, where it stays; it need not be
    /// `Send`.
    ///
    /// # Errors
    ///
    /// [`WorkerEnded`] if the thread has ended. If it ends later, the handle reports a cancelled
    /// task.
    pub fn spawn<G, F>(
        &self,
        generator: G,
    ) -> core::result::Result<JoinHandle<F::Output>, WorkerEnded>
    where
        G: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.remote.spawn(generator)
    }

    /// Asks the thread to end: its tasks are cancelled, what it has in flight is drained, what it
    /// has open is closed, and it exits (`spdk_thread_exit`). Does not wait.
    ///
    /// A task that is alive is dropped on this thread, wherever it waits, and its handle answers
    /// [`JoinError::Cancelled`](crate::JoinError::Cancelled). Wakers of its tasks that others still
    /// have do nothing from then on.
    ///
    /// SPDK applies the rate limits of a bdev on one of the threads that use it. That thread exits
    /// when the limits are taken off, or nobody has the bdev open any more.
    pub fn end(&self) {
        end::request(self.id);
    }

    /// Whether the thread has ended and takes no tasks any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.remote.is_closed()
    }
}

type Ready = oneshot::Sender<Result<Unclaimed>>;

/// A worker that its creator has not taken over. Dropped, it ends.
struct Unclaimed(Option<Worker>);

impl Unclaimed {
    fn claim(mut self) -> Worker {
        self.0.take().expect("a worker is claimed once")
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(worker) = self.0.take() {
            worker.end();
        }
    }
}

/// How many threads have been created and have no runtime yet.
static STARTING: AtomicUsize = AtomicUsize::new(0);

/// Whether a thread is on its way up, and will be listed soon.
pub(super) fn any_starting() -> bool {
    STARTING.load(Ordering::SeqCst) > 0
}

fn start(operation: &'static str, name: &str, cores: Option<&str>, ready: Ready) -> Result<()> {
    let name = CString::new(name).map_err(|_| Error::invalid(operation, "the name holds a NUL"))?;
    let mask = cores.map(|cores| parse_mask(operation, cores)).transpose()?;
    let mask = mask.as_deref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the name and the mask are copied during the call.
    let thread = unsafe { spdk_sys::spdk_thread_create(name.as_ptr(), mask.cast_mut()) };
    if thread.is_null() {
        return Err(Error::no_memory(operation));
    }
    STARTING.fetch_add(1, Ordering::SeqCst);
    let ready = Box::into_raw(Box::new(ready)).cast();
    // SAFETY: the thread has just been created and exits only when it is told to; the message takes
    // `ready` over.
    unsafe { spdk_sys::spdk_thread_send_msg(thread, Some(attach), ready) };
    Ok(())
}

fn parse_mask(operation: &'static str, cores: &str) -> Result<Box<spdk_sys::spdk_cpuset>> {
    let text =
        CString::new(cores).map_err(|_| Error::invalid(operation, "the mask holds a NUL"))?;
    let mut mask = Box::<spdk_sys::spdk_cpuset>::default();
    // SAFETY: both pointers are valid for the call.
    let rc = unsafe { spdk_sys::spdk_cpuset_parse(&raw mut *mask, text.as_ptr()) };
    if rc != 0 {
        let reason = format!("`{cores}` is no core mask; write it as \"0x3\" or \"[0,1]\"");
        return Err(Error::invalid(operation, reason));
    }
    Ok(mask)
}

/// The new thread's first message.
///
/// # Safety
///
/// - `ready` is a `Box<Ready>` that `start` leaked for this message.
unsafe extern "C" fn attach(ready: *mut c_void) {
    guard("the first message of a worker", || {
        // SAFETY: the caller's promise.
        let ready = unsafe { Box::from_raw(ready.cast::<Ready>()) };
        let worker = Runtime::attach().map(|runtime| {
            let (id, remote) = (runtime.id(), runtime.remote().clone());
            Unclaimed(Some(Worker { id, remote }))
        });
        // Listed by now, if it came up.
        STARTING.fetch_sub(1, Ordering::SeqCst);
        let failed = worker.is_err();
        // A creator that is gone leaves the worker unclaimed.
        drop(ready.send(worker));
        if failed {
            // SAFETY: this thread is current and has nothing open.
            unsafe { end::exit_current() };
        }
    });
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("thread", &self.id).finish_non_exhaustive()
    }
}
