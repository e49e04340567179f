//! Buffers that break the word of their traits: asked twice, they yield slices of different lengths. Unless
//! they are as many, and as long together, as before, C is not told of them; the process ends.

mod common;

use core::cell::Cell;
use core::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;

use common::*;
use spdk_async::JoinError;
use spdk_async::bdev::{Bdev, IoChannel};
use spdk_async::buf::{IoBuf, IoBufMut, SetLen};

/// Lengths that a buffer has in turn; the last for ever. A writing operation asks before the call and when
/// it is made, a reading one also when the call has succeeded.
struct Lens(&'static [usize], Cell<usize>);

impl Lens {
    fn next(&self) -> usize {
        let asked = self.1.replace(self.1.get() + 1);
        self.0[asked.min(self.0.len() - 1)]
    }
}

/// The source of a write.
struct Source(Vec<u8>, Lens);

impl Source {
    fn new(lens: &'static [usize]) -> Self {
        Self(vec![0; 2 * BLOCK], Lens(lens, Cell::new(0)))
    }
}

impl IoBuf for Source {
    fn as_init(&self) -> &[u8] {
        &self.0[..self.1.next()]
    }
}

/// The target of a read, and what it was told to hold.
struct Target(Vec<MaybeUninit<u8>>, Lens, Rc<Cell<Option<usize>>>);

impl Target {
    fn new(lens: &'static [usize]) -> Self {
        Self(vec![MaybeUninit::uninit(); 2 * BLOCK], Lens(lens, Cell::new(0)), Rc::default())
    }
}

impl IoBuf for Target {
    fn as_init(&self) -> &[u8] {
        &[]
    }
}

impl SetLen for Target {
    unsafe fn set_len(&mut self, len: usize) {
        self.2.set(Some(len));
    }
}

impl IoBufMut for Target {
    fn as_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.0[..self.1.next()]
    }
}

async fn open() -> IoChannel {
    Bdev::open("Malloc0").await.unwrap().channel().unwrap()
}

/// Runs it in a process of its own, which must abort and say why.
fn aborts(operation: impl AsyncFnOnce(IoChannel) + Send + 'static) {
    let Some((mut command, _alone)) = child() else {
        with_app(malloc_and_null(), async || operation(open().await).await);
        return;
    };
    // While no application of this process has the core.
    let output = hosted(move || command.output().unwrap());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{}, {stderr}", output.status);
    assert!(stderr.contains("a buffer changed its length on its own"), "{stderr}");
}

const SHORTER: &[usize] = &[2 * BLOCK, BLOCK];
const LONGER: &[usize] = &[BLOCK, 2 * BLOCK];
const EMPTY_THEN: &[usize] = &[2 * BLOCK, 0];
const EMPTY_FIRST: &[usize] = &[0, BLOCK];
const STEADY: &[usize] = &[BLOCK];
const GROWS: &[usize] = &[BLOCK, BLOCK, 2 * BLOCK];
const PANICS: &[usize] = &[BLOCK, BLOCK, 3 * BLOCK];

fn sources(scripts: &[&'static [usize]]) -> Vec<Source> {
    scripts.iter().copied().map(Source::new).collect()
}

fn targets(scripts: &[&'static [usize]]) -> Vec<Target> {
    scripts.iter().copied().map(Target::new).collect()
}

fn writev_aborts(scripts: &'static [&'static [usize]]) {
    aborts(async move |ch| drop(ch.writev(sources(scripts), 0).await));
}

fn readv_aborts(scripts: &'static [&'static [usize]]) {
    aborts(async move |ch| drop(ch.readv(targets(scripts), 0).await));
}

#[test]
fn the_buffer_of_a_write() {
    aborts(async |ch| drop(ch.write(Source::new(SHORTER), 0).await));
}

#[test]
fn the_buffer_of_a_read() {
    aborts(async |ch| drop(ch.read(Target::new(SHORTER), 0).await));
}

#[test]
fn one_of_several_is_shorter() {
    writev_aborts(&[STEADY, SHORTER]);
}

