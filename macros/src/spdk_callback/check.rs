//! The rules of a callback, all of which are checked. What concerns types is left to rustc.

use super::model::{Callback, Param, Role, Status};
use crate::diag::{Errors, text};
use crate::kind::Kind;
use crate::types::{is_c_int, is_mut_void, is_reference, mut_pointee, pointer};

pub(super) fn check(callback: &Callback, errors: &mut Errors) {
    if callback.typedef.is_some() && callback.sys.is_none() {
        errors.at(&callback.typedef, text::TYPEDEF_NEEDS_SYS);
    }
    if callback.function.is_none() {
        return;
    }
    contexts(callback, errors);
    let has_context = callback.context().is_some();
    for param in &callback.params {
        parameter(param, has_context, errors);
    }
    single_roles(callback, errors);
    kind_rules(callback, errors);
    output_rules(callback, errors);
}

fn contexts(callback: &Callback, errors: &mut Errors) {
    let marked = |param: &&Param| matches!(param.role, Role::Context);
    for second in callback.params.iter().filter(marked).skip(1) {
        errors.at(&second.written, text::SECOND_CONTEXT);
    }
    if callback.context().is_some() {
        return;
    }
    // A mark that was meant as something else may have hidden the context.
    if callback.params.iter().any(|param| matches!(param.role, Role::Mistaken)) {
        return;
    }
    let unmarked = |param: &&Param| param.mark.is_none() && is_mut_void(&param.ty);
    match callback.params.iter().filter(unmarked).nth(1) {
        Some(second) => errors.at(&second.written, text::WHICH_CONTEXT),
        None => errors.at(&callback.ident, text::NO_CONTEXT),
    }
}

/// The rules between a parameter's mark and its type.
fn parameter(param: &Param, has_context: bool, errors: &mut Errors) {
    if !param.named && param.mark.is_some() {
        errors.at(&param.written, text::UNNAMED);
    }
    let is_pointer = pointer(&param.ty).is_some();
    let message = match &param.role {
        _ if is_reference(&param.ty) => text::REFERENCE,
        Role::Context if !is_mut_void(&param.ty) => text::CONTEXT_TYPE,
        // Without a context, these could be it, and which one is has been asked.
        Role::Open if has_context || !is_mut_void(&param.ty) => text::UNMARKED_POINTER,
        Role::Value { marked: true } if !is_pointer => text::NEEDLESS_VALUE,
        Role::Copy if !is_pointer => text::COPY_POINTER,
        Role::Handle(_) if mut_pointee(&param.ty).is_none() => text::HANDLE_POINTER,
        Role::Free(_) if !is_pointer => text::FREE_POINTER,
        Role::Status(Status::Errno | Status::Bool) if is_pointer => text::STATUS_POINTER,
        _ => return,
    };
    errors.at(&param.written, message);
}

fn single_roles(callback: &Callback, errors: &mut Errors) {
    let params = &callback.params;
    let is_status = |param: &&Param| matches!(param.role, Role::Status(_));
    for second in params.iter().filter(is_status).skip(1) {
        errors.at(&second.written, text::SECOND_STATUS);
    }
    let is_resume = |param: &&Param| matches!(param.role, Role::Resume(_));
    for second in params.iter().filter(is_resume).skip(1) {
        errors.at(&second.written, text::SECOND_RESUME);
    }
}

fn kind_rules(callback: &Callback, errors: &mut Errors) {
    let Some(kind) = callback.kind else { return };
    if kind != Kind::Once {
        for param in &callback.params {
            if matches!(param.role, Role::Status(_)) {
                errors.at(&param.written, text::status_kind(&kind));
            }
        }
    }
    if kind != Kind::Visitor
        && let Some((param, _)) = callback.resume()
    {
        errors.at(&param.written, text::RESUME_KIND);
    }
    let Some(answer) = &callback.answer else { return };
    match kind {
        Kind::Once | Kind::Multi => errors.at(answer, text::returns_nothing(&kind)),
        Kind::Visitor if callback.resume().is_some() => errors.at(answer, text::RESUME_RETURNS),
        Kind::Visitor if !is_c_int(answer) => errors.at(answer, text::VISITOR_RETURNS),
        Kind::Visitor => {}
    }
}

fn output_rules(callback: &Callback, errors: &mut Errors) {
    let Some(output) = &callback.output else { return };
    for param in &callback.params {
        let goes_together = matches!(
            param.role,
            Role::Context | Role::Free(_) | Role::Resume(_) | Role::Mistaken | Role::Open
        );
        if let Some(mark) = &param.mark
            && !goes_together
        {
            errors.at(&param.written, text::output_conflict(mark));
        }
    }
    if callback.kind == Some(Kind::Once) && output.result().is_none() {
        errors.at(&output.returns, text::OUTPUT_RESULT);
    }
}
