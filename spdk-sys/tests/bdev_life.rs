//! Opening, closing, registering, unregistering, events and claims.

#![cfg(not(feature = "system"))]

mod bdev_common;

use bdev_common::*;
use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use spdk_sys::*;
use std::rc::Rc;

fn try_open(host: &Host, name: &CStr, write: bool) -> Result<*mut spdk_bdev_desc, c_int> {
    let mut desc = ptr::null_mut();
    let events = Events::new();
    host.keep(events.clone());
    // SAFETY: the host keeps the event log.
    let rc = host.on(0, || unsafe {
        spdk_bdev_open_ext(name.as_ptr(), write, Some(on_event), events.arg(), &raw mut desc)
    });
    if rc == 0 { Ok(desc) } else { Err(rc) }
}

fn close(host: &Host, desc: *mut spdk_bdev_desc) {
    // SAFETY: opened on thread 0.
    host.on(0, || unsafe { spdk_bdev_close(desc) });
}

fn unregister(host: &Host, disk: &Disk) -> Rc<Statuses> {
    let result = Statuses::new();
    host.keep(result.clone());
    // SAFETY: the bdev is registered; the host keeps the log.
    host.on(0, || unsafe {
        spdk_bdev_unregister(disk.bdev(), Some(on_status), result.arg());
    });
    result
}

#[test]
fn opening_says_what_is_wrong() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let mut desc = ptr::null_mut();
    // SAFETY: refused before anything is used.
    let rc = host.on(0, || unsafe {
        spdk_bdev_open_ext(c"disk".as_ptr(), false, None, ptr::null_mut(), &raw mut desc)
    });
    assert_eq!(rc, -libc::EINVAL);
    assert_eq!(try_open(&host, c"nothing", false), Err(-libc::ENODEV));

    let writers = [0, 1].map(|_| try_open(&host, c"disk", true).expect("many may write"));
    let module = (&raw const MODULE).cast_mut();
    // SAFETY: the bdev is registered.
    unsafe {
        let null = ptr::null_mut();
        assert_eq!(spdk_bdev_module_claim_bdev(disk.bdev(), null, module), 0);
        assert_eq!(spdk_bdev_module_claim_bdev(disk.bdev(), null, module), -libc::EPERM);
    }
    assert_eq!(try_open(&host, c"disk", true), Err(-libc::EPERM));
    let reader = try_open(&host, c"disk", false).expect("reading is not claimed");
    // SAFETY: as above.
    unsafe { spdk_bdev_module_release_bdev(disk.bdev()) };
    let writer = try_open(&host, c"disk", true).expect("the claim is released");
    for desc in writers.into_iter().chain([reader, writer]) {
        close(&host, desc);
    }
}

#[test]
fn claims_promote_and_exclude() {
    let host = Host::new(1);
    let _disk = Disk::new(&host);
    let module = (&raw const MODULE).cast_mut();
    let [first, second] = [0, 1].map(|_| try_open(&host, c"disk", false).expect("it opens"));
    let claim = |desc, type_, key| {
        let mut opts = spdk_bdev_claim_opts::default();
        // SAFETY: open descriptors, a local structure.
        unsafe {
            spdk_bdev_claim_opts_init(&raw mut opts, size_of::<spdk_bdev_claim_opts>());
            opts.shared_claim_key = key;
            spdk_bdev_module_claim_bdev_desc(desc, type_, &raw mut opts, module)
        }
    };
    let shared = SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED;
    assert_eq!(claim(first, shared, 0), -libc::EINVAL, "a key is required");
    assert_eq!(claim(first, shared, 7), 0);
    assert_eq!(claim(second, shared, 8), -libc::EPERM, "the wrong key");
    assert_eq!(claim(second, SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE, 0), -libc::EPERM);
    assert_eq!(claim(second, shared, 7), 0);
    assert_eq!(claim(second, shared, 7), -libc::EPERM, "one claim each");
    assert_eq!(try_open(&host, c"disk", true), Err(-libc::EPERM));

    // The claim has made the descriptors writable.
    // SAFETY: the descriptor is open on this thread.
    let ch = host.on(0, || unsafe { spdk_bdev_get_io_channel(first) });
    let probe = Probe::new();
    // SAFETY: as above.
    let rc = host
        .on(0, || unsafe { spdk_bdev_unmap_blocks(first, ch, 0, 1, Some(on_done), probe.arg()) });
    assert_eq!(rc, 0);
    host.settle();
    assert!(probe.succeeded());
    // SAFETY: the channel is this thread's.
    host.on(0, || unsafe { spdk_put_io_channel(ch) });
    close(&host, first);
    close(&host, second);
    let writer = try_open(&host, c"disk", true).expect("closing has released the claims");
    close(&host, writer);
}

