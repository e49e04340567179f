//! The item that the attribute is on: one declaration, or an extern block of them. Neither is an
//! item of its own in Rust's grammar (a free function has a body), so both are parsed here.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{
    Abi, AttrStyle, Attribute, Block, ForeignItem, Signature, Token, Visibility, braced, token,
};

use crate::diag::{Errors, text};
use crate::whole::{parse_whole, past_visibility};

/// What the attribute is on.
pub(super) enum Item {
    Function(Box<Declaration>),
    Block(ExternBlock),
}

/// `pub unsafe fn name(…) -> c_int;`
pub(super) struct Declaration {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) safe: Option<Token![safe]>,
    pub(super) sig: Signature,
    /// A body, which is a mistake.
    pub(super) body: Option<Block>,
}

/// `unsafe extern "C" { … }`
pub(super) struct ExternBlock {
    pub(super) attrs: Vec<Attribute>,
    pub(super) unsafety: Option<Token![unsafe]>,
    pub(super) abi: Abi,
    pub(super) functions: Vec<Declaration>,
}

pub(super) fn parse(item: TokenStream, errors: &mut Errors) -> syn::Result<Item> {
    parse_whole(item, |input| {
        let ahead = past_visibility(input)?;
        if is_block(&ahead) {
            return block(input, errors).map(Item::Block);
        }
        if !is_function(&ahead) {
            let place = if ahead.is_empty() { input.span() } else { ahead.span() };
            return Err(syn::Error::new(place, text::NOT_A_FUNCTION));
        }
        input.parse().map(Box::new).map(Item::Function)
    })
}

fn is_block(ahead: ParseStream<'_>) -> bool {
    let ahead = ahead.fork();
    let header = ahead.parse::<Option<Token![unsafe]>>().and_then(|_| ahead.parse::<Abi>());
    header.is_ok() && ahead.peek(token::Brace)
}

fn is_function(ahead: ParseStream<'_>) -> bool {
    let starts = ahead.peek(Token![fn])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![async])
        || ahead.peek(Token![extern])
        || ahead.peek(Token![safe]);
    let is_const = ahead.peek(Token![const])
        && (ahead.peek2(Token![fn])
            || ahead.peek2(Token![unsafe])
            || ahead.peek2(Token![async])
            || ahead.peek2(Token![extern]));
    (starts || is_const)
        && !ahead.peek2(Token![static])
        && !ahead.peek2(Token![impl])
        && !ahead.peek2(Token![trait])
        && !ahead.peek2(Token![mod])
        && !ahead.peek2(Token![crate])
}

fn block(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<ExternBlock> {
    let mut attrs = input.call(Attribute::parse_outer)?;
    if input.peek(Token![pub]) {
        return Err(input.error(text::NOT_A_FUNCTION));
    }
    let (unsafety, abi) = (input.parse()?, input.parse()?);
    let content;
    braced!(content in input);
    // They go where the block's outer attributes go.
    let inner = content.call(Attribute::parse_inner)?.into_iter();
    attrs.extend(inner.map(|attr| Attribute { style: AttrStyle::Outer, ..attr }));
    let mut functions = Vec::new();
    while !content.is_empty() {
        if is_function(&past_visibility(&content)?) {
            functions.push(content.parse()?);
        } else {
            errors.at(content.parse::<ForeignItem>()?, text::BLOCK_ITEM);
        }
    }
    Ok(ExternBlock { attrs, unsafety, abi, functions })
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let safe = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(token::Brace) {
            Some(input.parse()?)
        } else {
            input.parse::<Token![;]>()?;
            None
        };
        Ok(Self { attrs, vis, safe, sig, body })
    }
}
