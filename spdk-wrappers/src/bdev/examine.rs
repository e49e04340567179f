//! Waiting for block device modules to look at new bdevs.

use crate::error::{Error, Result};
use crate::raw::bdev as raw;
use crate::thread::Runtime;

/// Waits until no module is examining a bdev (`spdk_bdev_wait_for_examine`): what modules build on
/// the bdevs there are, is there.
///
/// # Errors
///
/// `ENOMEM`, and if no `spdk_thread` with a runtime is current.
pub async fn wait_for_examine() -> Result<()> {
    const OPERATION: &str = "spdk_bdev_wait_for_examine";
    let runtime = Runtime::current(OPERATION)?;
    // SAFETY: an spdk_thread is current.
    let call = unsafe { raw::spdk_bdev_wait_for_examine() };
    call.on(runtime.pool()).await.map_err(Error::of(OPERATION))
}
