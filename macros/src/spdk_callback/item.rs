//! The item that the attribute is on.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, ItemType, Token, Visibility};

/// The type alias, if it is one; an error if it is one that cannot be read.
pub(super) fn parse(item: TokenStream) -> syn::Result<Option<ItemType>> {
    (|input: ParseStream<'_>| {
        let ahead = input.fork();
        ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Visibility>()?;
        if ahead.peek(Token![type]) {
            return input.parse().map(Some);
        }
        // The item is handed back as it came.
        input.parse::<TokenStream>()?;
        Ok(None)
    })
    .parse2(item)
}
