//! The pieces whose instructions have a budget: what `.ci/budget.sh` runs under callgrind.
//!
//! Each does its operation so many times and prints nothing. The instructions of an operation are
//! the difference of two runs, over the difference of their counts, so that neither start nor end of
//! the process is among them. For some the whole program is counted, for some what goes through
//! [`counted`] only. Nothing here depends on time, on chance, or on a second thread.

mod counted;
mod piece;
mod reads;
mod spawn;
mod wake;

pub(crate) use piece::Piece;
