//! The attributes over a C library that has nothing to do with SPDK: a key-value store (`lib.h`)
//! whose calls are carried out when it is polled.
//!
//! `kv` declares the library, `store` makes it safe, `host` drives tasks and library in turn.

mod host;
mod kv;
mod store;

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::ffi::CString;
use std::io::{self, Write};
use std::process::ExitCode;

use callback_adapter::yield_now;
use futures_util::StreamExt;
use store::{Store, open_snapshots};

fn main() -> ExitCode {
    let Some(store) = Store::new() else {
        let _ = writeln!(io::stderr(), "own_c_library: out of memory");
        return ExitCode::FAILURE;
    };
    match host::run(&store, use_store) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            // Who cannot be told has the exit code.
            let _ = writeln!(io::stderr(), "own_c_library: cannot print: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for each step and counts those that went wrong.
#[derive(Default)]
struct Steps {
    wrong: usize,
}

impl Steps {
    fn step(&mut self, right: bool, what: &str) -> io::Result<()> {
        self.wrong += usize::from(!right);
        writeln!(io::stdout(), "{} {what}", if right { "ok:" } else { "WRONG:" })
    }
}

/// Answers how many steps went wrong.
async fn use_store(store: Store) -> io::Result<usize> {
    let mut steps = Steps::default();

    // A callback that comes many times is a stream.
    let Ok((watch, changes)) = store.watch() else {
        steps.step(false, "kv_watch was refused")?;
        return Ok(steps.wrong);
    };
    steps.step(store.watch().is_err(), "a second kv_watch is refused with EBUSY")?;

    values(&store, &mut steps).await?;
    snapshots(&store, &mut steps).await?;
    dropped(&store, &mut steps).await?;

    // A callback that visits is a closure.
    let mut versions = store.versions();
    versions.sort();
    let expected = [("color".to_owned(), 1), ("size".to_owned(), 2)];
    steps.step(versions == expected, "kv_each visited both values")?;

    drop(watch);
    let reported: Vec<u64> = changes.collect().await;
    let right = reported == [1, 2];
    steps.step(right, "the stream reported versions 1 and 2 and ended with its watch")?;
    Ok(steps.wrong)
}

/// A callback that comes once is a future.
async fn values(store: &Store, steps: &mut Steps) -> io::Result<()> {
    // What was kept comes back with the result.
    let (stored, key, value) = store.put(text("color"), text("blue")).await;
    let kept = key == text("color") && value == text("blue");
    steps.step(stored.is_ok() && kept, "kv_put stored a value and gave key and value back")?;

    // A place that C writes to is part of the answer.
    let length = store.stat(key).await.map(|info| info.length);
    steps.step(length == Ok(4), "kv_stat wrote that the value has 4 bytes")?;
    let unknown = store.stat(text("shape")).await;
    steps.step(unknown.is_err(), "kv_stat failed with ENOENT for another key")?;

    // A call that C refuses has no callback; its arguments come back all the same.
    let (refused, _, value) = store.put(text(""), text("lost?")).await;
    let came_back = refused.is_err() && value == text("lost?");
    steps.step(came_back, "kv_put was refused with EINVAL and gave the value back")
}

/// A result that is itself a resource closes itself when it is dropped.
async fn snapshots(store: &Store, steps: &mut Steps) -> io::Result<()> {
    let snapshot = store.snapshot().await;
    let version = snapshot.as_ref().map(store::Snapshot::version);
    let opened = version == Ok(1) && open_snapshots() == 1;
    steps.step(opened, "kv_open_snapshot opened version 1")?;
    drop(snapshot);
    steps.step(open_snapshots() == 0, "dropping the snapshot closed it")
}

/// A future may be dropped while C has the call. The record keeps key and value for C.
async fn dropped(store: &Store, steps: &mut Steps) -> io::Result<()> {
    let abandoned = begin_and_drop(store.put(text("size"), text("large")));
    steps.step(abandoned, "a kv_put was dropped in flight")?;
    let abandoned = begin_and_drop(store.snapshot());
    steps.step(abandoned, "a kv_open_snapshot was dropped in flight")?;
    yield_now().await;
    let stored = store.stat(text("size")).await;
    steps.step(stored.is_ok(), "the kv_put was carried out all the same")?;
    steps.step(open_snapshots() == 0, "the snapshot that nobody took was closed")
}

fn text(text: &str) -> CString {
    CString::new(text).expect("the texts of this program hold no NUL")
}

/// Polls a future once and drops it. Answers whether it was in flight.
fn begin_and_drop(future: impl Future) -> bool {
    let mut future = pin!(future);
    matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}
