//! The code for a declaration without mistakes: a function of the same name.
//!
//! Invariant: the C function is named once, as a pointer of the declared type, so that a
//! declaration that differs from C's is an error at its name; every call goes through it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Path, ReturnType, Type};

use super::model::{Callee, Function, Param, Returns, Role};
use super::signature::{
    Payload, bounds, callback_fn, docs, keep_bounds, out_places, out_type, out_types, params,
    payload,
};
use crate::hygiene::{bare_or_tuple, code};
use crate::kind::Kind;
use crate::types::peeled;

pub(super) fn expand(function: &Function) -> TokenStream {
    match function.kind {
        Kind::Once if function.with(Role::Visit).next().is_some() => visiting(function),
        Kind::Once => once(function),
        Kind::Multi => multi(function),
        Kind::Visitor => visitor(function),
    }
}

/// The function around `body`.
pub(super) fn item(function: &Function, returns: &TokenStream, body: &TokenStream) -> TokenStream {
    let Function { attrs, vis, ident, .. } = function;
    let (docs, generics, params) = (docs(function), keep_bounds(function), params(function));
    let (cfgs, others, bounds) = (&attrs.cfgs, &attrs.others, bounds(function));
    code! {
        #docs
        #(#cfgs)*
        #(#others)*
        #[allow(
            trivial_bounds,
            unused_qualifications,
            unused_unsafe,
            clippy::multiple_unsafe_ops_per_block,
            clippy::too_many_arguments,
            clippy::type_complexity,
            clippy::undocumented_unsafe_blocks,
            reason = "generated: the contract is that of the declared C function"
        )]
        #vis unsafe fn #ident #generics(#params) #returns #bounds {
            #body
        }
    }
}

/// The type `Call<…>` of a function that returns one. A callback of another kind is an error at
/// its type.
pub(super) fn call_type(function: &Function, payload: &Payload) -> TokenStream {
    let callback = function.callback().map(|param| &param.ty);
    let place = callback.map_or_else(Span::mixed_site, place);
    let (adapter, payload) = (function.adapter.at(place), &payload.ty);
    // A `Subscription` is only looked at by the call itself.
    let captures = function.with(Role::Multi).next().map(|_| {
        let keeps = function.with(Role::Keep).enumerate().map(|(index, _)| keep_type(index));
        code!(+ use<#(#keeps),*>)
    });
    quote_spanned! {place=>
        #adapter::Call<#callback, #payload, impl #adapter::Submit<#callback, #payload> #captures>
    }
}

/// Where a callback's type is written.
pub(super) fn place(ty: &Type) -> Span {
    match peeled(ty) {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.span()),
        _ => None,
    }
    .unwrap_or_else(Span::mixed_site)
}

