//! What the scenarios share: a scripted C library, a trace of events, and a host for executors.

pub(crate) mod callbacks;
pub(crate) mod death;
pub(crate) mod host;
pub(crate) mod library;
pub(crate) mod storage;
pub(crate) mod strays;
pub(crate) mod trace;
pub(crate) mod wakers;
pub(crate) mod watchdog;
