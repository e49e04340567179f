//! Test switches: rare paths of the bdev layer, provoked on any bdev by its name.
//!
//! They belong to the process, apply to every channel of the bdev, and cost one predictable branch
//! on the way to the module and one on the way back while no switch is on. Small pools come from
//! `spdk_bdev_set_opts`; hot removal and resizing from the bdev's own functions.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::sync::Mutex;

use super::channel::BdevChannel;
use super::complete::complete_now;
use super::io::int;
use super::module_types::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_NOMEM, SPDK_BDEV_IO_STATUS_SUCCESS,
    spdk_bdev_io_status,
};
use super::registry::lock;
use super::state::state;
use super::submit::complete_in_submit;
use super::{
    SPDK_BDEV_IO_TYPE_ABORT, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_RESET,
    SPDK_BDEV_IO_TYPE_ZCOPY, buf, spdk_bdev_io,
};
use crate::{
    SPDK_POLLER_BUSY, SPDK_POLLER_IDLE, spdk_poller, spdk_poller_register_named,
    spdk_poller_unregister,
};

/// Where a completion comes from. A read or zero-copy that succeeds without the module gets zeroes.
#[derive(Debug, Copy, Clone, Default, PartialEq, Eq)]
pub enum Completion {
    /// From the module, whenever it likes.
    #[default]
    Module,
    /// Inside the module's submit function, with this status; the module is not called. The user's
    /// callback comes by message.
    InsideSubmit(spdk_bdev_io_status),
    /// Inside the user's submit call, callback included, with this status; the module is not called.
    Inline(spdk_bdev_io_status),
}

/// What happens to the I/O of one bdev, resets and aborts excepted.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    nomem: u32,
    completion: Completion,
    limit: Option<u32>,
    delay_polls: u32,
    shuffle: Option<u64>,
}

impl Faults {
    /// Nothing unusual.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The module answers NOMEM to the next `times` I/O (counting each attempt).
    #[must_use]
    pub fn nomem(mut self, times: u32) -> Self {
        self.nomem = times;
        self
    }

    /// Completions come from elsewhere than the module.
    #[must_use]
    pub fn completion(mut self, completion: Completion) -> Self {
        self.completion = completion;
        self
    }

    /// [`Faults::completion`] applies to the next `times` I/O only.
    #[must_use]
    pub fn limit(mut self, times: u32) -> Self {
        self.limit = Some(times);
        self
    }

    /// The module's completions are held back for `polls` polls of their thread; those that come
    /// meanwhile leave with them.
    #[must_use]
    pub fn delay(mut self, polls: u32) -> Self {
        self.delay_polls = polls;
        self
    }

    /// The module's completions of one poll (or of the polls of [`Faults::delay`]) are delivered in an
    /// order that depends on `seed` only.
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.shuffle = Some(seed);
        self
    }
}

static ACTIVE: AtomicBool = AtomicBool::new(false);
static TABLE: Mutex<BTreeMap<String, Faults>> = Mutex::new(BTreeMap::new());
static ALLOC_FAILURES: AtomicU32 = AtomicU32::new(0);

/// Switches faults on for the bdev named `bdev_name`, in place of those it had.
pub fn set(bdev_name: &str, faults: Faults) {
    lock(&TABLE).insert(bdev_name.to_owned(), faults);
    ACTIVE.store(true, Ordering::Release);
}

/// Switches the faults of one bdev off. Completions that are held back are still delivered.
pub fn clear(bdev_name: &str) {
    let mut table = lock(&TABLE);
    table.remove(bdev_name);
    ACTIVE.store(!table.is_empty(), Ordering::Release);
}

/// Switches everything off.
pub fn clear_all() {
    let mut table = lock(&TABLE);
    table.clear();
    ACTIVE.store(false, Ordering::Release);
    ALLOC_FAILURES.store(0, Ordering::Release);
}

