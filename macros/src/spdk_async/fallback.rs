//! What stands in for functions with mistakes, so that each mistake is one message: a function of
//! the same name, and of the same shape where that is known. The item cannot be compiled, so
//! nothing here is ever called.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::expand::{call_type, item, registered};
use super::model::{Function, Role};
use super::signature::{callback_fn, payload};
use crate::diag::Errors;
use crate::hygiene::code;
use crate::kind::Kind;
use crate::types::bare_word;

/// The mistakes alone, for an item that is no declaration.
pub(super) fn nothing(errors: Errors) -> TokenStream {
    errors.into_tokens()
}

/// The mistakes beside functions that can be called like those that were meant.
pub(super) fn stubs(functions: &[Function], errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    let stubs = functions.iter().map(stub);
    quote!(#errors #(#stubs)*)
}

fn stub(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    let never = code!(loop {});
    let item = match (function.kind, function.callback()) {
        (Kind::Once, Some(callback)) if bare_word(&callback.ty).is_none() => {
            item(function, &code!(-> !), &never)
        }
        (Kind::Once, Some(callback)) if function.with(Role::Visit).next().is_some() => {
            let (callback, payload) = (&callback.ty, payload(function).ty);
            item(function, &code!(-> #adapter::Submitted<#callback, #payload>), &never)
        }
        (Kind::Once, Some(callback)) => {
            let payload = payload(function);
            let returns = call_type(function, &payload);
            let (cb, payload_type, value) =
                (callback_fn(function, callback), &payload.ty, &payload.value);
            let body = code! {
                let __submit = |_: *mut #payload_type, _: #cb, _: *mut ::core::ffi::c_void| loop {};
                unsafe { #adapter::Call::new(&"", #value, __submit) }
            };
            item(function, &code!(-> #returns), &body)
        }
        (Kind::Multi, _) => {
            let returns = registered(function);
            item(function, &code!(-> #returns), &never)
        }
        (Kind::Visitor, _) => item(function, &function.output.to_token_stream(), &never),
        (Kind::Once, None) => item(function, &code!(-> !), &never),
    };
    let written = written(function);
    code!(#[allow(unused)] #item #written)
}

/// What the user wrote is used, so that no import seems to be superfluous.
fn written(function: &Function) -> TokenStream {
    let (cfgs, output) = (&function.attrs.cfgs, &function.output);
    let types = function.params.iter().map(|param| &param.ty);
    code! {
        #(#cfgs)*
        const _: () = {
            #[allow(dead_code)]
            type __Written = unsafe extern "C" fn(#(#types),*) #output;
        };
    }
}
