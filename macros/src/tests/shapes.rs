//! Each convention by which C accepts, and each thing that a callback hands over, has a snapshot
//! with each kind of callback that it goes with.

use super::{Case, callbacks, functions};

/// What of the generated code tells a kind of callback.
const CALLBACKS: [&str; 4] = ["::complete::<", "::deliver::<", "::visit::<", "::visit_shared::<"];
/// The same of a function. A walk takes what C returns as it is.
const FUNCTIONS: [&str; 2] = ["::Call::new(", "let (__cb, __cb_arg) = "];

const CONVENTIONS: [&str; 5] =
    ["::errno_return(", "::status_return(", "::void_return(", "::bool_return(", "::null_return("];
const HANDED_OVER: [&str; 4] = ["::copied(", "::Handle::<", "struct __Free0", "unsafe { read_"];
const STATUSES: [&str; 4] =
    ["::errno_status(", "::bool_status(", "let __status: ", "::convert::Infallible"];

fn expect_each(cases: &[Case], kinds: &[&str], shapes: &[&str]) {
    let texts: Vec<String> = cases.iter().map(Case::expand_to_text).collect();
    for kind in kinds {
        for shape in shapes {
            let is_there = texts.iter().any(|text| text.contains(kind) && text.contains(shape));
            assert!(is_there, "no snapshot has both `{kind}` and `{shape}`: add a case");
        }
    }
}

#[test]
fn every_convention_has_a_snapshot() {
    expect_each(functions::CASES, &FUNCTIONS, &CONVENTIONS);
}

#[test]
fn every_thing_that_a_callback_hands_over_has_a_snapshot() {
    expect_each(callbacks::CASES, &CALLBACKS, &HANDED_OVER);
}

#[test]
fn every_status_has_a_snapshot() {
    expect_each(callbacks::CASES, &CALLBACKS[..1], &STATUSES);
}