/// The next `times` requests that walk over the channels of a bdev (statistics, histograms, queue
/// depth, rate limits, `spdk_bdev_for_each_channel`) find no memory: their callback runs inside the
/// call with -ENOMEM.
pub fn fail_next_walks(times: u32) {
    ALLOC_FAILURES.store(times, Ordering::Release);
}

/// Whether any switch is on.
pub(super) fn active() -> bool {
    ACTIVE.load(Ordering::Relaxed)
}

/// Whether this request is to find no memory.
pub(super) fn take_alloc_failure() -> bool {
    let take = |left: u32| left.checked_sub(1);
    ALLOC_FAILURES.fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).is_ok()
}

/// What the switches say about the next I/O.
enum Verdict {
    Proceed,
    NoMem,
    Inside(spdk_bdev_io_status),
    Inline(spdk_bdev_io_status),
}

fn judge(ch: &BdevChannel) -> Verdict {
    // SAFETY: the bdev is registered while it has channels.
    let name = unsafe { &state(ch.bdev).name };
    let mut table = lock(&TABLE);
    let Some(faults) = table.get_mut(name) else { return Verdict::Proceed };
    if faults.nomem > 0 {
        faults.nomem -= 1;
        return Verdict::NoMem;
    }
    if faults.completion == Completion::Module || faults.limit == Some(0) {
        return Verdict::Proceed;
    }
    faults.limit = faults.limit.map(|left| left - 1);
    match faults.completion {
        Completion::Module => Verdict::Proceed,
        Completion::InsideSubmit(status) => Verdict::Inside(status),
        Completion::Inline(status) => Verdict::Inline(status),
    }
}

fn exempt(io: *mut spdk_bdev_io) -> bool {
    // SAFETY: pool memory in flight.
    let type_ = u32::from(unsafe { (*io).type_ });
    type_ == SPDK_BDEV_IO_TYPE_RESET || type_ == SPDK_BDEV_IO_TYPE_ABORT
}

/// Takes an I/O on its way to the module. True: it does not go there.
///
/// # Safety
/// - `io` is on the submitted list of `ch`.
#[cold]
pub(super) unsafe fn intercept_submit(ch: &BdevChannel, io: *mut spdk_bdev_io) -> bool {
    if exempt(io) {
        return false;
    }
    // SAFETY: by contract.
    unsafe {
        match judge(ch) {
            Verdict::Proceed => return false,
            Verdict::NoMem => complete_in_submit(ch, io, SPDK_BDEV_IO_STATUS_NOMEM),
            Verdict::Inside(status) => complete_in_submit(ch, io, stand_in(io, status)),
            Verdict::Inline(status) => {
                ch.add_outstanding();
                complete_now(ch, io, stand_in(io, status));
            }
        }
    }
    true
}

/// As [`intercept_submit`], for an I/O that is tried again. There is no submit function around it, so
/// its completion runs the callback at once.
///
/// # Safety
/// - As [`intercept_submit`].
#[cold]
pub(super) unsafe fn intercept_retry(ch: &BdevChannel, io: *mut spdk_bdev_io) -> bool {
    let status = match judge(ch) {
        Verdict::Proceed => return false,
        Verdict::NoMem => SPDK_BDEV_IO_STATUS_NOMEM,
        // SAFETY: by contract.
        Verdict::Inside(status) | Verdict::Inline(status) => unsafe { stand_in(io, status) },
    };
    ch.add_outstanding();
    // SAFETY: by contract.
    unsafe { complete_now(ch, io, status) };
    true
}

