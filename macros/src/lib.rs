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
mod whole;

use proc_macro::TokenStream;

/// Makes the type of a C callback a type that says what the callback reports.
///
/// The [crate's documentation](crate) has the arguments, the marks and an example beside its
/// expansion.
#[proc_macro_attribute]
pub fn spdk_callback(args: TokenStream, item: TokenStream) -> TokenStream {
    spdk_callback::run(args.into(), item.into()).into()
}

/// Makes the declaration of a C function a function that can be awaited, that feeds a stream or
/// that runs a closure.
///
/// The [crate's documentation](crate) has the arguments, the marks and an example beside its
/// expansion.
#[proc_macro_attribute]
pub fn spdk_async(args: TokenStream, item: TokenStream) -> TokenStream {
    spdk_async::run(args.into(), item.into()).into()
}
