//! A bdev module that executes what no module without hardware does: separate metadata, NVMe
//! commands, unreadable blocks. It keeps data and metadata in memory and notes what it was given, so
//! that a test sees what arrives behind the bdev layer, on both backends.
//!
//! Everything happens on one OS thread: the applications have one core.

use core::cell::{RefCell, UnsafeCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use core::slice;
use std::ffi::CString;
use std::rc::Rc;

use libc::iovec;
use spdk_sys::{
    SPDK_BDEV_IO_STATUS_FAILED, SPDK_BDEV_IO_STATUS_MISCOMPARE, SPDK_BDEV_IO_STATUS_SUCCESS,
    SPDK_BDEV_IO_TYPE_COMPARE, SPDK_BDEV_IO_TYPE_NVME_ADMIN, SPDK_BDEV_IO_TYPE_NVME_IO,
    SPDK_BDEV_IO_TYPE_NVME_IO_MD, SPDK_BDEV_IO_TYPE_NVME_IOV_MD, SPDK_BDEV_IO_TYPE_NVME_NSSR,
    SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_WRITE, SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE,
    spdk_bdev, spdk_bdev_fn_table, spdk_bdev_io, spdk_bdev_io_status, spdk_bdev_io_type,
    spdk_bdev_module, spdk_io_channel,
};

use super::BLOCK;

/// The opcode of commands that fail, with status 1/42h.
pub(crate) const FAILING: u8 = 0xee;
/// What commands fill their data with.
pub(crate) const DATA: u8 = 0x5a;
/// What commands fill their metadata with.
pub(crate) const METADATA: u8 = 0xa5;

/// How many blocks the bdev has.
pub(crate) const BLOCKS: usize = 64;

/// What the module was given, but for reads: other modules read from a new bdev.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Blocks { io_type: spdk_bdev_io_type, offset: u64, count: u64 },
    Command { io_type: spdk_bdev_io_type, bytes: [u8; 64], nbytes: usize, md_len: usize },
    Reset { io_type: spdk_bdev_io_type },
}

/// A bdev of [`BLOCKS`] blocks of 512 bytes of data each.
pub(crate) struct Recorder {
    bdev: UnsafeCell<spdk_bdev>,
    name: CString,
    block_len: usize,
    md_len: usize,
    data: RefCell<Vec<u8>>,
    md: RefCell<Vec<u8>>,
    seen: RefCell<Vec<Seen>>,
}

impl Recorder {
    /// Registers a bdev with separate metadata of `md_len` bytes a block. On the app thread. It goes
    /// with its application.
    pub(crate) fn with_metadata(name: &str, md_len: usize) -> Rc<Self> {
        Self::register(name, md_len, false)
    }

    /// Registers a bdev whose metadata lies behind each block's data; otherwise as
    /// [`with_metadata`](Self::with_metadata).
    pub(crate) fn interleaved(name: &str, md_len: usize) -> Rc<Self> {
        Self::register(name, md_len, true)
    }

    fn register(name: &str, md_len: usize, md_interleave: bool) -> Rc<Self> {
        let block_len = if md_interleave { BLOCK + md_len } else { BLOCK };
        let name = CString::new(name).unwrap();
        let mut bdev = spdk_bdev {
            name: name.as_ptr().cast_mut(),
            product_name: c"Recorder".as_ptr().cast_mut(),
            blocklen: block_len as u32,
            blockcnt: BLOCKS as u64,
            md_len: md_len as u32,
            module: module(),
            fn_table: fn_table(),
            ..spdk_bdev::default()
        };
        if md_interleave {
            interleave(&mut bdev);
        }
        let disk = Rc::new(Self {
            bdev: UnsafeCell::new(bdev),
            name,
            block_len,
            md_len,
            data: RefCell::new(vec![0; BLOCKS * block_len]),
            md: RefCell::new(vec![0; BLOCKS * md_len]),
            seen: RefCell::default(),
        });
        let ctx = Rc::into_raw(Rc::clone(&disk)).cast_mut().cast::<c_void>();
        let name = disk.name.as_ptr();
        // SAFETY: the address is the disk's own, and the device goes with the disk.
        unsafe {
            spdk_sys::spdk_io_device_register(ctx, Some(created), Some(destroyed), 8, name);
        }
        let bdev = disk.bdev.get();
        // SAFETY: nobody else knows the bdev yet.
        unsafe { (*bdev).ctxt = ctx };
        // SAFETY: on the app thread; the bdev stays until `destruct`.
        assert_eq!(unsafe { spdk_sys::spdk_bdev_register(bdev) }, 0);
        disk
    }

