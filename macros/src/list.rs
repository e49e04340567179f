//! The comma-separated arguments of an attribute. A bad argument is reported and skipped, so that
//! the ones after it are still read.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, Token};

use crate::diag::{Errors, text};

/// Calls `read` for each argument, with its first word and the tokens that follow.
pub(crate) fn each_argument(
    tokens: TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let walked = (|input: ParseStream<'_>| {
        while !input.is_empty() {
            let argument = word(input).and_then(|word| read(&word, input, errors));
            match argument {
                Ok(()) if input.is_empty() || input.peek(Token![,]) => {}
                Ok(()) => {
                    errors.at_span(input.span(), text::NEEDS_COMMA);
                    skip(input)?;
                }
                Err(error) => {
                    errors.take(error);
                    skip(input)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    })
    .parse2(tokens);
    if let Err(error) = walked {
        errors.take(error);
    }
}

fn word(input: ParseStream<'_>) -> syn::Result<Ident> {
    input.call(Ident::parse_any).map_err(|error| syn::Error::new(error.span(), text::NEEDS_WORD))
}

/// What follows `word`, after a `=`.
pub(crate) fn value<T>(
    input: ParseStream<'_>,
    word: &Ident,
    form: &str,
    parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let parsed = input.parse::<Token![=]>().and_then(|_| parser(input));
    parsed.map_err(|error| malformed(input, word, form, &error))
}

/// The mistake of an argument that is not written as in `form`. One that is cut short is a mistake
/// at its first word, for there is nothing else to point at.
pub(crate) fn malformed(
    input: ParseStream<'_>,
    word: &Ident,
    form: &str,
    error: &syn::Error,
) -> syn::Error {
    let place = if input.is_empty() { word.span() } else { error.span() };
    syn::Error::new(place, text::argument_form(form))
}

/// Passes over the rest of an argument.
pub(crate) fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
