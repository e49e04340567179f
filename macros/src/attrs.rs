//! The attributes beside ours: which emitted item each belongs to, and the documentation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The attributes of the user's item.
pub(crate) struct ItemAttrs {
    docs: Vec<Attribute>,
    /// `cfg`: on everything that is emitted.
    pub(crate) cfgs: Vec<Attribute>,
    /// `link_name` and the like: on the C declaration.
    pub(crate) links: Vec<Attribute>,
    /// The rest: on the item that bears the user's name.
    pub(crate) others: Vec<Attribute>,
}

impl ItemAttrs {
    pub(crate) fn new(attrs: Vec<Attribute>) -> Self {
        let mut sorted =
            Self { docs: Vec::new(), cfgs: Vec::new(), links: Vec::new(), others: Vec::new() };
        for attr in attrs {
            let path = attr.path();
            let is_text = matches!(attr.meta, Meta::NameValue(_));
            if path.is_ident("doc") && is_text {
                sorted.docs.push(attr);
            } else if path.is_ident("cfg") {
                sorted.cfgs.push(attr);
            } else if path.is_ident("link_name") || path.is_ident("link_ordinal") {
                sorted.links.push(attr);
            } else {
                sorted.others.push(attr);
            }
        }
        sorted
    }

    /// What the user allows, which goes for the code beside the item too.
    pub(crate) fn allows(&self) -> impl Iterator<Item = &Attribute> {
        self.others.iter().filter(|attr| attr.path().is_ident("allow"))
    }

    /// The user's documentation, or `summary` if there is none.
    pub(crate) fn docs_or(&self, summary: &str) -> TokenStream {
        if self.docs.is_empty() {
            return doc(summary);
        }
        let docs = &self.docs;
        quote!(#(#docs)*)
    }

    /// `section`, unless the user wrote a section on safety.
    pub(crate) fn safety_or(&self, section: &str) -> TokenStream {
        let written = self.docs.iter().filter_map(text_of).any(|text| {
            text.lines().any(|line| {
                let line = line.trim_start();
                line.starts_with('#') && line.trim_start_matches('#').trim() == "Safety"
            })
        });
        if written { TokenStream::new() } else { section.lines().map(doc).collect() }
    }
}

fn doc(line: &str) -> TokenStream {
    // As `///` would give it.
    let line = if line.is_empty() { String::new() } else { format!(" {line}") };
    quote!(#[doc = #line])
}

fn text_of(doc: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &doc.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    Some(text.value())
}
