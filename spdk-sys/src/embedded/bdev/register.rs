//! Making a bdev known.

use core::ffi::{CStr, c_char, c_int};
use std::ffi::CString;

use super::buf::{LARGE_BUF_SIZE, required_align};
use super::desc::spdk_bdev_desc;
use super::examine;
use super::open::{OpenArgs, close, open_listed};
use super::query::supports;
use super::registry::{bytes, registry};
use super::split;
use super::state::BdevState;
use super::write_zeroes::ZERO_BUFFER_SIZE;
use super::{
    SPDK_BDEV_IO_TYPE_COPY, SPDK_BDEV_IO_TYPE_READ, SPDK_BDEV_IO_TYPE_WRITE_ZEROES,
    SPDK_BDEV_NUM_IO_TYPES, channel, fail, spdk_bdev, spdk_bdev_get_data_block_size,
};
use crate::{spdk_uuid_fmt_lower, spdk_uuid_generate, spdk_uuid_is_null};

const UUID_STRING_LEN: usize = 37;

/// Registers a bdev. It is usable as soon as this returns 0; then modules have examined its
/// configuration and begun to examine its contents. -EINVAL without a name, -EEXIST if the name or
/// the UUID is taken. App thread.
///
/// # Safety
/// - `bdev` is filled in, its unused fields are zero, and it stays in place until its `destruct`.
pub unsafe extern "C" fn spdk_bdev_register(bdev: *mut spdk_bdev) -> c_int {
    fail::require_app_thread("spdk_bdev_register");
    // SAFETY: by contract.
    unsafe {
        assert!(
            !(*bdev).module.is_null() && !(*bdev).fn_table.is_null(),
            "spdk_bdev_register: module or fn_table is NULL; set both"
        );
        if (*bdev).name.is_null() || bytes((*bdev).name).is_empty() {
            tracing::error!("spdk_bdev_register: the bdev has no name");
            return -libc::EINVAL;
        }
        let desc = match add(bdev) {
            Ok(desc) => desc,
            Err(errno) => return -errno,
        };
        examine::examine(bdev);
        examine::when_done(register_finished, desc.cast());
    }
    0
}

unsafe extern "C" fn register_finished(ctx: *mut core::ffi::c_void) {
    // SAFETY: the descriptor was opened by `spdk_bdev_register`, on this thread.
    unsafe { close(ctx.cast()) };
}

/// Puts a bdev into the registry and opens it for the time it is examined.
///
/// # Safety
/// - As [`spdk_bdev_register`].
unsafe fn add(bdev: *mut spdk_bdev) -> Result<*mut spdk_bdev_desc, c_int> {
    // SAFETY: by contract.
    unsafe {
        let name = CStr::from_ptr((*bdev).name);
        let uuid = settle_uuid(bdev);
        let mut names = vec![name.to_bytes().to_vec()];
        if uuid != names[0] {
            names.push(uuid);
        }
        // The module is asked before anything is locked.
        settle_types(bdev);
        settle_limits(bdev);
        let mut registry = registry();
        if names.iter().any(|name| registry.names.contains_key(name)) {
            tracing::error!("spdk_bdev_register: the name or UUID of {name:?} is taken");
            return Err(libc::EEXIST);
        }
        let own = BdevState::new(name.to_string_lossy().into_owned());
        if let Some(uuid) = names.get(1) {
            own.lock().aliases.push(uuid, bdev);
        }
        (*bdev).internal.state = Box::into_raw(Box::new(own));
        let device = CString::new(format!("bdev_{}", name.to_string_lossy()))
            .expect("a C string holds no NUL");
        channel::register_device(bdev, &device);
        for name in names {
            registry.names.insert(name, bdev);
        }
        registry.bdevs.push(bdev);
        open_listed(&registry, bdev, OpenArgs::internal())
    }
}

/// Gives a bdev a UUID if it has none; returns it as text.
unsafe fn settle_uuid(bdev: *mut spdk_bdev) -> Vec<u8> {
    let mut text: [c_char; UUID_STRING_LEN] = [0; UUID_STRING_LEN];
    // SAFETY: the bdev is valid; the text has the size that is passed.
    unsafe {
        let uuid = &raw mut (*bdev).uuid;
        if spdk_uuid_is_null(uuid) {
            spdk_uuid_generate(uuid);
        }
        spdk_uuid_fmt_lower(text.as_mut_ptr(), text.len(), uuid);
        bytes(text.as_ptr()).to_vec()
    }
}

/// Asks the module which I/O types it executes.
unsafe fn settle_types(bdev: *mut spdk_bdev) {
    // SAFETY: the bdev is valid, on the app thread.
    unsafe {
        if let Some(supported) = (*(*bdev).fn_table).io_type_supported {
            for type_ in SPDK_BDEV_IO_TYPE_READ..SPDK_BDEV_NUM_IO_TYPES {
                if supported((*bdev).ctxt, type_) {
                    (*bdev).io_type_supported |= 1 << type_;
                }
            }
        }
    }
}

/// Fills in limits that follow from others, as SPDK does.
unsafe fn settle_limits(bdev: *mut spdk_bdev) {
    // SAFETY: the bdev is valid, and nobody else knows it yet.
    unsafe {
        let align = required_align(bdev);
        if (*bdev).phys_blocklen == 0 {
            (*bdev).phys_blocklen = spdk_bdev_get_data_block_size(bdev);
        }
        let own = &mut *bdev;
        own.write_unit_size = own.write_unit_size.max(1);
        let most = |bytes: u64| {
            let blocklen =
                u64::from(own.blocklen) + if own.md_interleave { 0 } else { u64::from(own.md_len) };
            let blocks = (bytes - (align as u64 - 1)) / blocklen.max(1);
            (blocks - blocks % u64::from(own.write_unit_size)) as u32
        };
        let (most_buffered, most_zeroes) = (most(LARGE_BUF_SIZE), most(ZERO_BUFFER_SIZE as u64));
        if align > 1 {
            let limit = if own.max_rw_size == 0 { u32::MAX } else { own.max_rw_size };
            own.max_rw_size = limit.min(most_buffered);
        }
        if own.acwu == 0 {
            own.acwu = own.write_unit_size as u16;
        }
        if !supports(own, SPDK_BDEV_IO_TYPE_COPY) {
            own.max_copy = most_buffered;
        }
        if !supports(own, SPDK_BDEV_IO_TYPE_WRITE_ZEROES) {
            let limit = split::boundary(own, true).min(most_zeroes);
            own.max_write_zeroes = if limit == 0 { most_zeroes } else { limit };
        }
    }
}
