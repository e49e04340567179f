//! Constants and callback types of thread.h, with the names and values of the header.

use core::ffi::{c_int, c_uint, c_void};

use super::{spdk_io_channel_iter, spdk_thread};

/// What a poller returns: see [`SPDK_POLLER_IDLE`] and [`SPDK_POLLER_BUSY`].
pub type spdk_thread_poller_rc = c_uint;
/// The poller had nothing to do; the time of this poll counts as idle.
pub const SPDK_POLLER_IDLE: spdk_thread_poller_rc = 0;
/// The poller did some work; the time of this poll counts as busy.
pub const SPDK_POLLER_BUSY: spdk_thread_poller_rc = 1;

/// What the thread library asks of its host in [`spdk_thread_op_fn`].
pub type spdk_thread_op = c_uint;
/// A thread was created: the host must poll it from now on.
pub const SPDK_THREAD_OP_NEW: spdk_thread_op = 0;
/// The cpumask of a thread changed: the host should move it.
pub const SPDK_THREAD_OP_RESCHED: spdk_thread_op = 1;

/// Bytes before the context of an I/O channel.
pub const SPDK_IO_CHANNEL_STRUCT_SIZE: u32 = 96;
/// Messages that a thread keeps for its next sends.
pub const SPDK_MSG_MEMPOOL_CACHE_SIZE: u32 = 1024;
/// Messages in the pool of the process when [`spdk_thread_lib_init`](super::spdk_thread_lib_init)
/// makes it.
pub const SPDK_DEFAULT_MSG_MEMPOOL_SIZE: u32 = 262_143;

/// Hook for a new thread, run inside [`spdk_thread_create`](super::spdk_thread_create) on the
/// creator's OS thread. Non-zero refuses the thread.
pub type spdk_new_thread_fn = Option<unsafe extern "C" fn(thread: *mut spdk_thread) -> c_int>;
/// Hook for a thread operation. `NEW` runs on the creator's OS thread, `RESCHED` on the thread itself.
pub type spdk_thread_op_fn =
    Option<unsafe extern "C" fn(thread: *mut spdk_thread, op: spdk_thread_op) -> c_int>;
/// Tells whether the host supports a thread operation.
pub type spdk_thread_op_supported_fn = Option<unsafe extern "C" fn(op: spdk_thread_op) -> bool>;
/// A message: runs once on the thread it was sent to.
pub type spdk_msg_fn = Option<unsafe extern "C" fn(ctx: *mut c_void)>;
/// A poller: runs on its thread until it is unregistered. Returns more than 0 for work done, 0 for
/// idle, less than 0 for neither.
pub type spdk_poller_fn = Option<unsafe extern "C" fn(ctx: *mut c_void) -> c_int>;
/// Builds the context of a new channel on the thread that asked for it. Non-zero refuses the channel.
pub type spdk_io_channel_create_cb =
    Option<unsafe extern "C" fn(io_device: *mut c_void, ctx_buf: *mut c_void) -> c_int>;
/// Takes the context of a channel down, on the thread of the channel.
pub type spdk_io_channel_destroy_cb =
    Option<unsafe extern "C" fn(io_device: *mut c_void, ctx_buf: *mut c_void)>;
/// Runs when the last channel of an unregistered device is gone, on the unregistering thread.
pub type spdk_io_device_unregister_cb = Option<unsafe extern "C" fn(io_device: *mut c_void)>;
/// One step of [`spdk_for_each_channel`](super::spdk_for_each_channel), on the thread of a channel.
pub type spdk_channel_msg = Option<unsafe extern "C" fn(i: *mut spdk_io_channel_iter)>;
/// The end of [`spdk_for_each_channel`](super::spdk_for_each_channel), on the thread that started it.
pub type spdk_channel_for_each_cpl =
    Option<unsafe extern "C" fn(i: *mut spdk_io_channel_iter, status: c_int)>;
/// A one-shot handler that runs after the next active poller of its thread.
pub type spdk_post_poller_fn = Option<unsafe extern "C" fn(fn_arg: *mut c_void)>;

/// Time a thread has spent in polls, in ticks.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_thread_stats {
    /// Ticks of polls that did work.
    pub busy_tsc: u64,
    /// Ticks of polls that found nothing to do.
    pub idle_tsc: u64,
}
