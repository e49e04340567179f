//! Making one call against a bdev and its model, and comparing what they say.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use spdk_sys::*;

use super::disk::{Kind, Opened};
use super::model::{Model, Status};
use super::ops::{Call, Door, Family, Op};
use super::submit::submit;

/// What a compare and write writes.
const WRITTEN: u8 = 0xc7;
/// What the buffer of a read holds before.
const UNREAD: u8 = 0xa5;

/// The memory of a call, each part an allocation of its own.
pub(crate) struct Buffers {
    parts: Vec<Box<[u8]>>,
    pub(crate) iovs: Vec<iovec>,
}

impl Buffers {
    /// The bytes in one part.
    fn whole(bytes: &[u8]) -> Self {
        Self::cut(bytes, &[0, bytes.len()])
    }

    /// The bytes between each two of the edges.
    fn cut(bytes: &[u8], edges: &[usize]) -> Self {
        let mut parts: Vec<Box<[u8]>> =
            edges.windows(2).map(|pair| bytes[pair[0]..pair[1]].into()).collect();
        let iov = |part: &mut Box<[u8]>| iovec {
            iov_base: part.as_mut_ptr().cast(),
            iov_len: part.len(),
        };
        let iovs = parts.iter_mut().map(iov).collect();
        Self { parts, iovs }
    }

    /// No memory: the bdev is to bring it.
    fn none(length: u64) -> Self {
        let iov = iovec { iov_base: null_mut(), iov_len: length as usize };
        Self { parts: Vec::new(), iovs: vec![iov] }
    }

    fn bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }
}

/// How a call ended.
#[derive(Debug, Default)]
pub(crate) struct Done {
    success: bool,
    nvme: (c_int, c_int),
    /// What the I/O's iovecs held, of a read or zero copy.
    bytes: Vec<u8>,
    seek: u64,
    /// The I/O, of a zero copy that has started.
    io: Option<*mut spdk_bdev_io>,
}

/// Waits for one completion.
struct Waiter {
    family: Family,
    done: RefCell<Option<Done>>,
}

unsafe extern "C" fn ended(io: *mut spdk_bdev_io, success: bool, ctx: *mut c_void) {
    // SAFETY: `ctx` is the waiter of this call, which lives until this has run; the I/O is ours.
    unsafe {
        let waiter = &*ctx.cast::<Waiter>();
        let mut done = Done { success, ..Done::default() };
        let (mut cdw0, (sct, sc)) = (0, (&raw mut done.nvme.0, &raw mut done.nvme.1));
        spdk_bdev_io_get_nvme_status(io, &raw mut cdw0, sct, sc);
        let zcopy = matches!(waiter.family, Family::Zcopy { .. });
        if success && (zcopy || waiter.family == Family::Read) {
            let (mut iovs, mut count) = (null_mut::<iovec>(), 0);
            spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut count);
            for iov in std::slice::from_raw_parts(iovs, count as usize) {
                let part = std::slice::from_raw_parts(iov.iov_base.cast::<u8>(), iov.iov_len);
                done.bytes.extend_from_slice(part);
            }
        }
        if matches!(waiter.family, Family::SeekData | Family::SeekHole) {
            done.seek = spdk_bdev_io_get_seek_offset(io);
        }
        if success && zcopy {
            done.io = Some(io);
        } else {
            spdk_bdev_free_io(io);
        }
        let before = waiter.done.replace(Some(done));
        assert!(before.is_none(), "a completion came twice");
    }
}

/// Submits and waits: how it ended, or the code that refused it.
fn complete(
    opened: &Opened<'_>,
    family: Family,
    submit: impl FnOnce(spdk_bdev_io_completion_cb, *mut c_void) -> c_int,
) -> Result<Done, c_int> {
    let waiter = Waiter { family, done: RefCell::new(None) };
    let ctx = (&raw const waiter).cast_mut().cast();
    let code = opened.host.on_thread(|| submit(Some(ended), ctx));
    if code != 0 {
        assert!(waiter.done.borrow().is_none(), "a refused call called back");
        return Err(code);
    }
    opened.host.poll_until(|| waiter.done.borrow().is_some());
    Ok(waiter.done.take().expect("it has ended"))
}

