//! Everything that generated code could mean by a short name is something else here.
#![allow(non_camel_case_types, non_upper_case_globals, dead_code, unused_macros)]

/// As C's headers may name what bindgen imports.
mod hostile {
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod callback_adapter {}
    pub mod option {}
    pub mod result {}

    pub struct Option;
    pub struct Result;
    pub struct Box;
    pub struct Vec;
    pub struct String;
    pub struct Call;
    pub struct Kept;
    pub struct Outs;
    pub struct Storage;
    pub struct str;
    pub struct u8;
    pub struct i32;
    pub struct bool;

    pub trait Send {}
    pub trait Sync {}
    pub trait Copy {}
    pub trait Clone {}
    pub trait Drop {}
    pub trait Fn {}
    pub trait FnMut {}
    pub trait Submit {}
    pub trait Keep {}
    pub trait Callback {}
    pub trait OnceCallback {}

    pub const Ok: () = ();
    pub const Err: () = ();
    pub static Some: () = ();
    pub struct None;
    pub fn drop() {}
    pub fn trampoline() {}

    /// Methods of every type.
    pub trait Methods {
        fn is_null(&self) {}
        fn cast(&self) {}
        fn arg(&self) {}
        fn clone(&self) {}
        fn into(&self) {}
    }
    impl<T: ?Sized> Methods for T {}
}

/// Values with the names of locals and of C's parameters, which in a pattern would be compared
/// instead of bound.
mod values {
    pub const cb: () = ();
    pub const cb_arg: () = ();
    pub const payload: () = ();
    pub const submit: () = ();
    pub const places: () = ();
    pub const outs: () = ();
    pub const returned: () = ();
    pub const refusal: () = ();
    pub const call: () = ();
    pub const c_function: () = ();
    pub const read: () = ();
    pub const status: () = ();
    pub const error: () = ();
    pub const close: () = ();
    pub const function: () = ();
    pub const _free0: () = ();
    pub static object: () = ();
    pub struct data;
    pub struct code;
    pub static this: () = ();
}

macro_rules! compile_error { ($($any:tt)*) => {}; }
macro_rules! panic { ($($any:tt)*) => {}; }
macro_rules! unreachable { ($($any:tt)*) => {}; }

use ::core::ffi::{c_int, c_void};
#[allow(unused_imports)]
use hostile::*;
#[allow(unused_imports)]
use values::*;

mod sys {
    use ::core::ffi::{c_int, c_void};
    use ::core::primitive::{bool, u8};

    pub unsafe fn free(_: *mut u8) -> c_int {
        0
    }
    pub unsafe fn resume(_: *mut u8, _: c_int) {}
    pub unsafe fn look(_: *const u8) -> ::core::result::Result<(), c_int> {
        ::core::result::Result::Ok(())
    }

    pub unsafe extern "C" fn lib_call(
        _: *const u8,
        _: super::event_fn,
        _: *mut c_void,
        _: *mut u8,
        cb: super::done_fn,
        ctx: *mut c_void,
    ) -> c_int {
        unsafe { cb.unwrap()(::core::ptr::null_mut(), ::core::ptr::null_mut(), ::core::ptr::null(), ctx, 0) };
        0
    }
    pub unsafe extern "C" fn lib_watch(_: super::event_fn, _: *mut c_void, _: *mut u8) -> bool {
        true
    }
    pub unsafe extern "C" fn lib_each(cb: super::each_fn, ctx: *mut c_void) -> c_int {
        unsafe { cb.unwrap()(::core::ptr::null_mut(), ctx) }
    }
    pub unsafe extern "C" fn lib_all(
        cb: super::visit_fn,
        ctx: *mut c_void,
        done: super::plain_fn,
    ) {
        unsafe { cb.unwrap()(::core::ptr::null_mut(), ctx) };
        unsafe { done.unwrap()(ctx, true) };
    }
}

type done_fn = <done_cb as ::callback_adapter::Callback>::Fn;
type plain_fn = <plain_cb as ::callback_adapter::Callback>::Fn;
type event_fn = <event_cb as ::callback_adapter::Callback>::Fn;
type each_fn = <each_cb as ::callback_adapter::Callback>::Fn;
type visit_fn = <visit_cb as ::callback_adapter::Callback>::Fn;

#[spdk_async_macros::spdk_callback(once)]
type done_cb = unsafe extern "C" fn(
    #[free(sys::free)] this: *mut ::core::primitive::u8,
    #[handle(close = sys::free)] object: *mut ::core::primitive::u8,
    #[copy] data: *const ::core::primitive::u8,
    #[context] ctx: *mut c_void,
    #[status(errno)] code: c_int,
);

#[spdk_async_macros::spdk_callback(once)]
type plain_cb = unsafe extern "C" fn(ctx: *mut c_void, #[status(bool)] ok: ::core::primitive::bool);

#[spdk_async_macros::spdk_callback(once)]
type looked_cb = unsafe extern "C" fn(
    ctx: *mut c_void,
    #[status(with = sys::look -> c_int)] cpl: *const ::core::primitive::u8,
);

#[spdk_async_macros::spdk_callback(multi)]
type event_cb = unsafe extern "C" fn(ctx: *mut c_void, #[copy] kind: *const c_int);

#[spdk_async_macros::spdk_callback(visitor)]
type each_cb = unsafe extern "C" fn(
    #[free(sys::free)] this: *mut ::core::primitive::u8,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async_macros::spdk_callback(visitor)]
type visit_cb =
    unsafe extern "C" fn(#[resume(sys::resume)] i: *mut ::core::primitive::u8, ctx: *mut c_void);

#[spdk_async_macros::spdk_async(sys = sys)]
unsafe fn lib_call(
    #[keep] bytes: *const ::core::primitive::u8,
    #[multi] event: event_cb,
    event_arg: *mut c_void,
    #[out] written: *mut ::core::primitive::u8,
    callback: done_cb,
    ctx: *mut c_void,
) -> c_int;

#[spdk_async_macros::spdk_async(multi, sys = sys)]
unsafe fn lib_watch(
    callback: event_cb,
    ctx: *mut c_void,
    #[out] written: *mut ::core::primitive::u8,
) -> ::core::primitive::bool;

#[spdk_async_macros::spdk_async(visitor, sys = sys)]
unsafe fn lib_each(callback: each_cb, ctx: *mut c_void) -> c_int;

#[spdk_async_macros::spdk_async(sys = sys)]
unsafe fn lib_all(#[visit] callback: visit_cb, #[context] ctx: *mut c_void, #[callback] done: plain_cb);

fn main() {
    let (events, _stream) = ::callback_adapter::Subscription::<event_cb>::new("lib_call");
    let _call = unsafe { lib_call(::core::ptr::null(), &events) };
    ::core::assert!(unsafe { lib_watch(&events) }.is_ok_and(|written| written == 0));
    ::core::assert_eq!(unsafe { lib_each(|()| 7) }, 7);
    let _all = unsafe { lib_all(|()| 0) };
}
