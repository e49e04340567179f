//! `#[spdk_callback]`: a C callback typedef becomes a nominal type that implements the adapter's
//! callback traits, with the functions that C calls.
//!
//! The stages: `attr` reads arguments and marks, `model` is what the user asked for, `check` holds
//! the rules, `expand` writes the code, `fallback` what stands in for it beside mistakes.

mod attr;
mod check;
mod expand;
mod fallback;
mod item;
mod model;

use proc_macro2::TokenStream;

use crate::diag::{Errors, text};

/// The pipeline.
pub(crate) fn run(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let alias = match item::parse(item.clone()) {
        Ok(Some(alias)) => alias,
        Ok(None) => {
            errors.at(&item, text::NOT_AN_ALIAS);
            return fallback::unchanged(item, errors);
        }
        Err(error) => {
            errors.take(error);
            return errors.into_tokens();
        }
    };
    let args = attr::Args::parse(args, &mut errors);
    let callback = model::Callback::read(args, alias, &mut errors);
    check::check(&callback, &mut errors);
    if errors.is_empty() { expand::expand(&callback) } else { fallback::stub(&callback, errors) }
}
