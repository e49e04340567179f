//! The raw reads, writes and compares with separate metadata: what goes in comes out, data and
//! metadata each at their place, and a bdev without separate metadata refuses them.

mod common;

use core::ffi::CStr;
use std::rc::Rc;

use common::raw::*;
use common::recorder::{BLOCKS, Recorder};
use common::*;
use spdk_async::BACKEND;
use spdk_async::bdev::wait_for_examine;
use spdk_async::raw::bdev as raw;

const MD: usize = 8;
const AT: usize = 3;
const COUNT: usize = 4;

/// The configuration, and the bdevs with separate metadata that it leads to. An embedded malloc bdev
/// has none.
fn with_metadata(test: impl AsyncFn(Rc<Opened>) + Send + 'static) {
    let mut bdevs = Vec::new();
    if BACKEND == "system" {
        let params = format!(
            r#""name":"Malloc0","num_blocks":{BLOCKS},"block_size":{BLOCK},"md_size":{MD}"#
        );
        bdevs.push(format!(r#"{{"method":"bdev_malloc_create","params":{{{params}}}}}"#));
    }
    let malloc = !bdevs.is_empty();
    with_app(config(&bdevs), async move || {
        let _recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        test(Opened::writable(c"Recorder0")).await;
        if malloc {
            test(Opened::writable(c"Malloc0")).await;
        }
    });
}

fn data(seed: u64) -> Vec<u8> {
    pattern(seed, COUNT * BLOCK)
}

fn md(seed: u64) -> Vec<u8> {
    pattern(seed, COUNT * MD)
}

/// Writes data and metadata of these seeds.
async fn write(opened: &Rc<Opened>, data_seed: u64, md_seed: u64) {
    let (ch, buf, md) = (Rc::clone(opened), Bytes::of(&data(data_seed)), Bytes::of(&md(md_seed)));
    let (at, count) = (AT as u64, COUNT as u64);
    // SAFETY: the record keeps the channel of this thread, through it the descriptor, and the
    // buffers, which are as long as C is told.
    let call =
        unsafe { raw::spdk_bdev_write_blocks_with_md(opened.desc(), ch, buf, md, at, count) };
    call.await.0.unwrap();
}

#[test]
fn what_is_written_is_read_back() {
    with_metadata(async |opened| {
        write(&opened, 1, 2).await;
        for (at, expected) in [(AT, Some((data(1), md(2)))), (AT + COUNT, None)] {
            let (buf, md_buf) = (Bytes::zeroed(COUNT * BLOCK), Bytes::zeroed(COUNT * MD));
            let (ch, count) = (Rc::clone(&opened), COUNT as u64);
            // SAFETY: as in `write`.
            let call = unsafe {
                raw::spdk_bdev_read_blocks_with_md(opened.desc(), ch, buf, md_buf, at as u64, count)
            };
            let (result, (_, buf, md_buf)) = call.await;
            result.unwrap();
            let zeroes = (vec![0; COUNT * BLOCK], vec![0; COUNT * MD]);
            assert_eq!((buf.to_vec(), md_buf.to_vec()), expected.unwrap_or(zeroes), "at {at}");
        }
    });
}

#[test]
fn what_is_written_in_pieces_is_read_back_in_others() {
    with_metadata(async |opened| {
        let (at, count) = (AT as u64, COUNT as u64);
        let (ch, iov, md_buf) =
            (Rc::clone(&opened), Iovs::of(&data(3), &[BLOCK]), Bytes::of(&md(4)));
        // SAFETY: as in `write`.
        let call = unsafe {
            raw::spdk_bdev_writev_blocks_with_md(opened.desc(), ch, iov, 2, md_buf, at, count)
        };
        call.await.0.unwrap();

        let (ch, iov) =
            (Rc::clone(&opened), Iovs::zeroed(COUNT * BLOCK, &[BLOCK + 100, BLOCK - 100]));
        let md_buf = Bytes::zeroed(COUNT * MD);
        // SAFETY: as in `write`.
        let call = unsafe {
            raw::spdk_bdev_readv_blocks_with_md(opened.desc(), ch, iov, 3, md_buf, at, count)
        };
        let (result, (_, iov, md_buf)) = call.await;
        result.unwrap();
        assert_eq!((iov.concat(), md_buf.to_vec()), (data(3), md(4)));
    });
}

/// A compare looks at both.
#[test]
fn a_compare_notices_data_and_metadata() {
    with_metadata(async |opened| {
        write(&opened, 5, 6).await;
        for (data_seed, md_seed, same) in [(5, 6, true), (7, 6, false), (5, 7, false)] {
            let (ch, buf, md_buf) =
                (Rc::clone(&opened), Bytes::of(&data(data_seed)), Bytes::of(&md(md_seed)));
            let (at, count) = (AT as u64, COUNT as u64);
            // SAFETY: as in `write`.
            let call = unsafe {
                raw::spdk_bdev_compare_blocks_with_md(opened.desc(), ch, buf, md_buf, at, count)
            };
            let result = call.await.0;
            assert_eq!(result.is_ok(), same, "{data_seed}, {md_seed}: {result:?}");
            assert!(same || failed(result).is_miscompare());

            let (ch, iov) = (Rc::clone(&opened), Iovs::of(&data(data_seed), &[BLOCK, BLOCK]));
            let md_buf = Bytes::of(&md(md_seed));
            // SAFETY: as in `write`.
            let call = unsafe {
                raw::spdk_bdev_comparev_blocks_with_md(opened.desc(), ch, iov, 3, md_buf, at, count)
            };
            let result = call.await.0;
            assert_eq!(result.is_ok(), same, "{data_seed}, {md_seed}: {result:?}");
            assert!(same || failed(result).is_miscompare());
        }
    });
}

/// Behind the bdev layer, data and metadata lie where they belong and nowhere else.
#[test]
fn both_arrive_at_their_blocks() {
    with_app(config(&[]), async || {
        let recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        write(&Opened::writable(c"Recorder0"), 8, 9).await;
        let placed = |bytes: Vec<u8>, unit: usize| {
            let mut all = vec![0; BLOCKS * unit];
            all[AT * unit..(AT + COUNT) * unit].copy_from_slice(&bytes);
            all
        };
        assert_eq!(recorder.data(), placed(data(8), BLOCK));
        assert_eq!(recorder.md(), placed(md(9), MD));
    });
}

/// Runs a test on bdevs that have no separate metadata.
fn without_metadata(test: impl AsyncFn(Rc<Opened>, &CStr) + Send + 'static) {
    with_app(malloc_and_null(), async move || {
        let _recorder = Recorder::interleaved("Recorder0", MD);
        wait_for_examine().await.unwrap();
        for name in [c"Malloc0", c"Null0", c"Recorder0"] {
            test(Opened::writable(name), name).await;
        }
    });
}

/// What a refused call is given, and gives back as it was.
fn refused_data() -> Vec<u8> {
    pattern(1, BLOCK + MD)
}

fn refused_md() -> Vec<u8> {
    pattern(2, MD)
}

#[track_caller]
fn check_refused(what: &str, name: &CStr, errno: i32, data: &[u8], md: &[u8]) {
    assert_eq!(errno, libc::EINVAL, "{what} of {name:?}");
    assert_eq!((data, md), (&*refused_data(), &*refused_md()), "{what} of {name:?}");
}

#[test]
fn a_bdev_without_separate_metadata_refuses_those_of_one_buffer() {
    without_metadata(async |opened, name| {
        let desc = opened.desc();
        macro_rules! refuse {
            ($($function:ident),+) => {$({
                let (data, md) = (Bytes::of(&refused_data()), Bytes::of(&refused_md()));
                // SAFETY: as in `write`.
                let call = unsafe { raw::$function(desc, Rc::clone(&opened), data, md, 0, 1) };
                let (result, (_, data, md)) = call.await;
                check_refused(stringify!($function), name, refused(result), &data, &md);
            })+};
        }
        refuse!(
            spdk_bdev_read_blocks_with_md,
            spdk_bdev_write_blocks_with_md,
            spdk_bdev_compare_blocks_with_md
        );
    });
}

#[test]
fn a_bdev_without_separate_metadata_refuses_those_of_several_buffers() {
    without_metadata(async |opened, name| {
        let desc = opened.desc();
        macro_rules! refuse {
            ($($function:ident),+) => {$({
                let (iov, md) = (Iovs::of(&refused_data(), &[]), Bytes::of(&refused_md()));
                // SAFETY: as in `write`.
                let call = unsafe { raw::$function(desc, Rc::clone(&opened), iov, 1, md, 0, 1) };
                let (result, (_, iov, md)) = call.await;
                check_refused(stringify!($function), name, refused(result), &iov.concat(), &md);
            })+};
        }
        refuse!(
            spdk_bdev_readv_blocks_with_md,
            spdk_bdev_writev_blocks_with_md,
            spdk_bdev_comparev_blocks_with_md
        );
    });
}
