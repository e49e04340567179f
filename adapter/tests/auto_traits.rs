//! Which types cross threads, decided at compile time.

use std::rc::Rc;

use callback_adapter::{
    Call, CallError, Errno, Events, Executor, Handle, Home, JoinHandle, Kept, Pool, Pooled,
    Refusal, Remote, Submitted, Subscription,
};

use crate::common::callbacks::{Done, DoneFn, Event, Object};

/// `false` for every type, unless `IfSend` below finds it to be `Send`.
trait Fallback {
    const SEND: bool = false;
}

impl<T> Fallback for IfSend<T> {}

struct IfSend<T>(core::marker::PhantomData<T>);

impl<T: Send> IfSend<T> {
    const SEND: bool = true;
}

type Submitting<P> = fn(*mut P, DoneFn, *mut core::ffi::c_void) -> Result<(), Refusal>;

#[test]
fn what_is_bound_to_its_home() {
    const {
        assert!(!IfSend::<Pool>::SEND);
        assert!(!IfSend::<Executor>::SEND);
        assert!(!IfSend::<Pooled<Done, Kept<u8>, Submitting<Kept<u8>>>>::SEND);
        assert!(!IfSend::<JoinHandle<Rc<u8>>>::SEND);
        assert!(!IfSend::<Submitted<Done, Kept<Rc<u8>>>>::SEND);
        assert!(!IfSend::<Call<Done, Kept<Rc<u8>>, Submitting<Kept<Rc<u8>>>>>::SEND);
        assert!(!IfSend::<Handle<Object>>::SEND);
    }
}

#[test]
fn what_goes_anywhere() {
    const {
        assert!(IfSend::<Home>::SEND);
        assert!(IfSend::<Remote>::SEND);
        assert!(IfSend::<JoinHandle<u8>>::SEND);
        assert!(IfSend::<Submitted<Done, Kept<Vec<u8>>>>::SEND);
        assert!(IfSend::<Call<Done, Kept<u8>, Submitting<Kept<u8>>>>::SEND);
        assert!(IfSend::<Subscription<Event>>::SEND);
        assert!(IfSend::<Events<Event>>::SEND);
        assert!(IfSend::<CallError<Errno>>::SEND);
    }
}
