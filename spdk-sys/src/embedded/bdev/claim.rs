//! Claims: how modules keep others from writing to a bdev.

use core::ffi::{c_char, c_int};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::Ordering;

use super::module_types::{
    SPDK_BDEV_CLAIM_EXCL_WRITE, SPDK_BDEV_CLAIM_NONE, SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE,
    SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE, SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED,
    spdk_bdev_claim_opts, spdk_bdev_claim_type,
};
use super::state::{Claim, Shared, state};
use super::{desc, spdk_bdev, spdk_bdev_desc, spdk_bdev_module};

/// Claims a bdev for one module to write; makes `desc`, which may be NULL, writable. -EPERM if it is
/// claimed already.
///
/// # Safety
/// - `bdev` is registered; `desc` is NULL or open on it; `module` lives as long as the process.
pub unsafe extern "C" fn spdk_bdev_module_claim_bdev(
    bdev: *mut spdk_bdev,
    desc: *mut spdk_bdev_desc,
    module: *mut spdk_bdev_module,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let mut shared = state(bdev).lock();
        if shared.claim_type != SPDK_BDEV_CLAIM_NONE {
            return -libc::EPERM;
        }
        if !desc.is_null() {
            desc::of(desc).write.store(true, Ordering::Relaxed);
        }
        shared.claim_type = SPDK_BDEV_CLAIM_EXCL_WRITE;
        shared.claim_module = module;
    }
    0
}

/// Releases a claim of [`spdk_bdev_module_claim_bdev`]. Releasing what is not claimed that way ends
/// the process.
///
/// # Safety
/// - `bdev` is registered.
pub unsafe extern "C" fn spdk_bdev_module_release_bdev(bdev: *mut spdk_bdev) {
    // SAFETY: by contract.
    let mut shared = unsafe { state(bdev) }.lock();
    assert!(
        shared.claim_type == SPDK_BDEV_CLAIM_EXCL_WRITE,
        "spdk_bdev_module_release_bdev: the bdev has no exclusive claim; release each claim once"
    );
    shared.claim_type = SPDK_BDEV_CLAIM_NONE;
    shared.claim_module = ptr::null();
}

/// Claims a bdev through a descriptor, until that is closed (or, for an exclusive claim, released).
/// Returns 0, -EINVAL, -EPERM, -EBUSY or -ENOTSUP.
///
/// # Safety
/// - `desc` is NULL (-EINVAL) or open; `opts` is NULL or valid; `module` lives as long as the process.
pub unsafe extern "C" fn spdk_bdev_module_claim_bdev_desc(
    desc: *mut spdk_bdev_desc,
    type_: spdk_bdev_claim_type,
    opts: *mut spdk_bdev_claim_opts,
    module: *mut spdk_bdev_module,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if desc.is_null() || (!opts.is_null() && (*opts).opts_size == 0) {
            return -libc::EINVAL;
        }
        let with_key = offset_of!(spdk_bdev_claim_opts, shared_claim_key) + size_of::<u64>();
        let has_key = !opts.is_null() && (*opts).opts_size >= with_key;
        let key = if has_key { (*opts).shared_claim_key } else { 0 };
        let bdev = desc::of(desc).bdev;
        let mut shared = state(bdev).lock();
        if shared.claim_type != SPDK_BDEV_CLAIM_NONE && shared.claim_type != type_ {
            return -libc::EPERM;
        }
        if shared.claims.iter().any(|claim| claim.desc == desc) {
            return -libc::EPERM;
        }
        if type_ == SPDK_BDEV_CLAIM_EXCL_WRITE {
            drop(shared);
            return spdk_bdev_module_claim_bdev(bdev, desc, module);
        }
        if let Err(errno) = verify(&shared, desc, type_, key) {
            return -errno;
        }
        shared.claim_type = type_;
        shared.claim_key = key;
        shared.claims.push(Claim { desc, module });
        if type_ != SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE {
            desc::of(desc).write.store(true, Ordering::Relaxed);
        }
    }
    0
}

/// Whether a claim through `desc` agrees with the other descriptors and claims.
fn verify(
    shared: &Shared,
    desc: *mut spdk_bdev_desc,
    type_: spdk_bdev_claim_type,
    key: u64,
) -> Result<(), c_int> {
    let claimed = shared.claim_type != SPDK_BDEV_CLAIM_NONE;
    // SAFETY: descriptors in the list are open while the bdev is locked.
    let writer = |other: *mut spdk_bdev_desc| unsafe { desc::of(other) }.writable();
    let another_writer = shared.open_descs.iter().any(|other| other != desc && writer(other));
    match type_ {
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE => {
            if key != 0 {
                return Err(libc::EINVAL);
            }
            if claimed || another_writer { Err(libc::EPERM) } else { Ok(()) }
        }
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE => {
            if key != 0 || writer(desc) {
                return Err(libc::EINVAL);
            }
            if !claimed && another_writer { Err(libc::EPERM) } else { Ok(()) }
        }
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED => {
            if key == 0 {
                return Err(libc::EINVAL);
            }
            let refused = if claimed { key != shared.claim_key } else { another_writer };
            if refused { Err(libc::EPERM) } else { Ok(()) }
        }
        _ => Err(libc::ENOTSUP),
    }
}

/// Drops the claim that `desc` holds, if any.
pub(super) fn release(shared: &mut Shared, desc: *mut spdk_bdev_desc) {
    let before = shared.claims.len();
    shared.claims.retain(|claim| claim.desc != desc);
    if before > 0 && shared.claims.is_empty() {
        shared.claim_type = SPDK_BDEV_CLAIM_NONE;
        shared.claim_key = 0;
    }
}

/// The name of a kind of claim.
///
/// # Safety
/// - None; it is unsafe because it is a C function.
pub unsafe extern "C" fn spdk_bdev_claim_get_name(
    claim_type: spdk_bdev_claim_type,
) -> *const c_char {
    let name = match claim_type {
        SPDK_BDEV_CLAIM_NONE => c"not_claimed",
        SPDK_BDEV_CLAIM_EXCL_WRITE => c"exclusive_write",
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_ONE => c"read_many_write_one",
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_NONE => c"read_many_write_none",
        SPDK_BDEV_CLAIM_READ_MANY_WRITE_SHARED => c"read_many_write_shared",
        _ => c"invalid_claim",
    };
    name.as_ptr()
}

/// Fills `opts` with the defaults.
///
/// # Safety
/// - `opts` points to `size` writable bytes.
pub unsafe extern "C" fn spdk_bdev_claim_opts_init(opts: *mut spdk_bdev_claim_opts, size: usize) {
    let defaults = spdk_bdev_claim_opts { opts_size: size, ..Default::default() };
    let len = size.min(size_of::<spdk_bdev_claim_opts>());
    // SAFETY: by contract.
    unsafe { ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), opts.cast(), len) };
}