/// Does for an I/O what its module would have done before it completed it: one that is to bring data
/// gets a buffer, if it has none, and zeroes. Answers the status, which is a failure if there is no
/// buffer of that size.
///
/// # Safety
/// - `io` is in flight and its parameters are set.
unsafe fn stand_in(io: *mut spdk_bdev_io, status: spdk_bdev_io_status) -> spdk_bdev_io_status {
    // SAFETY: by contract; its bdev is registered, and its iovecs are valid.
    unsafe {
        let params = &raw mut (*io).u.bdev;
        let is_read = u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_READ;
        let lends = u32::from((*io).type_) == SPDK_BDEV_IO_TYPE_ZCOPY && (*params).zcopy.start != 0;
        if status != SPDK_BDEV_IO_STATUS_SUCCESS || !(is_read || lends) {
            return status;
        }
        if lends && !(*params).iovs.is_null() {
            // The array is the caller's, what it points to never is.
            (*(*params).iovs).iov_base = ptr::null_mut();
        }
        let len = (*params).num_blocks * u64::from((*(*io).bdev).blocklen);
        if !buf::is_allocated((*params).iovs) && !buf::ensure(io, len) {
            return SPDK_BDEV_IO_STATUS_FAILED;
        }
        buf::for_each_part((*params).iovs, (*params).iovcnt, len as usize, |part, bytes| {
            part.write_bytes(0, bytes);
        });
    }
    status
}

/// Completions of a channel that are held back.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: Vec<(*mut spdk_bdev_io, spdk_bdev_io_status)>,
    polls_left: u32,
    seed: Option<u64>,
    poller: Cell<Option<*mut spdk_poller>>,
}

/// Takes a completion on its way from the module. True: it is held back.
///
/// # Safety
/// - `io` is in flight on `ch` and pending.
#[cold]
pub(super) unsafe fn intercept_complete(
    ch: &BdevChannel,
    io: *mut spdk_bdev_io,
    status: spdk_bdev_io_status,
) -> bool {
    if exempt(io) || status == SPDK_BDEV_IO_STATUS_NOMEM {
        return false;
    }
    // SAFETY: the bdev is registered while it has channels.
    let name = unsafe { &state(ch.bdev).name };
    let (delay, seed) = match lock(&TABLE).get(name) {
        Some(faults) if faults.delay_polls > 0 || faults.shuffle.is_some() => {
            (faults.delay_polls.max(1), faults.shuffle)
        }
        _ => return false,
    };
    let mut held = ch.held.borrow_mut();
    if held.waiting.is_empty() {
        held.polls_left = delay;
        held.seed = seed;
    }
    held.waiting.push((io, status));
    if held.poller.get().is_none() {
        let ctx = ptr::from_ref(ch).cast_mut().cast();
        let name = c"bdev_faults_release".as_ptr();
        // SAFETY: the channel is not destroyed while I/O is in flight, and the poller goes with the
        // last held completion.
        let poller = unsafe { spdk_poller_register_named(Some(release), ctx, 0, name) };
        held.poller.set(Some(poller));
    }
    true
}

unsafe extern "C" fn release(ctx: *mut c_void) -> c_int {
    // SAFETY: registered by `intercept_complete` for a channel with I/O in flight.
    let ch = unsafe { &*ctx.cast::<BdevChannel>() };
    let mut ready = {
        let mut held = ch.held.borrow_mut();
        held.polls_left = held.polls_left.saturating_sub(1);
        if held.polls_left > 0 {
            return SPDK_POLLER_IDLE as c_int;
        }
        if let Some(mut poller) = held.poller.take() {
            // SAFETY: registered on this thread.
            unsafe { spdk_poller_unregister(&raw mut poller) };
        }
        let mut ready = core::mem::take(&mut held.waiting);
        if let Some(seed) = held.seed {
            shuffle(&mut ready, seed);
        }
        ready
    };
    for (io, status) in ready.drain(..) {
        // SAFETY: held completions are of I/O in flight on this thread.
        unsafe {
            debug_assert!(!int(io).in_submit.get());
            complete_now(ch, io, status);
        }
    }
    SPDK_POLLER_BUSY as c_int
}

/// Fisher and Yates, with a small generator: only reproducibility matters.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        items.swap(last, ((mixed ^ (mixed >> 31)) % (last as u64 + 1)) as usize);
    }
}
