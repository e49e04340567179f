//! The item that an attribute is on, as a whole.

use proc_macro2::TokenStream;
use syn::parse::{ParseBuffer, ParseStream, Parser as _};
use syn::{Attribute, Visibility};

/// Reads an item. If it ends too early, the mistake is shown at its last token, for there is
/// nothing else to point at.
pub(crate) fn parse_whole<T>(
    item: TokenStream,
    parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let last = item.clone().into_iter().last().map(|token| token.span());
    let placed = |input: ParseStream<'_>| {
        parser(input).map_err(|error| match last {
            Some(last) if input.is_empty() => syn::Error::new(last, error),
            _ => error,
        })
    };
    placed.parse2(item)
}

/// A look at what follows the attributes and the visibility.
pub(crate) fn past_visibility<'a>(input: &ParseBuffer<'a>) -> syn::Result<ParseBuffer<'a>> {
    let ahead = input.fork();
    let header = ahead.call(Attribute::parse_outer).and_then(|_| ahead.parse::<Visibility>());
    match header {
        Ok(_) => Ok(ahead),
        Err(error) if ahead.is_empty() => Err(syn::Error::new(input.span(), error)),
        Err(error) => Err(error),
    }
}
