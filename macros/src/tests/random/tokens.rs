//! Changes to random declarations below their grammar: tokens that are lost, doubled, exchanged, or
//! put into the invisible groups that arrive from other macros.

use fastrand::Rng;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens as _;

use super::words::{SOUP, pick};

/// Text to tokens. What cannot be lexed, such as a lone bracket, is left out word by word.
pub(super) fn lex(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|_| {
        text.split_whitespace().flat_map(str::parse::<TokenStream>).flatten().collect()
    })
}

/// A few words that mean nothing together.
pub(super) fn soup(rng: &mut Rng) -> String {
    let words = (0..rng.usize(0..24)).map(|_| pick(rng, SOUP));
    words.collect::<Vec<_>>().join(" ")
}

/// The tokens with some of them changed, at any depth.
pub(super) fn damaged(rng: &mut Rng, tokens: TokenStream) -> TokenStream {
    changed(rng, tokens, &mut |rng, token, out| match rng.u8(..40) {
        0 => {}
        1 => out.extend([token.clone(), token]),
        2 => out.extend(lex(pick(rng, SOUP))),
        3 => {
            out.push(token);
            out.extend(lex(pick(rng, SOUP)));
        }
        4 if out.len() > 1 => {
            let place = rng.usize(..out.len());
            out.insert(place, token);
        }
        _ => out.push(token),
    })
}

/// The tokens with some of them in invisible groups, as `macro_rules!` passes them on.
pub(super) fn grouped(rng: &mut Rng, tokens: TokenStream) -> TokenStream {
    changed(rng, tokens, &mut |rng, token, out| {
        let fragment = match &token {
            // No fragment is a keyword.
            TokenTree::Ident(word) => syn::parse2::<syn::Ident>(word.to_token_stream()).is_ok(),
            TokenTree::Literal(_) => true,
            TokenTree::Punct(_) | TokenTree::Group(_) => false,
        };
        if fragment && rng.u8(..6) == 0 {
            let span = token.span();
            let mut group = Group::new(Delimiter::None, TokenStream::from(token));
            group.set_span(span);
            out.push(group.into());
        } else {
            out.push(token);
        }
    })
}

fn changed(
    rng: &mut Rng,
    tokens: TokenStream,
    change: &mut impl FnMut(&mut Rng, TokenTree, &mut Vec<TokenTree>),
) -> TokenStream {
    let mut out = Vec::new();
    for token in tokens {
        let token = match token {
            TokenTree::Group(group) => {
                let inner = changed(rng, group.stream(), change);
                let mut new = Group::new(group.delimiter(), inner);
                new.set_span(group.span());
                TokenTree::Group(new)
            }
            token => token,
        };
        change(rng, token, &mut out);
    }
    out.into_iter().collect()
}
