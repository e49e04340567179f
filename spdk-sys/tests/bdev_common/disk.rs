//! A bdev module that does what the test says.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::collections::VecDeque;
use std::ffi::CString;
use std::rc::Rc;

use spdk_sys::*;

use super::host::Host;
use super::probe::{Events, on_event};

pub(crate) static MODULE: spdk_bdev_module = spdk_bdev_module {
    module_init: Some(module_init),
    get_ctx_size: Some(ctx_size),
    ..spdk_bdev_module::named(c"scripted")
};

static TABLE: spdk_bdev_fn_table = spdk_bdev_fn_table {
    destruct: Some(destruct),
    submit_request: Some(submit_request),
    io_type_supported: Some(io_type_supported),
    get_io_channel: Some(get_io_channel),
    get_spin_time: None,
    get_module_ctx: None,
    reset_device_stat: None,
};

/// When the module completes an I/O.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Inside its submit function.
    Inside,
    /// When the test calls [`Disk::complete_next`] or [`Disk::complete_all`].
    Held,
}

/// What a disk is made of.
pub(crate) struct DiskSpec {
    pub(crate) name: &'static str,
    pub(crate) blocks: u64,
    pub(crate) blocklen: u32,
    pub(crate) types: Vec<spdk_bdev_io_type>,
    pub(crate) tweak: fn(&mut spdk_bdev),
}

impl Default for DiskSpec {
    fn default() -> Self {
        Self {
            name: "disk",
            blocks: 64,
            blocklen: 512,
            types: vec![
                SPDK_BDEV_IO_TYPE_READ,
                SPDK_BDEV_IO_TYPE_WRITE,
                SPDK_BDEV_IO_TYPE_UNMAP,
                SPDK_BDEV_IO_TYPE_FLUSH,
                SPDK_BDEV_IO_TYPE_RESET,
                SPDK_BDEV_IO_TYPE_ABORT,
                SPDK_BDEV_IO_TYPE_ZCOPY,
            ],
            tweak: |_| {},
        }
    }
}

/// One call of the module's submit function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) type_: spdk_bdev_io_type,
    pub(crate) offset: u64,
    pub(crate) blocks: u64,
    pub(crate) iovs: i32,
}

/// A disk in memory.
pub(crate) struct Disk {
    bdev: UnsafeCell<spdk_bdev>,
    name: CString,
    types: Vec<spdk_bdev_io_type>,
    pub(crate) data: RefCell<Vec<u8>>,
    pub(crate) mode: Cell<Mode>,
    /// Statuses of the next completions; success when there is none.
    pub(crate) script: RefCell<VecDeque<spdk_bdev_io_status>>,
    pub(crate) held: RefCell<VecDeque<*mut spdk_bdev_io>>,
    pub(crate) seen: RefCell<Vec<Seen>>,
    pub(crate) destructed: Cell<bool>,
    /// What `destruct` returns.
    pub(crate) destruct_rc: Cell<c_int>,
}

/// An open descriptor and a channel, both of one thread.
pub(crate) struct Open {
    pub(crate) desc: *mut spdk_bdev_desc,
    pub(crate) ch: *mut spdk_io_channel,
    pub(crate) events: Rc<Events>,
}

impl Disk {
    /// Registers a disk with the default properties.
    pub(crate) fn new(host: &Host) -> Rc<Self> {
        Self::with(host, DiskSpec::default())
    }

    /// Registers a disk and waits until it was examined.
    pub(crate) fn with(host: &Host, spec: DiskSpec) -> Rc<Self> {
        let disk = Self::unregistered(spec);
        assert_eq!(disk.register(host), 0);
        host.settle();
        disk
    }

    /// A disk that is not registered yet.
    pub(crate) fn unregistered(spec: DiskSpec) -> Rc<Self> {
        let mut bdev = spdk_bdev {
            product_name: c"Scripted disk".as_ptr().cast_mut(),
            blockcnt: spec.blocks,
            blocklen: spec.blocklen,
            module: (&raw const MODULE).cast_mut(),
            fn_table: &raw const TABLE,
            ..Default::default()
        };
        (spec.tweak)(&mut bdev);
        Rc::new(Self {
            bdev: UnsafeCell::new(bdev),
            name: CString::new(spec.name).expect("a name without NUL"),
            types: spec.types,
            data: RefCell::new(vec![0; (spec.blocks * u64::from(spec.blocklen)) as usize]),
            mode: Cell::new(Mode::Inside),
            script: RefCell::default(),
            held: RefCell::default(),
            seen: RefCell::default(),
            destructed: Cell::new(false),
            destruct_rc: Cell::new(0),
        })
    }

