//! What stands in for a callback with mistakes, so that each mistake is one message: the nominal
//! type with traits that can be named but not reached, for the item cannot be compiled.

use proc_macro2::TokenStream;

use super::expand::{base, nominal};
use super::model::Callback;
use crate::diag::Errors;
use crate::hygiene::code;
use crate::kind::Kind;

/// The mistakes beside the item as it was.
pub(super) fn unchanged(item: TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    code!(#errors #item)
}

/// The mistakes beside a type that can be used like the one that was meant.
pub(super) fn stub(callback: &Callback, errors: Errors) -> TokenStream {
    let (errors, nominal, base) = (errors.into_tokens(), nominal(callback), base(callback));
    let Callback { attrs, written, .. } = callback;
    let cfgs = &attrs.cfgs;
    let implementations = implementations(callback);
    code! {
        #errors
        #nominal
        #(#cfgs)*
        const _: () = {
            // What the user wrote is used, so that no import seems to be superfluous.
            #[allow(dead_code)]
            type __Written = #written;
            #base
            #implementations
        };
    }
}

/// The traits of the kind, with nothing that could be reached.
fn implementations(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let once = code! {
        unsafe impl #adapter::OnceCallback for #ident {
            type Value = ();
            type Error = ::core::convert::Infallible;
            const POOLED: Self::Fn = ::core::option::Option::None;
            const BOXED: Self::Fn = ::core::option::Option::None;
        }
    };
    let multi = code! {
        unsafe impl #adapter::MultiCallback for #ident {
            type Item = ();
            const FN: Self::Fn = ::core::option::Option::None;
        }
    };
    let visitor = code! {
        unsafe impl #adapter::VisitorCallback for #ident {
            type Item = ();
            type Answer = ();
            fn visit<__F: ::core::ops::FnMut(())>() -> Self::Fn { ::core::option::Option::None }
        }
        unsafe impl #adapter::ResumedVisitorCallback for #ident {
            type Item = ();
            const FN: Self::Fn = ::core::option::Option::None;
        }
    };
    match callback.kind {
        Some(Kind::Once) => once,
        Some(Kind::Multi) => multi,
        Some(Kind::Visitor) => visitor,
        // Nobody knows what it is, so it is whatever it is used as.
        None => code!(#once #multi #visitor),
    }
}