    /// The data of the whole bdev.
    pub(crate) fn data(&self) -> Vec<u8> {
        self.data.borrow().clone()
    }

    /// The metadata of the whole bdev.
    pub(crate) fn md(&self) -> Vec<u8> {
        self.md.borrow().clone()
    }

    /// What the module was given since the last call.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        self.seen.take()
    }

    fn execute(&self, io: &spdk_bdev_io) -> spdk_bdev_io_status {
        let io_type = spdk_bdev_io_type::from(io.type_);
        match io_type {
            SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE | SPDK_BDEV_IO_TYPE_COMPARE => {
                self.transfer(io, io_type)
            }
            SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE => {
                // SAFETY: the part of the union that goes with the type.
                let params = unsafe { io.u.bdev };
                let (offset, count) = (params.offset_blocks, params.num_blocks);
                self.seen.borrow_mut().push(Seen::Blocks { io_type, offset, count });
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            SPDK_BDEV_IO_TYPE_NVME_NSSR => {
                self.seen.borrow_mut().push(Seen::Reset { io_type });
                SPDK_BDEV_IO_STATUS_SUCCESS
            }
            _ => SPDK_BDEV_IO_STATUS_FAILED,
        }
    }

    /// A read, write or compare of data and separate metadata.
    fn transfer(&self, io: &spdk_bdev_io, io_type: spdk_bdev_io_type) -> spdk_bdev_io_status {
        // SAFETY: the part of the union that goes with the type.
        let params = unsafe { io.u.bdev };
        let (offset, count) = (params.offset_blocks, params.num_blocks);
        if io_type != SPDK_BDEV_IO_TYPE_READ {
            self.seen.borrow_mut().push(Seen::Blocks { io_type, offset, count });
        }
        let (offset, count) = (offset as usize, count as usize);
        // SAFETY: the bdev layer hands over as many pieces.
        let iovs = unsafe { slice::from_raw_parts(params.iovs, params.iovcnt as usize) };
        let mut same = true;
        let mut at = offset * self.block_len;
        for iov in iovs {
            let stored = &mut self.data.borrow_mut()[at..at + iov.iov_len];
            same &= piece(io_type, stored, iov);
            at += iov.iov_len;
        }
        assert_eq!(at, (offset + count) * self.block_len, "the pieces are as long as the blocks");
        if !params.md_buf.is_null() {
            let bytes = count * self.md_len;
            let stored = &mut self.md.borrow_mut()[offset * self.md_len..][..bytes];
            same &= piece(io_type, stored, &iovec { iov_base: params.md_buf, iov_len: bytes });
        }
        if same { SPDK_BDEV_IO_STATUS_SUCCESS } else { SPDK_BDEV_IO_STATUS_MISCOMPARE }
    }

    /// Notes an NVMe command and fills its buffers; the opcode.
    fn command(&self, io: &spdk_bdev_io) -> u8 {
        // SAFETY: the part of the union that goes with the type.
        let params = unsafe { io.u.nvme_passthru };
        // SAFETY: a command is 64 plain bytes.
        let bytes = unsafe { (&raw const params.cmd).cast::<[u8; 64]>().read() };
        let io_type = spdk_bdev_io_type::from(io.type_);
        let (nbytes, md_len) = (params.nbytes, params.md_len);
        self.seen.borrow_mut().push(Seen::Command { io_type, bytes, nbytes, md_len });
        let one = [iovec { iov_base: params.buf, iov_len: nbytes }];
        let data = if io_type == SPDK_BDEV_IO_TYPE_NVME_IOV_MD {
            // SAFETY: the caller hands over as many pieces.
            unsafe { slice::from_raw_parts(params.iovs, params.iovcnt as usize) }
        } else {
            &one
        };
        for iov in data {
            // SAFETY: the caller's buffer is as long.
            unsafe { ptr::write_bytes(iov.iov_base.cast::<u8>(), DATA, iov.iov_len) };
        }
        if !params.md_buf.is_null() {
            // SAFETY: the caller's buffer is as long.
            unsafe { ptr::write_bytes(params.md_buf.cast::<u8>(), METADATA, md_len) };
        }
        bytes[0]
    }
}

/// The metadata lies behind each block's data. The flag is a bit field of a nameless struct in C.
fn interleave(bdev: &mut spdk_bdev) {
    #[cfg(feature = "system")]
    bdev.__bindgen_anon_1.set_md_interleave(1);
    #[cfg(not(feature = "system"))]
    {
        bdev.md_interleave = true;
    }
}