    pub(crate) fn bdev(&self) -> *mut spdk_bdev {
        self.bdev.get()
    }

    pub(crate) fn register(self: &Rc<Self>, host: &Host) -> c_int {
        let ctx: *mut c_void = Rc::as_ptr(self).cast_mut().cast();
        host.keep(Rc::clone(self) as Rc<dyn core::any::Any>);
        // SAFETY: the host keeps the disk.
        host.on(0, || unsafe {
            let bdev = self.bdev();
            (*bdev).ctxt = ctx;
            (*bdev).name = self.name.as_ptr().cast_mut();
            spdk_io_device_register(ctx, Some(created), Some(destroyed), 8, c"disk".as_ptr());
            let rc = spdk_bdev_register(bdev);
            if rc != 0 {
                spdk_io_device_unregister(ctx, None);
            }
            rc
        })
    }

    /// Opens the disk on a thread.
    pub(crate) fn open(&self, host: &Host, thread: usize, write: bool) -> Open {
        let events = Events::new();
        let mut desc = ptr::null_mut();
        // SAFETY: the event log lives as long as the result, which the test closes.
        let ch = host.on(thread, || unsafe {
            let name = self.name.as_ptr();
            let rc = spdk_bdev_open_ext(name, write, Some(on_event), events.arg(), &raw mut desc);
            assert_eq!(rc, 0);
            spdk_bdev_get_io_channel(desc)
        });
        assert!(!ch.is_null());
        Open { desc, ch, events }
    }

    /// Completes the oldest I/O that is held, on its thread.
    pub(crate) fn complete_next(&self, host: &Host) {
        let io = self.held.borrow_mut().pop_front().expect("an I/O is held");
        self.complete(host, io);
    }

    /// Completes what is held now, oldest first.
    pub(crate) fn complete_all(&self, host: &Host) {
        let held = std::mem::take(&mut *self.held.borrow_mut());
        for io in held {
            self.complete(host, io);
        }
    }

    fn complete(&self, host: &Host, io: *mut spdk_bdev_io) {
        // SAFETY: a held I/O is in flight.
        let thread = unsafe { spdk_bdev_io_get_thread(io) };
        let index = (0..).find(|&index| host.thread(index) == thread).expect("a known thread");
        let status = self.next_status();
        // SAFETY: as above, on its thread.
        host.on(index, || unsafe { spdk_bdev_io_complete(io, status) });
    }

    fn next_status(&self) -> spdk_bdev_io_status {
        self.script.borrow_mut().pop_front().unwrap_or(SPDK_BDEV_IO_STATUS_SUCCESS)
    }

    /// The I/O the module was given since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.borrow_mut())
    }

    /// Moves the data of a read, write or unmap.
    unsafe fn execute(&self, io: *mut spdk_bdev_io) {
        // SAFETY: the I/O is the module's; the buffers are the caller's or the bdev layer's.
        unsafe {
            let type_ = u32::from((*io).type_);
            let blocklen = (*self.bdev()).blocklen as usize;
            match type_ {
                SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE => {
                    let params = (*io).u.bdev;
                    let mut at = params.offset_blocks as usize * blocklen;
                    let mut data = self.data.borrow_mut();
                    for i in 0..params.iovcnt as usize {
                        let iov = *params.iovs.add(i);
                        let stored = data[at..at + iov.iov_len].as_mut_ptr();
                        let memory = iov.iov_base.cast::<u8>();
                        if type_ == SPDK_BDEV_IO_TYPE_READ {
                            ptr::copy_nonoverlapping(stored, memory, iov.iov_len);
                        } else {
                            ptr::copy_nonoverlapping(memory, stored, iov.iov_len);
                        }
                        at += iov.iov_len;
                    }
                }
                SPDK_BDEV_IO_TYPE_UNMAP => {
                    let params = (*io).u.bdev;
                    let from = params.offset_blocks as usize * blocklen;
                    let bytes = params.num_blocks as usize * blocklen;
                    self.data.borrow_mut()[from..from + bytes].fill(0);
                }
                SPDK_BDEV_IO_TYPE_ZCOPY if (*io).u.bdev.zcopy.start == 1 => {
                    let params = (*io).u.bdev;
                    let at = params.offset_blocks as usize * blocklen;
                    let base = self.data.borrow_mut()[at..].as_mut_ptr();
                    let len = params.num_blocks as usize * blocklen;
                    spdk_bdev_io_set_buf(io, base.cast(), len);
                }
                _ => {}
            }
        }
    }

    unsafe fn abort(&self, io: *mut spdk_bdev_io) -> spdk_bdev_io_status {
        // SAFETY: an abort names its target.
        let target = unsafe { (*io).u.abort.bio_to_abort };
        let position = self.held.borrow().iter().position(|&held| held == target);
        match position {
            Some(position) => {
                self.held.borrow_mut().remove(position);
                // SAFETY: the target was held, so it is in flight on this thread.
                unsafe { spdk_bdev_io_complete(target, SPDK_BDEV_IO_STATUS_ABORTED) };
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            None => SPDK_BDEV_IO_STATUS_FAILED,
        }
    }
}

