//! The stages of `#[spdk_callback]`, one after another. Mistakes of all of them are reported together.

use proc_macro2::TokenStream;

use super::{attr, check, expand, fallback, item, model};
use crate::diag::{Errors, text};

/// From the tokens of the attribute and its item to those that replace them.
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
