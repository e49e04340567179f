//! Creating, deleting and rescanning aio bdevs. App thread, after the bdev layer is initialized.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use std::ffi::{CString, OsStr};
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::super::unregister::unregister_by_name;
use super::super::{Refusal, uuid};
use super::disk::{self, Disk, FN_TABLE, MODULE, block_size_of_device, size_of_file};
use crate::{
    spdk_bdev, spdk_bdev_close, spdk_bdev_desc_get_bdev, spdk_bdev_event_type,
    spdk_bdev_notify_blockcnt_change, spdk_bdev_open_ext, spdk_bdev_register,
};

/// What a new aio bdev is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its name.
    pub name: CString,
    /// The file or block device.
    pub filename: CString,
    /// Bytes of a block, a power of two and at least 512; 0 for those of a block device. A plain file
    /// has none of its own.
    pub block_size: u32,
    /// Writes fail.
    pub readonly: bool,
    /// Unmap and write zeroes are offered, by `fallocate`.
    pub fallocate: bool,
    /// Its UUID; one is generated if there is none.
    pub uuid: Option<[u8; 16]>,
    /// As in SPDK only block devices take it; the workers may block, so it changes nothing else.
    pub nowait: bool,
}

impl Options {
    /// A bdev on `filename` with blocks of `block_size` bytes, with nothing special about it.
    #[must_use]
    pub fn new(name: &CStr, filename: &CStr, block_size: u32) -> Self {
        Self {
            name: name.to_owned(),
            filename: filename.to_owned(),
            block_size,
            readonly: false,
            fallocate: false,
            uuid: None,
            nowait: false,
        }
    }
}

/// Opens the file and registers an aio bdev on it.
///
/// Refused with the errno of the open, `-EINVAL` for sizes that are not valid or do not fit the file,
/// `-ENOTSUP` for `nowait` on a plain file, and `-EEXIST` for a name in use.
pub fn create(options: &Options) -> Result<(), Refusal> {
    let label = format!("bdev_aio_create: {:?}", options.name);
    let path = Path::new(OsStr::from_bytes(options.filename.to_bytes()));
    let file = OpenOptions::new().read(true).write(!options.readonly).open(path);
    let file = file.map_err(|error| {
        let code = -error.raw_os_error().unwrap_or(libc::EIO);
        Refusal::new(code, format!("{label}: opening {}: {error}", path.display()))
    })?;
    if options.nowait && !is_block_device(&file) {
        let reason = format!("{label}: nowait needs a block device, {} is none", path.display());
        return Err(Refusal::new(-libc::ENOTSUP, reason));
    }
    let bdev = describe(options, &file)
        .map_err(|reason| Refusal::invalid(format!("{label}: {reason}")))?;
    let disk = Disk::new(bdev, file, options.readonly, options.fallocate);
    let disk = Box::into_raw(Box::new(disk));
    // SAFETY: the disk stays where it is until it is unregistered; if it is refused it is still ours.
    unsafe {
        (*disk).bdev.ctxt = disk.cast();
        disk::register(disk);
        match spdk_bdev_register(&raw mut (*disk).bdev) {
            0 => Ok(()),
            code => {
                disk::unregister(disk);
                Err(Refusal::errno(code, label))
            }
        }
    }
}

fn is_block_device(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.file_type().is_block_device())
}

/// The bdev as the bdev layer is to see it; the name is a new one for the bdev to own.
fn describe(options: &Options, file: &File) -> Result<spdk_bdev, String> {
    let detected = block_size_of_device(file);
    let block_size = match options.block_size {
        0 if detected == 0 => {
            return Err("a plain file needs a block_size".to_owned());
        }
        0 => detected,
        given if given < detected => {
            return Err(format!("block_size {given} is smaller than the device's {detected}"));
        }
        given => given,
    };
    if block_size < 512 || !block_size.is_power_of_two() {
        return Err(format!("block_size {block_size} is not a power of two of at least 512"));
    }
    let size = size_of_file(file);
    if !size.is_multiple_of(u64::from(block_size)) {
        return Err(format!(
            "the file's {size} bytes are not a multiple of block_size {block_size}"
        ));
    }
    let alignment = if detected == 0 { block_size } else { detected };
    Ok(spdk_bdev {
        name: options.name.clone().into_raw(),
        product_name: c"AIO disk".as_ptr().cast_mut(),
        write_cache: 1,
        blocklen: block_size,
        blockcnt: size / u64::from(block_size),
        required_alignment: alignment.ilog2() as u8,
        uuid: uuid(options.uuid),
        fn_table: &raw const FN_TABLE,
        module: (&raw const MODULE).cast_mut(),
        ..Default::default()
    })
}

/// Deletes the aio bdev `name`, then calls `done` once with 0 or a negative errno (`-ENODEV` if there
/// is none). The file stays.
pub fn delete(name: &CStr, done: impl FnOnce(c_int) + 'static) {
    unregister_by_name(name, &MODULE, done);
}

/// Looks at the size of the file again and makes it the size of the bdev `name`. A file of size 0 is
/// gone: the bdev is unregistered.
///
/// Refused with `-ENODEV` if there is no such bdev, and with `-EBUSY` if it would shrink.
pub fn rescan(name: &CStr) -> Result<(), Refusal> {
    unsafe extern "C" fn ignore(
        _type: spdk_bdev_event_type,
        _bdev: *mut spdk_bdev,
        _ctx: *mut c_void,
    ) {
    }
    let refuse = |code| Refusal::errno(code, format_args!("bdev_aio_rescan: {name:?}"));
    let mut desc = null_mut();
    // SAFETY: `name` is NUL-terminated, `desc` is writable, the event callback needs no context.
    let opened = unsafe {
        spdk_bdev_open_ext(name.as_ptr(), false, Some(ignore), null_mut(), &raw mut desc)
    };
    if opened != 0 {
        return Err(refuse(opened));
    }
    // SAFETY: the descriptor is open until the close below, on this thread, and the bdev with it; the
    // context of an aio bdev is its disk.
    let code = unsafe {
        let bdev = spdk_bdev_desc_get_bdev(desc);
        let code = if core::ptr::eq((*bdev).module, &raw const MODULE) {
            rescan_disk(&*(*bdev).ctxt.cast::<Disk>(), bdev)
        } else {
            -libc::ENODEV
        };
        spdk_bdev_close(desc);
        code
    };
    if code == 0 { Ok(()) } else { Err(refuse(code)) }
}

/// # Safety
///
/// - `bdev` is the registered bdev of `disk`.
unsafe fn rescan_disk(disk: &Disk, bdev: *mut spdk_bdev) -> c_int {
    let size = size_of_file(&disk.file);
    if size == 0 {
        disk.hot_remove();
        return 0;
    }
    // SAFETY: the bdev is registered; an equal size changes nothing.
    unsafe { spdk_bdev_notify_blockcnt_change(bdev, size / u64::from((*bdev).blocklen)) }
}