/// Moves or compares a piece; whether it is the same now.
fn piece(io_type: spdk_bdev_io_type, stored: &mut [u8], iov: &iovec) -> bool {
    // SAFETY: the caller's buffer is as long, and nobody else uses it while the I/O is in flight.
    let given = unsafe { slice::from_raw_parts_mut(iov.iov_base.cast::<u8>(), iov.iov_len) };
    match io_type {
        SPDK_BDEV_IO_TYPE_READ => given.copy_from_slice(stored),
        SPDK_BDEV_IO_TYPE_WRITE => stored.copy_from_slice(given),
        _ => {}
    }
    given == stored
}

/// A module in name only: it need not be listed, for it only registers bdevs by itself.
fn module() -> *mut spdk_bdev_module {
    // SAFETY: no callback, a null name, and zero in what belongs to the bdev layer.
    let mut module: spdk_bdev_module = unsafe { core::mem::zeroed() };
    module.name = c"recorder".as_ptr();
    // The bdev layer may look at it as long as the process lives.
    super::forget(module)
}

fn fn_table() -> *const spdk_bdev_fn_table {
    // SAFETY: a table of functions, none of which is there.
    let mut table: spdk_bdev_fn_table = unsafe { core::mem::zeroed() };
    table.destruct = Some(destruct);
    table.submit_request = Some(submit_request);
    table.io_type_supported = Some(io_type_supported);
    table.get_io_channel = Some(get_io_channel);
    super::forget(table)
}

unsafe extern "C" fn created(_device: *mut c_void, _ctx: *mut c_void) -> c_int {
    0
}

unsafe extern "C" fn destroyed(_device: *mut c_void, _ctx: *mut c_void) {}

unsafe extern "C" fn get_io_channel(ctx: *mut c_void) -> *mut spdk_io_channel {
    // SAFETY: the device is registered as long as the bdev.
    unsafe { spdk_sys::spdk_get_io_channel(ctx) }
}

unsafe extern "C" fn destruct(ctx: *mut c_void) -> c_int {
    // SAFETY: registered with the bdev, which nobody uses any more.
    unsafe { spdk_sys::spdk_io_device_unregister(ctx, None) };
    // SAFETY: the reference that `register` gave to C.
    drop(unsafe { Rc::from_raw(ctx.cast::<Recorder>()) });
    0
}

unsafe extern "C" fn io_type_supported(_ctx: *mut c_void, io_type: spdk_bdev_io_type) -> bool {
    matches!(
        io_type,
        SPDK_BDEV_IO_TYPE_READ
            | SPDK_BDEV_IO_TYPE_WRITE
            | SPDK_BDEV_IO_TYPE_COMPARE
            | SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE
            | SPDK_BDEV_IO_TYPE_NVME_ADMIN
            | SPDK_BDEV_IO_TYPE_NVME_IO
            | SPDK_BDEV_IO_TYPE_NVME_IO_MD
            | SPDK_BDEV_IO_TYPE_NVME_IOV_MD
            | SPDK_BDEV_IO_TYPE_NVME_NSSR
    )
}

unsafe extern "C" fn submit_request(_ch: *mut spdk_io_channel, bdev_io: *mut spdk_bdev_io) {
    // SAFETY: the I/O is the module's until it completes it.
    let io = unsafe { &*bdev_io };
    // SAFETY: an I/O has a bdev.
    let ctx = unsafe { (*io.bdev).ctxt };
    // SAFETY: the bdev's context is its disk, which lives until `destruct`.
    let disk = unsafe { &*ctx.cast::<Recorder>() };
    if matches!(
        spdk_bdev_io_type::from(io.type_),
        SPDK_BDEV_IO_TYPE_NVME_ADMIN
            | SPDK_BDEV_IO_TYPE_NVME_IO
            | SPDK_BDEV_IO_TYPE_NVME_IO_MD
            | SPDK_BDEV_IO_TYPE_NVME_IOV_MD
    ) {
        let (sct, sc) = if disk.command(io) == FAILING { (1, 0x42) } else { (0, 0) };
        // SAFETY: on the I/O's thread, once.
        unsafe { spdk_sys::spdk_bdev_io_complete_nvme_status(bdev_io, 7, sct, sc) };
        return;
    }
    let status = disk.execute(io);
    // SAFETY: on the I/O's thread, once.
    unsafe { spdk_sys::spdk_bdev_io_complete(bdev_io, status) };
}
