//! What a bdev, a descriptor or an I/O says about itself.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use super::buf::required_align;
use super::desc;
use super::io::int;
use super::state::blockcnt;
use super::{
    SPDK_BDEV_IO_TYPE_INVALID, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_WRITE,
    SPDK_BDEV_IO_TYPE_WRITE_ZEROES, SPDK_BDEV_IO_TYPE_ZCOPY, SPDK_BDEV_NUM_IO_TYPES,
    SPDK_DIF_DISABLE, iovec, spdk_bdev, spdk_bdev_desc, spdk_bdev_io, spdk_bdev_io_type,
    spdk_dif_type,
};
use crate::{spdk_io_channel, spdk_thread, spdk_uuid};

/// Whether the module of a bdev executes this type.
///
/// # Safety
/// - `bdev` is registered.
pub(super) unsafe fn supports(bdev: *const spdk_bdev, type_: spdk_bdev_io_type) -> bool {
    type_ > SPDK_BDEV_IO_TYPE_INVALID
        && type_ < SPDK_BDEV_NUM_IO_TYPES
        // SAFETY: by contract.
        && unsafe { (*bdev).io_type_supported } & (1 << type_) != 0
}

/// Whether a bdev executes this type. Write zeroes count as supported if writes are; other types that
/// the bdev layer can put together itself do not.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_io_type_supported(
    bdev: *mut spdk_bdev,
    io_type: spdk_bdev_io_type,
) -> bool {
    // SAFETY: by contract.
    unsafe {
        supports(bdev, io_type)
            || (io_type == SPDK_BDEV_IO_TYPE_WRITE_ZEROES
                && supports(bdev, SPDK_BDEV_IO_TYPE_WRITE))
    }
}

/// Names of the I/O types, from read on.
const IO_TYPE_NAMES: [&CStr; SPDK_BDEV_NUM_IO_TYPES as usize - 1] = [
    c"read",
    c"write",
    c"unmap",
    c"flush",
    c"reset",
    c"nvme_admin",
    c"nvme_io",
    c"nvme_io_md",
    c"write_zeroes",
    c"zcopy",
    c"get_zone_info",
    c"zone_management",
    c"zone_append",
    c"compare",
    c"compare_and_write",
    c"abort",
    c"seek_hole",
    c"seek_data",
    c"copy",
    c"nvme_iov_md",
    c"nvme_nssr",
    c"write_uncorrectable",
];

/// The name of an I/O type, or NULL.
///
/// # Safety
/// - None; it is unsafe because it is a C function.
pub unsafe extern "C" fn spdk_bdev_get_io_type_name(io_type: spdk_bdev_io_type) -> *const c_char {
    let name = io_type.checked_sub(1).and_then(|index| IO_TYPE_NAMES.get(index as usize));
    name.map_or(ptr::null(), |name| name.as_ptr())
}

/// The I/O type of this name, or -1.
///
/// # Safety
/// - `io_type_string` is a C string.
pub unsafe extern "C" fn spdk_bdev_get_io_type(io_type_string: *const c_char) -> c_int {
    // SAFETY: by contract.
    let wanted = unsafe { CStr::from_ptr(io_type_string) };
    let found = IO_TYPE_NAMES.iter().position(|name| *name == wanted);
    found.map_or(-1, |index| index as c_int + 1)
}

