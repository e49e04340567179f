//! The syntax of `#[spdk_async(…)]` and of the marks on a function's parameters.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, ParseStream};
use syn::{Attribute, Ident, Meta, Path};

use super::model::{Mark, Returns};
use crate::diag::{Errors, put, text};
use crate::kind::Kind;
use crate::list::{each_argument, value};

/// The arguments, each at most once.
#[derive(Default)]
pub(super) struct Args {
    pub(super) kind: Option<(Kind, Ident)>,
    pub(super) sys: Option<Path>,
    /// `sys` was begun; if it is not there, its mistake has been reported.
    pub(super) sys_is_meant: bool,
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
            sys_is_meant: self.sys_is_meant || block.sys_is_meant,
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
            "sys" => {
                self.sys_is_meant = true;
                let path = value(input, word, "sys = path", Path::parse_mod_style)?;
                put(&mut self.sys, path, word, errors);
            }
            "crate" => {
                let path = value(input, word, "crate = path", Path::parse_mod_style)?;
                put(&mut self.adapter, path, word, errors);
            }
            "name" => {
                let name = value(input, word, "name = c_name", Ident::parse)?;
                put(&mut self.name, name, word, errors);
            }
            "returns" => put(&mut self.returns, returns_value(input, word)?, word, errors),
            _ => return Err(syn::Error::new(word.span(), text::unknown_async_argument(word))),
        }
        Ok(())
    }
}

fn returns_value(input: ParseStream<'_>, word: &Ident) -> syn::Result<(Returns, Ident)> {
    let convention = value(input, word, "returns = convention", Ident::parse_any)?;
    match Returns::from_word(&convention) {
        Some(returns) => Ok((returns, convention)),
        None => Err(syn::Error::new(convention.span(), text::unknown_returns(&convention))),
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