#[test]
fn names_and_aliases_find_the_bdev() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let other = Disk::with(&host, DiskSpec { name: "other", ..Default::default() });
    // SAFETY: both are registered; the strings are literals.
    host.on(0, || unsafe {
        let find = |name: *const c_char| spdk_bdev_get_by_name(name);
        assert_eq!(find(c"disk".as_ptr()), disk.bdev());
        assert!(find(c"none".as_ptr()).is_null());
        assert_eq!(spdk_bdev_alias_add(disk.bdev(), c"again".as_ptr()), 0);
        assert_eq!(spdk_bdev_alias_add(other.bdev(), c"again".as_ptr()), -libc::EEXIST);
        assert_eq!(find(c"again".as_ptr()), disk.bdev());
        let uuid = (*spdk_bdev_get_aliases(disk.bdev())).tqh_first;
        assert_eq!(find((*uuid).alias.name), disk.bdev(), "the UUID is an alias");
        let again = (*uuid).tailq.tqe_next;
        assert_eq!(CStr::from_ptr((*again).alias.name), c"again");
        assert!((*again).tailq.tqe_next.is_null());
        assert_eq!(spdk_bdev_alias_del(disk.bdev(), c"again".as_ptr()), 0);
        assert_eq!(spdk_bdev_alias_del(disk.bdev(), c"again".as_ptr()), -libc::ENOENT);
        assert!(find(c"again".as_ptr()).is_null());

        assert_eq!(spdk_bdev_first(), disk.bdev());
        assert_eq!(spdk_bdev_next(disk.bdev()), other.bdev());
        assert!(spdk_bdev_next(other.bdev()).is_null());
        let module = (&raw const MODULE).cast_mut();
        assert_eq!(spdk_bdev_module_claim_bdev(disk.bdev(), ptr::null_mut(), module), 0);
        assert_eq!(spdk_bdev_first_leaf(), other.bdev());
        assert!(spdk_bdev_next_leaf(other.bdev()).is_null());
        spdk_bdev_module_release_bdev(disk.bdev());
    });
}

#[test]
fn registering_twice_or_nameless_is_refused() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let same = Disk::unregistered(DiskSpec::default());
    assert_eq!(same.register(&host), -libc::EEXIST);
    let nameless = Disk::unregistered(DiskSpec { name: "", ..Default::default() });
    assert_eq!(nameless.register(&host), -libc::EINVAL);
    // SAFETY: the bdev is registered.
    unsafe {
        assert_eq!(spdk_bdev_get_acwu(disk.bdev()), 1);
        assert_eq!(spdk_bdev_get_write_unit_size(disk.bdev()), 1);
        assert_eq!(spdk_bdev_get_physical_block_size(disk.bdev()), 512);
        assert!(!spdk_uuid_is_null(spdk_bdev_get_uuid(disk.bdev())));
    }
}

#[test]
fn hot_removal_tells_waits_and_destructs() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    disk.mode.set(Mode::Held);
    let (first, second) = (disk.open(&host, 0, false), disk.open(&host, 1, false));
    let null = ptr::null_mut();
    let before = host.on(0, || submit!(spdk_bdev_read_blocks, first, null, 0, 1));
    let result = unregister(&host, &disk);
    assert_eq!(try_open(&host, c"disk", false), Err(-libc::ENODEV), "at once");
    assert!(first.events.seen().is_empty(), "events come by message");
    host.settle();
    assert_eq!(first.events.seen(), [SPDK_BDEV_EVENT_REMOVE]);
    assert_eq!(second.events.seen(), [SPDK_BDEV_EVENT_REMOVE]);
    assert_eq!(try_open(&host, c"disk", false), Err(-libc::ENODEV), "while it is removed, too");
    assert_eq!(unregister(&host, &disk).seen(), [-libc::EBUSY], "inline");

    let after = host.on(1, || submit!(spdk_bdev_read_blocks, second, null, 1, 1));
    disk.complete_all(&host);
    assert!(before.succeeded() && after.succeeded(), "open descriptors still work");
    // SAFETY: on the app thread.
    let found = host.on(0, || unsafe { spdk_bdev_get_by_name(c"disk".as_ptr()) });
    assert_eq!(found, disk.bdev(), "found until the last descriptor is closed");
    first.close(&host, 0);
    assert!(!disk.destructed.get());
    // SAFETY: open on thread 1.
    host.on(1, || unsafe { spdk_bdev_close(second.desc) });
    host.settle();
    // SAFETY: on the app thread.
    let found = host.on(0, || unsafe { spdk_bdev_get_by_name(c"disk".as_ptr()) });
    assert!(found.is_null());
    assert!(!disk.destructed.get(), "a channel is left");
    assert!(result.seen().is_empty());
    // SAFETY: the channel is thread 1's.
    host.on(1, || unsafe { spdk_put_io_channel(second.ch) });
    host.settle();
    assert!(disk.destructed.get());
    assert_eq!(result.seen(), [0]);
}

