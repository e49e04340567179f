//! What the user asked for: a callback, its parameters, and the role of each.
//!
//! Invariant: a model can be made of every alias, with mistakes reported and roles left open; only
//! a model that `check` found nothing in is expanded.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{
    Abi, GenericArgument, Ident, ItemType, Path, PathArguments, ReturnType, Type, TypeFnPtr,
    Visibility,
};

use super::attr::{self, Args};
use crate::attrs::ItemAttrs;
use crate::diag::{Errors, text};
use crate::kind::Kind;
use crate::paths::Adapter;
use crate::types::{is_mut_void, is_unit, peeled, pointer};

pub(super) struct Callback {
    pub(super) adapter: Adapter,
    pub(super) attrs: ItemAttrs,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) kind: Option<Kind>,
    /// The typedef's name in C.
    pub(super) c_name: Ident,
    /// The typedef's own `typedef` argument, for a mistake in it.
    pub(super) typedef: Option<Ident>,
    /// Where C's typedef is.
    pub(super) sys: Option<Path>,
    /// The function type, without marks.
    pub(super) function: Option<TypeFnPtr>,
    /// The type as written, without marks.
    pub(super) written: Type,
    pub(super) params: Vec<Param>,
    /// What C is answered; `None` for nothing.
    pub(super) answer: Option<Type>,
    pub(super) output: Option<Output>,
}

/// A user's function that reads all parameters.
pub(super) struct Output {
    pub(super) reader: Path,
    pub(super) returns: Type,
}

pub(super) struct Param {
    /// The user's name behind two underscores: in a function type it binds nothing, so it may be
    /// that of a constant, which a function cannot have for a parameter.
    pub(super) name: Ident,
    /// Whether the user gave it that name.
    pub(super) named: bool,
    pub(super) ty: Type,
    pub(super) role: Role,
    /// The word of its mark, if it has one.
    pub(super) mark: Option<String>,
    /// The parameter as written, for mistakes.
    pub(super) written: TokenStream,
}

/// What becomes of a parameter.
pub(super) enum Role {
    Context,
    Status(Status),
    /// Passed on as it is.
    Value {
        marked: bool,
    },
    /// A pointer whose pointee is copied.
    Copy,
    /// A handle that closes itself with this function.
    Handle(Path),
    /// Released with this function after reading.
    Free(Path),
    Ignore,
    /// The iterator that this function resumes.
    Resume(Path),
    /// A pointer that nothing is said about.
    Open,
    /// Its mark is a mistake that has been reported.
    Mistaken,
}

pub(super) enum Status {
    Errno,
    Bool,
    With { reader: Path, error: Box<Type> },
}

impl Callback {
    pub(super) fn read(args: Args, alias: ItemType, errors: &mut Errors) -> Self {
        let Args { kind, sys, typedef, output, adapter, unknown } = args;
        if kind.is_none() && !unknown {
            errors.at_span(Span::call_site(), text::NEEDS_KIND);
        }
        if !alias.generics.params.is_empty() {
            errors.at(&alias.generics, text::CALLBACK_GENERICS);
        } else if let Some(clause) = &alias.generics.where_clause {
            errors.at(clause, text::CALLBACK_GENERICS);
        }
        let (function, params, answer) = match function(&alias.ty, errors) {
            Some(function) => {
                shape(&function, errors);
                let params = params(&function, output.is_some(), errors);
                let answer = answer(&function);
                (Some(without_marks(function)), params, answer)
            }
            None => (None, Vec::new(), None),
        };
        Self {
            adapter: Adapter::new(adapter.as_ref()),
            attrs: ItemAttrs::new(alias.attrs),
            vis: alias.vis,
            c_name: typedef.clone().unwrap_or_else(|| alias.ident.clone()),
            ident: alias.ident,
            kind: kind.map(|(kind, _)| kind),
            typedef,
            sys,
            written: function.clone().map_or(*alias.ty, Type::FnPtr),
            function,
            params,
            answer,
            output,
        }
    }