/// Writes to each block what no other block holds, so that a byte in the wrong place is seen.
pub(crate) fn fill(opened: &Opened<'_>, model: &mut Model) {
    if !model.is_writable() {
        return;
    }
    let size = model.spec.block_size as usize;
    for (index, block) in model.data.chunks_mut(size).enumerate() {
        block.fill(index as u8);
        block[..8].copy_from_slice(&index.to_le_bytes());
    }
    let (desc, channel, blocks) = (opened.writable, opened.channel, model.spec.blocks);
    let buf = model.data.as_mut_ptr().cast();
    // SAFETY: both are open, the buffer holds the blocks and outlives the write.
    let write = |cb, ctx| unsafe { spdk_bdev_write_blocks(desc, channel, buf, 0, blocks, cb, ctx) };
    let done = complete(opened, Family::Write, write).expect("a write of everything is accepted");
    assert!(done.success, "a write of everything succeeds");
}

/// Makes one call; an error says where bdev and model differ.
pub(crate) fn step(opened: &Opened<'_>, model: &mut Model, op: &Op) -> Result<(), TestCaseError> {
    let call = op.resolve(&model.spec);
    if let Some(errno) = model.refusal(&call) {
        let mut buffers = Buffers::whole(&[0; 512]);
        let mut second = Buffers::whole(&[0; 512]);
        if call.memory.null && call.family == Family::Read {
            buffers = Buffers::none(512);
        }
        let outcome = complete(opened, call.family, |cb, ctx| {
            submit(opened, &call, &mut buffers, &mut second, cb, ctx)
        });
        prop_assert_eq!(outcome.map(|done| done.success), Err(-errno), "{:?}", call);
        return Ok(());
    }
    let (offset, count) = model.blocks(&call).expect("misaligned calls are refused");
    if !model.is_feasible(&call, offset, count) {
        return Ok(());
    }
    accepted(opened, model, &call, (offset, count))
}

/// The bytes that a call brings along.
fn brought(model: &Model, call: &Call<'_>, (offset, count): (u64, u64)) -> Vec<u8> {
    let mut bytes = match call.family {
        Family::Read if call.memory.null => return Vec::new(),
        Family::Read => vec![UNREAD; model.spec.bytes(count) as usize],
        Family::Write | Family::Compare | Family::CompareAndWrite => {
            model.filling(call.memory, offset, count)
        }
        _ => return Vec::new(),
    };
    let one_buffer = matches!(call.door, Door::Bytes | Door::Blocks | Door::Md);
    // aio trusts the lengths, as SPDK's does.
    if !one_buffer && !matches!(model.spec.kind, Kind::Aio { .. }) {
        let length = bytes.len().saturating_add_signed(call.memory.surplus as isize);
        bytes.resize(length, UNREAD);
    }
    bytes
}