#[test]
fn waiting_io_is_aborted_by_an_unregister() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.script.borrow_mut().push_back(SPDK_BDEV_IO_STATUS_NOMEM);
    let open = disk.open(&host, 0, false);
    let probe = host.on(0, || submit!(spdk_bdev_read_blocks, open, ptr::null_mut(), 0, 1));
    let result = unregister(&host, &disk);
    host.settle();
    assert!(!probe.succeeded());
    assert_eq!(probe.nvme.get(), (0, 0x07));
    open.close(&host, 0);
    assert_eq!(result.seen(), [0]);
}

#[test]
fn events_of_a_closed_descriptor_are_dropped() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let (closed, kept) = (disk.open(&host, 1, false), disk.open(&host, 1, false));
    // SAFETY: the bdev is registered; the descriptor belongs to thread 1.
    unsafe {
        assert_eq!(spdk_bdev_notify_blockcnt_change(disk.bdev(), 65), 0);
        assert_eq!(spdk_bdev_notify_blockcnt_change(disk.bdev(), 66), 0);
        host.on(1, || spdk_bdev_close(closed.desc));
        host.settle();
        host.on(1, || spdk_put_io_channel(closed.ch));
    }
    assert!(closed.events.seen().is_empty());
    assert_eq!(kept.events.seen(), [SPDK_BDEV_EVENT_RESIZE; 2]);
    kept.close(&host, 1);
}

#[test]
fn events_come_in_the_order_they_were_raised() {
    let host = Host::new(2);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 1, false);
    let resize = |blocks| {
        // SAFETY: the bdev is registered.
        assert_eq!(unsafe { spdk_bdev_notify_blockcnt_change(disk.bdev(), blocks) }, 0);
    };
    let result = unregister(&host, &disk);
    // The walk over the channels goes there, and when it is back the removal is raised.
    host.poll_one(1);
    resize(65);
    host.poll_one(0);
    resize(66);
    host.settle();
    let (resized, removed) = (SPDK_BDEV_EVENT_RESIZE, SPDK_BDEV_EVENT_REMOVE);
    assert_eq!(open.events.seen(), [resized, removed, resized]);
    open.close(&host, 1);
    assert_eq!(result.seen(), [0]);
}

#[test]
fn an_open_bdev_grows_but_does_not_shrink() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let open = disk.open(&host, 0, false);
    // SAFETY: the bdev is registered.
    unsafe {
        assert_eq!(spdk_bdev_notify_blockcnt_change(disk.bdev(), 64), 0);
        assert_eq!(spdk_bdev_notify_blockcnt_change(disk.bdev(), 63), -libc::EBUSY);
        assert_eq!(spdk_bdev_notify_blockcnt_change(disk.bdev(), 100), 0);
        assert_eq!(spdk_bdev_get_num_blocks(disk.bdev()), 100, "at once");
    }
    host.settle();
    assert_eq!(open.events.seen(), [SPDK_BDEV_EVENT_RESIZE]);
    open.close(&host, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { spdk_bdev_notify_blockcnt_change(disk.bdev(), 64) }, 0);
}

#[test]
fn media_events_wait_to_be_fetched() {
    let host = Host::new(1);
    let tweak = |bdev: &mut spdk_bdev| bdev.media_events = true;
    let disk = Disk::with(&host, DiskSpec { tweak, ..Default::default() });
    let event = spdk_bdev_media_event { offset: 3, num_blocks: 4 };
    // SAFETY: the bdev is registered; the arrays are local.
    unsafe {
        assert_eq!(spdk_bdev_push_media_events(disk.bdev(), &raw const event, 1), -libc::ENODEV);
        let open = disk.open(&host, 0, true);
        let many = [event; 70];
        assert_eq!(spdk_bdev_push_media_events(disk.bdev(), many.as_ptr(), 70), 64);
        spdk_bdev_notify_media_management(disk.bdev());
        host.settle();
        assert_eq!(open.events.seen(), [SPDK_BDEV_EVENT_MEDIA_MANAGEMENT]);
        let mut got = [spdk_bdev_media_event::default(); 70];
        assert_eq!(spdk_bdev_get_media_events(open.desc, got.as_mut_ptr(), 70), 64);
        assert_eq!((got[63].offset, got[63].num_blocks), (3, 4));
        open.close(&host, 0);
    }
}

