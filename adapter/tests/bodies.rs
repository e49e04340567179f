//! Reports and payloads of every size and alignment around the rooms of pooled records, over each edge:
//! they stay what they are, and are dropped once.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use callback_adapter::__private::{BoxedStorage, PooledStorage, Storage, complete, errno_return};
use callback_adapter::{Call, Callback, Errno, Kept, OnceCallback, Pool, Started};

use crate::common::callbacks::DoneFn;
use crate::common::library::{Context, custom_call};
use crate::common::storage::{pending, pool, ready};
use crate::common::strays::strays_of;

thread_local! {
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// So many bytes, aligned as an `A`, that know what they were and that they are dropped.
#[derive(Debug)]
struct Piece<const N: usize, A>([u8; N], [A; 0]);

impl<const N: usize, A> Piece<N, A> {
    fn pattern() -> [u8; N] {
        core::array::from_fn(|at| (at % 251) as u8 ^ 0x5a)
    }

    fn check(&self) {
        assert!((&raw const *self).is_aligned());
        assert!(self.0 == Self::pattern(), "{N} bytes are not what they were");
    }
}

impl<const N: usize, A> Drop for Piece<N, A> {
    fn drop(&mut self) {
        self.check();
        ALIVE.set(ALIVE.get() - 1);
    }
}

/// What the scenarios need of a piece.
trait Shape: core::fmt::Debug + 'static {
    fn make() -> Self;
    fn is_whole(&self);
}

impl<const N: usize, A: core::fmt::Debug + 'static> Shape for Piece<N, A> {
    fn make() -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(Self::pattern(), [])
    }

    fn is_whole(&self) {
        self.check();
    }
}

#[derive(Debug)]
#[repr(align(16))]
struct A16;

#[derive(Debug)]
#[repr(align(64))]
struct A64;

/// What the library reports for which reading panics.
const PANICS: c_int = 1;

/// A callback that reports a `V`.
struct Brings<V>(PhantomData<V>);

impl<V: Shape> Callback for Brings<V> {
    const NAME: &'static str = "brings_cb";
    type Fn = DoneFn;
}

// SAFETY: each function hands its context to `complete` with the storage of its name.
unsafe impl<V: Shape> OnceCallback for Brings<V> {
    type Value = V;
    type Error = Errno;
    const POOLED: DoneFn = brings::<V, PooledStorage>;
    const BOXED: DoneFn = brings::<V, BoxedStorage>;
}

unsafe extern "C" fn brings<V: Shape, S: Storage>(cb_arg: *mut c_void, status: c_int) {
    let read = || match status {
        0 => Ok(V::make()),
        PANICS => panic!("cannot read"),
        _ => Err(Errno::EINVAL),
    };
    // SAFETY: C passes the context of this callback back.
    unsafe { complete::<Brings<V>, S>(cb_arg, read) }
}

/// What the library does inside of the call: whether it calls back with a status, and what it returns.
type Does = (Option<c_int>, c_int);

const LATER: Does = (None, 0);

type Submits<P> = fn(*mut Kept<P>, DoneFn, *mut c_void) -> Result<(), callback_adapter::Refusal>;

thread_local! {
    static DOES: Cell<Does> = const { Cell::new(LATER) };
    static CALLED: Cell<Option<Context>> = const { Cell::new(None) };
}

fn call<V: Shape, P: Shape>(does: Does) -> Call<Brings<V>, Kept<P>, Submits<P>> {
    DOES.set(does);
    custom_call(Kept(P::make()), |payload, callback, cb_arg| {
        // SAFETY: the payload is alive and only used here until C has the context.
        unsafe { &*payload }.0.is_whole();
        let (status, answer) = DOES.replace(LATER);
        let context = Context { callback, cb_arg };
        CALLED.set(Some(context));
        status.inspect(|status| context.complete(*status));
        errno_return(answer)
    })
}

fn complete_with(status: c_int) {
    CALLED.take().expect("the call was made").complete(status);
}

/// Each way that a record can go with this report and this payload.
fn each_edge<V: Shape, P: Shape>() {
    let pool = pool();
    for status in [0, -libc::EIO] {
        let is_there = |(result, payload): (Result<V, _>, P)| {
            assert_eq!(result.is_ok(), status == 0);
            result.iter().for_each(V::is_whole);
            payload.is_whole();
        };
        let mut inline = call::<V, P>((Some(status), 0)).on(&pool);
        is_there(ready(&mut inline));
        let mut later = call::<V, P>(LATER).on(&pool);
        pending(&mut later, Waker::noop());
        complete_with(status);
        is_there(ready(&mut later));
        let mut unread = call::<V, P>(LATER).on(&pool);
        pending(&mut unread, Waker::noop());
        complete_with(status);
        drop(unread);
        let mut orphaned = call::<V, P>(LATER).on(&pool);
        pending(&mut orphaned, Waker::noop());
        drop(orphaned);
        complete_with(status);
        in_halves::<V, P>(&pool, status);
        none_is_left(&pool);
    }
    reading_panics::<V, P>(&pool);
    none_is_left(&pool);
}

