//! A C call that has not been made: what it keeps, and how it is made.

use core::ffi::c_void;
use core::fmt;
use core::future::IntoFuture;
use core::marker::PhantomData;

use crate::{OnceCallback, Payload, Pool, Pooled, Refusal, Submitted};

/// How a call is made: the payload in its final place, the callback and the context go in; whether
/// C accepted comes out. It can be run again after a refusal.
pub trait Submit<C: OnceCallback, P>:
    FnMut(*mut P, C::Fn, *mut c_void) -> Result<(), Refusal> + 'static
{
}

impl<C: OnceCallback, P, F> Submit<C, P> for F where
    F: FnMut(*mut P, C::Fn, *mut c_void) -> Result<(), Refusal> + 'static
{
}

/// A call of a C function whose callback comes once. Nothing happens until it is awaited or
/// [submitted](Self::submit).
///
/// Awaiting it uses the pool of the executor that polls it; [`on`](Self::on) names a pool.
#[must_use = "the C function is called when this is awaited or submitted"]
pub struct Call<C: OnceCallback, P, S> {
    pub(crate) name: &'static &'static str,
    pub(crate) payload: P,
    pub(crate) submit: S,
    marker: PhantomData<fn() -> C>,
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> Call<C, P, S> {
    /// Describes a call of the C function `name`, which is a reference to a literal so that it takes one
    /// word of each future.
    ///
    /// # Safety
    ///
    /// - `submit` makes the call with the callback and the context that it is given, and returns
    ///   `Ok` exactly if the callback comes (or came) for it.
    /// - `submit` is given a payload that is alive and that it alone uses until C has the context;
    ///   it holds no reference into it from then on, for the callback may free it.
    /// - Everything that C touches until the callback is owned by the payload, or kept alive by
    ///   whoever makes this promise.
    /// - `submit` does not unwind.
    #[inline]
    pub const unsafe fn new(name: &'static &'static str, payload: P, submit: S) -> Self {
        Self { name, payload, submit, marker: PhantomData }
    }

    /// The future of the call, with a record of `pool`.
    #[inline]
    pub fn on(self, pool: &Pool) -> Pooled<C, P, S> {
        Pooled::new(Some(pool.clone()), self)
    }

    /// Makes the call now, with a record on the heap whose callback may come on any thread.
    ///
    /// What comes back can be sent to and awaited on any thread. It can also be dropped: the record
    /// stays with C until the callback.
    pub fn submit(self) -> Submitted<C, P>
    where
        P: Send,
        C::Value: Send,
        C::Error: Send,
    {
        Submitted::submit(self)
    }
}

impl<C: OnceCallback, P: Payload, S: Submit<C, P>> IntoFuture for Call<C, P, S> {
    type Output = P::Reply<C::Value, C::Error>;
    type IntoFuture = Pooled<C, P, S>;

    /// The future of the call, with a record of the pool that is entered when it is first polled.
    ///
    /// # Panics
    ///
    /// The future panics at its first poll if no pool is entered, as outside of an executor.
    #[inline]
    fn into_future(self) -> Pooled<C, P, S> {
        Pooled::new(None, self)
    }
}

impl<C: OnceCallback, P, S> fmt::Debug for Call<C, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("function", &self.name).finish_non_exhaustive()
    }
}
