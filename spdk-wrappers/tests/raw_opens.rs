//! The raw opens: with options, and of a bdev that is not there yet.

mod common;

use core::ffi::CStr;
use core::future::IntoFuture;
use core::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use common::raw::*;
use common::recorder::Recorder;
use common::*;
use spdk_async::adapter::{CallError, Errno, Handle, Refusal, Subscription};
use spdk_async::bdev::wait_for_examine;
use spdk_async::raw::bdev::{self as raw, spdk_bdev_event_cb_t};
use spdk_async::{sleep, timeout};
use spdk_sys::{
    SPDK_BDEV_EVENT_REMOVE, spdk_bdev_desc, spdk_bdev_open_async_opts, spdk_bdev_open_opts,
};

const MD: usize = 8;

/// Opens a bdev with or without its metadata.
fn open_with(name: &CStr, hide_metadata: bool) -> Result<Rc<Opened>, Refusal> {
    let (events, _) = Subscription::new("spdk_bdev_open_ext_v2");
    let mut opts = spdk_bdev_open_opts::default();
    // SAFETY: the options are written up to the size that is passed.
    unsafe { spdk_sys::spdk_bdev_open_opts_init(&raw mut opts, size_of_val(&opts)) };
    opts.hide_metadata = hide_metadata;
    // SAFETY: an spdk_thread is current; name and options are read during the call.
    let desc = unsafe { raw::spdk_bdev_open_ext_v2(name.as_ptr(), true, &events, &raw mut opts) }?;
    // SAFETY: it has just been opened, on this thread.
    Ok(unsafe { Opened::of(desc, events) })
}

/// The size of a block as those see it that use the descriptor, in bytes.
fn block_size(opened: &Opened) -> usize {
    // SAFETY: the descriptor is open.
    unsafe { spdk_sys::spdk_bdev_desc_get_block_size(opened.desc()) as usize }
}

async fn read_first_block(opened: &Rc<Opened>) {
    let buf = Bytes::zeroed(block_size(opened));
    // SAFETY: the record keeps the channel of this thread, through it the descriptor, and the buffer
    // of one block.
    let read = unsafe { raw::spdk_bdev_read_blocks(opened.desc(), opened.clone(), buf, 0, 1) };
    read.await.0.unwrap();
}

#[test]
fn options_decide_whether_metadata_is_seen() {
    with_app(malloc_and_null(), async || {
        let _interleaved = Recorder::interleaved("Interleaved", MD);
        let _separate = Recorder::with_metadata("Separate", MD);
        wait_for_examine().await.unwrap();
        for (name, hide_metadata, expected) in [
            (c"Interleaved", false, Ok(BLOCK + MD)),
            (c"Interleaved", true, Ok(BLOCK)),
            (c"Separate", false, Ok(BLOCK)),
            (c"Separate", true, Err(libc::EINVAL)),
            (c"Malloc0", false, Ok(BLOCK)),
            (c"Malloc0", true, Ok(BLOCK)),
            (c"Missing", false, Err(libc::ENODEV)),
        ] {
            let opened = open_with(name, hide_metadata);
            let seen = opened.as_ref().map(|opened| block_size(opened));
            let seen = seen.map_err(|refusal| refusal.errno().map_or(0, Errno::get));
            assert_eq!(seen, expected, "{name:?}, {hide_metadata}");
        }
        read_first_block(&open_with(c"Malloc0", false).unwrap()).await;
    });
}

#[test]
fn a_bdev_that_was_opened_with_options_announces_its_removal() {
    with_app(malloc_and_null(), async || {
        let opened = open_with(c"Null0", false).unwrap();
        let mut events = opened.events();
        let gone = unregister(c"Null0");
        let event = timeout(Duration::from_secs(20), next(&mut events)).await;
        assert_eq!(event.unwrap(), Some(SPDK_BDEV_EVENT_REMOVE));
        drop(opened);
        timeout(Duration::from_secs(20), gone).await.unwrap().unwrap();
        assert_eq!(next(&mut events).await, None);
    });
}

type Opening = Result<Option<Handle<spdk_bdev_desc>>, CallError<Errno>>;

