//! Aborting I/O.

mod common;

use core::pin::pin;

use common::*;
use spdk_async::bdev::{AbortToken, Bdev, IoChannel, QosLimits};
use spdk_async::spawn_local;

async fn open(name: &str) -> IoChannel {
    Bdev::open(name).await.unwrap().channel().unwrap()
}

/// Limits writes so far that those after the first wait for seconds.
async fn stall(channel: &IoChannel) {
    let limits = QosLimits { write_bytes_per_sec: Some(1 << 20), ..QosLimits::default() };
    channel.descriptor().set_qos_limits(limits).await.unwrap();
    // The overrun of one large write is deducted from what may follow.
    channel.write_blocks(vec![0; 16 << 20], 0).await.0.unwrap();
}

async fn unlimit(channel: &IoChannel) {
    let limits = QosLimits { write_bytes_per_sec: Some(0), ..QosLimits::default() };
    channel.descriptor().set_qos_limits(limits).await.unwrap();
}

#[test]
fn a_null_bdev_aborts_what_it_has_queued() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        let mut read = pin!(abortable.read_blocks(vec![3; BLOCK], 0));
        assert!(poll_once(read.as_mut()).is_pending());
        assert!(format!("{token:?}").contains("in_flight: 1"));
        assert_eq!(channel.abort(&token).await.unwrap(), 1);
        let (result, buf) = read.await;
        let error = result.unwrap_err();
        assert!(error.io_status().unwrap().is_aborted() && error.is_retryable(), "{error:?}");
        assert_eq!(buf, vec![3; BLOCK]);
        assert!(format!("{token:?}").contains("in_flight: 0"));
        // Nothing is left to abort.
        assert_eq!(channel.abort(&token).await.unwrap(), 0);
    });
}

#[test]
fn an_abort_takes_each_operation_of_its_token_and_no_other() {
    with_app(malloc_and_null(), async || {
        let channel = open("Null0").await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        let start = |channel: &IoChannel| {
            let mut read = Box::pin({
                let channel = channel.clone();
                async move { channel.read_blocks(vec![0; BLOCK], 0).await.0 }
            });
            assert!(poll_once(read.as_mut()).is_pending());
            read
        };
        let named: Vec<_> = (0..10).map(|_| start(&abortable)).collect();
        let others: Vec<_> = (0..10).map(|_| start(&channel)).collect();
        let aborted = channel.abort(&token.clone()).await.unwrap();
        assert!(aborted >= 1, "none of ten");
        let mut seen = 0;
        for read in named {
            match read.await {
                Ok(()) => {}
                Err(error) => {
                    assert!(error.io_status().unwrap().is_aborted(), "{error:?}");
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, aborted);
        for read in others {
            read.await.unwrap();
        }
    });
}

#[test]
fn completed_operations_are_not_named_any_more() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        abortable.write_blocks(pattern(1, BLOCK), 0).await.0.unwrap();
        abortable.read_blocks(vec![0; BLOCK], 4096).await.0.unwrap_err();
        assert_eq!((shown(&token, "in_flight"), shown(&token, "listed")), (0, 0));
        assert_eq!(channel.abort(&token).await.unwrap(), 0);
    });
}

#[test]
fn a_dropped_operation_can_still_be_aborted() {
    with_app(config(&[null("Null0", 1 << 20)]), async || {
        let channel = open("Null0").await;
        stall(&channel).await;
        let token = AbortToken::new();
        {
            let abortable = channel.abortable(&token);
            let mut write = pin!(abortable.write_blocks(vec![0; BLOCK], 0));
            assert!(poll_once(write.as_mut()).is_pending());
        }
        // The future is gone, the write is not.
        assert_eq!(channel.abort(&token).await.unwrap(), 1);
        unlimit(&channel).await;
    });
}

/// How many operations a token shows as `in_flight`, or as `listed`.
fn shown(token: &AbortToken, what: &str) -> usize {
    let shown = format!("{token:?}");
    let (_, rest) = shown.split_once(what).expect("a token shows it");
    let count = rest.trim_start_matches(": ").split([',', ' ']).next();
    count.and_then(|count| count.parse().ok()).expect("a token shows a number")
}

