//! `spdk_thread` itself: its fields, the current thread of an OS thread, and the plain accessors.
//!
//! Invariant: fields that are neither atomic nor fixed at creation are touched only by the OS thread
//! on which the thread is current (or by its host between polls). The user context follows the
//! object in the same allocation.

use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::ffi::CString;

use super::msg::{MsgCache, MsgQueue};
use super::poll::PostPollers;
use super::poller::{ActivePollers, PausedPollers, TimedPollers};
use super::{spdk_io_channel, spdk_thread_stats};
use crate::{spdk_cpuset, spdk_get_ticks};

/// The thread takes messages and runs pollers.
pub(super) const RUNNING: u8 = 0;
/// `spdk_thread_exit` was called; what is left on the thread still runs.
pub(super) const EXITING: u8 = 1;
/// Nothing is left; only `spdk_thread_destroy` may follow.
pub(super) const EXITED: u8 = 2;

/// Longest name of a thread, poller or device, in bytes.
pub(super) const MAX_NAME_LEN: usize = 256;

/// A lightweight thread: a message queue, pollers and I/O channels, run by whoever polls it.
///
/// Opaque, as in C; used through pointers only.
#[repr(C, align(64))]
pub struct spdk_thread {
    pub(super) messages: MsgQueue,
    /// The pending critical message, as a function pointer.
    pub(super) critical: AtomicPtr<()>,
    pub(super) state: AtomicU8,
    /// True inside `spdk_thread_poll` of this thread.
    pub(super) polling: AtomicBool,
    pub(super) bound: AtomicBool,
    pub(super) forced: Cell<bool>,
    pub(super) tsc_last: AtomicU64,
    pub(super) stats: Cell<spdk_thread_stats>,
    pub(super) msg_cache: MsgCache,
    pub(super) active: ActivePollers,
    pub(super) timed: TimedPollers,
    pub(super) paused: PausedPollers,
    pub(super) post_pollers: PostPollers,
    pub(super) exit_deadline: Cell<u64>,
    pub(super) pending_unregister_count: Cell<u32>,
    pub(super) for_each_count: Cell<u32>,
    /// Channels by the address of their device's record.
    pub(super) channels: UnsafeCell<BTreeMap<usize, *mut spdk_io_channel>>,
    pub(super) id: u64,
    pub(super) name: CString,
    pub(super) ctx_size: usize,
    pub(super) cpumask: UnsafeCell<spdk_cpuset>,
}

impl spdk_thread {
    fn layout(ctx_size: usize) -> Layout {
        Layout::new::<Self>()
            .extend(Layout::array::<u8>(ctx_size).expect("spdk_thread: context too large"))
            .expect("spdk_thread: context too large")
            .0
            .pad_to_align()
    }

    /// Allocates a thread with `ctx_size` zeroed bytes behind it; NULL when out of memory.
    pub(super) fn alloc(
        id: u64,
        name: *const c_char,
        cpumask: spdk_cpuset,
        ctx_size: usize,
    ) -> *mut Self {
        // SAFETY: the layout is never empty, as the struct itself is not.
        let thread = unsafe { std::alloc::alloc_zeroed(Self::layout(ctx_size)) }.cast::<Self>();
        if thread.is_null() {
            return thread;
        }
        let object = Self {
            messages: MsgQueue::new(),
            critical: AtomicPtr::new(ptr::null_mut()),
            state: AtomicU8::new(RUNNING),
            polling: AtomicBool::new(false),
            bound: AtomicBool::new(false),
            forced: Cell::new(false),
            tsc_last: AtomicU64::new(spdk_ticks()),
            stats: Cell::new(spdk_thread_stats::default()),
            msg_cache: MsgCache::new(),
            active: ActivePollers::new(),
            timed: TimedPollers::new(),
            paused: PausedPollers::new(),
            post_pollers: PostPollers::new(),
            exit_deadline: Cell::new(0),
            pending_unregister_count: Cell::new(0),
            for_each_count: Cell::new(0),
            channels: UnsafeCell::new(BTreeMap::new()),
            id,
            name: name_or_address(name, thread.cast()),
            ctx_size,
            cpumask: UnsafeCell::new(cpumask),
        };
        // SAFETY: freshly allocated with the layout of `Self` (and more).
        unsafe { thread.write(object) };
        thread
    }

