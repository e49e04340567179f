//! Makes the modules of this folder known to the bdev layer. For whatever brings that layer up.

use std::sync::Once;

use super::{aio, malloc, null};

/// Adds the three modules to the bdev layer; more than one call does nothing.
pub(in crate::embedded) fn add_builtin_modules() {
    static ADDED: Once = Once::new();
    ADDED.call_once(|| {
        for module in [&malloc::MODULE, &null::MODULE, &aio::MODULE] {
            // SAFETY: the module is a static and is written by the bdev layer only through its
            // atomics.
            unsafe { crate::spdk_bdev_module_list_add((&raw const *module).cast_mut()) };
        }
    });
}
