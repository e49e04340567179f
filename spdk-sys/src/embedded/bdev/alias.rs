//! Names that a bdev has besides its own, as the list of nodes that C walks.
//!
//! Invariant: the nodes are boxed, so their addresses and the list stay valid until they are removed;
//! the links always follow the order in which the names were added.

use core::ffi::{c_char, c_int};
use core::ptr;
use std::ffi::CString;

use super::registry::{Registry, bytes, registry};
use super::spdk_bdev;
use super::state::state;

/// A name of a bdev.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_name {
    /// The name, a C string.
    pub name: *mut c_char,
    /// The bdev.
    pub bdev: *mut spdk_bdev,
}

/// Links of a node.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_alias_link {
    /// The next node, or NULL.
    pub tqe_next: *mut spdk_bdev_alias,
    /// Where the previous node, or the list, points to this one.
    pub tqe_prev: *mut *mut spdk_bdev_alias,
}

/// A node of the list of names.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_alias {
    /// The name.
    pub alias: spdk_bdev_name,
    /// Links.
    pub tailq: spdk_bdev_alias_link,
}

/// The list of names.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_bdev_aliases_list {
    /// The first node, or NULL.
    pub tqh_first: *mut spdk_bdev_alias,
    /// Where the last node points to its successor.
    pub tqh_last: *mut *mut spdk_bdev_alias,
}

/// The names of a bdev, and the list that shows them.
#[derive(Debug)]
pub(super) struct Aliases {
    names: Vec<(CString, *mut spdk_bdev_alias)>,
    list: *mut spdk_bdev_aliases_list,
}

impl Aliases {
    pub(super) fn new() -> Self {
        let list = Box::into_raw(Box::new(spdk_bdev_aliases_list {
            tqh_first: ptr::null_mut(),
            tqh_last: ptr::null_mut(),
        }));
        let own = Self { names: Vec::new(), list };
        own.relink();
        own
    }

    /// The names, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(|(name, _)| name.to_bytes())
    }

    /// Adds a name of `bdev`, which holds no NUL.
    pub(super) fn push(&mut self, name: &[u8], bdev: *mut spdk_bdev) {
        let name = CString::new(name).expect("a name from C holds no NUL");
        let node = Box::into_raw(Box::new(spdk_bdev_alias {
            alias: spdk_bdev_name { name: name.as_ptr().cast_mut(), bdev },
            tailq: spdk_bdev_alias_link { tqe_next: ptr::null_mut(), tqe_prev: ptr::null_mut() },
        }));
        self.names.push((name, node));
        self.relink();
    }

    /// Removes a name; false if there is none such.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(at) = self.iter().position(|other| other == name) else { return false };
        let (_, node) = self.names.remove(at);
        self.relink();
        // SAFETY: boxed by `push` and off the list now.
        drop(unsafe { Box::from_raw(node) });
        true
    }

    fn relink(&self) {
        // SAFETY: the list and the nodes are boxes owned by this structure.
        unsafe {
            let mut end = &raw mut (*self.list).tqh_first;
            for &(_, node) in &self.names {
                *end = node;
                (*node).tailq.tqe_prev = end;
                end = &raw mut (*node).tailq.tqe_next;
            }
            *end = ptr::null_mut();
            (*self.list).tqh_last = end;
        }
    }
}

impl Drop for Aliases {
    fn drop(&mut self) {
        // SAFETY: boxed by `push` and `new`; nobody looks at the list of a bdev that is gone.
        unsafe {
            for (_, node) in self.names.drain(..) {
                drop(Box::from_raw(node));
            }
            drop(Box::from_raw(self.list));
        }
    }
}

/// Adds another name to a bdev. -EINVAL if it is NULL, -EEXIST if it is taken.
///
/// # Safety
/// - `bdev` is registered; `alias` is NULL or a C string; nobody walks the list of names meanwhile.
pub unsafe extern "C" fn spdk_bdev_alias_add(bdev: *mut spdk_bdev, alias: *const c_char) -> c_int {
    if alias.is_null() {
        return -libc::EINVAL;
    }
    // SAFETY: by contract.
    let alias = unsafe { bytes(alias) };
    let mut registry = registry();
    if registry.names.contains_key(alias) {
        return -libc::EEXIST;
    }
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().aliases.push(alias, bdev);
    registry.names.insert(alias.to_vec(), bdev);
    0
}

fn delete(registry: &mut Registry, bdev: *mut spdk_bdev, alias: &[u8]) -> c_int {
    // SAFETY: the caller's bdev is registered.
    if !unsafe { state(bdev) }.lock().aliases.remove(alias) {
        return -libc::ENOENT;
    }
    registry.names.remove(alias);
    0
}

/// Removes a name that was added. -ENOENT if there is none such.
///
/// # Safety
/// - `bdev` is registered; `alias` is a C string; nobody walks the list of names meanwhile.
pub unsafe extern "C" fn spdk_bdev_alias_del(bdev: *mut spdk_bdev, alias: *const c_char) -> c_int {
    // SAFETY: by contract.
    delete(&mut registry(), bdev, unsafe { bytes(alias) })
}

/// Removes every name that was added, the UUID included.
///
/// # Safety
/// - `bdev` is registered; nobody walks the list of names meanwhile.
pub unsafe extern "C" fn spdk_bdev_alias_del_all(bdev: *mut spdk_bdev) {
    let mut registry = registry();
    // SAFETY: by contract.
    let names: Vec<_> = unsafe { state(bdev) }.lock().aliases.iter().map(<[u8]>::to_vec).collect();
    for name in names {
        delete(&mut registry, bdev, &name);
    }
}

/// The list of names that were added to a bdev, the UUID included.
///
/// # Safety
/// - `bdev` is registered, and nobody adds or removes names while the list is walked.
pub unsafe extern "C" fn spdk_bdev_get_aliases(
    bdev: *const spdk_bdev,
) -> *const spdk_bdev_aliases_list {
    // SAFETY: by contract.
    unsafe { state(bdev) }.lock().aliases.list
}