/// Declares getters of a bdev's fields.
macro_rules! bdev_getters {
    ($($(#[$doc:meta])+ $name:ident: $ty:ty = |$bdev:ident| $value:expr;)+) => {$(
        $(#[$doc])+
        ///
        /// # Safety
        /// - `bdev` is registered.
        pub unsafe extern "C" fn $name(bdev: *const spdk_bdev) -> $ty {
            // SAFETY: by contract; fields other than the block count do not change while it is
            // registered.
            unsafe {
                let $bdev = bdev;
                $value
            }
        }
    )+};
}

bdev_getters! {
    /// The name; valid as long as the bdev.
    spdk_bdev_get_name: *const c_char = |bdev| (*bdev).name;
    /// The kind of device; valid as long as the bdev.
    spdk_bdev_get_product_name: *const c_char = |bdev| (*bdev).product_name;
    /// The name of the module.
    spdk_bdev_get_module_name: *const c_char = |bdev| (*(*bdev).module).name;
    /// Bytes of a block, with interleaved metadata.
    spdk_bdev_get_block_size: u32 = |bdev| (*bdev).blocklen;
    /// Bytes of data of a block.
    spdk_bdev_get_data_block_size: u32 = |bdev| {
        if spdk_bdev_is_md_interleaved(bdev) {
            (*bdev).blocklen - (*bdev).md_len
        } else {
            (*bdev).blocklen
        }
    };
    /// Bytes of a physical block.
    spdk_bdev_get_physical_block_size: u32 = |bdev| (*bdev).phys_blocklen;
    /// Number of blocks.
    spdk_bdev_get_num_blocks: u64 = |bdev| blockcnt(bdev);
    /// Blocks of the smallest write.
    spdk_bdev_get_write_unit_size: u32 = |bdev| (*bdev).write_unit_size;
    /// Required alignment of buffers in bytes.
    spdk_bdev_get_buf_align: usize = |bdev| required_align(bdev);
    /// Preferred boundary in blocks; 0 for none.
    spdk_bdev_get_optimal_io_boundary: u32 = |bdev| (*bdev).optimal_io_boundary;
    /// Whether writes may be cached by the device.
    spdk_bdev_has_write_cache: bool = |bdev| (*bdev).write_cache != 0;
    /// The UUID; valid as long as the bdev.
    spdk_bdev_get_uuid: *const spdk_uuid = |bdev| &raw const (*bdev).uuid;
    /// Blocks of the largest atomic compare and write.
    spdk_bdev_get_acwu: u16 = |bdev| (*bdev).acwu;
    /// Bytes of metadata of a block.
    spdk_bdev_get_md_size: u32 = |bdev| (*bdev).md_len;
    /// Whether metadata follow the data of their block.
    spdk_bdev_is_md_interleaved: bool = |bdev| (*bdev).md_len != 0 && (*bdev).md_interleave;
    /// Whether metadata have a buffer of their own.
    spdk_bdev_is_md_separate: bool = |bdev| (*bdev).md_len != 0 && !(*bdev).md_interleave;
    /// Whether the device is zoned.
    spdk_bdev_is_zoned: bool = |bdev| (*bdev).zoned;
    /// Protection information type.
    spdk_bdev_get_dif_type: spdk_dif_type = |bdev| {
        if (*bdev).md_len == 0 { SPDK_DIF_DISABLE } else { (*bdev).dif_type }
    };
    /// Whether protection information is in the first bytes of the metadata.
    spdk_bdev_is_dif_head_of_md: bool = |bdev| {
        spdk_bdev_get_dif_type(bdev) != SPDK_DIF_DISABLE && (*bdev).dif_is_head_of_md
    };
    /// Blocks of the largest copy; 0 for no limit.
    spdk_bdev_get_max_copy: u32 = |bdev| (*bdev).max_copy;
    /// Preferred alignment of writes in blocks.
    spdk_bdev_get_preferred_write_alignment: u32 = |bdev| (*bdev).preferred_write_alignment;
    /// Preferred granularity of writes in blocks.
    spdk_bdev_get_preferred_write_granularity: u32 = |bdev| (*bdev).preferred_write_granularity;
    /// Optimal size of a write in blocks.
    spdk_bdev_get_optimal_write_size: u32 = |bdev| (*bdev).optimal_write_size;
    /// Preferred alignment of unmaps in blocks.
    spdk_bdev_get_preferred_unmap_alignment: u32 = |bdev| (*bdev).preferred_unmap_alignment;
    /// Preferred granularity of unmaps in blocks.
    spdk_bdev_get_preferred_unmap_granularity: u32 = |bdev| (*bdev).preferred_unmap_granularity;
}

/// The NUMA node of a bdev, or -1.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_numa_id(bdev: *mut spdk_bdev) -> i32 {
    // SAFETY: by contract.
    let numa = unsafe { (*bdev).numa };
    if numa.id_valid { numa.id } else { -1 }
}

/// The NVMe namespace id of a bdev, or 0.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_get_nvme_nsid(bdev: *mut spdk_bdev) -> u32 {
    // SAFETY: by contract.
    unsafe { (*bdev).nsid }
}

/// Something of the module's that its users may want, or NULL.
///
/// # Safety
/// - `desc` is open.
pub unsafe extern "C" fn spdk_bdev_get_module_ctx(desc: *mut spdk_bdev_desc) -> *mut c_void {
    // SAFETY: by contract.
    unsafe {
        let bdev = desc::of(desc).bdev;
        (*(*bdev).fn_table).get_module_ctx.map_or(ptr::null_mut(), |get| get((*bdev).ctxt))
    }
}

