//! The rules of a declaration, all of which are checked. What concerns types is left to rustc.

use super::model::{Function, Mark, Param, Role, candidates};
use crate::diag::{Errors, text};
use crate::kind::Kind;
use crate::types::{bare_word, is_mut_void, is_reference, is_void, mut_pointee};

pub(super) fn check(function: &Function, errors: &mut Errors) {
    callbacks(function, errors);
    for param in &function.params {
        parameter(function, param, errors);
    }
    multi_contexts(function, errors);
    for second in function.with(Role::Visit).skip(1) {
        errors.at(&second.written, text::SECOND_VISIT);
    }
    returns(function, errors);
}

/// There is one callback, and one context for it.
fn callbacks(function: &Function, errors: &mut Errors) {
    for second in function.with(Role::Callback).skip(1) {
        errors.at(&second.written, text::SECOND_CALLBACK);
    }
    for second in function.with(Role::Context).skip(1) {
        errors.at(&second.written, text::SECOND_FUNCTION_CONTEXT);
    }
    // A mark that was meant as something else may have hidden either.
    if function.params.iter().any(|param| param.mark == Some(Mark::Mistaken)) {
        return;
    }
    let Some(callback) = function.callback() else {
        match candidates(&function.params).nth(1) {
            Some(second) => errors.at(&function.params[second].written, text::WHICH_CALLBACK),
            None => errors.at(&function.ident, text::NO_CALLBACK),
        }
        return;
    };
    if bare_word(&callback.ty).is_none() {
        errors.at(&callback.ty, text::CALLBACK_TYPE);
    }
    if function.with(Role::Context).next().is_none() {
        errors.at(&callback.written, text::CALLBACK_CONTEXT);
    }
}

/// The rules between a parameter's mark, its type and the function's kind.
fn parameter(function: &Function, param: &Param, errors: &mut Errors) {
    let message = match param.role {
        _ if is_reference(&param.ty) => text::REFERENCE,
        Role::Context if !is_mut_void(&param.ty) => text::CONTEXT_TYPE,
        Role::Multi | Role::Visit if bare_word(&param.ty).is_none() => text::CALLBACK_TYPE,
        Role::Out => match mut_pointee(&param.ty) {
            None => text::OUT_TYPE,
            Some(place) if is_void(place) => text::OUT_VOID,
            Some(_) => "",
        },
        _ => "",
    };
    if !message.is_empty() {
        errors.at(&param.written, message);
    }
    let why = match (function.kind, param.role) {
        (Kind::Multi | Kind::Visitor, Role::Keep) => text::AT_ONCE_KEEP,
        (Kind::Visitor, Role::Out) => text::AT_ONCE_OUT,
        (Kind::Multi | Kind::Visitor, Role::Multi | Role::Visit) => text::AT_ONCE_OTHER,
        _ => return,
    };
    if let Some(mark) = param.mark {
        errors.at(&param.written, text::mark_kind(&mark, &function.kind, why));
    }
}

fn multi_contexts(function: &Function, errors: &mut Errors) {
    for (index, param) in function.params.iter().enumerate() {
        let next = function.params.get(index + 1);
        if param.role == Role::Multi && next.is_none_or(|next| next.role != Role::MultiContext) {
            errors.at(&param.written, text::MULTI_CONTEXT);
        }
    }
}

fn returns(function: &Function, errors: &mut Errors) {
    match (&function.returns_word, function.kind) {
        (Some(word), Kind::Visitor) => errors.at(word, text::RETURNS_VISITOR),
        (None, Kind::Once | Kind::Multi) if function.returns.is_none() => {
            if let syn::ReturnType::Type(_, ty) = &function.output {
                errors.at(ty, text::RETURN_TYPE);
            }
        }
        _ => {}
    }
}