    /// Drops the thread and gives its memory back.
    ///
    /// # Safety
    /// - `thread` came from [`spdk_thread::alloc`] and nobody uses it any more.
    pub(super) unsafe fn dealloc(thread: *mut Self) {
        // SAFETY: the caller hands over the last pointer to a live object.
        let layout = unsafe { Self::layout((*thread).ctx_size) };
        // SAFETY: as above; nothing reads the object after this.
        unsafe { thread.drop_in_place() };
        // SAFETY: allocated with this very layout.
        unsafe { std::alloc::dealloc(thread.cast(), layout) };
    }

    /// The name for messages to people.
    pub(super) fn label(&self) -> std::borrow::Cow<'_, str> {
        self.name.to_string_lossy()
    }

    pub(super) fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }
}

fn spdk_ticks() -> u64 {
    // SAFETY: reading the clock has no precondition.
    unsafe { spdk_get_ticks() }
}

/// The given name, cut to SPDK's limit, or the address when there is none.
pub(super) fn name_or_address(name: *const c_char, address: *const c_void) -> CString {
    if name.is_null() {
        return CString::new(format!("{address:p}")).expect("an address holds no NUL");
    }
    // SAFETY: a non-NULL name is a C string by the contract of the API.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    CString::new(&bytes[..bytes.len().min(MAX_NAME_LEN)]).expect("a C string holds no NUL")
}

thread_local! {
    static CURRENT: Cell<*mut spdk_thread> = const { Cell::new(ptr::null_mut()) };
}

/// The current thread of the calling OS thread, or NULL.
#[inline]
pub(super) fn current() -> *mut spdk_thread {
    CURRENT.get()
}

/// Makes `thread` the current one and returns the previous one.
#[inline]
pub(super) fn set_current(thread: *mut spdk_thread) -> *mut spdk_thread {
    CURRENT.replace(thread)
}

/// The name of the current thread for messages to people.
pub(super) fn current_label() -> String {
    let thread = current();
    if thread.is_null() {
        return "no spdk_thread".into();
    }
    // SAFETY: a current thread is alive.
    unsafe { (*thread).label() }.into_owned()
}

/// Ends the process unless `thread` is the current one: the rule that `function` has.
pub(super) fn require_current(function: &str, what: &str, thread: *mut spdk_thread) {
    if current() == thread {
        return;
    }
    // SAFETY: the caller passes the owner of a live object, so it is alive.
    let owner = unsafe { (*thread).label() };
    let here = current_label();
    panic!(
        "{function}: {what} belongs to thread '{owner}', but it was called on '{here}'; send a message to the owner instead"
    );
}

/// The current thread of the calling OS thread, or NULL.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
#[inline]
pub unsafe extern "C" fn spdk_get_thread() -> *mut spdk_thread {
    current()
}

/// Makes `thread` the current thread of the calling OS thread. NULL means none.
///
/// [`spdk_thread_poll`](super::spdk_thread_poll) does this by itself; it is needed to call the API
/// outside a poll.
///
/// # Safety
/// - `thread` is NULL or alive, and stays alive while it is current.
/// - No other OS thread polls it or has it as its current thread meanwhile.
pub unsafe extern "C" fn spdk_set_thread(thread: *mut spdk_thread) {
    set_current(thread);
}

/// The context of the host behind the thread: zeroed, 8-byte aligned, valid until destroy. NULL when
/// the library was initialised with a context size of 0.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_get_ctx(thread: *mut spdk_thread) -> *mut c_void {
    // SAFETY: the caller vouches for the thread.
    if unsafe { (*thread).ctx_size } == 0 {
        return ptr::null_mut();
    }
    // SAFETY: the context follows the object in the same allocation.
    unsafe { thread.add(1) }.cast()
}

/// The thread whose context `ctx` is; NULL for NULL.
///
/// # Safety
/// - `ctx` is NULL or came from [`spdk_thread_get_ctx`] of a thread that is alive.
pub unsafe extern "C" fn spdk_thread_get_from_ctx(ctx: *mut c_void) -> *mut spdk_thread {
    if ctx.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the context directly follows its thread in one allocation.
    unsafe { ctx.cast::<spdk_thread>().sub(1) }
}

