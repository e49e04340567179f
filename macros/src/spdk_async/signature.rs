//! What a generated function shows: its documentation, type parameters and parameters, and what
//! its record keeps.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::Type;

use super::expand::{keep_type, place};
use super::model::{Function, Param, Role};
use crate::hygiene::code;
use crate::kind::Kind;
use crate::types::{bare_word, is_scalar, mut_pointee};

/// What the record of a call owns.
pub(super) struct Payload {
    /// Its type.
    pub(super) ty: TokenStream,
    /// Its value when the call is made.
    pub(super) value: TokenStream,
    /// Statements that bind the names of kept arguments and places to what C is given, inside of
    /// the record that `__payload` points to.
    pub(super) places: TokenStream,
}

impl Payload {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

pub(super) fn payload(function: &Function) -> Payload {
    let adapter = &function.adapter;
    let keeps: Vec<&Param> = function.with(Role::Keep).collect();
    let outs: Vec<&Param> = function.with(Role::Out).collect();
    let keep_types = (0..keeps.len()).map(keep_type);
    let keep_names = keeps.iter().map(|param| &param.name);
    let (keep_types, keep_values) = (code!((#(#keep_types,)*)), code!((#(#keep_names,)*)));
    let out_types = out_types(&outs);
    let zeroed = code!(unsafe { #adapter::Outs::zeroed() });
    let (ty, value, outs_place) = match (keeps.is_empty(), outs.is_empty()) {
        (true, true) => (code!(()), code!(()), None),
        (false, true) => {
            (code!(#adapter::Kept<#keep_types>), code!(#adapter::Kept(#keep_values)), None)
        }
        (true, false) => {
            (code!(#adapter::Outs<#out_types>), zeroed, Some(code!(&raw mut (*__payload).0)))
        }
        (false, false) => (
            code!(#adapter::KeptOuts<#keep_types, #out_types>),
            code!(#adapter::KeptOuts(#keep_values, #zeroed)),
            Some(code!(&raw mut (*__payload).1.0)),
        ),
    };
    let kept = kept_places(function, &keeps);
    let written = outs_place.map(|place| out_places(&outs, &code!(unsafe { #place })));
    Payload { ty, value, places: code!(#kept #written) }
}

fn kept_places(function: &Function, keeps: &[&Param]) -> TokenStream {
    let adapter = &function.adapter;
    let places = keeps.iter().enumerate().map(|(index, Param { name, ty, .. })| {
        let (keep, index) = (keep_type(index), syn::Index::from(index));
        code! {
            let #name = <#keep as #adapter::Keep<#ty>>::arg(unsafe { &mut (*__payload).0.#index });
        }
    });
    places.collect()
}

/// The tuple of what C writes.
pub(super) fn out_types(outs: &[&Param]) -> TokenStream {
    let types = outs.iter().map(|param| out_type(param));
    code!((#(#types,)*))
}

/// What C writes to a place.
pub(super) fn out_type(param: &Param) -> TokenStream {
    mut_pointee(&param.ty).map_or_else(|| code!(()), ToTokens::to_token_stream)
}

/// Binds the places' names to pointers into `storage`, a `*mut MaybeUninit<(…,)>`.
pub(super) fn out_places(outs: &[&Param], storage: &TokenStream) -> TokenStream {
    let types = out_types(outs);
    let places = outs.iter().enumerate().map(|(index, param)| {
        let (name, index) = (&param.name, syn::Index::from(index));
        code!(let #name = unsafe { &raw mut (*__places).#index };)
    });
    code! {
        let __places = { #storage }.cast::<#types>();
        #(#places)*
    }
}

/// A callback's function pointer type in C.
pub(super) fn callback_fn(function: &Function, param: &Param) -> TokenStream {
    let (place, ty) = (place(&param.ty), &param.ty);
    let adapter = function.adapter.at(place);
    quote_spanned!(place=> <#ty as #adapter::Callback>::Fn)
}

/// `<__K0: Keep<…>, …>`
pub(super) fn keep_bounds(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    // A call that visits on other threads has its record on the heap.
    let send = function.with(Role::Visit).next().map(|_| code!(+ ::core::marker::Send));
    let bounds = function.with(Role::Keep).enumerate().map(|(index, Param { ty, .. })| {
        let keep = keep_type(index);
        code!(#keep: #adapter::Keep<#ty> #send)
    });
    let bounds = bounds.collect::<Vec<_>>();
    if bounds.is_empty() { TokenStream::new() } else { code!(<#(#bounds),*>) }
}

/// What the types that the user wrote must be. Said here, a type that is not is one error, at the
/// type: the body is compiled as if it were.
pub(super) fn bounds(function: &Function) -> TokenStream {
    // Without a callback, any of the others could be it.
    let is_known = function.callback().is_some();
    let bounds = function.params.iter().filter_map(|Param { ty, role, .. }| {
        let place = place(ty);
        let adapter = function.adapter.at(place);
        let bound = match (role, function.kind) {
            (Role::Callback, Kind::Once) => quote_spanned!(place=> #adapter::OnceCallback),
            (Role::Callback, Kind::Multi) | (Role::Multi, _) => {
                quote_spanned!(place=> #adapter::MultiCallback)
            }
            (Role::Callback, Kind::Visitor) => quote_spanned!(place=> #adapter::VisitorCallback),
            (Role::Visit, _) => quote_spanned!(place=> #adapter::ResumedVisitorCallback),
            // A refused call is made again.
            (Role::Plain, Kind::Once) if is_known && may_lack_copy(ty) => {
                quote_spanned!(place=> ::core::marker::Copy)
            }
            _ => return None,
        };
        bare_word(ty)?;
        Some(quote_spanned!(place=> #ty: #bound))
    });
    let bounds: Vec<_> = bounds.collect();
    if bounds.is_empty() { TokenStream::new() } else { code!(where #(#bounds),*) }
}

/// Whether the type is a name other than that of one of C's numbers.
fn may_lack_copy(ty: &Type) -> bool {
    bare_word(ty).is_some_and(|word| !is_scalar(&word))
}

/// The parameters of the generated function.
pub(super) fn params(function: &Function) -> TokenStream {
    let adapter = &function.adapter;
    let mut keeps = (0..).map(keep_type);
    let mut params = Vec::new();
    let mut visits = 0..1;
    for Param { name, ty, role, .. } in &function.params {
        let at_once = || at_once_param(function, ty);
        params.extend(match role {
            Role::Plain => Some(code!(#name: #ty)),
            Role::Keep => keeps.next().map(|keep| code!(#name: #keep)),
            Role::Multi => Some(subscription(function, name.to_token_stream(), ty)),
            Role::Visit => visits.next().map(|_| {
                code! {
                    visitor: impl ::core::ops::Fn(
                        <#ty as #adapter::ResumedVisitorCallback>::Item
                    ) -> ::core::ffi::c_int + ::core::marker::Send + ::core::marker::Sync + 'static
                }
            }),
            Role::Callback => at_once(),
            Role::Context | Role::MultiContext | Role::Out => None,
        });
    }
    code!(#(#params),*)
}

/// What stands for the callback of a function that is called at once.
fn at_once_param(function: &Function, ty: &Type) -> Option<TokenStream> {
    match function.kind {
        Kind::Once => None,
        Kind::Multi => Some(subscription(function, code!(subscription), ty)),
        Kind::Visitor => {
            let place = place(ty);
            let adapter = function.adapter.at(place);
            let closure = quote_spanned! {place=>
                impl ::core::ops::FnMut(
                    <#ty as #adapter::VisitorCallback>::Item
                ) -> <#ty as #adapter::VisitorCallback>::Answer
            };
            Some(code!(visitor: #closure))
        }
    }
}

/// A parameter that stands for a callback that comes many times. One of another kind is an error
/// at its type.
fn subscription(function: &Function, name: TokenStream, ty: &Type) -> TokenStream {
    let place = place(ty);
    let adapter = function.adapter.at(place);
    let subscription = quote_spanned!(place=> #adapter::Subscription<#ty>);
    code!(#name: &#subscription)
}

/// The user's documentation, with a summary and a section on safety where there is none.
pub(super) fn docs(function: &Function) -> TokenStream {
    let name = function.name();
    let what = match function.kind {
        Kind::Once => "whose callback completes what is returned",
        Kind::Multi => "whose callback feeds the stream of `subscription`",
        Kind::Visitor => "whose callback runs `visitor`",
    };
    let summary = function.attrs.docs_or(&format!("Calls the C function `{name}`, {what}."));
    let safety = function.attrs.safety_or(&safety(function));
    code!(#summary #safety)
}

fn safety(function: &Function) -> String {
    let name = function.name();
    let mut section = String::from("\n# Safety\n\n");
    match function.kind {
        Kind::Once => {
            section += &format!(
                "- Every argument is what `{name}` asks for, and every pointer among them stays valid from the call to the callback (a kept argument sees to that itself).\n"
            );
            section += &format!(
                "- What is returned is first polled, or submitted, on a thread on which `{name}` may be called.\n"
            );
        }
        Kind::Multi => {
            section += &format!(
                "- Every argument is what `{name}` asks for, and every pointer among them stays valid as long as C uses it.\n- `{name}` may be called on this thread.\n"
            )
        }
        Kind::Visitor => {
            section += &format!(
                "- Every argument is what `{name}` asks for.\n- `{name}` may be called on this thread, and calls its callback only before it returns, one call at a time.\n"
            )
        }
    }
    if function.with(Role::Out).next().is_some() {
        section += "- All-zero bytes, and whatever C writes, are valid values of the types that C writes to.\n";
    }
    section
}
