//! `bdev_null_create`, `bdev_null_resize` and `bdev_null_delete`.

use std::ffi::CString;

use super::super::load::Reply;
use super::super::params::Params;
use crate::{Refusal, null};

/// The parameters of `bdev_null_create`.
pub(super) const CREATE: [&str; 14] = [
    "name",
    "uuid",
    "num_blocks",
    "block_size",
    "physical_block_size",
    "md_size",
    "dif_type",
    "dif_is_head_of_md",
    "dif_pi_format",
    "preferred_write_alignment",
    "preferred_write_granularity",
    "optimal_write_size",
    "preferred_unmap_alignment",
    "preferred_unmap_granularity",
];

pub(super) fn create(params: Params, reply: Reply) {
    reply.answer(options(params).and_then(|options| null::create(&options)).map(drop));
}

fn options(mut params: Params) -> Result<null::Options, Refusal> {
    params.refuse_metadata()?;
    Ok(null::Options {
        name: params.required("name")?,
        uuid: params.optional("uuid")?,
        num_blocks: params.required("num_blocks")?,
        block_size: params.required("block_size")?,
        physical_block_size: params.optional("physical_block_size")?.unwrap_or(0),
        preferred_write_alignment: params.optional("preferred_write_alignment")?.unwrap_or(0),
        preferred_write_granularity: params.optional("preferred_write_granularity")?.unwrap_or(0),
        optimal_write_size: params.optional("optimal_write_size")?.unwrap_or(0),
        preferred_unmap_alignment: params.optional("preferred_unmap_alignment")?.unwrap_or(0),
        preferred_unmap_granularity: params.optional("preferred_unmap_granularity")?.unwrap_or(0),
    })
}

pub(super) fn resize(params: Params, reply: Reply) {
    fn outcome(mut params: Params) -> Result<(), Refusal> {
        let name: CString = params.required("name")?;
        null::resize(&name, params.required("new_size")?)
    }
    reply.answer(outcome(params));
}

pub(super) fn delete(mut params: Params, reply: Reply) {
    match params.required::<CString>("name") {
        Ok(name) => null::delete(&name, move |code| reply.answer_code(code, "delete")),
        Err(refusal) => reply.answer(Err(refusal)),
    }
}