fn accepted(
    opened: &Opened<'_>,
    model: &mut Model,
    call: &Call<'_>,
    range: (u64, u64),
) -> Result<(), TestCaseError> {
    let bytes = brought(model, call, range);
    let one_buffer = matches!(call.door, Door::Bytes | Door::Blocks | Door::Md);
    let mut buffers = match call.family {
        Family::Read if call.memory.null => Buffers::none(model.spec.bytes(range.1)),
        _ if one_buffer => Buffers::whole(&bytes),
        _ => Buffers::cut(&bytes, &call.memory.edges(bytes.len())),
    };
    let written = vec![WRITTEN; model.spec.bytes(range.1.min(1)) as usize];
    let mut second = Buffers::cut(&written, &call.memory.edges(written.len()));
    let status = model.status(call, range, &bytes);
    let outcome = complete(opened, call.family, |cb, ctx| {
        submit(opened, call, &mut buffers, &mut second, cb, ctx)
    });
    let Ok(done) = outcome else {
        return Err(TestCaseError::fail(format!("refused with {outcome:?}: {call:?}")));
    };
    let seen = (done.success, done.nvme);
    prop_assert_eq!(seen, (status == Status::Success, status.nvme()), "{:?}", call);
    if !(call.family == Family::Read) {
        prop_assert_eq!(&buffers.bytes(), &bytes, "a buffer changed: {:?}", call);
    }
    match status {
        Status::Success => apply(opened, model, call, range, (&buffers, &done)),
        Status::FailedMidway if call.family == Family::Write => {
            resynchronize(opened, model, range, &bytes)
        }
        Status::Failed if call.family == Family::Read => {
            prop_assert_eq!(&buffers.bytes(), &bytes, "a failed read wrote: {:?}", call);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Checks and notes what a call has done.
fn apply(
    opened: &Opened<'_>,
    model: &mut Model,
    call: &Call<'_>,
    (offset, count): (u64, u64),
    (buffers, done): (&Buffers, &Done),
) -> Result<(), TestCaseError> {
    let is_null = model.spec.kind == Kind::Null;
    let is_range = !is_null && model.exists(offset, count);
    let stored = if is_range { model.place(offset, count) } else { 0..0 };
    match call.family {
        Family::Read if call.memory.null => {
            prop_assert_eq!(&done.bytes, &model.contents(offset, count), "{:?}", call);
        }
        Family::Read => {
            let (expected, total) = (&model.data[stored.clone()], stored.len());
            let bytes = buffers.bytes();
            prop_assert_eq!(&bytes[..total], expected, "{:?}", call);
            prop_assert!(bytes[total..].iter().all(|&byte| byte == UNREAD), "too much: {call:?}");
        }
        Family::Write => {
            let total = stored.len();
            model.data[stored].copy_from_slice(&buffers.bytes()[..total]);
        }
        Family::CompareAndWrite => model.data[stored].fill(WRITTEN),
        Family::Unmap | Family::WriteZeroes => model.data[stored].fill(0),
        Family::Copy if !is_null => {
            let source = model.place(call.source, count);
            model.data.copy_within(source, stored.start);
        }
        Family::SeekData => prop_assert_eq!(done.seek, offset),
        Family::SeekHole => prop_assert_eq!(done.seek, u64::MAX),
        Family::Zcopy { populate, commit } => {
            return end_zcopy(opened, model, (offset, count), (populate, commit), done);
        }
        _ => {}
    }
    Ok(())
}

/// Writes to the memory of a zero copy if it is to be committed, and ends it.
fn end_zcopy(
    opened: &Opened<'_>,
    model: &mut Model,
    (offset, count): (u64, u64),
    (populate, commit): (bool, bool),
    done: &Done,
) -> Result<(), TestCaseError> {
    let io = done.io.expect("a zero copy that has started is kept");
    if populate {
        prop_assert_eq!(&done.bytes, &model.contents(offset, count));
    }
    if commit {
        let (mut iovs, mut iovcnt) = (null_mut::<iovec>(), 0);
        // SAFETY: the I/O has started and not ended; its memory is ours until then.
        unsafe {
            spdk_bdev_io_get_iovec(io, &raw mut iovs, &raw mut iovcnt);
            for iov in std::slice::from_raw_parts(iovs, iovcnt as usize) {
                iov.iov_base.cast::<u8>().write_bytes(WRITTEN, iov.iov_len);
            }
        }
        let stored = model.place(offset, count);
        model.data[stored].fill(WRITTEN);
    }
    // SAFETY: as above; the waiter frees the I/O, as this family is not a zero copy's start.
    let end = |cb, ctx| unsafe { spdk_bdev_zcopy_end(io, commit, cb, ctx) };
    let outcome = complete(opened, Family::Reset, end);
    prop_assert_eq!(outcome.map(|done| done.success), Ok(true));
    Ok(())
}

/// Reads all of a bdev.
fn read_all(opened: &Opened<'_>, length: usize, blocks: u64) -> Vec<u8> {
    let mut bytes = vec![UNREAD; length];
    let (desc, channel, buf) = (opened.read_only, opened.channel, bytes.as_mut_ptr().cast());
    // SAFETY: both are open, the buffer holds the blocks and outlives the read.
    let read = |cb, ctx| unsafe { spdk_bdev_read_blocks(desc, channel, buf, 0, blocks, cb, ctx) };
    let done = complete(opened, Family::Read, read).expect("a read of everything is accepted");
    assert!(done.success, "a read of everything succeeds");
    bytes
}

/// Takes over what a write left that failed half-way: each block is as it was, or written.
fn resynchronize(
    opened: &Opened<'_>,
    model: &mut Model,
    (offset, count): (u64, u64),
    written: &[u8],
) -> Result<(), TestCaseError> {
    let found = read_all(opened, model.data.len(), model.spec.blocks);
    let size = model.spec.block_size as usize;
    let place = model.place(offset, count);
    for (index, (old, new)) in model.data.chunks_mut(size).zip(found.chunks(size)).enumerate() {
        let at = index * size;
        let may =
            place.contains(&at).then(|| written.get(at - place.start..at - place.start + size));
        prop_assert!(
            old == new || may.flatten() == Some(new),
            "block {index} is neither old nor new"
        );
        old.copy_from_slice(new);
    }
    Ok(())
}

/// Compares every byte of a bdev with its model.
pub(crate) fn compare_all(opened: &Opened<'_>, model: &Model) -> Result<(), TestCaseError> {
    if model.spec.kind != Kind::Null {
        let found = read_all(opened, model.data.len(), model.spec.blocks);
        // The slices first: a debug build compares them far faster than bytes one by one.
        if found != model.data {
            let differs = found.iter().zip(&model.data).position(|(one, two)| one != two);
            return Err(TestCaseError::fail(format!("the bdev differs from byte {differs:?} on")));
        }
    }
    Ok(())
}
