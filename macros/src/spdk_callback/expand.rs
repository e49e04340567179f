//! The code for a callback without mistakes: the nominal type, its traits, and the trampoline that
//! C calls.
//!
//! Invariant: each trampoline hands its context on exactly once, as the adapter's unsafe traits
//! demand, and everything between C and the adapter that can panic runs inside of the adapter's
//! guard.

use proc_macro2::{Ident, Span, TokenStream};
use quote::format_ident;
use syn::Type;

use super::model::{Callback, Output, Param, Role, Status};
use crate::hygiene::{bare_or_tuple, code};
use crate::kind::Kind;
use crate::types::pointer;

pub(super) fn expand(callback: &Callback) -> TokenStream {
    let nominal = nominal(callback);
    let (cfgs, allows) = (&callback.attrs.cfgs, callback.attrs.allows());
    let allow = allow();
    let frees = free_guards(callback);
    let implementations = match callback.kind {
        Some(Kind::Once) | None => once(callback),
        Some(Kind::Multi) => multi(callback),
        Some(Kind::Visitor) if callback.resume().is_some() => resumed(callback),
        Some(Kind::Visitor) => visitor(callback),
    };
    let (base, as_c) = (base(callback), as_c(callback));
    code! {
        #nominal
        #(#cfgs)*
        #(#allows)*
        #allow
        const _: () = {
            #base
            #as_c
            #implementations
            #frees
        };
    }
}

/// The type that bears the typedef's name.
pub(super) fn nominal(callback: &Callback) -> TokenStream {
    let Callback { attrs, vis, ident, .. } = callback;
    let docs = attrs.docs_or(&format!("The C callback `{}`.", callback.name()));
    let (cfgs, others) = (&attrs.cfgs, &attrs.others);
    code! {
        #docs
        #(#cfgs)*
        #(#others)*
        #[allow(
            non_camel_case_types,
            missing_debug_implementations,
            reason = "the type has C's name and no values"
        )]
        #vis enum #ident {}
    }
}

pub(super) fn base(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let (name, c_type) = (callback.name(), callback.c_type());
    code! {
        impl #adapter::Callback for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            type Fn = #c_type;
        }
    }
}

/// Lints that see the user's crate but concern what the macro promises.
fn allow() -> TokenStream {
    code! {
        #[allow(
            deprecated,
            unused_qualifications,
            unused_unsafe,
            clippy::let_unit_value,
            clippy::unused_unit,
            clippy::multiple_unsafe_ops_per_block,
            clippy::too_many_arguments,
            clippy::undocumented_unsafe_blocks,
            reason = "generated: the contract is that of the annotated C callback"
        )]
    }
}

