#![allow(non_camel_case_types)]

use spdk_async_macros::spdk_callback;

#[spdk_callback(once)]
pub struct done_cb; // belongs on a type alias

fn main() {}