#[test]
fn a_token_forgets_what_was_dropped_and_has_completed() {
    const AT_ONCE: u64 = 50;
    with_app(config(&[null("Null0", 1 << 20)]), async || {
        let channel = open("Null0").await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        stall(&channel).await;
        let mut stuck = pin!(abortable.write_blocks(vec![0; BLOCK], 0));
        assert!(poll_once(stuck.as_mut()).is_pending());
        for _ in 0..100_000 / AT_ONCE {
            for block in 0..AT_ONCE {
                let mut read = pin!(abortable.read_blocks(vec![0; BLOCK], block));
                assert!(poll_once(read.as_mut()).is_pending());
            }
            let listed = shown(&token, "listed");
            assert!(listed <= 3 * AT_ONCE as usize, "{listed} for {AT_ONCE} in flight");
            while shown(&token, "in_flight") > 1 {
                turn().await;
            }
        }
        // The write is the oldest, and still named.
        assert_eq!(channel.abort(&token).await.unwrap(), 1);
        assert!(stuck.await.0.unwrap_err().io_status().unwrap().is_aborted());
        assert_eq!(shown(&token, "listed"), 0);
        unlimit(&channel).await;
    });
}

#[test]
fn io_that_waits_for_its_share_is_aborted_at_once() {
    with_app(config(&[null("Null0", 1 << 20)]), async || {
        let channel = open("Null0").await;
        stall(&channel).await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        let writes: Vec<_> = (0..16)
            .map(|block| {
                let channel = abortable.clone();
                spawn_local(async move { channel.write_blocks(vec![0; BLOCK], block).await })
            })
            .collect();
        turn().await;
        assert_eq!(channel.abort(&token).await.unwrap(), 16);
        for (result, buf) in join_all(writes).await {
            assert!(result.unwrap_err().io_status().unwrap().is_aborted());
            assert_eq!(buf.len(), BLOCK);
        }
        unlimit(&channel).await;
        channel.write_blocks(vec![0; BLOCK], 0).await.0.unwrap();
    });
}

/// A token that names operations of two channels: an abort on one leaves the other's to the other.
#[test]
fn an_abort_leaves_the_operations_of_other_channels_listed() {
    with_app(config(&[null("Null0", 8), null("Null1", 8)]), async || {
        let (first, second) = (open("Null0").await, open("Null1").await);
        let token = AbortToken::new();
        let tagged = second.abortable(&token);
        let mut read = pin!(tagged.read_blocks(vec![0; BLOCK], 0));
        assert!(poll_once(read.as_mut()).is_pending());
        // Both are polled before SPDK has another turn.
        let mut elsewhere = pin!(first.abort(&token));
        let mut here = pin!(second.abort(&token));
        let elsewhere_now = poll_once(elsewhere.as_mut());
        assert!(poll_once(here.as_mut()).is_pending(), "the read is still named");
        if elsewhere_now.is_pending() {
            assert_eq!(elsewhere.await.unwrap(), 0);
        }
        assert_eq!(here.await.unwrap(), 1);
        read.await.0.unwrap_err();
    });
}

#[test]
fn a_bdev_that_cannot_abort() {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.as_file().set_len(16 * BLOCK as u64).unwrap();
    with_app(config(&[aio("Aio0", file.path())]), async || {
        let channel = open("Aio0").await;
        assert!(!channel.descriptor().bdev().supports(spdk_async::bdev::IoType::Abort));
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        let mut read = pin!(abortable.read_blocks(vec![0; BLOCK], 0));
        assert!(poll_once(read.as_mut()).is_pending());
        assert_eq!(errno_of(channel.abort(&token).await), Some(libc::ENOTSUP));
        read.await.0.unwrap();
    });
}

#[test]
fn a_bdev_that_fails_to_abort() {
    with_app(malloc_and_null(), async || {
        let channel = open("Malloc0").await;
        let token = AbortToken::new();
        let abortable = channel.abortable(&token);
        let mut write = pin!(abortable.write_blocks(pattern(2, BLOCK), 0));
        assert!(poll_once(write.as_mut()).is_pending());
        // A malloc bdev aborts nothing, but the write may be done before it says so.
        assert!(channel.abort(&token).await.unwrap() <= 1);
        write.await.0.unwrap();
        let (result, read) = channel.read_blocks(vec![0; BLOCK], 0).await;
        result.unwrap();
        assert_eq!(read, pattern(2, BLOCK));
    });
}