/// The thread's name; valid as long as the thread.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_get_name(thread: *const spdk_thread) -> *const c_char {
    // SAFETY: the caller vouches for the thread; the name never changes.
    unsafe { (*thread).name.as_ptr() }
}

/// The thread's id: unique in the life of the process, starting at 1.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_get_id(thread: *const spdk_thread) -> u64 {
    // SAFETY: the caller vouches for the thread; the id never changes.
    unsafe { (*thread).id }
}

/// The CPUs the thread should run on, a hint for its host. Read it on the thread itself or as its
/// host between polls.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_get_cpumask(thread: *mut spdk_thread) -> *mut spdk_cpuset {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).cpumask.get() }
}

/// Asks the host to keep the thread on its present core (or no longer to).
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_bind(thread: *mut spdk_thread, bind: bool) {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).bound.store(bind, Ordering::Release) }
}

/// Whether the thread is bound to its present core.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_is_bound(thread: *mut spdk_thread) -> bool {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).bound.load(Ordering::Acquire) }
}

/// Whether the thread has not been told to exit.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_is_running(thread: *mut spdk_thread) -> bool {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).state() == RUNNING }
}

/// Whether the thread has finished exiting and may be destroyed.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_is_exited(thread: *mut spdk_thread) -> bool {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).state() == EXITED }
}

/// Whether no message, critical message or unpaused poller waits. Ask on the thread itself or as its
/// host between polls.
///
/// # Safety
/// - `thread` is alive.
pub unsafe extern "C" fn spdk_thread_is_idle(thread: *mut spdk_thread) -> bool {
    // SAFETY: the caller vouches for the thread and asks from its side.
    unsafe {
        (*thread).messages.is_empty()
            && (*thread).active.is_empty()
            && (*thread).timed.is_empty()
            && (*thread).critical.load(Ordering::Acquire).is_null()
    }
}

/// Whether the thread has a poller with period 0 (1) or none (0).
///
/// # Safety
/// - `thread` is alive, and the caller is on it or is its host between polls.
pub unsafe extern "C" fn spdk_thread_has_active_pollers(thread: *mut spdk_thread) -> c_int {
    // SAFETY: the caller vouches for the thread.
    unsafe { c_int::from(!(*thread).active.is_empty()) }
}

/// Whether the thread has any poller: active, timed or paused.
///
/// # Safety
/// - `thread` is alive, and the caller is on it or is its host between polls.
pub unsafe extern "C" fn spdk_thread_has_pollers(thread: *mut spdk_thread) -> bool {
    // SAFETY: the caller vouches for the thread.
    unsafe {
        !(*thread).active.is_empty() || !(*thread).timed.is_empty() || !(*thread).paused.is_empty()
    }
}

/// The tick at which the next timed poller is due (an absolute tick, not a delay); 0 when there is
/// none.
///
/// # Safety
/// - `thread` is alive, and the caller is on it or is its host between polls.
pub unsafe extern "C" fn spdk_thread_next_poller_expiration(thread: *mut spdk_thread) -> u64 {
    // SAFETY: the caller vouches for the thread.
    unsafe { (*thread).timed.next_tick() }
}

/// Copies the busy and idle ticks of the current thread. Returns 0, or `-EINVAL` without a current
/// thread or for NULL.
///
/// # Safety
/// - `stats` is NULL or points to writable memory for one `spdk_thread_stats`.
pub unsafe extern "C" fn spdk_thread_get_stats(stats: *mut spdk_thread_stats) -> c_int {
    let thread = current();
    if thread.is_null() || stats.is_null() {
        return -libc::EINVAL;
    }
    // SAFETY: a current thread is alive; the caller vouches for `stats`.
    unsafe { *stats = (*thread).stats.get() };
    0
}

/// The tick at which the last poll of the thread ended. NULL means the current thread.
///
/// # Safety
/// - `thread` is alive, or NULL on an OS thread that has a current thread.
pub unsafe extern "C" fn spdk_thread_get_last_tsc(thread: *mut spdk_thread) -> u64 {
    let thread = if thread.is_null() { current() } else { thread };
    assert!(!thread.is_null(), "spdk_thread_get_last_tsc: NULL needs a current spdk_thread");
    // SAFETY: the caller vouches for the thread, and a current one is alive.
    unsafe { (*thread).tsc_last.load(Ordering::Relaxed) }
}