#[track_caller]
fn none_is_left(pool: &Pool) {
    assert_eq!((ALIVE.get(), pool.in_use()), (0, 0));
}

/// The result is taken, and the rest goes unread, or later.
fn in_halves<V: Shape, P: Shape>(pool: &Pool, status: c_int) {
    let completed = || match pool.start(Waker::noop(), || call::<V, P>((Some(status), 0))) {
        Started::Completed(completed) => completed,
        other => panic!("the call is not completed: {other:?}"),
    };
    drop(completed());
    let (result, rest) = completed().take_result(|failure| failure.error);
    assert_eq!((result.is_ok(), pool.in_use()), (status == 0, 1));
    drop(rest);
    assert_eq!((ALIVE.get(), pool.in_use()), (isize::from(status == 0), 0));
    drop(result);
    let completed = completed();
    completed.payload().0.is_whole();
    let (result, rest) = completed.take_result(|failure| failure.error);
    drop(result);
    rest.into_payload().0.is_whole();
}

fn reading_panics<V: Shape, P: Shape>(pool: &Pool) {
    let mut read = call::<V, P>((Some(PANICS), 0)).on(pool);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(ready(&mut read))));
    assert_eq!(panic.expect_err("it goes on").downcast_ref(), Some(&"cannot read"));
    let mut unread = call::<V, P>(LATER).on(pool);
    pending(&mut unread, Waker::noop());
    complete_with(PANICS);
}

/// C refuses, also after it has called back all the same.
fn refused<V: Shape, P: Shape>() {
    let pool = pool();
    for status in [None, Some(0), Some(-libc::EIO)] {
        let refused = || match pool.start(Waker::noop(), || call::<V, P>((status, -libc::EINVAL))) {
            Started::Refused(refused) => refused,
            other => panic!("the call is not refused: {other:?}"),
        };
        let strays = strays_of(|| {
            drop(refused());
            none_is_left(&pool);
            refused().into_payload().0.is_whole();
            let (result, payload) = refused().finish();
            assert!(result.is_err());
            payload.is_whole();
        });
        assert_eq!(strays, if status.is_some() { 3 } else { 0 });
        none_is_left(&pool);
    }
}

macro_rules! with_payloads {
    ($scenario:ident, $V:ty) => {
        $scenario::<$V, Piece<0, u8>>();
        $scenario::<$V, Piece<1, u8>>();
        $scenario::<$V, Piece<7, u8>>();
        $scenario::<$V, Piece<8, u64>>();
        $scenario::<$V, Piece<64, u64>>();
        $scenario::<$V, Piece<65, u8>>();
        $scenario::<$V, Piece<4096, u64>>();
        $scenario::<$V, Piece<0, A16>>();
        $scenario::<$V, Piece<64, A64>>();
    };
}

macro_rules! reports {
    ($($name:ident: $V:ty,)+) => {
        mod over_each_edge {
            use super::*;
            $(#[test] fn $name() { with_payloads!(each_edge, $V); })+
        }
        mod when_refused {
            use super::*;
            $(#[test] fn $name() { with_payloads!(refused, $V); })+
        }
    };
}

reports! {
    nothing: Piece<0, u8>,
    one_byte: Piece<1, u8>,
    forty_bytes: Piece<40, u64>,
    forty_eight_bytes: Piece<48, u64>,
    sixty_four_bytes: Piece<64, u64>,
    a_hundred_and_four_bytes: Piece<104, u64>,
    a_hundred_and_twelve_bytes: Piece<112, u64>,
    a_hundred_and_sixteen_bytes: Piece<116, u8>,
    a_hundred_and_twenty_bytes: Piece<120, u64>,
    a_hundred_and_twenty_eight_bytes: Piece<128, u64>,
    a_hundred_and_twenty_nine_bytes: Piece<129, u8>,
    a_page: Piece<4096, u8>,
    nothing_aligned_to_16: Piece<0, A16>,
    a_line_aligned_to_64: Piece<64, A64>,
}