#[test]
fn a_destruct_may_take_its_time() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    disk.destruct_rc.set(1);
    let result = unregister(&host, &disk);
    host.settle();
    assert!(disk.destructed.get() && result.seen().is_empty());
    // SAFETY: the destruct has announced this.
    host.on(0, || unsafe { spdk_bdev_destruct_done(disk.bdev(), -5) });
    assert_eq!(result.seen(), [-5]);
}

#[test]
fn unregister_by_name_checks_the_module() {
    let host = Host::new(1);
    let disk = Disk::new(&host);
    let result = Statuses::new();
    let unregister = |name: &CStr, module| {
        // SAFETY: on the app thread; the log outlives the call.
        host.on(0, || unsafe {
            spdk_bdev_unregister_by_name(name.as_ptr(), module, Some(on_status), result.arg())
        })
    };
    let module = (&raw const MODULE).cast_mut();
    assert_eq!(unregister(c"none", module), -libc::ENODEV);
    assert_eq!(unregister(c"disk", ptr::null_mut()), -libc::ENODEV);
    assert_eq!(unregister(c"disk", module), 0);
    host.settle();
    assert_eq!(result.seen(), [0]);
    assert!(disk.destructed.get());
}

struct Walk {
    names: RefCell<Vec<String>>,
    stop_at: Option<&'static str>,
}

unsafe extern "C" fn visit(ctx: *mut c_void, bdev: *mut spdk_bdev) -> c_int {
    // SAFETY: the test keeps the context; the bdev is held open during the visit.
    unsafe {
        let walk = &*ctx.cast::<Walk>();
        let name = CStr::from_ptr(spdk_bdev_get_name(bdev)).to_string_lossy().into_owned();
        let stop = walk.stop_at == Some(name.as_str());
        walk.names.borrow_mut().push(name);
        if stop { 42 } else { 0 }
    }
}

#[test]
fn walks_visit_bdevs_in_order_and_skip_those_that_go() {
    let host = Host::new(1);
    let disks: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| Disk::with(&host, DiskSpec { name, ..Default::default() }))
        .into();
    let going = disks[1].open(&host, 0, false);
    let result = unregister(&host, &disks[1]);
    let walk = |stop_at| Walk { names: RefCell::default(), stop_at };
    // SAFETY: the walks are local.
    host.on(0, || unsafe {
        let all = walk(None);
        assert_eq!(spdk_for_each_bdev((&raw const all).cast_mut().cast(), Some(visit)), 0);
        assert_eq!(all.names.take(), ["a", "c", "d"]);
        let some = walk(Some("c"));
        assert_eq!(spdk_for_each_bdev((&raw const some).cast_mut().cast(), Some(visit)), 42);
        assert_eq!(some.names.take(), ["a", "c"]);
        let named = walk(None);
        let mut names = [c"d".as_ptr(), c"a".as_ptr(), c"z".as_ptr()];
        let ctx = (&raw const named).cast_mut().cast();
        let rc = spdk_for_each_bdev_by_name(ctx, Some(visit), names.as_mut_ptr(), 3);
        assert_eq!(rc, -libc::ENODEV);
        assert_eq!(named.names.take(), ["d", "a"]);
        let module = (&raw const MODULE).cast_mut();
        spdk_bdev_module_claim_bdev(disks[0].bdev(), ptr::null_mut(), module);
        let leaves = walk(None);
        let ctx = (&raw const leaves).cast_mut().cast();
        assert_eq!(spdk_for_each_bdev_leaf(ctx, Some(visit)), 0);
        assert_eq!(leaves.names.take(), ["c", "d"]);
        spdk_bdev_module_release_bdev(disks[0].bdev());
    });
    going.close(&host, 0);
    assert_eq!(result.seen(), [0]);
}

#[test]
fn waiting_for_examine_never_calls_back_inline() {
    let host = Host::new(1);
    let done = Rc::new(Cell::new(false));
    unsafe extern "C" fn examined(arg: *mut c_void) {
        // SAFETY: the test keeps the flag.
        unsafe { (*arg.cast::<Cell<bool>>()).set(true) };
    }
    let arg: *mut c_void = Rc::as_ptr(&done).cast_mut().cast();
    // SAFETY: as above.
    let rc = host.on(0, || unsafe { spdk_bdev_wait_for_examine(Some(examined), arg) });
    assert_eq!(rc, 0);
    assert!(!done.get());
    host.poll();
    assert!(done.get());
    // SAFETY: on the app thread.
    let rc = host.on(0, || unsafe { spdk_bdev_examine(c"disk".as_ptr()) });
    assert_eq!(rc, -libc::EINVAL, "examination is automatic");
}
