//! A real SPDK starts, moves one block through a malloc bdev and stops.
//!
//! Needs no hugepages, no root and no device: SPDK's memory is ordinary memory here.
#![cfg(feature = "system")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use spdk_sys::*;

const BLOCK: usize = 512;
const OFFSET: u64 = 7;
const CONFIG: &str = r#"{"subsystems":[{"subsystem":"bdev","config":[
    {"method":"bdev_malloc_create",
     "params":{"name":"Malloc0","num_blocks":2048,"block_size":512}}]}]}"#;

/// What the callbacks share. The app's only thread runs them one after another.
struct Smoke {
    descriptor: *mut spdk_bdev_desc,
    channel: *mut spdk_io_channel,
    written: *mut c_void,
    read: *mut c_void,
    equal: bool,
}

impl Smoke {
    /// Ends the app after giving back what the run holds.
    fn stop(&mut self, code: c_int) {
        for buffer in [self.written, self.read] {
            // SAFETY: from spdk_dma_malloc, or null; no I/O uses it any more.
            unsafe { spdk_dma_free(buffer) };
        }
        if !self.channel.is_null() {
            // SAFETY: got on this thread, and put once.
            unsafe { spdk_put_io_channel(self.channel) };
        }
        if !self.descriptor.is_null() {
            // SAFETY: opened on this thread, no I/O is in flight, and it is closed once.
            unsafe { spdk_bdev_close(self.descriptor) };
        }
        // SAFETY: called on an SPDK thread of the running app.
        unsafe { spdk_app_stop(code) };
    }
}

unsafe extern "C" fn on_event(_: spdk_bdev_event_type, _: *mut spdk_bdev, _: *mut c_void) {}

unsafe extern "C" fn start(context: *mut c_void) {
    // SAFETY: `run` passes a Smoke that outlives the app, and no other callback runs now.
    let smoke = unsafe { &mut *context.cast::<Smoke>() };
    // SAFETY: the name is a C string, the event callback has no context, the out pointer is valid.
    let opened = unsafe {
        spdk_bdev_open_ext(
            c"Malloc0".as_ptr(),
            true,
            Some(on_event),
            ptr::null_mut(),
            &mut smoke.descriptor,
        )
    };
    if opened != 0 {
        return smoke.stop(1);
    }
    // SAFETY: the descriptor was just opened on this thread.
    smoke.channel = unsafe { spdk_bdev_get_io_channel(smoke.descriptor) };
    // SAFETY: no precondition but a running environment.
    smoke.written = unsafe { spdk_dma_malloc(BLOCK, 512, ptr::null_mut()) };
    // SAFETY: as above.
    smoke.read = unsafe { spdk_dma_zmalloc(BLOCK, 512, ptr::null_mut()) };
    if smoke.channel.is_null() || smoke.written.is_null() || smoke.read.is_null() {
        return smoke.stop(2);
    }
    // SAFETY: the buffer is BLOCK bytes long.
    unsafe { ptr::write_bytes(smoke.written.cast::<u8>(), 0xa5, BLOCK) };
    // SAFETY: descriptor, channel and buffer live until the completion.
    let submitted = unsafe {
        spdk_bdev_write_blocks(
            smoke.descriptor,
            smoke.channel,
            smoke.written,
            OFFSET,
            1,
            Some(on_written),
            context,
        )
    };
    if submitted != 0 {
        smoke.stop(3);
    }
}

unsafe extern "C" fn on_written(io: *mut spdk_bdev_io, success: bool, context: *mut c_void) {
    // SAFETY: as in `start`.
    let smoke = unsafe { &mut *context.cast::<Smoke>() };
    // SAFETY: the completion callback owns the I/O and frees it once.
    unsafe { spdk_bdev_free_io(io) };
    if !success {
        return smoke.stop(4);
    }
    // SAFETY: descriptor, channel and buffer live until the completion.
    let submitted = unsafe {
        spdk_bdev_read_blocks(
            smoke.descriptor,
            smoke.channel,
            smoke.read,
            OFFSET,
            1,
            Some(on_read),
            context,
        )
    };
    if submitted != 0 {
        smoke.stop(5);
    }
}

unsafe extern "C" fn on_read(io: *mut spdk_bdev_io, success: bool, context: *mut c_void) {
    // SAFETY: as in `start`.
    let smoke = unsafe { &mut *context.cast::<Smoke>() };
    // SAFETY: the completion callback owns the I/O and frees it once.
    unsafe { spdk_bdev_free_io(io) };
    // SAFETY: BLOCK initialised bytes that no I/O uses any more.
    let read = unsafe { std::slice::from_raw_parts(smoke.read.cast::<u8>(), BLOCK) };
    smoke.equal = read == [0xa5; BLOCK];
    smoke.stop(if success { 0 } else { 6 });
}

#[test]
fn an_app_writes_and_reads_a_block() {
    let mut smoke = Smoke {
        descriptor: ptr::null_mut(),
        channel: ptr::null_mut(),
        written: ptr::null_mut(),
        read: ptr::null_mut(),
        equal: false,
    };
    let mut config = CONFIG.as_bytes().to_vec();
    let mut opts = spdk_app_opts::default();
    // SAFETY: the size is that of the struct.
    unsafe { spdk_app_opts_init(&mut opts, size_of::<spdk_app_opts>()) };
    opts.name = c"system_smoke".as_ptr();
    opts.reactor_mask = c"0x1".as_ptr();
    opts.rpc_addr = ptr::null::<c_char>();
    opts.no_huge = true;
    opts.no_pci = true;
    opts.mem_size = 1024;
    opts.disable_cpumask_locks = true;
    opts.json_data = config.as_mut_ptr().cast();
    opts.json_data_size = config.len();

    let context = ptr::from_mut(&mut smoke).cast();
    // SAFETY: options, strings, config and context outlive the app, which ends before this returns.
    let code = unsafe { spdk_app_start(&mut opts, Some(start), context) };
    // SAFETY: the app has ended on this thread.
    unsafe { spdk_app_fini() };

    assert_eq!(code, 0, "the app ended with the code of the step that failed");
    assert!(smoke.equal, "the block read is the block written");
}
