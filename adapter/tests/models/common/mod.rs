//! What the models share: the exploration itself, a ledger of drops, a host, and a small C library.

pub(crate) mod explore;
pub(crate) mod host;
pub(crate) mod ledger;
pub(crate) mod library;
pub(crate) mod step;
pub(crate) mod wakers;
