//! Wakers that run code of the scenario when they are cloned, woken or dropped.

use std::rc::Rc;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What a waker does; each method is called once for each event.
pub(crate) trait Hooks: 'static {
    fn cloned(&self) {}
    fn woken(&self) {}
    fn dropped(&self) {}
}

/// A waker with these hooks. It must stay on the calling thread.
pub(crate) fn hooked<H: Hooks>(hooks: Rc<H>) -> Waker {
    // SAFETY: the vtable's functions treat the pointer as an `Rc<H>`, and the scenarios that use
    // these wakers have one thread.
    unsafe { Waker::from_raw(raw(hooks)) }
}

fn raw<H: Hooks>(hooks: Rc<H>) -> RawWaker {
    RawWaker::new(
        Rc::into_raw(hooks).cast(),
        const { &RawWakerVTable::new(clone::<H>, wake::<H>, wake_by_ref::<H>, drop_waker::<H>) },
    )
}

unsafe fn clone<H: Hooks>(hooks: *const ()) -> RawWaker {
    let hooks = hooks.cast::<H>();
    // SAFETY: the waker holds one count.
    unsafe { Rc::increment_strong_count(hooks) };
    // SAFETY: the count that was just added.
    let hooks = unsafe { Rc::from_raw(hooks) };
    hooks.cloned();
    raw(hooks)
}

unsafe fn wake<H: Hooks>(hooks: *const ()) {
    // SAFETY: the waker's count, which ends here.
    let hooks = unsafe { Rc::from_raw(hooks.cast::<H>()) };
    hooks.woken();
}

unsafe fn wake_by_ref<H: Hooks>(hooks: *const ()) {
    // SAFETY: the waker holds one count.
    let hooks = unsafe { &*hooks.cast::<H>() };
    hooks.woken();
}

unsafe fn drop_waker<H: Hooks>(hooks: *const ()) {
    // SAFETY: the waker's count, which ends here.
    let hooks = unsafe { Rc::from_raw(hooks.cast::<H>()) };
    hooks.dropped();
}