impl Open {
    /// Closes the descriptor and puts the channel, on their thread.
    pub(crate) fn close(self, host: &Host, thread: usize) {
        // SAFETY: both are open and of this thread.
        host.on(thread, || unsafe {
            spdk_put_io_channel(self.ch);
            spdk_bdev_close(self.desc);
        });
        host.settle();
    }
}

unsafe extern "C" fn module_init() -> c_int {
    0
}

unsafe extern "C" fn ctx_size() -> c_int {
    24
}

unsafe extern "C" fn created(_device: *mut c_void, _ctx: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn destroyed(_device: *mut c_void, _ctx: *mut c_void) {}

unsafe fn disk<'a>(ctx: *mut c_void) -> &'a Disk {
    // SAFETY: the context is a disk that the test keeps.
    unsafe { &*ctx.cast::<Disk>() }
}

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: the bdev layer passes what was registered.
    unsafe {
        spdk_io_device_unregister(ctx, None);
        disk(ctx).destructed.set(true);
        disk(ctx).destruct_rc.get()
    }
}

unsafe extern "C" fn io_type_supported(ctx: *mut c_void, type_: spdk_bdev_io_type) -> bool {
    // SAFETY: as in `destruct`.
    unsafe { disk(ctx) }.types.contains(&type_)
}

unsafe extern "C" fn get_io_channel(ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: the device is registered with the bdev.
    unsafe { spdk_get_io_channel(ctx) }
}

unsafe extern "C" fn submit_request(_ch: *mut spdk_io_channel, io: *mut spdk_bdev_io) {
    // SAFETY: the I/O is the module's until it completes it.
    unsafe {
        let disk = disk((*(*io).bdev).ctxt);
        let type_ = u32::from((*io).type_);
        let ctx = spdk_bdev_io_get_driver_ctx(io);
        assert_eq!(spdk_bdev_io_from_ctx(ctx), io);
        ptr::write_bytes(ctx.cast::<u8>(), 0xa5, ctx_size() as usize);
        let plain = !matches!(type_, SPDK_BDEV_IO_TYPE_RESET | SPDK_BDEV_IO_TYPE_ABORT);
        let params = if plain { (*io).u.bdev } else { Default::default() };
        disk.seen.borrow_mut().push(Seen {
            type_,
            offset: params.offset_blocks,
            blocks: params.num_blocks,
            iovs: params.iovcnt,
        });
        if type_ == SPDK_BDEV_IO_TYPE_ABORT {
            let status = disk.abort(io);
            spdk_bdev_io_complete(io, status);
            return;
        }
        if !disk.types.contains(&type_) {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
            return;
        }
        if type_ == SPDK_BDEV_IO_TYPE_READ {
            let len = params.num_blocks * u64::from((*(*io).bdev).blocklen);
            spdk_bdev_io_get_buf(io, Some(got_buf), len);
        } else {
            accept(io);
        }
    }
}

unsafe extern "C" fn got_buf(_ch: *mut spdk_io_channel, io: *mut spdk_bdev_io, success: bool) {
    // SAFETY: as in `submit_request`.
    unsafe {
        if success {
            accept(io);
        } else {
            spdk_bdev_io_complete(io, SPDK_BDEV_IO_STATUS_FAILED);
        }
    }
}

unsafe fn accept(io: *mut spdk_bdev_io) {
    // SAFETY: as in `submit_request`.
    unsafe {
        let disk = disk((*(*io).bdev).ctxt);
        disk.execute(io);
        match disk.mode.get() {
            Mode::Inside => {
                let status = disk.next_status();
                spdk_bdev_io_complete(io, status);
            }
            Mode::Held => disk.held.borrow_mut().push_back(io),
        }
    }
}
