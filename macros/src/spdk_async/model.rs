//! What the user asked for: C functions, their parameters, and the role of each.
//!
//! Invariant: a model can be made of every declaration, with mistakes reported and roles left
//! open; only a model that `check` found nothing in is expanded.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, Ident, Pat, Path, ReturnType, Type, Visibility};

use super::attr::{self, Args};
use super::item::{Declaration, Item};
use crate::attrs::ItemAttrs;
use crate::diag::{Errors, text};
use crate::kind::Kind;
use crate::paths::Adapter;
use crate::types::{bare_word, is_c_int, is_mut_void, is_scalar, is_unit, pointer};

pub(super) struct Function {
    pub(super) adapter: Adapter,
    pub(super) attrs: ItemAttrs,
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) kind: Kind,
    pub(super) callee: Callee,
    /// The function's name in C.
    pub(super) c_name: Ident,
    pub(super) params: Vec<Param>,
    pub(super) output: ReturnType,
    /// How C says that it accepted; `None` if that cannot be told from the return type.
    pub(super) returns: Option<Returns>,
    /// The `returns` argument, for a mistake in it.
    pub(super) returns_word: Option<Ident>,
}

/// Where the C function is.
pub(super) enum Callee {
    /// In this module.
    Sys(Path),
    /// In an extern block with these attributes.
    Declared(Vec<Attribute>),
    /// The user did not say.
    Unknown,
}

pub(super) struct Param {
    pub(super) name: Ident,
    pub(super) ty: Type,
    pub(super) role: Role,
    /// The mark that it has.
    pub(super) mark: Option<Mark>,
    /// The parameter as written, for mistakes.
    pub(super) written: TokenStream,
}

/// The words that can stand on a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Callback,
    Context,
    Keep,
    Out,
    Multi,
    Visit,
    /// A mistake that has been reported.
    Mistaken,
}

/// What a parameter is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Passed on as it is.
    Plain,
    Callback,
    Context,
    /// Owned by the record, and generic.
    Keep,
    /// A place in the record that C writes to.
    Out,
    /// A callback that feeds a stream, and the context after it.
    Multi,
    MultiContext,
    /// A callback that visits, with the context of the callback.
    Visit,
}

/// How a C function says that it accepted a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    Errno,
    Status,
    Void,
    Bool,
    Null,
}

impl Mark {
    const WORDS: [Self; 6] =
        [Self::Callback, Self::Context, Self::Keep, Self::Out, Self::Multi, Self::Visit];

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|mark| mark.to_string() == word)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Callback => "callback",
            Self::Context => "context",
            Self::Keep => "keep",
            Self::Out => "out",
            Self::Multi => "multi",
            Self::Visit => "visit",
            Self::Mistaken => "?",
        })
    }
}

impl Returns {
    pub(super) fn from_word(word: &Ident) -> Option<Self> {
        Some(match word.to_string().as_str() {
            "errno" => Self::Errno,
            "status" => Self::Status,
            "void" => Self::Void,
            "bool" => Self::Bool,
            "null" => Self::Null,
            _ => return None,
        })
    }

    /// The convention of a return type that has only one.
    fn of(output: &ReturnType) -> Option<Self> {
        let ReturnType::Type(_, ty) = output else { return Some(Self::Void) };
        if is_unit(ty) {
            Some(Self::Void)
        } else if is_c_int(ty) {
            Some(Self::Errno)
        } else if pointer(ty).is_some() {
            Some(Self::Null)
        } else {
            bare_word(ty).filter(|word| word == "bool").map(|_| Self::Bool)
        }
    }
}

/// The functions of the item.
pub(super) fn functions(args: Args, item: Item, errors: &mut Errors) -> Vec<Function> {
    let block = match item {
        Item::Function(function) => {
            let callee = args.sys.clone().map_or(Callee::Unknown, Callee::Sys);
            if matches!(callee, Callee::Unknown) && !args.sys_is_meant {
                errors.at(&function.sig.ident, text::NEEDS_SYS);
            }
            single_shape(&function, errors);
            return vec![Function::read(args, *function, callee, errors)];
        }
        Item::Block(block) => block,
    };
    if block.unsafety.is_none() {
        errors.at(&block.abi, text::BLOCK_UNSAFE);
    }
    if block.abi.name.as_ref().is_none_or(|name| name.value() != "C") {
        errors.at(&block.abi, text::ABI);
    }
    if let Some(name) = &args.name {
        errors.at(name, text::BLOCK_NAME);
    }
    let attrs = ItemAttrs::new(block.attrs);
    let mut functions = Vec::new();
    for mut function in block.functions {
        function.attrs.extend(attrs.cfgs.iter().cloned());
        let args = own_args(&mut function, errors).or(&args);
        let callee = match &args.sys {
            Some(sys) => Callee::Sys(sys.clone()),
            None => Callee::Declared(attrs.others.clone()),
        };
        functions.push(Function::read(args, function, callee, errors));
    }
    functions
}

/// The arguments of an `#[spdk_async(…)]` on a function inside of a block.
fn own_args(function: &mut Declaration, errors: &mut Errors) -> Args {
    let is_ours = |attr: &Attribute| {
        attr.path().segments.last().is_some_and(|word| word.ident == "spdk_async")
    };
    let Some(index) = function.attrs.iter().position(is_ours) else { return Args::default() };
    let attr = function.attrs.remove(index);
    match attr.meta.require_list() {
        Ok(list) => Args::parse(list.tokens.clone(), errors),
        Err(_) => Args::default(),
    }
}

