#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

mod attrs;
mod diag;
mod hygiene;
mod kind;
mod list;
mod paths;
mod spdk_async;
mod spdk_callback;
#[cfg(test)]
mod tests;
mod types;

use proc_macro::TokenStream;

/// Makes a C callback typedef a type that calls can be awaited with. See the crate's documentation.
#[proc_macro_attribute]
pub fn spdk_callback(args: TokenStream, item: TokenStream) -> TokenStream {
    spdk_callback::run(args.into(), item.into()).into()
}

/// Makes the declaration of a C function a function that can be awaited. See the crate's
/// documentation.
#[proc_macro_attribute]
pub fn spdk_async(args: TokenStream, item: TokenStream) -> TokenStream {
    spdk_async::run(args.into(), item.into()).into()
}