/// Declares getters of what a bdev looks like through a descriptor.
macro_rules! desc_getters {
    ($($(#[$doc:meta])+ $name:ident: $ty:ty = |$desc:ident, $bdev:ident| $value:expr;)+) => {$(
        $(#[$doc])+
        ///
        /// # Safety
        /// - `desc` is open.
        pub unsafe extern "C" fn $name(desc: *mut spdk_bdev_desc) -> $ty {
            // SAFETY: by contract.
            unsafe {
                let $desc = desc::of(desc);
                let $bdev = $desc.bdev;
                $value
            }
        }
    )+};
}

desc_getters! {
    /// The bdev of a descriptor.
    spdk_bdev_desc_get_bdev: *mut spdk_bdev = |_desc, bdev| bdev;
    /// Bytes of a block, without metadata that the descriptor hides.
    spdk_bdev_desc_get_block_size: u32 = |desc, bdev| {
        (*bdev).blocklen - if desc.hide_metadata { (*bdev).md_len } else { 0 }
    };
    /// Bytes of metadata of a block; 0 if the descriptor hides them.
    spdk_bdev_desc_get_md_size: u32 = |desc, bdev| {
        if desc.hide_metadata { 0 } else { (*bdev).md_len }
    };
    /// Whether metadata follow the data of their block.
    spdk_bdev_desc_is_md_interleaved: bool = |desc, bdev| {
        !desc.hide_metadata && spdk_bdev_is_md_interleaved(bdev)
    };
    /// Whether metadata have a buffer of their own.
    spdk_bdev_desc_is_md_separate: bool = |desc, bdev| {
        !desc.hide_metadata && spdk_bdev_is_md_separate(bdev)
    };
    /// Whether the descriptor hides metadata.
    spdk_bdev_desc_hide_metadata: bool = |desc, _bdev| desc.hide_metadata;
}

/// The thread of an I/O.
///
/// # Safety
/// - `bdev_io` is in flight, or completed and not freed.
pub unsafe extern "C" fn spdk_bdev_io_get_thread(bdev_io: *mut spdk_bdev_io) -> *mut spdk_thread {
    // SAFETY: by contract, the I/O has a live channel.
    unsafe { (*int(bdev_io).ch.get()).thread }
}

/// The module's channel of an I/O.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_io_channel(
    bdev_io: *mut spdk_bdev_io,
) -> *mut spdk_io_channel {
    // SAFETY: as in `spdk_bdev_io_get_thread`.
    unsafe { (*int(bdev_io).ch.get()).channel }
}

/// When an I/O was submitted, in ticks.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_submit_tsc(bdev_io: *mut spdk_bdev_io) -> u64 {
    // SAFETY: by contract.
    unsafe { int(bdev_io) }.submit_tsc.get()
}

/// Whether an I/O came through a descriptor that hides metadata.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_hide_metadata(bdev_io: *mut spdk_bdev_io) -> bool {
    // SAFETY: by contract; the descriptor is open while the I/O is in flight.
    unsafe { desc::of(int(bdev_io).desc.get()).hide_metadata }
}

/// Bytes of a block as an I/O sees it.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_block_size(bdev_io: *mut spdk_bdev_io) -> u32 {
    // SAFETY: by contract.
    unsafe {
        let bdev = (*bdev_io).bdev;
        if (*bdev).md_len == 0 {
            return (*bdev).blocklen;
        }
        spdk_bdev_desc_get_block_size(int(bdev_io).desc.get())
    }
}

/// The argument an I/O was submitted with.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_cb_arg(bdev_io: *mut spdk_bdev_io) -> *mut c_void {
    // SAFETY: by contract.
    unsafe { int(bdev_io) }.caller_ctx.get()
}

/// The data buffers of a read, write or zero copy; NULL and 0 for other types. Either pointer may be
/// NULL.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_iovec(
    bdev_io: *mut spdk_bdev_io,
    iovp: *mut *mut iovec,
    iovcntp: *mut c_int,
) {
    // SAFETY: by contract.
    unsafe {
        let (iovs, iovcnt) = match u32::from((*bdev_io).type_) {
            SPDK_BDEV_IO_TYPE_READ | SPDK_BDEV_IO_TYPE_WRITE | SPDK_BDEV_IO_TYPE_ZCOPY => {
                ((*bdev_io).u.bdev.iovs, (*bdev_io).u.bdev.iovcnt)
            }
            _ => (ptr::null_mut(), 0),
        };
        if !iovp.is_null() {
            *iovp = iovs;
        }
        if !iovcntp.is_null() {
            *iovcntp = iovcnt;
        }
    }
}

/// The separate metadata buffer of a read or write, or NULL.
///
/// # Safety
/// - As [`spdk_bdev_io_get_thread`].
pub unsafe extern "C" fn spdk_bdev_io_get_md_buf(bdev_io: *mut spdk_bdev_io) -> *mut c_void {
    // SAFETY: by contract.
    unsafe {
        let type_ = u32::from((*bdev_io).type_);
        let has_data = type_ == SPDK_BDEV_IO_TYPE_READ || type_ == SPDK_BDEV_IO_TYPE_WRITE;
        if has_data && spdk_bdev_is_md_separate((*bdev_io).bdev) {
            (*bdev_io).u.bdev.md_buf
        } else {
            ptr::null_mut()
        }
    }
}
