//! `bdev_aio_create`, `bdev_aio_rescan` and `bdev_aio_delete`.

use std::ffi::CString;

use super::super::load::Reply;
use super::super::params::Params;
use super::bdev::answer_after_examine;
use crate::{Refusal, aio};

/// The parameters of `bdev_aio_create`.
pub(super) const CREATE: [&str; 7] =
    ["name", "filename", "block_size", "readonly", "fallocate", "uuid", "nowait"];

pub(super) fn create(params: Params, reply: Reply) {
    match options(params).and_then(|options| aio::create(&options)) {
        Ok(()) => answer_after_examine(reply),
        Err(refusal) => reply.answer(Err(refusal)),
    }
}

fn options(mut params: Params) -> Result<aio::Options, Refusal> {
    Ok(aio::Options {
        name: params.required("name")?,
        filename: params.required("filename")?,
        block_size: params.optional("block_size")?.unwrap_or(0),
        readonly: params.optional("readonly")?.unwrap_or(false),
        fallocate: params.optional("fallocate")?.unwrap_or(false),
        uuid: params.optional("uuid")?,
        nowait: params.optional("nowait")?.unwrap_or(false),
    })
}

pub(super) fn rescan(params: Params, reply: Reply) {
    fn outcome(mut params: Params) -> Result<(), Refusal> {
        aio::rescan(&params.required::<CString>("name")?)
    }
    reply.answer(outcome(params));
}

pub(super) fn delete(mut params: Params, reply: Reply) {
    match params.required::<CString>("name") {
        Ok(name) => aio::delete(&name, move |code| reply.answer_code(code, "delete")),
        Err(refusal) => reply.answer(Err(refusal)),
    }
}
