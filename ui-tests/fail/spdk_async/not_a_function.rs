#![allow(non_camel_case_types)]

use spdk_async_macros::spdk_async;

#[spdk_async]
pub struct NotAFunction; // belongs on a declaration

fn main() {}