    /// The C function pointer type.
    pub(super) fn c_type(&self) -> TokenStream {
        let (name, function) = (&self.c_name, &self.function);
        match (&self.sys, function) {
            (Some(sys), _) => quote!(#sys::#name),
            (None, Some(function)) => quote!(::core::option::Option<#function>),
            (None, None) => quote!(::core::option::Option<unsafe extern "C" fn()>),
        }
    }

    /// The typedef's name, for reports.
    pub(super) fn name(&self) -> String {
        self.c_name.unraw().to_string()
    }

    pub(super) fn context(&self) -> Option<&Param> {
        self.params.iter().find(|param| matches!(param.role, Role::Context))
    }

    /// The status and its parameter.
    pub(super) fn status(&self) -> Option<(&Param, &Status)> {
        self.params.iter().find_map(|param| match &param.role {
            Role::Status(status) => Some((param, status)),
            _ => None,
        })
    }

    /// The iterator to resume and the function that does it.
    pub(super) fn resume(&self) -> Option<(&Param, &Path)> {
        self.params.iter().find_map(|param| match &param.role {
            Role::Resume(resume) => Some((param, resume)),
            _ => None,
        })
    }

    /// What is released after reading, and with what.
    pub(super) fn frees(&self) -> impl Iterator<Item = (&Param, &Path)> {
        self.params.iter().filter_map(|param| match &param.role {
            Role::Free(free) => Some((param, free)),
            _ => None,
        })
    }
}

impl Output {
    /// `V` and `E` of a `Result<V, E>`.
    pub(super) fn result(&self) -> Option<(&Type, &Type)> {
        let Type::Path(path) = peeled(&self.returns) else { return None };
        let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
        let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
        match args.args.iter().collect::<Vec<_>>()[..] {
            [GenericArgument::Type(value), GenericArgument::Type(error)] => Some((value, error)),
            _ => None,
        }
    }
}

/// The function type behind the alias.
fn function(ty: &Type, errors: &mut Errors) -> Option<TypeFnPtr> {
    match peeled(ty) {
        Type::FnPtr(function) => return Some(function.clone()),
        Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Option") => {
            errors.at(ty, text::NO_OPTION);
        }
        _ => errors.at(ty, text::NOT_A_FUNCTION_TYPE),
    }
    None
}

/// Mistakes in what is around the parameters.
fn shape(function: &TypeFnPtr, errors: &mut Errors) {
    if let Some(lifetimes) = &function.lifetimes {
        errors.at(lifetimes, text::CALLBACK_GENERICS);
    }
    if function.unsafety.is_none() {
        errors.at(function.fn_token, text::CALLBACK_UNSAFE);
    }
    match &function.abi {
        Some(abi) if is_c(abi) => {}
        Some(abi) => errors.at(abi, text::ABI),
        None => errors.at(function.fn_token, text::ABI),
    }
    if let Some(variadic) = &function.variadic {
        errors.at(variadic.dots, text::CALLBACK_VARIADIC);
    }
}

fn is_c(abi: &Abi) -> bool {
    abi.name.as_ref().is_some_and(|name| name.value() == "C")
}

fn params(function: &TypeFnPtr, has_reader: bool, errors: &mut Errors) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for (index, arg) in function.inputs.iter().enumerate() {
        let named = arg.name.as_ref().map(|(name, _)| name).filter(|name| *name != "_");
        let name = match named {
            Some(name) => format_ident!("__{}", name.unraw(), span = name.span()),
            None => format_ident!("__arg{index}", span = Span::mixed_site()),
        };
        let (role, mark) = match attr::role(&arg.attrs, errors) {
            Some((role, mark)) => (role, Some(mark)),
            // A reader takes pointers as they are.
            None if pointer(&arg.ty).is_some() && !has_reader => (Role::Open, None),
            None => (Role::Value { marked: false }, None),
        };
        let written = arg.to_token_stream();
        let (named, ty) = (named.is_some(), arg.ty.clone());
        params.push(Param { name, named, ty, role, mark, written });
    }
    find_context(&mut params);
    params
}

/// Without a mark, the only `void *` is the context.
fn find_context(params: &mut [Param]) {
    if params.iter().any(|param| matches!(param.role, Role::Context)) {
        return;
    }
    let mut candidates =
        params.iter_mut().filter(|param| param.mark.is_none() && is_mut_void(&param.ty));
    if let (Some(only), None) = (candidates.next(), candidates.next()) {
        only.role = Role::Context;
    }
}

fn answer(function: &TypeFnPtr) -> Option<Type> {
    match &function.output {
        ReturnType::Type(_, ty) if !is_unit(ty) => Some((**ty).clone()),
        _ => None,
    }
}

/// The type as rustc can read it, also where it has been found mistaken.
fn without_marks(mut function: TypeFnPtr) -> TypeFnPtr {
    function.variadic = None;
    for arg in &mut function.inputs {
        arg.attrs.clear();
    }
    function
}