/// The C function pointer for a trampoline.
fn pointer_to(trampoline: &TokenStream) -> TokenStream {
    code!(__as_c(::core::option::Option::Some(#trampoline)))
}

/// The alias as C has it: the one place where a difference from C's typedef is an error, at the
/// alias.
fn as_c(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, function, .. } = callback;
    let alias = Ident::new("__function", ident.span());
    code! {
        const fn __as_c(
            #alias: ::core::option::Option<#function>,
        ) -> <#ident as #adapter::Callback>::Fn {
            #alias
        }
    }
}

fn once(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let (value, error) = (value_type(callback), error_type(callback));
    let pooled = pointer_to(&code!(__trampoline::<#adapter::__private::PooledStorage>));
    let boxed = pointer_to(&code!(__trampoline::<#adapter::__private::BoxedStorage>));
    let (params, context) = (trampoline_params(callback), context(callback));
    let (guards, reading) = (guards(callback), once_reading(callback));
    code! {
        unsafe impl #adapter::OnceCallback for #ident {
            type Value = #value;
            type Error = #error;
            const POOLED: Self::Fn = #pooled;
            const BOXED: Self::Fn = #boxed;
        }
        unsafe extern "C" fn __trampoline<__S: #adapter::__private::Storage>(#params) {
            let __read = move || -> ::core::result::Result<#value, #error> {
                #guards
                #reading
            };
            unsafe { #adapter::__private::complete::<#ident, __S>(#context, __read) }
        }
    }
}

fn multi(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let item = item_type(callback);
    let function = pointer_to(&code!(__trampoline));
    let (params, context) = (trampoline_params(callback), context(callback));
    let (guards, reading) = (guards(callback), item_reading(callback));
    code! {
        unsafe impl #adapter::MultiCallback for #ident {
            type Item = #item;
            const FN: Self::Fn = #function;
        }
        unsafe extern "C" fn __trampoline(#params) {
            let __read = move || -> #item {
                #guards
                #reading
            };
            #adapter::__private::deliver::<#ident>(#context, __read)
        }
    }
}

fn visitor(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let item = item_type(callback);
    let answer = callback.answer.as_ref().map_or_else(|| code!(()), |ty| code!(#ty));
    let function = pointer_to(&code!(__trampoline::<__F>));
    let (params, context) = (trampoline_params(callback), context(callback));
    let (guards, reading) = (guards(callback), item_reading(callback));
    code! {
        unsafe impl #adapter::VisitorCallback for #ident {
            type Item = #item;
            type Answer = #answer;
            fn visit<__F: ::core::ops::FnMut(Self::Item) -> Self::Answer>() -> Self::Fn {
                #function
            }
        }
        unsafe extern "C" fn __trampoline<__F: ::core::ops::FnMut(#item) -> #answer>(
            #params
        ) -> #answer {
            // Outside of the reading: the closure may look at what is released after the visit.
            #guards
            let __read = move || -> #item { #reading };
            unsafe { #adapter::__private::visit::<#ident, __F>(#context, __read) }
        }
    }
}

fn resumed(callback: &Callback) -> TokenStream {
    let Callback { adapter, ident, .. } = callback;
    let item = item_type(callback);
    let function = pointer_to(&code!(__trampoline));
    let (params, context) = (trampoline_params(callback), context(callback));
    let (guards, reading) = (guards(callback), item_reading(callback));
    let resume = callback.resume().map(|(iterator, resume)| {
        let iterator = &iterator.name;
        code!(#resume(#iterator, __answer))
    });
    code! {
        unsafe impl #adapter::ResumedVisitorCallback for #ident {
            type Item = #item;
            const FN: Self::Fn = #function;
        }
        unsafe extern "C" fn __trampoline(#params) {
            let __answer = {
                #guards
                let __read = move || -> #item { #reading };
                #adapter::__private::visit_shared::<#ident>(#context, __read)
            };
            let _ = unsafe { #resume };
        }
    }
}

fn context(callback: &Callback) -> Option<&Ident> {
    callback.context().map(|param| &param.name)
}

fn trampoline_params(callback: &Callback) -> TokenStream {
    let has_reader = callback.output.is_some();
    let params = callback.params.iter().map(|Param { name, ty, role, .. }| match role {
        Role::Ignore if !has_reader => code!(_: #ty),
        _ => code!(#name: #ty),
    });
    code!(#(#params),*)
}

/// The types that release what a callback hands over for its own time only.
fn free_guards(callback: &Callback) -> TokenStream {
    let guards = callback.frees().enumerate().map(|(index, (param, free))| {
        let (guard, ty) = (guard(index), &param.ty);
        code! {
            struct #guard(#ty);
            impl ::core::ops::Drop for #guard {
                #[inline]
                fn drop(&mut self) {
                    if !self.0.is_null() {
                        let _ = unsafe { #free(self.0) };
                    }
                }
            }
        }
    });
    guards.collect()
}

/// First of all, so that the releases come last of all, also when reading panics.
fn guards(callback: &Callback) -> TokenStream {
    let guards = callback.frees().enumerate().map(|(index, (param, _))| {
        let (guard, name) = (guard(index), &param.name);
        let local = format_ident!("__free{index}", span = Span::mixed_site());
        code!(let #local = #guard(#name);)
    });
    guards.collect()
}

fn guard(index: usize) -> Ident {
    format_ident!("__Free{index}")
}

/// Handles first: whatever happens after, they are closed or handed on. Pointers are only looked
/// into when the status says that there is something to see.
fn once_reading(callback: &Callback) -> TokenStream {
    if let Some(output) = &callback.output {
        return reader_call(callback, output);
    }
    let handles = handles(callback);
    let status = callback.status().map(|(param, status)| {
        let read = status_reading(callback, param, status);
        code! {
            #read
            if let ::core::result::Result::Err(__error) = __status {
                return ::core::result::Result::Err(__error);
            }
        }
    });
    let value = values(callback);
    code! {
        #handles
        #status
        ::core::result::Result::Ok(#value)
    }
}

fn item_reading(callback: &Callback) -> TokenStream {
    if let Some(output) = &callback.output {
        return reader_call(callback, output);
    }
    let (handles, value) = (handles(callback), values(callback));
    code!(#handles #value)
}

fn reader_call(callback: &Callback, output: &Output) -> TokenStream {
    let args = callback.params.iter().filter(|param| !matches!(param.role, Role::Context));
    let (reader, args) = (&output.reader, args.map(|param| &param.name));
    code!(unsafe { #reader(#(#args),*) })
}

fn status_reading(callback: &Callback, param: &Param, status: &Status) -> TokenStream {
    let (adapter, name) = (&callback.adapter, &param.name);
    match status {
        Status::Errno => code!(let __status = #adapter::__private::errno_status(#name);),
        Status::Bool => code!(let __status = #adapter::__private::bool_status(#name);),
        Status::With { reader, error } => code! {
            let __status: ::core::result::Result<(), #error> = unsafe { #reader(#name) };
        },
    }
}

fn handles(callback: &Callback) -> TokenStream {
    let adapter = &callback.adapter;
    let handles = callback.params.iter().filter_map(|param| {
        let (Role::Handle(close), Some(pointer)) = (&param.role, pointer(&param.ty)) else {
            return None;
        };
        let (name, object) = (&param.name, &pointer.elem);
        Some(code! {
            let __close: unsafe fn(*mut #object) = |__object| {
                let _ = unsafe { #close(__object) };
            };
            let #name = unsafe { #adapter::Handle::<#object>::new(#name, __close) };
        })
    });
    handles.collect()
}

fn values(callback: &Callback) -> TokenStream {
    let adapter = &callback.adapter;
    let values = callback.params.iter().filter_map(|Param { name, role, .. }| match role {
        Role::Value { .. } | Role::Handle(_) => Some(code!(#name)),
        Role::Copy => Some(code!(unsafe { #adapter::__private::copied(#name) })),
        _ => None,
    });
    bare_or_tuple(values.collect())
}

fn error_type(callback: &Callback) -> TokenStream {
    let adapter = &callback.adapter;
    if let Some((_, error)) = callback.output.as_ref().and_then(Output::result) {
        return code!(#error);
    }
    match callback.status() {
        None => code!(::core::convert::Infallible),
        Some((_, Status::Errno)) => code!(#adapter::Errno),
        Some((_, Status::Bool)) => code!(#adapter::Failed),
        Some((_, Status::With { error, .. })) => code!(#error),
    }
}

/// `Value` of a `once` callback.
fn value_type(callback: &Callback) -> TokenStream {
    match callback.output.as_ref().and_then(Output::result) {
        Some((value, _)) => code!(#value),
        None => values_type(callback),
    }
}

/// `Item` of the other kinds.
fn item_type(callback: &Callback) -> TokenStream {
    match &callback.output {
        Some(Output { returns, .. }) => code!(#returns),
        None => values_type(callback),
    }
}

fn values_type(callback: &Callback) -> TokenStream {
    let adapter = &callback.adapter;
    let pointee = |ty: &Type| pointer(ty).map(|pointer| pointer.elem.clone());
    let types = callback.params.iter().filter_map(|Param { ty, role, .. }| match role {
        Role::Value { .. } => Some(code!(#ty)),
        Role::Copy => pointee(ty).map(|object| code!(::core::option::Option<#object>)),
        Role::Handle(_) => {
            pointee(ty).map(|object| code!(::core::option::Option<#adapter::Handle<#object>>))
        }
        _ => None,
    });
    bare_or_tuple(types.collect())
}
