//! Everything that C may call back about from any thread.
//!
//! `registry` is the table that a context number is looked up in, `heap_record` and `submitted` are
//! calls whose record is on the heap, `subscription` feeds streams, `visit` runs closures.

mod complete;
mod heap_record;
mod registry;
mod submitted;
mod subscription;
mod visit;

pub(crate) use complete::complete;
pub use registry::{BoxedInFlight, boxed_in_flight};
pub use submitted::Submitted;
pub(crate) use subscription::deliver;
pub use subscription::{Events, Subscription};
pub use visit::submit_visit;
pub(crate) use visit::{visit, visit_shared, walk};
