//! The clock: ticks of the monotonic clock, one per nanosecond.
//!
//! SPDK counts TSC cycles; here the rate is the constant 1 000 000 000 on every machine, and ticks
//! agree between cores by the kernel's word. Any OS thread may call in here.

use core::ffi::c_uint;

const NANOSECONDS: u64 = 1_000_000_000;

/// The present tick. Ticks never go back and are never 0.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
#[inline]
pub unsafe extern "C" fn spdk_get_ticks() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is writable; the monotonic clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    // The clock starts with the machine: both parts are non-negative and fit.
    now.tv_sec as u64 * NANOSECONDS + now.tv_nsec as u64
}

/// Ticks per second.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
#[inline]
pub unsafe extern "C" fn spdk_get_ticks_hz() -> u64 {
    NANOSECONDS
}

/// Spins for `us` microseconds without giving the core away.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_delay_us(us: c_uint) {
    // SAFETY: reading the clock has no precondition.
    let end = unsafe { spdk_get_ticks() } + u64::from(us) * 1_000;
    // SAFETY: as above.
    while unsafe { spdk_get_ticks() } < end {
        core::hint::spin_loop();
    }
}

/// Tells the core that the caller spins.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
#[inline]
pub unsafe extern "C" fn spdk_pause() {
    core::hint::spin_loop();
}
