//! Memory for devices.

mod common;

use common::*;
use spdk_async::DmaBuf;
use spdk_async::buf::{IoBuf, IoBufMut};

#[test]
fn buffers_are_aligned_and_zeroed() {
    with_app(config(&[]), async || {
        for align in [0, 1, 2, 64, 512, 4096, 1 << 16, 2 << 20] {
            for len in [1, 63, 512, 4096, 100_000] {
                let mut buf = DmaBuf::zeroed(len, align).unwrap();
                assert_eq!(buf.len(), len);
                assert_eq!(buf.as_ptr().addr() % align.max(64), 0, "{len} at {align}");
                assert!(buf.iter().all(|byte| *byte == 0));
                // The next one may get the same memory.
                buf.fill(0xff);
            }
        }
    });
}

#[test]
fn a_copy_holds_its_bytes() {
    with_app(config(&[]), async || {
        let mut buf = DmaBuf::copied_from(&pattern(1, 1000), 4096).unwrap();
        assert_eq!(buf[..], pattern(1, 1000));
        buf[0] ^= 1;
        assert_ne!(buf[0], pattern(1, 1)[0]);
        assert_eq!(buf.as_init().len(), 1000);
        assert_eq!(buf.as_uninit().len(), 1000);
        assert!(format!("{buf:?}").contains("1000"));
    });
}

#[test]
fn what_cannot_be_allocated() {
    with_app(config(&[]), async || {
        assert_invalid(DmaBuf::zeroed(0, 64), "at least one byte");
        assert_invalid(DmaBuf::copied_from(&[], 64), "at least one byte");
        assert_invalid(DmaBuf::zeroed(64, 3), "power of two");
        assert_invalid(DmaBuf::zeroed(64, 65), "power of two");
        let error = DmaBuf::zeroed(1 << 40, 0).unwrap_err();
        assert_eq!(error.errno(), Some(spdk_async::Errno::ENOMEM));
        assert!(error.is_retryable());
        DmaBuf::zeroed(64, 0).unwrap();
    });
}

#[test]
fn there_is_no_memory_without_an_application() {
    hosted(|| {
        assert_invalid(DmaBuf::zeroed(64, 0), "SPDK is not up");
        app().json(config(&[])).run(async || DmaBuf::zeroed(64, 0).map(drop)).unwrap().unwrap();
        assert_invalid(DmaBuf::zeroed(64, 0), "SPDK is not up");
    });
}

#[test]
fn buffers_may_be_made_and_dropped_on_any_thread() {
    with_app(config(&[]), async || {
        let buf = DmaBuf::copied_from(&[1, 2, 3], 0).unwrap();
        let elsewhere = std::thread::spawn(move || {
            assert_eq!(buf[..], [1, 2, 3]);
            drop(buf);
            DmaBuf::copied_from(&[4, 5], 0).unwrap()
        });
        while !elsewhere.is_finished() {
            spdk_async::yield_now().await;
        }
        assert_eq!(elsewhere.join().unwrap()[..], [4, 5]);
    });
}
