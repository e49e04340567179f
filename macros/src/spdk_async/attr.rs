//! The syntax of `#[spdk_async(…)]` and of the marks on a function's parameters.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, Meta, Path, Token};

use super::model::{Mark, Returns};
use crate::diag::{Errors, put, text};
use crate::kind::Kind;
use crate::list::each_argument;

/// The arguments, each at most once.
#[derive(Default)]
pub(super) struct Args {
    pub(super) kind: Option<(Kind, Ident)>,
    pub(super) sys: Option<Path>,
    pub(super) name: Option<Ident>,
    pub(super) returns: Option<(Returns, Ident)>,
    pub(super) adapter: Option<Path>,
}

impl Args {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        each_argument(tokens, errors, |word, input, errors| args.read(word, input, errors));
        args
    }

    /// The arguments of a function in a block: its own, and those of the block where it has none.
    pub(super) fn or(self, block: &Self) -> Self {
        Self {
            kind: self.kind.or_else(|| block.kind.clone()),
            sys: self.sys.or_else(|| block.sys.clone()),
            name: self.name,
            returns: self.returns.or_else(|| block.returns.clone()),
            adapter: self.adapter.or_else(|| block.adapter.clone()),
        }
    }

    fn read(
        &mut self,
        word: &Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if let Some(kind) = Kind::from_word(word) {
            if self.kind.is_some() {
                errors.at(word, text::TWO_KINDS);
            } else {
                self.kind = Some((kind, word.clone()));
            }
            return Ok(());
        }
        match word.to_string().as_str() {
            "sys" => put(&mut self.sys, path_value(input)?, word, errors),
            "crate" => put(&mut self.adapter, path_value(input)?, word, errors),
            "name" => {
                input.parse::<Token![=]>()?;
                put(&mut self.name, input.parse()?, word, errors);
            }
            "returns" => put(&mut self.returns, returns_value(input)?, word, errors),
            _ => return Err(syn::Error::new(word.span(), text::unknown_async_argument(word))),
        }
        Ok(())
    }
}

fn path_value(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style)
}

fn returns_value(input: ParseStream<'_>) -> syn::Result<(Returns, Ident)> {
    input.parse::<Token![=]>()?;
    let word = input.call(Ident::parse_any)?;
    match Returns::from_word(&word) {
        Some(returns) => Ok((returns, word)),
        None => Err(syn::Error::new(word.span(), text::RETURNS)),
    }
}

/// The mark of a parameter, if it has one.
pub(super) fn mark(attrs: &[Attribute], errors: &mut Errors) -> Option<Mark> {
    let mut found: Option<Mark> = None;
    for attr in attrs {
        let words = attr.path().segments.iter().map(|part| part.ident.to_string());
        let word = words.collect::<Vec<_>>().join("::");
        let mark = match read_mark(attr, &word) {
            Ok(mark) => mark,
            Err(error) => {
                errors.take(error);
                Mark::Mistaken
            }
        };
        match found {
            None | Some(Mark::Mistaken) => found = Some(mark),
            Some(_) if mark == Mark::Mistaken => {}
            Some(first) => errors.at(attr, text::second_mark(&first, &mark)),
        }
    }
    found
}

fn read_mark(attr: &Attribute, word: &str) -> syn::Result<Mark> {
    if word == "cfg" || word == "cfg_attr" {
        return Err(syn::Error::new_spanned(attr, text::CFG_PARAMETER));
    }
    let Some(mark) = Mark::from_word(word) else {
        return Err(syn::Error::new_spanned(attr, text::unknown_async_mark(&word)));
    };
    match &attr.meta {
        Meta::Path(_) => Ok(mark),
        _ => Err(syn::Error::new_spanned(attr, text::bare_mark(&word))),
    }
}
