//! The callback's side of a heap record.

use core::ffi::c_void;

use super::heap_record::Report;
use super::registry::{self, Entry, Ticket};
use crate::{OnceCallback, report};

/// Completes the heap record that `cb_arg` names with what `read` reports.
///
/// The record is taken out first, so a second callback, even one from inside `read`, is a stray.
pub(crate) fn complete<C: OnceCallback>(cb_arg: *mut c_void, read: impl FnOnce() -> Report<C>) {
    let wanted =
        |entry: &Entry| matches!(entry, Entry::Once { record, .. } if record.is_for::<C>());
    match registry::take_if(Ticket::from_cb_arg(cb_arg), wanted) {
        Some(Entry::Once { record, visitor }) => {
            let outcome = read();
            drop(visitor);
            record.complete::<C>(outcome);
        }
        _ => report::stray(C::NAME),
    }
}
