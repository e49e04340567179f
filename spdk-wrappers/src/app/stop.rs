//! Ends an application: workers, tasks, what is in flight, what is open, SPDK.

use core::ffi::c_void;
use core::ptr;

use crate::adapter::guard;
use crate::thread::{Runtime, end, end_workers};

/// Begins the end, from the last task. The rest happens by messages, outside of any task.
pub(super) fn begin() {
    // SAFETY: no precondition.
    let app_thread = unsafe { spdk_sys::spdk_get_thread() };
    // SAFETY: the app thread is current, so it has not exited.
    unsafe { spdk_sys::spdk_thread_send_msg(app_thread, Some(stop), ptr::null_mut()) };
}

unsafe extern "C" fn stop(_ctx: *mut c_void) {
    guard("the end of an application", || {
        let Ok(runtime) = Runtime::current("spdk_app_stop") else { return };
        // Each side's tasks may hold what the other side has opened, so all tasks go first; then
        // whatever is open on a thread is dropped, or is waited for.
        runtime.cancel_tasks();
        end_workers(runtime.clone(), move || {
            end(runtime, || {
                // SAFETY: on the app thread, which has nothing open any more.
                unsafe { spdk_sys::spdk_app_stop(0) };
            });
        });
    });
}