#[test]
fn one_of_several_targets_is_shorter() {
    readv_aborts(&[STEADY, SHORTER]);
}

#[test]
fn one_of_several_is_longer() {
    writev_aborts(&[LONGER, STEADY]);
}

#[test]
fn the_last_of_several_is_empty() {
    writev_aborts(&[STEADY, EMPTY_THEN]);
}

#[test]
fn one_of_several_was_empty() {
    readv_aborts(&[STEADY, EMPTY_FIRST, STEADY, STEADY]);
}

#[test]
fn one_of_many_is_shorter() {
    writev_aborts(&[STEADY, STEADY, STEADY, STEADY, STEADY, STEADY, SHORTER]);
}

#[test]
fn the_last_of_many_is_shorter_in_a_read() {
    readv_aborts(&[STEADY, STEADY, STEADY, STEADY, STEADY, STEADY, SHORTER]);
}

/// Together they are as long as C was told, and C is told of each as it is when the call is made.
#[test]
fn two_change_places() {
    with_app(malloc_and_null(), async || {
        let ch = open().await;
        let mut bufs = sources(&[SHORTER, LONGER]);
        bufs[0].0.fill(1);
        bufs[1].0.fill(2);
        ch.writev(bufs, 0).await.0.unwrap();
        let (result, read) = ch.read(vec![0; 3 * BLOCK], 0).await;
        result.unwrap();
        assert_eq!(read, [vec![1; BLOCK], vec![2; 2 * BLOCK]].concat());

        let (result, bufs) = ch.readv(targets(&[SHORTER, LONGER]), 0).await;
        result.unwrap();
        assert_eq!([bufs[0].2.get(), bufs[1].2.get()], [Some(BLOCK), Some(2 * BLOCK)]);
    });
}

/// As long together, but not as many as C was told.
#[test]
fn one_of_two_becomes_empty() {
    writev_aborts(&[LONGER, &[BLOCK, 0]]);
}

/// Reads into them in a task, which must panic with such a message. None of them is called initialised, each
/// is dropped, and the channel works on.
fn readv_panics(scripts: &'static [&'static [usize]], words: &'static str) {
    with_app(malloc_and_null(), async move || {
        let ch = open().await;
        let bufs = targets(scripts);
        let told: Vec<_> = bufs.iter().map(|buf| Rc::clone(&buf.2)).collect();
        let readv = ch.readv(bufs, 0);
        let joined = spdk_async::spawn_local(async move { readv.await.0 }).await;
        let Err(JoinError::Panicked(panic)) = joined else { panic!("{joined:?}") };
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains(words), "{message}");
        for told in told {
            assert_eq!(told.get(), None);
            assert_eq!(Rc::strong_count(&told), 1);
        }
        ch.readv(targets(&[STEADY; 6]), 0).await.0.unwrap();
    });
}

/// C has filled what it was told of; what lies behind was never initialised, and is not called so.
#[test]
fn a_target_that_grows_after_the_call() {
    readv_panics(&[STEADY, GROWS], "a buffer changed its length on its own");
    readv_panics(
        &[GROWS, STEADY, STEADY, STEADY, STEADY],
        "a buffer changed its length on its own",
    );
}

/// When it is asked for its length after the call, for more than it has.
#[test]
fn a_target_that_panics_after_the_call() {
    readv_panics(&[STEADY, PANICS], "out of range");
    readv_panics(&[STEADY, STEADY, STEADY, STEADY, PANICS], "out of range");
}

/// What the tests above rest on.
#[test]
fn steady_ones_are_filled() {
    with_app(malloc_and_null(), async || {
        let (result, bufs) = open().await.readv(targets(&[STEADY, &[0], STEADY]), 0).await;
        result.unwrap();
        let told: Vec<_> = bufs.iter().map(|buf| buf.2.get()).collect();
        assert_eq!(told, [Some(BLOCK), None, Some(BLOCK)]);
    });
}
