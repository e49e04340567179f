//! thread.h: lightweight threads, messages, pollers, I/O devices and channels.
//!
//! Owns every `spdk_thread` and the registry of I/O devices. Whoever polls a thread is its host: a
//! reactor of the app framework, or a loop of the user's own.
//!
//! One rule holds everywhere: the state of a thread is touched only by the OS thread on which it is
//! current; others reach it by message. Interrupt mode, spinlocks and iobuf are left out.

mod channel;
mod for_each;
mod io_device;
mod library;
mod life;
mod msg;
mod object;
mod poll;
mod poller;
mod poller_api;
mod registry;
mod send;
mod types;

pub use channel::{
    spdk_get_io_channel, spdk_io_channel, spdk_io_channel_from_ctx, spdk_io_channel_get_ctx,
    spdk_io_channel_get_io_device, spdk_io_channel_get_io_device_name, spdk_io_channel_get_thread,
    spdk_io_channel_ref, spdk_put_io_channel,
};
pub use for_each::{
    spdk_for_each_channel, spdk_for_each_channel_continue, spdk_for_each_thread,
    spdk_io_channel_iter, spdk_io_channel_iter_get_channel, spdk_io_channel_iter_get_ctx,
    spdk_io_channel_iter_get_io_device,
};
pub use io_device::{spdk_io_device_register, spdk_io_device_unregister};
pub use library::{
    spdk_thread_get_app_thread, spdk_thread_get_by_id, spdk_thread_get_count,
    spdk_thread_is_app_thread, spdk_thread_lib_fini, spdk_thread_lib_init,
    spdk_thread_lib_init_ext,
};
pub use life::{
    spdk_thread_create, spdk_thread_destroy, spdk_thread_exit, spdk_thread_set_cpumask,
};
pub use object::{
    spdk_get_thread, spdk_set_thread, spdk_thread, spdk_thread_bind, spdk_thread_get_cpumask,
    spdk_thread_get_ctx, spdk_thread_get_from_ctx, spdk_thread_get_id, spdk_thread_get_last_tsc,
    spdk_thread_get_name, spdk_thread_get_stats, spdk_thread_has_active_pollers,
    spdk_thread_has_pollers, spdk_thread_is_bound, spdk_thread_is_exited, spdk_thread_is_idle,
    spdk_thread_is_running, spdk_thread_next_poller_expiration,
};
pub use poll::{spdk_thread_poll, spdk_thread_register_post_poller_handler};
pub use poller::spdk_poller;
pub use poller_api::{
    spdk_poller_pause, spdk_poller_register, spdk_poller_register_named, spdk_poller_resume,
    spdk_poller_unregister,
};
pub use send::{spdk_thread_exec_msg, spdk_thread_send_critical_msg, spdk_thread_send_msg};
pub use types::*;
