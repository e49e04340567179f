//! The UUID of a new bdev.

use crate::{spdk_uuid, spdk_uuid__bindgen_ty_1};

/// The bytes as a UUID; none stands for all zeroes, which asks the bdev layer to generate one.
pub(super) fn uuid(raw: Option<[u8; 16]>) -> spdk_uuid {
    spdk_uuid { u: spdk_uuid__bindgen_ty_1 { raw: raw.unwrap_or_default() } }
}
