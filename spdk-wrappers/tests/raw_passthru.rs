//! The raw NVMe commands, the NVMe subsystem reset and unreadable blocks: what arrives at a module
//! that executes them, and what bdevs refuse that do not.

mod common;

use std::rc::Rc;

use common::raw::*;
use common::recorder::{BLOCKS, DATA, FAILING, METADATA, Recorder, Seen};
use common::*;
use spdk_async::bdev::wait_for_examine;
use spdk_async::raw::bdev as raw;
use spdk_sys::{
    SPDK_BDEV_IO_TYPE_NVME_ADMIN, SPDK_BDEV_IO_TYPE_NVME_IO, SPDK_BDEV_IO_TYPE_NVME_IO_MD,
    SPDK_BDEV_IO_TYPE_NVME_IOV_MD, SPDK_BDEV_IO_TYPE_NVME_NSSR,
    SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE, spdk_bdev_io_type,
};

const MD: usize = 16;
const OPCODE: u8 = 0x81;

/// What a command brings back: the outcome, the data and the metadata.
type Outcome = (Result<(), spdk_async::adapter::CallError<spdk_async::bdev::IoStatus>>, Vec<u8>);

/// Sends the command on each of the four ways; the buffers are zeroed before. Metadata comes behind
/// the data.
async fn on_each_way(opened: &Rc<Opened>, command: Command) -> Vec<(spdk_bdev_io_type, Outcome)> {
    let desc = opened.desc();
    let ch = || Rc::clone(opened);
    let (block, md) = (|| Bytes::zeroed(BLOCK), || Bytes::zeroed(MD));
    let mut outcomes = Vec::new();

    // SAFETY: the record keeps the channel of this thread, through it the descriptor, the command, and
    // the buffers, which are as long as C is told.
    let call = unsafe { raw::spdk_bdev_nvme_admin_passthru(desc, ch(), command, block(), BLOCK) };
    let (result, (_, _, buf)) = call.await;
    outcomes.push((SPDK_BDEV_IO_TYPE_NVME_ADMIN, (result, buf.to_vec())));

    // SAFETY: as above.
    let call = unsafe { raw::spdk_bdev_nvme_io_passthru(desc, ch(), command, block(), BLOCK) };
    let (result, (_, _, buf)) = call.await;
    outcomes.push((SPDK_BDEV_IO_TYPE_NVME_IO, (result, buf.to_vec())));

    // SAFETY: as above.
    let call = unsafe {
        raw::spdk_bdev_nvme_io_passthru_md(desc, ch(), command, block(), BLOCK, md(), MD)
    };
    let (result, (_, _, buf, md_buf)) = call.await;
    outcomes.push((SPDK_BDEV_IO_TYPE_NVME_IO_MD, (result, [&*buf, &*md_buf].concat())));

    let iov = Iovs::zeroed(BLOCK, &[100]);
    // SAFETY: as above.
    let call = unsafe {
        raw::spdk_bdev_nvme_iov_passthru_md(desc, ch(), command, iov, 2, BLOCK, md(), MD)
    };
    let (result, (_, _, iov, md_buf)) = call.await;
    outcomes.push((SPDK_BDEV_IO_TYPE_NVME_IOV_MD, (result, [&*iov.concat(), &*md_buf].concat())));
    outcomes
}

#[test]
fn a_command_reaches_the_module_and_its_data_comes_back() {
    with_app(config(&[]), async || {
        let recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        let command = Command::of(OPCODE);
        let outcomes = on_each_way(&Opened::writable(c"Recorder0"), command).await;
        let mut expected = Vec::new();
        for (io_type, (result, buf)) in outcomes {
            result.unwrap();
            let md_len = buf.len() - BLOCK;
            assert_eq!(buf, [vec![DATA; BLOCK], vec![METADATA; md_len]].concat(), "{io_type}");
            expected.push(Seen::Command { io_type, bytes: command.0, nbytes: BLOCK, md_len });
        }
        assert_eq!(recorder.take_seen(), expected);
    });
}

#[test]
fn a_command_that_fails_reports_its_nvme_status() {
    with_app(config(&[]), async || {
        let _recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        let command = Command::of(FAILING);
        for (io_type, (result, _)) in on_each_way(&Opened::writable(c"Recorder0"), command).await {
            let status = failed(result);
            let seen = (status.status_code_type(), status.status_code(), status.cdw0());
            assert_eq!(seen, (1, 0x42, 7), "{io_type}");
        }
    });
}

