//! The syntax of `#[spdk_callback(…)]` and of the marks on a callback's parameters.

use proc_macro2::TokenStream;
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::{Attribute, Ident, Meta, Path, Token, Type};

use super::model::{Output, Role, Status};
use crate::diag::{Errors, put, text};
use crate::kind::Kind;
use crate::list::{each_argument, malformed, value};

/// The arguments, each at most once.
#[derive(Default)]
pub(super) struct Args {
    pub(super) kind: Option<(Kind, Ident)>,
    pub(super) sys: Option<Path>,
    pub(super) typedef: Option<Ident>,
    pub(super) output: Option<Output>,
    pub(super) adapter: Option<Path>,
    /// A kind was meant but is unknown; its absence is no further mistake.
    pub(super) unknown: bool,
}

impl Args {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        each_argument(tokens, errors, |word, input, errors| args.read(word, input, errors));
        args
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
                let path = value(input, word, "sys = path", Path::parse_mod_style)?;
                put(&mut self.sys, path, word, errors);
            }
            "typedef" => {
                let name = value(input, word, "typedef = name", Ident::parse)?;
                put(&mut self.typedef, name, word, errors);
            }
            "output" => {
                let output = output(input, word)?;
                put(&mut self.output, output, word, errors);
            }
            "crate" => {
                let path = value(input, word, "crate = path", Path::parse_mod_style)?;
                put(&mut self.adapter, path, word, errors);
            }
            _ => {
                self.unknown = true;
                return Err(syn::Error::new(word.span(), text::unknown_callback_argument(word)));
            }
        }
        Ok(())
    }
}

fn output(input: ParseStream<'_>, word: &Ident) -> syn::Result<Output> {
    let form = "output = path -> Type";
    let reader = value(input, word, form, Path::parse_mod_style)?;
    if !input.peek(Token![->]) {
        return Err(syn::Error::new_spanned(reader, text::OUTPUT_FORM));
    }
    input.parse::<Token![->]>()?;
    let returns = input.parse().map_err(|error| malformed(input, word, form, &error))?;
    Ok(Output { reader, returns })
}

/// `= path`, inside of a mark.
fn path_value(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style)
}

/// The role that the marks of a parameter give it; `None` without a mark.
pub(super) fn role(attrs: &[Attribute], errors: &mut Errors) -> Option<(Role, String)> {
    let mut found: Option<(Role, String)> = None;
    for attr in attrs {
        let word = word_of(attr);
        let role = match mark(attr, &word) {
            Ok(role) => role,
            Err(error) => {
                errors.take(error);
                Role::Mistaken
            }
        };
        match &found {
            Some((Role::Mistaken, _)) | None => found = Some((role, word)),
            Some(_) if matches!(role, Role::Mistaken) => {}
            Some((_, first)) => errors.at(attr, text::second_mark(first, &word)),
        }
    }
    found
}

fn word_of(attr: &Attribute) -> String {
    let words = attr.path().segments.iter().map(|part| part.ident.to_string());
    words.collect::<Vec<_>>().join("::")
}

fn mark(attr: &Attribute, word: &str) -> syn::Result<Role> {
    match word {
        "context" => bare(attr, word).map(|()| Role::Context),
        "value" => bare(attr, word).map(|()| Role::Value { marked: true }),
        "copy" => bare(attr, word).map(|()| Role::Copy),
        "ignore" => bare(attr, word).map(|()| Role::Ignore),
        "free" => with(attr, "free", "#[free(path)]", Path::parse_mod_style).map(Role::Free),
        "resume" => {
            with(attr, "resume", "#[resume(path)]", Path::parse_mod_style).map(Role::Resume)
        }
        "handle" => with(attr, "handle", "#[handle(close = path)]", close).map(Role::Handle),
        "status" => {
            let form = "#[status(errno)]`, `#[status(bool)]` or `#[status(with = path -> Error)]";
            with(attr, "status", form, status).map(Role::Status)
        }
        "cfg" | "cfg_attr" => Err(syn::Error::new_spanned(attr, text::CFG_PARAMETER)),
        _ => Err(syn::Error::new_spanned(attr, text::unknown_callback_mark(&word))),
    }
}

fn bare(attr: &Attribute, word: &str) -> syn::Result<()> {
    match &attr.meta {
        Meta::Path(_) => Ok(()),
        _ => Err(syn::Error::new_spanned(attr, text::bare_mark(&word))),
    }
}

/// A mark with something in parentheses; any other form is the one mistake that it can have.
fn with<T>(
    attr: &Attribute,
    word: &str,
    form: &str,
    parser: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let incomplete = || syn::Error::new_spanned(attr, text::mark_needs(word, form));
    let list = attr.meta.require_list().map_err(|_| incomplete())?;
    parser.parse2(list.tokens.clone()).map_err(|_| incomplete())
}

fn close(input: ParseStream<'_>) -> syn::Result<Path> {
    let word: Ident = input.parse()?;
    if word != "close" {
        return Err(input.error("expected `close`"));
    }
    path_value(input)
}

fn status(input: ParseStream<'_>) -> syn::Result<Status> {
    let word: Ident = input.parse()?;
    match word.to_string().as_str() {
        "errno" => Ok(Status::Errno),
        "bool" => Ok(Status::Bool),
        "with" => {
            let reader = path_value(input)?;
            input.parse::<Token![->]>()?;
            Ok(Status::With { reader, error: Box::new(input.parse::<Type>()?) })
        }
        _ => Err(input.error("expected `errno`, `bool` or `with`")),
    }
}
