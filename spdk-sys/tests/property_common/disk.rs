//! The bdevs of the property tests, as a specification and as something to open.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::ptr::null_mut;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::sample::select;
use spdk_sys::*;

use crate::app_common::host::Host;

const NAME: &CStr = c"Property0";

/// Which module a bdev belongs to, with what is special about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads and writes are split at multiples of this many blocks, unless it is 0.
    Malloc {
        boundary: u32,
    },
    Null,
    Aio {
        readonly: bool,
        fallocate: bool,
    },
}

/// What a bdev is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) blocks: u64,
    pub(crate) block_size: u32,
}

impl Spec {
    /// The bytes of so many blocks, or more than there can be.
    pub(crate) fn bytes(&self, blocks: u64) -> u64 {
        blocks.saturating_mul(self.block_size.into())
    }
}

pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    let blocks = || prop_oneof![3 => 1..20_u64, 1 => 1..300_u64];
    let size = || select(&[512, 512, 1024, 4096][..]);
    let huge = select(&[1 << 40, 1 << 55, u64::MAX / 512, u64::MAX - 1, u64::MAX][..]);
    let of = |(kind, blocks, block_size)| Spec { kind, blocks, block_size };
    prop_oneof![
        5 => (select(&[0, 0, 1, 3, 8][..]).prop_map(|boundary| Kind::Malloc { boundary }),
            blocks(), size()).prop_map(of),
        2 => (Just(Kind::Null), blocks(), size()).prop_map(of),
        1 => (Just(Kind::Null), huge, size()).prop_map(of),
        2 => (any::<(bool, bool)>()
                .prop_map(|(readonly, fallocate)| Kind::Aio { readonly, fallocate }),
            prop_oneof![blocks(), 60..300_u64], size()).prop_map(of),
    ]
}

/// A bdev with a descriptor to write by, one to read by only, and a channel.
pub(crate) struct Opened<'a> {
    pub(crate) host: &'a Host,
    pub(crate) writable: *mut spdk_bdev_desc,
    pub(crate) read_only: *mut spdk_bdev_desc,
    pub(crate) channel: *mut spdk_io_channel,
    kind: Kind,
    _file: Option<tempfile::NamedTempFile>,
}

impl<'a> Opened<'a> {
    /// Makes a bdev, all zeroes, and opens it.
    pub(crate) fn new(host: &'a Host, spec: &Spec) -> Self {
        let file = host.on_thread(|| create(spec));
        let writable = open(host, true);
        // SAFETY: the descriptor is open, on its thread.
        let channel = host.on_thread(|| unsafe { spdk_bdev_get_io_channel(writable) });
        assert!(!channel.is_null());
        let read_only = open(host, false);
        Self { host, writable, read_only, channel, kind: spec.kind, _file: file }
    }

    /// Closes and deletes the bdev.
    pub(crate) fn end(self) {
        // SAFETY: nothing is in flight; all belong to this thread.
        self.host.on_thread(|| unsafe {
            spdk_put_io_channel(self.channel);
            spdk_bdev_close(self.read_only);
            spdk_bdev_close(self.writable);
        });
        let code = Rc::new(Cell::new(None));
        let done = Rc::clone(&code);
        self.host.on_thread(|| match self.kind {
            Kind::Malloc { .. } => malloc::delete(NAME, move |code| done.set(Some(code))),
            Kind::Null => null::delete(NAME, move |code| done.set(Some(code))),
            Kind::Aio { .. } => aio::delete(NAME, move |code| done.set(Some(code))),
        });
        self.host.poll_until(|| code.get().is_some());
        assert_eq!(code.get(), Some(0), "the bdev is deleted");
    }
}

/// Makes the bdev; an aio bdev lasts no longer than the file that is returned.
fn create(spec: &Spec) -> Option<tempfile::NamedTempFile> {
    let Spec { kind, blocks, block_size } = *spec;
    match kind {
        Kind::Malloc { boundary } => {
            let mut options = malloc::Options::new(NAME, blocks, block_size);
            options.optimal_io_boundary = boundary;
            malloc::create(&options).expect("a malloc bdev");
            None
        }
        Kind::Null => {
            null::create(&null::Options::new(NAME, blocks, block_size)).expect("a null bdev");
            None
        }
        Kind::Aio { readonly, fallocate } => {
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            file.as_file().set_len(spec.bytes(blocks)).expect("it can have a size");
            let path = CString::new(file.path().as_os_str().as_bytes()).expect("no NUL");
            let mut options = aio::Options::new(NAME, &path, block_size);
            (options.readonly, options.fallocate) = (readonly, fallocate);
            aio::create(&options).expect("an aio bdev");
            Some(file)
        }
    }
}

fn open(host: &Host, write: bool) -> *mut spdk_bdev_desc {
    unsafe extern "C" fn ignore(_: spdk_bdev_event_type, _: *mut spdk_bdev, _: *mut c_void) {}
    let mut desc = null_mut();
    // SAFETY: the name is NUL-terminated, `desc` is writable, the callback needs no context.
    let code: c_int = host.on_thread(|| unsafe {
        spdk_bdev_open_ext(NAME.as_ptr(), write, Some(ignore), null_mut(), &raw mut desc)
    });
    assert_eq!(code, 0, "the bdev can be opened");
    desc
}
