//! `#[spdk_async]`: the declaration of a C function that takes a callback becomes a function that
//! returns a future, feeds a stream, or runs a closure.
//!
//! The stages: `attr` reads arguments and marks, `model` is what the user asked for, `check` holds
//! the rules, `expand` writes the code (`signature` what of it is shown), `fallback` what stands in for it beside mistakes.

mod attr;
mod check;
mod expand;
mod fallback;
mod item;
mod model;
mod signature;

use proc_macro2::TokenStream;
use quote::quote;

use crate::diag::Errors;

/// The pipeline.
pub(crate) fn run(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = attr::Args::parse(args, &mut errors);
    let functions = match item::parse(item.clone(), &mut errors) {
        Ok(item) => model::functions(args, item, &mut errors),
        Err(error) => {
            errors.take(error);
            return fallback::nothing(errors);
        }
    };
    for function in &functions {
        check::check(function, &mut errors);
    }
    if errors.is_empty() {
        let functions = functions.iter().map(expand::expand);
        quote!(#(#functions)*)
    } else {
        fallback::stubs(&functions, errors)
    }
}