/// Opens a bdev that may not be there yet.
async fn open_later(
    name: &'static CStr,
    timeout_ms: u64,
    events: &Subscription<spdk_bdev_event_cb_t>,
) -> Opening {
    let mut opts =
        spdk_bdev_open_async_opts { size: size_of::<spdk_bdev_open_async_opts>(), timeout_ms };
    // SAFETY: an spdk_thread is current, and the options are read during the call, which is made
    // while they live.
    let open = unsafe { raw::spdk_bdev_open_async(name, true, events, &raw mut opts) };
    open.await.0
}

/// Takes an open descriptor over.
fn taken(opening: Opening, events: Subscription<spdk_bdev_event_cb_t>) -> Rc<Opened> {
    let desc = opening.unwrap().expect("a descriptor comes with success").into_raw();
    // SAFETY: it was opened on this thread, and its handle was given up.
    unsafe { Opened::of(desc, events) }
}

#[test]
fn a_bdev_that_is_there_opens_at_once() {
    with_app(malloc_and_null(), async || {
        let (events, _) = Subscription::new("spdk_bdev_open_async");
        let opening = open_later(c"Malloc0", 0, &events).await;
        let opened = taken(opening, events);
        read_first_block(&opened).await;
        let mut events = opened.events();
        let gone = unregister(c"Malloc0");
        assert_eq!(next(&mut events).await, Some(SPDK_BDEV_EVENT_REMOVE));
        drop(opened);
        timeout(Duration::from_secs(20), gone).await.unwrap().unwrap();
    });
}

#[test]
fn a_bdev_that_comes_later_is_waited_for() {
    with_app(config(&[]), async || {
        let (events, _) = Subscription::new("spdk_bdev_open_async");
        let mut opening = Box::pin(open_later(c"Recorder0", 20_000, &events));
        assert!(poll_once(opening.as_mut()).is_pending());
        sleep(Duration::from_millis(20)).await;
        let _recorder = Recorder::with_metadata("Recorder0", MD);
        let opening = timeout(Duration::from_secs(20), opening).await;
        read_first_block(&taken(opening.unwrap(), events)).await;
    });
}

/// With a timeout it is `ETIMEDOUT`; without, the reason of the single try.
#[test]
fn a_bdev_that_never_comes_is_given_up() {
    with_app(malloc_and_null(), async || {
        for (timeout_ms, expected) in [(0, libc::ENODEV), (50, libc::ETIMEDOUT)] {
            let (events, _) = Subscription::new("spdk_bdev_open_async");
            let opening = open_later(c"Missing", timeout_ms, &events);
            let opening = timeout(Duration::from_secs(20), opening).await.unwrap();
            match opening {
                Err(CallError::Failed(errno)) => assert_eq!(errno.get(), expected),
                other => panic!("{timeout_ms} ms: {other:?}"),
            }
        }
    });
}

/// A descriptor that nobody takes is closed, or its bdev could not go away.
#[test]
fn an_open_that_nobody_waits_for_is_closed() {
    with_app(malloc_and_null(), async || {
        let (events, _) = Subscription::new("spdk_bdev_open_async");
        // The future goes while its callback is on the way.
        let mut opening = Box::pin(open_later(c"Malloc0", 0, &events));
        assert!(poll_once(opening.as_mut()).is_pending());
        drop(opening);
        // The descriptor goes, unused.
        drop(open_later(c"Null0", 0, &events).await.unwrap());
        sleep(Duration::from_millis(1)).await;
        unregister_unused(c"Malloc0").await;
        unregister_unused(c"Null0").await;
    });
}

/// A null option struct asks for one try.
#[test]
fn an_open_without_options_tries_once() {
    with_app(malloc_and_null(), async || {
        let (events, _) = Subscription::new("spdk_bdev_open_async");
        let none = core::ptr::null_mut::<spdk_bdev_open_async_opts>();
        // SAFETY: an spdk_thread is current.
        let open = unsafe { raw::spdk_bdev_open_async(c"Missing", true, &events, none) };
        let open = pin!(open.into_future());
        let result = timeout(Duration::from_secs(20), open).await.unwrap().0;
        assert!(matches!(result, Err(CallError::Failed(errno)) if errno.get() == libc::ENODEV));
    });
}
