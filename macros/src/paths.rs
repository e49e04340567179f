//! How generated code names the adapter.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

/// The adapter crate's root: `::callback_adapter`, or what `crate = path` says. All that generated
/// code uses is below it, under `::core`, or written by the user.
pub(crate) struct Adapter(TokenStream);

impl Adapter {
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self(root.map_or_else(|| quote!(::callback_adapter), ToTokens::to_token_stream))
    }

    /// The path in the place of something that the user wrote, where its errors are to be shown.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        let tokens = self.0.clone().into_iter().map(|mut token| {
            token.set_span(place);
            token
        });
        tokens.collect()
    }
}

impl ToTokens for Adapter {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
