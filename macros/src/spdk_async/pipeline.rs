//! The stages of `#[spdk_async]`, one after another. Mistakes of all of them are reported together.

use proc_macro2::TokenStream;
use quote::quote;

use super::{attr, check, expand, fallback, item, model};
use crate::diag::Errors;

/// From the tokens of the attribute and its item to those that replace them.
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
