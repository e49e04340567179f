//! Generated code whose local names are its own: a user's parameter may have any name.
//!
//! Invariant: everything emitted is written with `code!`. Its locals are resolved where the macro
//! is defined; items and type parameters are not, and a local is none where the user has a constant
//! of its name. So all of them begin with two underscores.

/// `quote!` with hygienic locals.
macro_rules! code {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

pub(crate) use code;
use proc_macro2::TokenStream;

/// Nothing, the one thing, or a tuple; for values and for their types.
pub(crate) fn bare_or_tuple(things: Vec<TokenStream>) -> TokenStream {
    match &things[..] {
        [only] => only.clone(),
        _ => code!((#(#things),*)),
    }
}
