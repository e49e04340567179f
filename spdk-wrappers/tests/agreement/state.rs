//! Changes of a bdev and their edges: size, removal, claims, rate limits, histograms, waiting.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;

use spdk_sys::*;

use crate::common::*;
use crate::fixture::*;

/// The statuses that a callback of the form `(void *, int)` brought.
#[derive(Default)]
struct Statuses(RefCell<Vec<c_int>>);

impl Statuses {
    fn arg(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn seen(&self) -> Vec<c_int> {
        self.0.borrow().clone()
    }

    /// Waits for `count` of them.
    async fn wait(&self, count: usize) -> Vec<c_int> {
        while self.0.borrow().len() < count {
            turn().await;
        }
        turn().await;
        self.seen()
    }
}

unsafe extern "C" fn status(ctx: *mut c_void, rc: c_int) {
    // SAFETY: the test keeps its list until the callback has run.
    unsafe { &*ctx.cast::<Statuses>() }.0.borrow_mut().push(rc);
}

fn resize(disk: &Open, blocks: u64) -> c_int {
    // SAFETY: the bdev is open, and this is the app thread.
    unsafe { spdk_bdev_notify_blockcnt_change(disk.bdev(), blocks) }
}

async fn events(disk: &Open, count: usize) -> Vec<spdk_bdev_event_type> {
    while disk.events.borrow().len() < count {
        turn().await;
    }
    turn().await;
    disk.events.borrow().clone()
}

const RESIZED: spdk_bdev_event_type = SPDK_BDEV_EVENT_RESIZE;
const REMOVED: spdk_bdev_event_type = SPDK_BDEV_EVENT_REMOVE;

#[test]
fn a_new_size_counts_at_once_and_is_told_later() {
    with_app(usual(), async || {
        let disk = open(c"Null0", true).unwrap();
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        assert_eq!(resize(&disk, END), 0, "no change");
        assert_eq!(resize(&disk, END - 1), -libc::EBUSY, "open bdevs do not shrink");
        assert_eq!(refused!(spdk_bdev_write_blocks, disk, buf, END, 1), EINVAL);
        assert_eq!(resize(&disk, END + 2), 0);
        assert!(disk.events.borrow().is_empty(), "not inside the call");
        let write = Ended::default();
        assert_eq!(submit!(write, spdk_bdev_write_blocks, disk, buf, END + 1, 1), 0, "at once");
        assert!(write.success().await);
        assert_eq!(resize(&disk, END + 3), 0);
        assert_eq!(events(&disk, 2).await, [RESIZED; 2]);
    });
}

#[test]
fn events_keep_their_order_and_a_removed_bdev_works_on() {
    with_app(usual(), async || {
        let disk = open(c"Null0", true).unwrap();
        let module = c"null".as_ptr();
        // SAFETY: the name is a C string.
        let module = unsafe { spdk_bdev_module_list_find(module) };
        assert!(!module.is_null());
        let (first, second, named) =
            (Statuses::default(), Statuses::default(), Statuses::default());
        let by_name = |name: &CStr, module, log: &Statuses| {
            // SAFETY: on the app thread; the test keeps the list.
            unsafe { spdk_bdev_unregister_by_name(name.as_ptr(), module, Some(status), log.arg()) }
        };
        assert_eq!(by_name(c"Nobody", module, &named), -libc::ENODEV);
        assert_eq!(by_name(c"Malloc0", module, &named), -libc::ENODEV, "another module's");
        assert_eq!(resize(&disk, END + 1), 0);
        assert_eq!(by_name(c"Null0", module, &first), 0);
        assert_eq!(open(c"Null0", false).err(), Some(-libc::ENODEV), "at once");
        assert_eq!(events(&disk, 2).await, [RESIZED, REMOVED]);
        // SAFETY: the bdev is open, and this is the app thread.
        unsafe { spdk_bdev_unregister(disk.bdev(), Some(status), second.arg()) };
        assert_eq!(second.seen(), [-libc::EBUSY], "inside the call");
        assert_eq!(by_name(c"Null0", module, &named), -libc::ENODEV);
        assert_eq!(open(c"Null0", false).err(), Some(-libc::ENODEV));
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        assert!(taken!(spdk_bdev_write_blocks, disk, buf, 0, 1).success.get());
        assert_eq!(resize(&disk, END + 2), 0, "still a bdev");
        assert_eq!(events(&disk, 3).await, [RESIZED, REMOVED, RESIZED]);
        assert!(first.seen().is_empty(), "it waits for the descriptor");
        drop(disk);
        assert_eq!(first.wait(1).await, [0]);
        assert!(named.seen().is_empty(), "a refused call never calls back");
    });
}

#[test]
fn events_on_their_way_are_dropped_with_the_descriptor() {
    with_app(usual(), async || {
        let (kept, closed) = (open(c"Null0", false).unwrap(), open(c"Null0", false).unwrap());
        assert_eq!(resize(&kept, END + 1), 0);
        let unheard = closed.events.clone();
        drop(closed);
        assert_eq!(events(&kept, 1).await, [RESIZED]);
        assert!(unheard.borrow().is_empty());
        drop(kept);
        // Nobody has it open: now it may shrink. Finding it needs no descriptor.
        // SAFETY: on an spdk_thread, with a C string.
        let bdev = unsafe { spdk_bdev_get_by_name(c"Null0".as_ptr()) };
        // SAFETY: the bdev is registered.
        assert_eq!(unsafe { spdk_bdev_notify_blockcnt_change(bdev, 1) }, 0);
    });
}

#[test]
fn a_claim_keeps_writers_out() {
    with_app(usual(), async || {
        // SAFETY: the name is a C string.
        let module = unsafe { spdk_bdev_module_list_find(c"null".as_ptr()) };
        let reader = open(c"Null0", false).unwrap();
        let claim = |desc| {
            // SAFETY: the bdev is open, as is the descriptor, if there is one.
            unsafe { spdk_bdev_module_claim_bdev(reader.bdev(), desc, module) }
        };
        // SAFETY: claimed by this module.
        let release = || unsafe { spdk_bdev_module_release_bdev(reader.bdev()) };
        let writer = open(c"Null0", true).unwrap();
        assert_eq!(claim(ptr::null_mut()), 0, "a writer is no claim");
        assert_eq!(claim(ptr::null_mut()), -libc::EPERM);
        assert_eq!(open(c"Null0", true).err(), Some(-libc::EPERM));
        drop(open(c"Null0", false).unwrap());
        // Who was there before may still write.
        assert!(taken!(spdk_bdev_write_zeroes_blocks, writer, 0, 1).success.get());
        release();
        drop(open(c"Null0", true).unwrap());
        // A claim makes its descriptor writable, and that outlasts the claim.
        assert_eq!(refused!(spdk_bdev_write_zeroes_blocks, reader, 0, 1), EBADF);
        assert_eq!(claim(reader.desc), 0);
        assert!(taken!(spdk_bdev_write_zeroes_blocks, reader, 0, 1).success.get());
        release();
        assert!(taken!(spdk_bdev_write_zeroes_blocks, reader, 0, 1).success.get());
    });
}

#[test]
fn opens_that_fail() {
    with_app(usual(), async || {
        assert_eq!(open(c"Nobody", false).err(), Some(-libc::ENODEV));
        assert_eq!(open(c"", true).err(), Some(-libc::ENODEV));
        let mut desc = ptr::null_mut();
        // SAFETY: refused before anything is used.
        let rc = unsafe {
            spdk_bdev_open_ext(c"Null0".as_ptr(), false, None, ptr::null_mut(), &raw mut desc)
        };
        assert_eq!(rc, EINVAL);
        let writers = [open(c"Null0", true).unwrap(), open(c"Null0", true).unwrap()];
        assert_ne!(writers[0].desc, writers[1].desc);
        assert_eq!(writers[0].ch, writers[1].ch, "one channel for each thread");
    });
}

/// Sets limits; the numbers as they were rewritten, and the list of the callback.
fn limit(disk: &Open, mut limits: [u64; 4], log: &Statuses) -> [u64; 4] {
    // SAFETY: the bdev is open; the array is used during the call, the list is kept.
    unsafe {
        spdk_bdev_set_qos_rate_limits(disk.bdev(), limits.as_mut_ptr(), Some(status), log.arg());
    }
    limits
}

fn limits(disk: &Open) -> [u64; 4] {
    let mut limits = [7; 4];
    // SAFETY: the bdev is open; the array has room for each limit.
    unsafe { spdk_bdev_get_qos_rate_limits(disk.bdev(), limits.as_mut_ptr()) };
    limits
}

#[test]
fn rate_limits_are_rounded_and_take_turns() {
    with_app(usual(), async || {
        const SAME: u64 = u64::MAX;
        const MIB: u64 = 1 << 20;
        let disk = open(c"Null0", true).unwrap();
        let log = Statuses::default();
        limit(&disk, [0; 4], &log);
        assert_eq!(log.wait(1).await, [0], "there is none to lift");
        // I/O per second go up to thousands, MiB per second become bytes.
        assert_eq!(limit(&disk, [1, 3, SAME, 0], &log), [1000, 3 * MIB, SAME, 0]);
        // The first change is on its way.
        let (late, again) = (Statuses::default(), [2001, SAME, SAME, SAME]);
        assert_eq!(limit(&disk, again, &late), [3000, SAME, SAME, SAME]);
        assert_eq!(late.seen(), [-libc::EAGAIN], "inside the call");
        assert_eq!(log.wait(2).await, [0, 0]);
        assert_eq!(limits(&disk), [1000, 3, 0, 0], "in MiB");
        // More MiB than bytes can count are cut; a limit that is not named stays.
        let most = u64::MAX / MIB;
        assert_eq!(limit(&disk, [SAME, SAME, SAME - 1, SAME], &log)[2], most * MIB);
        assert_eq!(log.wait(3).await, [0; 3]);
        assert_eq!(limits(&disk), [1000, 3, most, 0]);
        limit(&disk, [0; 4], &log);
        assert_eq!(log.wait(4).await, [0; 4]);
        assert_eq!(limits(&disk), [0; 4]);
    });
}

/// The answer of `spdk_bdev_histogram_get`.
unsafe extern "C" fn counted(ctx: *mut c_void, rc: c_int, _data: *mut spdk_histogram_data) {
    // SAFETY: the test keeps the cell until the callback has run.
    unsafe { &*ctx.cast::<Cell<Option<c_int>>>() }.set(Some(rc));
}

async fn histogram(bdev: *mut spdk_bdev) -> c_int {
    let answer = Cell::new(None);
    let ctx = ptr::from_ref(&answer).cast_mut().cast();
    // SAFETY: allocates; freed below.
    let data = unsafe { spdk_histogram_data_alloc() };
    // SAFETY: the bdev is registered; data and cell stay until the answer.
    unsafe { spdk_bdev_histogram_get(bdev, data, Some(counted), ctx) };
    while answer.get().is_none() {
        turn().await;
    }
    // SAFETY: made above; nobody uses it any more.
    unsafe { spdk_histogram_data_free(data) };
    answer.take().unwrap()
}

#[test]
fn the_states_of_a_histogram() {
    with_app(usual(), async || {
        let disk = open(c"Null0", false).unwrap();
        let log = Statuses::default();
        let enable = |on, log: &Statuses| {
            // SAFETY: the bdev is open; the test keeps the list.
            unsafe { spdk_bdev_histogram_enable(disk.bdev(), Some(status), log.arg(), on) };
        };
        assert_eq!(histogram(disk.bdev()).await, -libc::EFAULT);
        enable(false, &log);
        assert!(log.seen().is_empty(), "not inside the call");
        let late = Statuses::default();
        enable(true, &late);
        assert_eq!(late.seen(), [-libc::EAGAIN], "inside the call");
        assert_eq!(log.wait(1).await, [0], "nothing to disable");
        for count in 2..4 {
            enable(true, &log);
            assert_eq!(log.wait(count).await.last(), Some(&0), "also when it is enabled");
            assert_eq!(histogram(disk.bdev()).await, 0);
        }
        enable(false, &log);
        assert_eq!(log.wait(4).await, [0; 4]);
        assert_eq!(histogram(disk.bdev()).await, -libc::EFAULT);
        // Without a channel there is nothing that could lack one.
        let bdev = disk.bdev();
        // SAFETY: on an spdk_thread, with a C string.
        let other = unsafe { spdk_bdev_get_by_name(c"Malloc0".as_ptr()) };
        assert_ne!(bdev, other);
        assert_eq!(histogram(other).await, 0);
    });
}

unsafe extern "C" fn count(ctx: *mut c_void) {
    // SAFETY: the test keeps the counter until the entry has been called.
    let counter = unsafe { &*ctx.cast::<Cell<u32>>() };
    counter.set(counter.get() + 1);
}

#[test]
fn an_entry_waits_only_when_there_is_no_io_and_for_its_bdev() {
    let bdevs = [pool(4, 1), malloc("Malloc0", END), null("Null0", END)];
    with_app(config(&bdevs), async || {
        let (disk, other) = (open(c"Null0", false).unwrap(), open(c"Malloc0", false).unwrap());
        let called = Cell::new(0);
        let mut entry = spdk_bdev_io_wait_entry {
            bdev: disk.bdev(),
            cb_fn: Some(count),
            cb_arg: ptr::from_ref(&called).cast_mut().cast(),
            ..Default::default()
        };
        let mut wait = |open: &Open| {
            // SAFETY: the channel is alive; the entry stays in place until it has been called.
            unsafe { spdk_bdev_queue_io_wait(open.bdev(), open.ch, &raw mut entry) }
        };
        assert_eq!(wait(&disk), EINVAL, "there are some");
        let mut block = [0_u8; BLOCK];
        let buf: *mut c_void = block.as_mut_ptr().cast();
        let records: [Ended; 5] = Default::default();
        let taken = records
            .iter()
            .take_while(|record| submit!(record, spdk_bdev_read_blocks, disk, buf, 0, 1) == 0)
            .count();
        assert_eq!(taken, 4, "as many as the pool has");
        assert_eq!(wait(&other), EINVAL, "another bdev's");
        assert_eq!(wait(&disk), 0);
        assert_eq!(called.get(), 0, "not inside the call");
        for record in &records[..taken] {
            assert!(record.success().await);
        }
        assert_eq!(called.get(), 1, "once, for all that were freed");
    });
}
