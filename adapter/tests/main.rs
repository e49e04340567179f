//! The adapter's promises, one scenario a module. README.md says which is where.

mod common;

mod auto_traits;
mod bodies;
mod deaths;
mod drain;
mod dropped_in_flight;
mod dropped_unread;
mod events;
mod executor_end;
mod executor_freed;
mod executor_nested;
mod executor_reentrant;
mod executor_remote;
mod executor_resume;
mod executor_resumed;
mod executor_tasks;
mod executor_wakeup;
mod homes;
mod idle;
mod inline;
mod later;
mod other_thread;
mod pages;
mod panic_in_reading;
mod payloads;
mod pool_life;
mod reentrancy;
mod refused;
mod shared_visits;
mod stray;
mod walks;