fn single_shape(function: &Declaration, errors: &mut Errors) {
    if let Some(abi) = &function.sig.abi
        && abi.name.as_ref().is_none_or(|name| name.value() != "C")
    {
        errors.at(abi, text::ABI);
    }
    if matches!(function.sig.safety, syn::Safety::Default) && function.safe.is_none() {
        errors.at(function.sig.fn_token, text::FUNCTION_UNSAFE);
    }
}

impl Function {
    fn read(args: Args, function: Declaration, callee: Callee, errors: &mut Errors) -> Self {
        shape(&function, errors);
        let Declaration { attrs, vis, sig, .. } = function;
        let mut params = Vec::new();
        for (index, arg) in sig.inputs.iter().enumerate() {
            params.extend(param(index, arg, errors));
        }
        find_roles(&mut params);
        let returns = args.returns.as_ref().map(|(returns, _)| *returns);
        Self {
            adapter: Adapter::new(args.adapter.as_ref()),
            attrs: ItemAttrs::new(attrs),
            vis,
            kind: args.kind.map_or(Kind::Once, |(kind, _)| kind),
            callee,
            c_name: args.name.unwrap_or_else(|| sig.ident.clone()),
            ident: sig.ident,
            params,
            returns: returns.or_else(|| Returns::of(&sig.output)),
            output: sig.output,
            returns_word: args.returns.map(|(_, word)| word),
        }
    }

    /// The function's name in C, for reports.
    pub(super) fn name(&self) -> String {
        self.c_name.unraw().to_string()
    }

    /// The parameters of a role.
    pub(super) fn with(&self, role: Role) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(move |param| param.role == role)
    }

    /// The callback that the call is about.
    pub(super) fn callback(&self) -> Option<&Param> {
        self.with(Role::Callback).next()
    }
}

/// Mistakes in what is around the parameters.
fn shape(function: &Declaration, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(body) = &function.body {
        errors.at(body, text::BODY);
    }
    if let Some(safe) = &function.safe {
        errors.at(safe, text::FUNCTION_SAFE);
    }
    if let Some(asyncness) = &sig.asyncness {
        errors.at(asyncness, text::ASYNC_FN);
    }
    if let Some(constness) = &sig.constness {
        errors.at(constness, text::CONST_FN);
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics, text::FUNCTION_GENERICS);
    } else if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause, text::FUNCTION_GENERICS);
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic.dots, text::FUNCTION_VARIADIC);
    }
}

fn param(index: usize, arg: &FnArg, errors: &mut Errors) -> Option<Param> {
    let arg = match arg {
        FnArg::Typed(arg) => arg,
        FnArg::Receiver(receiver) => {
            errors.at(receiver, text::RECEIVER);
            return None;
        }
    };
    let mark = attr::mark(&arg.attrs, errors);
    let name = match &*arg.pat {
        Pat::Ident(name)
            if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() =>
        {
            name.ident.clone()
        }
        other => {
            errors.at(other, text::PATTERN);
            format_ident!("arg{index}", span = Span::mixed_site())
        }
    };
    let role = match mark {
        Some(Mark::Callback) => Role::Callback,
        Some(Mark::Context) => Role::Context,
        Some(Mark::Keep) => Role::Keep,
        Some(Mark::Out) => Role::Out,
        Some(Mark::Multi) => Role::Multi,
        Some(Mark::Visit) => Role::Visit,
        Some(Mark::Mistaken) | None => Role::Plain,
    };
    Some(Param { name, ty: (*arg.ty).clone(), role, mark, written: arg.to_token_stream() })
}

/// Gives the unmarked parameters that follow from others their roles.
fn find_roles(params: &mut [Param]) {
    for index in 1..params.len() {
        if params[index - 1].role == Role::Multi && is_unmarked_void(&params[index]) {
            params[index].role = Role::MultiContext;
        }
    }
    if !params.iter().any(|param| param.role == Role::Callback) {
        let found: Vec<usize> = candidates(params).collect();
        if let [only] = found[..] {
            params[only].role = Role::Callback;
        }
    }
    if params.iter().any(|param| param.role == Role::Context) {
        return;
    }
    let callback = params.iter().position(|param| param.role == Role::Callback);
    if let Some(next) = callback.and_then(|callback| params.get_mut(callback + 1))
        && is_unmarked_void(next)
    {
        next.role = Role::Context;
    }
}

/// The unmarked parameters that are directly followed by a context and could be a callback.
pub(super) fn candidates(params: &[Param]) -> impl Iterator<Item = usize> {
    params.windows(2).enumerate().filter_map(|(index, pair)| {
        let [this, next] = pair else { return None };
        let takes_context = next.role == Role::Context || is_unmarked_void(next);
        let named = bare_word(&this.ty).is_some_and(|word| !is_scalar(&word));
        (this.mark.is_none() && takes_context && named).then_some(index)
    })
}

fn is_unmarked_void(param: &Param) -> bool {
    param.mark.is_none() && param.role == Role::Plain && is_mut_void(&param.ty)
}
