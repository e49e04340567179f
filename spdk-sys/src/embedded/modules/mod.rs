//! The bdev modules of the embedded backend: malloc, null and aio.
//!
//! SPDK's modules register themselves before `main`; here [`add_builtin_modules`] does it, at the
//! latest when the subsystems are initialized. Each module offers a small Rust API to create and
//! delete its bdevs, which the JSON configuration uses; SPDK keeps that API to itself, so portable
//! programs configure by JSON.

use std::sync::Once;

use crate::{spdk_uuid, spdk_uuid__bindgen_ty_1};

pub mod aio;
mod completions;
pub mod malloc;
pub mod null;
mod refusal;
mod unregister;

pub use refusal::Refusal;

/// Adds the three modules to the bdev layer; more than one call does nothing.
pub(super) fn add_builtin_modules() {
    static ADDED: Once = Once::new();
    ADDED.call_once(|| {
        for module in [&malloc::MODULE, &null::MODULE, &aio::MODULE] {
            // SAFETY: the module is a static and is written by the bdev layer only through its
            // atomics.
            unsafe { crate::spdk_bdev_module_list_add((&raw const *module).cast_mut()) };
        }
    });
}

/// The bytes as a UUID; none stands for all zeroes, which asks the bdev layer to generate one.
fn uuid(raw: Option<[u8; 16]>) -> spdk_uuid {
    spdk_uuid { u: spdk_uuid__bindgen_ty_1 { raw: raw.unwrap_or_default() } }
}
