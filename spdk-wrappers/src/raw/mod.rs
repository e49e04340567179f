//! SPDK's callback functions, awaitable as they are: one module a header, SPDK's own names, pointers
//! in and out.
//!
//! Each function describes a call; awaiting or submitting it makes the call. They are `unsafe fn`:
//! the pointers that they take must be fit for C until the callback, where the call does not keep
//! them itself (see [`Keep`](crate::adapter::Keep)). The safe API is built on nothing else.

pub mod bdev;
