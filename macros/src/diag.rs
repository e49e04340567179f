//! What the macros say about mistakes: a collector, so that all mistakes of an item are reported
//! at once, and every message in one place.
//!
//! Invariant: an item with a mistake never expands to code that could run.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found in one item.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// A mistake in `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// A mistake at `span`.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// A mistake that the parser found.
    pub(crate) fn take(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One `compile_error!` for each mistake.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// Fills `slot`, once.
pub(crate) fn put<T>(slot: &mut Option<T>, value: T, word: &syn::Ident, errors: &mut Errors) {
    if slot.is_some() {
        errors.at(word, text::twice(word));
    } else {
        *slot = Some(value);
    }
}

/// Every message. Each says what is wrong and what belongs there instead.
pub(crate) mod text {
    use std::fmt::Display;

    // Arguments of both attributes.
    pub(crate) const NEEDS_COMMA: &str = "expected `,` between arguments";
    pub(crate) const NEEDS_WORD: &str =
        "an argument begins with a word, as in `once` or `sys = path`: remove this";
    pub(crate) const KINDS: &str =
        "the kinds are `once` (a future), `multi` (a stream) and `visitor` (a closure)";
    pub(crate) const NEEDS_KIND: &str = "say how often the callback comes: `#[spdk_callback(once)]`, `#[spdk_callback(multi)]` or `#[spdk_callback(visitor)]`";
    pub(crate) const TWO_KINDS: &str =
        "there is a kind already; a callback has one: `once`, `multi` or `visitor`";

    pub(crate) fn argument_form(form: &str) -> String {
        format!("this argument is written `{form}`")
    }
    pub(crate) fn twice(word: &impl Display) -> String {
        format!("`{word}` is given twice; keep one")
    }
    pub(crate) fn unknown_callback_argument(word: &impl Display) -> String {
        format!(
            "unknown argument `{word}`: {KINDS}; the other arguments are `sys = path`, `typedef = name`, `output = path -> Type` and `crate = path`"
        )
    }
    pub(crate) fn unknown_async_argument(word: &impl Display) -> String {
        format!(
            "unknown argument `{word}`: {KINDS}; the other arguments are `sys = path`, `name = c_name`, `returns = convention` and `crate = path`"
        )
    }

    // Marks of both attributes.
    const CALLBACK_MARKS: &str = "the marks of a callback's parameter are `#[context]`, `#[status(…)]`, `#[value]`, `#[copy]`, `#[handle(close = path)]`, `#[free(path)]`, `#[ignore]` and `#[resume(path)]`";
    const ASYNC_MARKS: &str = "the marks of a function's parameter are `#[callback]`, `#[context]`, `#[keep]`, `#[out]`, `#[multi]` and `#[visit]`";
    pub(crate) const CFG_PARAMETER: &str = "a parameter cannot depend on a `cfg`: write one declaration for each case and put the `cfg` on the declaration";

    pub(crate) fn unknown_callback_mark(mark: &impl Display) -> String {
        format!("unknown mark `#[{mark}]`: {CALLBACK_MARKS}")
    }
    pub(crate) fn unknown_async_mark(mark: &impl Display) -> String {
        format!("unknown mark `#[{mark}]`: {ASYNC_MARKS}")
    }
    pub(crate) fn bare_mark(mark: &impl Display) -> String {
        format!("`#[{mark}]` stands alone: remove what follows the word")
    }
    pub(crate) fn mark_needs(mark: &str, form: &str) -> String {
        format!("`#[{mark}]` is incomplete: write `{form}`")
    }
    pub(crate) fn second_mark(first: &impl Display, second: &impl Display) -> String {
        if first.to_string() == second.to_string() {
            return format!("`#[{first}]` is given twice on one parameter; keep one");
        }
        format!(
            "`#[{first}]` and `#[{second}]` exclude each other: a parameter has one role; keep one mark"
        )
    }

    // The item that `#[spdk_callback]` is on.
    pub(crate) const NOT_AN_ALIAS: &str =
        "`#[spdk_callback]` belongs on a type alias: `pub type name = unsafe extern \"C\" fn(…);`";
    pub(crate) const NOT_A_FUNCTION_TYPE: &str =
        "the alias must be the C function type itself: `unsafe extern \"C\" fn(…)`";
    pub(crate) const NO_OPTION: &str = "write the function type without `Option`: the generated type adds it, as C's pointer may be null";
    pub(crate) const CALLBACK_GENERICS: &str =
        "a C callback has no generic parameters: remove them";
    pub(crate) const CALLBACK_UNSAFE: &str =
        "C's callback is called with raw pointers: write `unsafe extern \"C\" fn`";
    pub(crate) const CALLBACK_VARIADIC: &str = "a callback with `...` cannot be called back from here: C must have a fixed list of parameters";

    // The parameters of a callback.
    pub(crate) const NO_CONTEXT: &str = "the callback has no context: one parameter must be `*mut c_void`, through which the call finds its record";
    pub(crate) const WHICH_CONTEXT: &str = "several parameters are `*mut c_void`: mark the context with `#[context]` and the others with what they are";
    pub(crate) const SECOND_CONTEXT: &str = "there is a `#[context]` already; a callback has one";
    pub(crate) const CONTEXT_TYPE: &str = "the context must be written as `*mut c_void`";
    pub(crate) const UNMARKED_POINTER: &str = "what becomes of this pointer? Mark it: `#[value]` (passed on as it is), `#[copy]` (copied inside the callback), `#[handle(close = path)]` (handed over), `#[free(path)]` (released after reading), `#[status(with = path -> Error)]` (read as the status) or `#[ignore]`";
    pub(crate) const UNNAMED: &str =
        "give this parameter a name: rustfmt removes a mark from a parameter without one";
    pub(crate) const REFERENCE: &str = "C passes no references: write a raw pointer";
    pub(crate) const STATUS_POINTER: &str = "a status that is a pointer needs a function that reads it: `#[status(with = path -> Error)]`";
    pub(crate) const SECOND_STATUS: &str = "there is a `#[status]` already; a callback reports one. Mark this parameter `#[ignore]`, or read both with `output = path -> Result<Value, Error>`";
    pub(crate) const NEEDLESS_VALUE: &str = "`#[value]` is for pointers; a parameter that is no pointer is a value without a mark: remove it";
    pub(crate) const COPY_POINTER: &str =
        "`#[copy]` copies what a pointer points to, and this is no pointer: remove the mark";
    pub(crate) const HANDLE_POINTER: &str =
        "`#[handle]` takes over a C object, so the parameter must be `*mut Object`";
    pub(crate) const FREE_POINTER: &str =
        "`#[free]` releases a C object, so the parameter must be a raw pointer";
    pub(crate) const RESUME_KIND: &str =
        "`#[resume]` belongs to a visitor: write `#[spdk_callback(visitor)]`, or remove the mark";
    pub(crate) const SECOND_RESUME: &str =
        "there is a `#[resume]` already; a visit is resumed once";
    pub(crate) const RESUME_RETURNS: &str = "a visitor with `#[resume]` tells C its answer through that function, so the callback itself returns nothing";

    pub(crate) fn status_kind(kind: &impl Display) -> String {
        format!(
            "only a `once` callback has a status: in a `{kind}` callback the parameter is a value like any other, so remove the mark (or mark a pointer `#[copy]`)"
        )
    }
    pub(crate) fn returns_nothing(kind: &impl Display) -> String {
        format!("a `{kind}` callback returns nothing to C; only a `visitor` answers (`c_int`)")
    }
    pub(crate) const VISITOR_RETURNS: &str =
        "a visitor returns nothing or `c_int`, where non-zero stops the walk";

    // Arguments of `#[spdk_callback]` together.
    pub(crate) const TYPEDEF_NEEDS_SYS: &str = "`typedef` names the C type inside of the module that `sys` gives: add `sys = path`, or remove `typedef`";
    pub(crate) const OUTPUT_RESULT: &str = "the reader of a `once` callback returns a `Result`: write `output = path -> Result<Value, Error>`";
    pub(crate) const OUTPUT_FORM: &str = "say what the reader returns: `output = path -> Type`";

    pub(crate) fn output_conflict(mark: &impl Display) -> String {
        format!(
            "`output` reads every parameter, so `#[{mark}]` has no meaning: remove the mark or `output` (only `#[context]`, `#[free(path)]` and `#[resume(path)]` go together with it)"
        )
    }

    // The item that `#[spdk_async]` is on.
    pub(crate) const NOT_A_FUNCTION: &str = "`#[spdk_async]` belongs on a declaration, `pub unsafe fn name(…) -> c_int;`, or on an `unsafe extern \"C\"` block of declarations";
    pub(crate) const BODY: &str = "the macro writes the body: end the declaration with `;`";
    pub(crate) const FUNCTION_UNSAFE: &str = "C cannot check its arguments: write `unsafe fn`";
    pub(crate) const FUNCTION_SAFE: &str =
        "the generated function takes raw pointers and is unsafe: remove `safe`";
    pub(crate) const BLOCK_UNSAFE: &str =
        "nobody checks these declarations against C: write `unsafe extern \"C\"`";
    pub(crate) const BLOCK_ITEM: &str = "only functions that take a callback belong in an `#[spdk_async]` block: move this to an extern block of its own";
    pub(crate) const ABI: &str = "only C functions can be declared here: write `extern \"C\"`";
    pub(crate) const ASYNC_FN: &str = "the declaration says what C has, and C's function is not async: remove `async` (the generated function returns what can be awaited)";
    pub(crate) const CONST_FN: &str = "a C function is not const: remove `const`";
    pub(crate) const FUNCTION_GENERICS: &str =
        "a C function has no generic parameters: remove them (`#[keep]` makes a parameter generic)";
    pub(crate) const FUNCTION_VARIADIC: &str = "a function with `...` cannot be declared: declare a wrapper in C with a fixed list of parameters";
    pub(crate) const RECEIVER: &str =
        "a C function has no `self`: write a named parameter with its C type";
    pub(crate) const PATTERN: &str =
        "a parameter of a declaration is a plain name: write `name: Type`";
    pub(crate) const NEEDS_SYS: &str = "where is the C function? Add `sys = path` (the module that declares it), or move the declaration into an `unsafe extern \"C\"` block under `#[spdk_async]`";
    pub(crate) const BLOCK_NAME: &str = "`name` is for one function, and this is a block: put `#[spdk_async(name = c_name)]` on the function inside";
    const RETURNS: &str = "the conventions are `returns = errno` (zero or a negative errno), `status` (zero or any other number), `void` (always accepted), `bool` (true is accepted) and `null` (NULL is refused)";
    pub(crate) fn unknown_returns(word: &impl Display) -> String {
        format!("unknown convention `{word}`: {RETURNS}")
    }
    pub(crate) const RETURN_TYPE: &str = "what does this return value say? `c_int`, `bool`, a raw pointer and nothing are understood; for others add `returns = errno`, `status`, `void`, `bool` or `null`";
    pub(crate) const RETURNS_VISITOR: &str =
        "a visiting function returns what C returns: remove `returns`";

    // The parameters of a function.
    pub(crate) const NO_CALLBACK: &str = "which parameter is the callback? None is a callback type directly followed by its `*mut c_void` context: mark it with `#[callback]` and the context with `#[context]`";
    pub(crate) const WHICH_CALLBACK: &str =
        "several parameters look like the callback: mark it with `#[callback]`";
    pub(crate) const SECOND_CALLBACK: &str = "there is a `#[callback]` already; a further one that comes many times is marked `#[multi]`, one that visits `#[visit]`";
    pub(crate) const CALLBACK_TYPE: &str = "the type of a callback is the name that `#[spdk_callback]` was put on, as a path without generic arguments";
    pub(crate) const CALLBACK_CONTEXT: &str = "this callback is not followed by its context: mark the `*mut c_void` that it gets with `#[context]`";
    pub(crate) const MULTI_CONTEXT: &str =
        "a `#[multi]` callback is directly followed by its own `*mut c_void` context";
    pub(crate) const SECOND_FUNCTION_CONTEXT: &str =
        "there is a `#[context]` already; a function passes one to its callback";
    pub(crate) const OUT_TYPE: &str = "C writes through this pointer, so it must be `*mut Type`";
    pub(crate) const OUT_VOID: &str = "a place that C writes to needs a size, and `c_void` has none: write the type that C writes";
    pub(crate) const SECOND_VISIT: &str = "there is a `#[visit]` already; a call makes one walk";

    pub(crate) fn mark_kind(mark: &impl Display, kind: &impl Display, why: &str) -> String {
        format!("`#[{mark}]` does not go with `{kind}`: {why}")
    }
    pub(crate) const AT_ONCE_KEEP: &str = "the function is called at once and keeps nothing; remove the mark and see to it that what C keeps lives";
    pub(crate) const AT_ONCE_OUT: &str =
        "the walk ends with the call; remove the mark and pass a pointer";
    pub(crate) const AT_ONCE_OTHER: &str =
        "it belongs to a function of kind `once`, beside its callback";
}
