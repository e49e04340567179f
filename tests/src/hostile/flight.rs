//! Calls of the table in one form: prepared, in flight with either storage, and settled in words.

use core::any::Any;
use core::convert::Infallible;
use core::ffi::{c_char, c_void};
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use callback_adapter::{
    Call, CallError, Errno, Failed, Handle, OnceCallback, Payload, Pool, Refusal, Submit,
};
use futures_util::FutureExt as _;

use super::callbacks::Opened;
use super::payload::Load;
use super::sys;
use crate::shapes::{CplStatus, IoFailed};

/// Where a call's record lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In a pool of the calling thread.
    Pooled,
    /// On the heap.
    Boxed,
}

/// A call that was not made.
pub struct Prepared(Box<dyn FnOnce(&Pool) -> Flight>);

impl Prepared {
    pub(super) fn new(start: impl FnOnce(&Pool) -> Flight + 'static) -> Self {
        Self(Box::new(start))
    }

    /// The call's future. A boxed call is made by this.
    #[must_use]
    pub fn start(self, pool: &Pool) -> Flight {
        (self.0)(pool)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

/// A call's future.
pub enum Flight {
    /// Of a pooled record.
    Local(Pin<Box<dyn Future<Output = Settled>>>),
    /// Of a record on the heap.
    Sent(Pin<Box<dyn Future<Output = Settled> + Send>>),
}

impl Flight {
    /// Polls once.
    pub fn poll(&mut self, waker: &Waker) -> Option<Settled> {
        let mut context = Context::from_waker(waker);
        let poll = match self {
            Self::Local(future) => future.as_mut().poll(&mut context),
            Self::Sent(future) => future.as_mut().poll(&mut context),
        };
        match poll {
            Poll::Ready(settled) => Some(settled),
            Poll::Pending => None,
        }
    }

    /// The future of a boxed call, to be awaited on any thread.
    ///
    /// # Panics
    ///
    /// If the call is pooled.
    #[must_use]
    pub fn sent(self) -> Pin<Box<dyn Future<Output = Settled> + Send>> {
        match self {
            Self::Sent(future) => future,
            Self::Local(_) => panic!("a pooled call cannot be sent"),
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local(_) => "Local",
            Self::Sent(_) => "Sent",
        })
    }
}

/// How a call ended, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded with this value.
    Value(String),
    /// C refused.
    Refused(Refusal),
    /// Its callback reported this.
    Failed(String),
}

/// What came out of a call. The value stays alive with it.
#[derive(Debug)]
pub struct Settled {
    /// How it ended.
    pub outcome: Outcome,
    /// A handle closes when this is dropped, which is before the payload.
    pub value: Option<Box<dyn Any>>,
    /// What it has kept.
    pub load: Load,
}

type ReplyOf<C, P> = <P as Payload>::Reply<<C as OnceCallback>::Value, <C as OnceCallback>::Error>;

/// A call whose types are `Send`, with either storage.
pub(super) fn either<C, P, S, F>(storage: Storage, call: Call<C, P, S>, settle: F) -> Prepared
where
    C: OnceCallback<Value: Send, Error: Send>,
    P: Payload + Send,
    S: Submit<C, P>,
    F: FnOnce(ReplyOf<C, P>) -> Settled + Send + 'static,
{
    match storage {
        Storage::Pooled => pooled(call, settle),
        Storage::Boxed => Prepared::new(move |_| Flight::Sent(Box::pin(call.submit().map(settle)))),
    }
}

/// A call whose types are not.
pub(super) fn pooled<C, P, S, F>(call: Call<C, P, S>, settle: F) -> Prepared
where
    C: OnceCallback,
    P: Payload,
    S: Submit<C, P>,
    F: FnOnce(ReplyOf<C, P>) -> Settled + 'static,
{
    Prepared::new(move |pool| Flight::Local(Box::pin(call.on(pool).map(settle))))
}

/// What a value or an error is in words.
pub(super) trait Brief {
    fn brief(&self) -> String;
}

macro_rules! brief {
    ($($ty:ty: |$value:ident| $brief:expr;)+) => {
        $(impl Brief for $ty {
            fn brief(&self) -> String {
                let $value = self;
                $brief
            }
        })+
    };
}

brief! {
    (): |_unit| "nothing".into();
    u32: |code| format!("code {code}");
    u64: |number| format!("number {number}");
    (u32, u64): |pair| format!("pair {} {}", pair.0, pair.1);
    Option<sys::shapes_stat>: |stat| format!("stat {:?}", stat.map(|stat| (stat.reads, stat.writes)));
    Option<Opened>: |opened| object(opened.as_ref().map(|opened| opened.0.as_ptr()));
    Option<Handle<sys::shapes_object>>: |handle| object(handle.as_ref().map(Handle::as_ptr));
    (*mut c_void, usize): |_buffer| "a buffer".into();
    ((), (usize, c_char)): |outs| format!("wrote {} {}", outs.1.0, outs.1.1);
    ((), (usize,)): |outs| format!("wrote {}", outs.1.0);
    Infallible: |never| match *never {};
    Errno: |errno| format!("errno {}", errno.get());
    Failed: |_failed| "failure".into();
    CplStatus: |status| format!("status {} {}", status.code, status.kind);
    IoFailed: |failed| format!("failure of code {}", failed.code);
}

fn object(object: Option<*mut sys::shapes_object>) -> String {
    // SAFETY: the handle that the pointer is from keeps the object open.
    format!("object {:?}", object.map(|object| unsafe { (*object).id }))
}

pub(super) fn settle<V: Brief + 'static, E: Brief>(
    result: Result<V, CallError<E>>,
    load: Load,
) -> Settled {
    let (outcome, value) = match result {
        Ok(value) => (Outcome::Value(value.brief()), Some(Box::new(value) as Box<dyn Any>)),
        Err(CallError::Refused(refusal)) => (Outcome::Refused(refusal), None),
        Err(CallError::Failed(error)) => (Outcome::Failed(error.brief()), None),
    };
    Settled { outcome, value, load }
}

pub(super) fn kept<V: Brief + 'static, E: Brief, K: Into<Load>>(
    (result, (load,)): (Result<V, CallError<E>>, (K,)),
) -> Settled {
    settle(result, load.into())
}

pub(super) fn empty<V: Brief + 'static, E: Brief>(result: Result<V, CallError<E>>) -> Settled {
    settle(result, Load::Empty)
}
