//! `bdev_malloc_create` and `bdev_malloc_delete`.

use std::ffi::CString;

use super::super::load::Reply;
use super::super::params::Params;
use crate::{Refusal, malloc};

/// The parameters of `bdev_malloc_create`.
pub(super) const CREATE: [&str; 12] = [
    "name",
    "uuid",
    "num_blocks",
    "block_size",
    "physical_block_size",
    "optimal_io_boundary",
    "md_size",
    "md_interleave",
    "dif_type",
    "dif_is_head_of_md",
    "dif_pi_format",
    "numa_id",
];

pub(super) fn create(params: Params, reply: Reply) {
    reply.answer(options(params).and_then(|options| malloc::create(&options)).map(drop));
}

fn options(mut params: Params) -> Result<malloc::Options, Refusal> {
    params.refuse_metadata()?;
    Ok(malloc::Options {
        name: params.optional("name")?,
        uuid: params.optional("uuid")?,
        num_blocks: params.required("num_blocks")?,
        block_size: params.required("block_size")?,
        physical_block_size: params.optional("physical_block_size")?.unwrap_or(0),
        optimal_io_boundary: params.optional("optimal_io_boundary")?.unwrap_or(0),
        numa_id: params.optional("numa_id")?,
    })
}

pub(super) fn delete(mut params: Params, reply: Reply) {
    match params.required::<CString>("name") {
        Ok(name) => malloc::delete(&name, move |code| reply.answer_code(code, "delete")),
        Err(refusal) => reply.answer(Err(refusal)),
    }
}