/// Refused with `EBADF`, even where the command could only read.
#[test]
fn a_read_only_descriptor_sends_no_command() {
    with_app(malloc_and_null(), async || {
        let recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        for name in [c"Recorder0", c"Malloc0"] {
            let outcomes = on_each_way(&Opened::read_only(name), Command::of(2)).await;
            for (io_type, (result, buf)) in outcomes {
                assert_eq!(refused(result), libc::EBADF, "{io_type} on {name:?}");
                assert!(buf.iter().all(|byte| *byte == 0));
            }
        }
        assert_eq!(recorder.take_seen(), []);
    });
}

/// Refused with `ENOTSUP`, as often as one likes: nothing is kept, and the bdev works on.
#[test]
fn a_bdev_without_nvme_refuses_commands_and_the_reset() {
    with_app(config(&[pool(64, 8), malloc("Malloc0", 64), null("Null0", 64)]), async || {
        for name in [c"Malloc0", c"Null0"] {
            let opened = Opened::writable(name);
            for _ in 0..100 {
                for (io_type, (result, buf)) in on_each_way(&opened, Command::of(OPCODE)).await {
                    assert_eq!(refused(result), libc::ENOTSUP, "{io_type} on {name:?}");
                    assert!(buf.iter().all(|byte| *byte == 0));
                }
                // SAFETY: the record keeps the channel of this thread, and through it the descriptor.
                let reset = unsafe { raw::spdk_bdev_nvme_nssr(opened.desc(), opened.clone()) };
                assert_eq!(refused(reset.await.0), libc::ENOTSUP);
            }
            let (ch, buf) = (opened.clone(), Bytes::zeroed(BLOCK));
            // SAFETY: as above, and the buffer, which is as long as C is told.
            let read = unsafe { raw::spdk_bdev_read_blocks(opened.desc(), ch, buf, 0, 1) };
            read.await.0.unwrap();
        }
    });
}

/// The reset needs no writable descriptor.
#[test]
fn an_nvme_subsystem_reset_reaches_the_module() {
    with_app(config(&[]), async || {
        let recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        for opened in [Opened::writable(c"Recorder0"), Opened::read_only(c"Recorder0")] {
            // SAFETY: the record keeps the channel of this thread, and through it the descriptor.
            let reset = unsafe { raw::spdk_bdev_nvme_nssr(opened.desc(), opened.clone()) };
            reset.await.0.unwrap();
            let io_type = SPDK_BDEV_IO_TYPE_NVME_NSSR;
            assert_eq!(recorder.take_seen(), [Seen::Reset { io_type }]);
        }
    });
}

#[test]
fn unreadable_blocks_reach_the_module_or_are_refused() {
    with_app(malloc_and_null(), async || {
        let recorder = Recorder::with_metadata("Recorder0", MD);
        wait_for_examine().await.unwrap();
        let write_uncorrectable = async |opened: Rc<Opened>, offset: u64, count: u64| {
            let desc = opened.desc();
            // SAFETY: the record keeps the channel of this thread, and through it the descriptor.
            unsafe { raw::spdk_bdev_write_uncorrectable_blocks(desc, opened, offset, count) }
                .await
                .0
        };
        write_uncorrectable(Opened::writable(c"Recorder0"), 5, 7).await.unwrap();
        let io_type = SPDK_BDEV_IO_TYPE_WRITE_UNCORRECTABLE;
        assert_eq!(recorder.take_seen(), [Seen::Blocks { io_type, offset: 5, count: 7 }]);

        let behind = write_uncorrectable(Opened::writable(c"Recorder0"), BLOCKS as u64 - 1, 2);
        assert_eq!(refused(behind.await), libc::EINVAL);
        let read_only = write_uncorrectable(Opened::read_only(c"Recorder0"), 5, 7);
        assert_eq!(refused(read_only.await), libc::EBADF);
        for name in [c"Malloc0", c"Null0"] {
            let result = write_uncorrectable(Opened::writable(name), 0, 1).await;
            assert_eq!(refused(result), libc::ENOTSUP, "{name:?}");
        }
        assert_eq!(recorder.take_seen(), []);
    });
}