fn once(function: &Function) -> TokenStream {
    let payload = payload(function);
    let returns = call_type(function, &payload);
    let call = call(function, &payload);
    item(function, &code!(-> #returns), &call)
}

fn visiting(function: &Function) -> TokenStream {
    let payload = payload(function);
    let (adapter, payload_type) = (&function.adapter, &payload.ty);
    let callback = function.callback().map(|param| &param.ty);
    let visit = function.with(Role::Visit).next().map(|param| &param.ty);
    let call = call(function, &payload);
    let body = code! {
        let __call = { #call };
        #adapter::submit_visit::<#visit, #callback, #payload_type, _>(__call, visitor)
    };
    item(function, &code!(-> #adapter::Submitted<#callback, #payload_type>), &body)
}

/// An expression of type `Call`.
fn call(function: &Function, payload: &Payload) -> TokenStream {
    // So that a callback of another kind is an error at its type here too.
    let place = function.callback().map_or_else(Span::mixed_site, |param| place(&param.ty));
    let adapter = function.adapter.at(place);
    let new = quote_spanned!(place=> #adapter::Call::new);
    let submit = Ident::new("__submit", Span::mixed_site().located_at(place));
    let (name, pointer) = (function.name(), c_function(function));
    let registrations = registrations(function);
    let (payload_type, payload_value, places) = (&payload.ty, &payload.value, &payload.places);
    let call = accepted(function, &c_call(function, &code!(__cb), &code!(__cb_arg)));
    let record = if payload.is_empty() { code!(_) } else { code!(__payload) };
    code! {
        #registrations
        let #submit = move |
            #record: *mut #payload_type,
            __cb,
            __cb_arg: *mut ::core::ffi::c_void,
        | {
            #pointer
            #places
            #call
        };
        unsafe { #new(&#name, #payload_value, #submit) }
    }
}

fn multi(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    let pointer = c_function(function);
    let callback = function.callback().map(|param| &param.ty);
    let call = c_call(function, &code!(__cb), &code!(__cb_arg));
    let accepted = accepted(function, &code!(__returned));
    let outs: Vec<&Param> = function.with(Role::Out).collect();
    let places = (!outs.is_empty()).then(|| {
        let (types, places) = (out_types(&outs), out_places(&outs, &code!(&raw mut __outs.0)));
        code! {
            let mut __outs = unsafe { #adapter::__private::outs::<#types>() };
            #places
        }
    });
    let written =
        places.is_some().then(|| code!(let __outs = #adapter::__private::written(__outs);));
    let values = bare_or_tuple(registered_values(function, &outs));
    let result = registered(function);
    let body = code! {
        #pointer
        let (__cb, __cb_arg) = #adapter::__private::registration::<#callback>(subscription);
        #places
        let __returned = #call;
        match #accepted {
            ::core::result::Result::Ok(()) => {
                #written
                ::core::result::Result::Ok(#values)
            }
            ::core::result::Result::Err(__refusal) => ::core::result::Result::Err(__refusal),
        }
    };
    item(function, &code!(-> #result), &body)
}

/// What a registration returns: the object that C returns, and what C wrote.
pub(super) fn registered(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    let object = match (&function.returns, &function.output) {
        (Some(Returns::Null), ReturnType::Type(_, ty)) => Some(ty.to_token_stream()),
        _ => None,
    };
    let types = object.into_iter().chain(function.with(Role::Out).map(out_type));
    let value = bare_or_tuple(types.collect());
    code!(::core::result::Result<#value, #adapter::Refusal>)
}

fn registered_values(function: &Function, outs: &[&Param]) -> Vec<TokenStream> {
    let object = (function.returns == Some(Returns::Null)).then(|| code!(__returned));
    let outs = (0..outs.len()).map(syn::Index::from).map(|index| code!(__outs.#index));
    object.into_iter().chain(outs).collect()
}

fn visitor(function: &Function) -> TokenStream {
    let (adapter, pointer) = (&function.adapter, c_function(function));
    let callback = function.callback().map(|param| &param.ty);
    let call = c_call(function, &code!(__cb), &code!(__cb_arg));
    let body = code! {
        #pointer
        #adapter::__private::walk::<#callback, _, _>(visitor, |__cb, __cb_arg| #call)
    };
    item(function, &function.output.to_token_stream(), &body)
}

/// The C function, checked against the declaration.
fn c_function(function: &Function) -> TokenStream {
    let Function { ident, c_name, output, .. } = function;
    let types = function.params.iter().map(|param| c_type(function, param)).collect::<Vec<_>>();
    let path = match &function.callee {
        Callee::Sys(sys) => {
            // A difference is reported where the declaration is.
            let sys = respanned(sys, ident);
            let mut name = c_name.clone();
            name.set_span(ident.span());
            code!(#sys::#name)
        }
        Callee::Declared(attrs) => {
            let links = &function.attrs.links;
            let params = function
                .params
                .iter()
                .zip(&types)
                .map(|(Param { name, .. }, ty)| code!(#name: #ty));
            code! {{
                #(#attrs)*
                unsafe extern "C" {
                    #(#links)*
                    fn #c_name(#(#params),*) #output;
                }
                #c_name
            }}
        }
        Callee::Unknown => TokenStream::new(),
    };
    code!(let __c_function: unsafe extern "C" fn(#(#types),*) #output = #path;)
}

fn respanned(sys: &Path, ident: &Ident) -> TokenStream {
    let tokens = sys.to_token_stream().into_iter().map(|mut token| {
        token.set_span(ident.span());
        token
    });
    tokens.collect()
}

/// A parameter's type in C.
fn c_type(function: &Function, param: &Param) -> TokenStream {
    match param.role {
        Role::Callback | Role::Multi | Role::Visit => callback_fn(function, param),
        _ => param.ty.to_token_stream(),
    }
}

/// The call of the C function, with this callback and this context.
fn c_call(function: &Function, cb: &TokenStream, cb_arg: &TokenStream) -> TokenStream {
    let adapter = &function.adapter;
    let args = function.params.iter().map(|Param { name, ty, role, .. }| match role {
        Role::Callback => cb.clone(),
        Role::Context => cb_arg.clone(),
        Role::Visit => code!(<#ty as #adapter::ResumedVisitorCallback>::FN),
        Role::Plain | Role::Keep | Role::Out | Role::Multi | Role::MultiContext => {
            name.to_token_stream()
        }
    });
    code!(unsafe { __c_function(#(#args),*) })
}

/// Whether C accepted, from what it returned.
fn accepted(function: &Function, call: &TokenStream) -> TokenStream {
    let adapter = &function.adapter;
    let reader = match function.returns {
        Some(Returns::Errno) => code!(errno_return),
        Some(Returns::Status) => code!(status_return),
        Some(Returns::Bool) => code!(bool_return),
        Some(Returns::Null) => code!(null_return),
        Some(Returns::Void) | None if matches!(function.output, ReturnType::Default) => {
            code!(void_return)
        }
        // What C returns says nothing about whether it accepted.
        Some(Returns::Void) | None => {
            return code! {{
                let _ = #call;
                #adapter::__private::void_return(())
            }};
        }
    };
    code!(#adapter::__private::#reader(#call))
}

/// The functions and contexts of the subscriptions, in place of the parameters.
fn registrations(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    let contexts = function.with(Role::MultiContext);
    let pairs =
        function.with(Role::Multi).zip(contexts).map(|(Param { name, ty, .. }, context)| {
            let context = &context.name;
            code!(let (#name, #context) = #adapter::__private::registration::<#ty>(#name);)
        });
    pairs.collect()
}

/// The type parameter of a kept argument.
pub(super) fn keep_type(index: usize) -> Ident {
    quote::format_ident!("__K{index}", span = proc_macro2::Span::mixed_site())
}
