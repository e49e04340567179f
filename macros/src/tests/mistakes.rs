//! Items with mistakes: all of them are reported, and what stands in is still items.

use super::{Attribute, Case};

fn expand(attribute: Attribute, args: &'static str, item: &'static str) -> String {
    Case { name: "mistake", attribute, args, item }.expand_to_text()
}

fn count(text: &str) -> usize {
    text.matches("compile_error!").count()
}

#[test]
fn all_mistakes_of_a_callback_are_reported_at_once() {
    let text = expand(
        Attribute::SpdkCallback,
        "twice, sys = a, sys = b",
        r#"
        pub type cb<T> = fn(
            #[keep] a: *mut u8,
            b: *const u8,
            #[status(errno)] c: *mut c_int,
            ctx: *mut c_void,
        ) -> u8;
        "#,
    );
    // The word, the second `sys`, the generics, `unsafe`, `extern`, and one for each of a, b, c.
    // What the callback returns cannot be judged without a kind.
    assert_eq!(count(&text), 8, "{text}");
    assert!(text.contains("pub enum cb"), "{text}");
}

#[test]
fn all_mistakes_of_a_function_are_reported_at_once() {
    let text = expand(
        Attribute::SpdkAsync,
        "returns = maybe, answer",
        r"
        pub async fn f<T>(
            &self,
            (a, b): (u8, u8),
            #[out] c: u8,
            d: &u8,
            cb: done_cb,
            cb_arg: *mut c_void,
        ) -> u64 {}
        ",
    );
    // Both arguments, `sys`, `unsafe`, the body, `async`, the generics, `self`, the pattern, c, d,
    // and the return type.
    assert_eq!(count(&text), 12, "{text}");
    assert!(text.contains("pub unsafe fn f"), "{text}");
}

#[test]
fn a_stub_has_the_shape_that_was_meant() {
    let text = expand(
        Attribute::SpdkAsync,
        "",
        "pub unsafe fn f(#[keep] a: *mut u8, #[out] b: *mut u8, cb: done_cb, ctx: *mut c_void);",
    );
    assert_eq!(count(&text), 1, "{text}");
    let expected = "::callback_adapter::KeptOuts<(__K0,), (u8,)>";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_item_of_another_kind_is_left_alone() {
    let text = expand(Attribute::SpdkCallback, "once", "pub struct NotAnAlias;");
    assert_eq!(count(&text), 1, "{text}");
    assert!(text.contains("pub struct NotAnAlias;"), "{text}");
}
