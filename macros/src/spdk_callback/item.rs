//! The item that the attribute is on.

use proc_macro2::TokenStream;
use syn::{ItemType, Token};

use crate::whole::{parse_whole, past_visibility};

/// The type alias, if it is one; an error if it is one that cannot be read.
pub(super) fn parse(item: TokenStream) -> syn::Result<Option<ItemType>> {
    parse_whole(item, |input| {
        if past_visibility(input)?.peek(Token![type]) {
            return input.parse().map(Some);
        }
        // The item is handed back as it came.
        input.parse::<TokenStream>()?;
        Ok(None)
    })
}
