//! Every shape of call that completes once, and what is to be expected of it.
//!
//! Invariant: each function of `c/hostile.h` that takes a callback which comes once has a row; the
//! table's own test compares it with the header.

use core::ffi::c_int;

use callback_adapter::{Errno, Refusal, Subscription};
use futures_util::{FutureExt as _, StreamExt as _};

use super::calls;
use super::flight::{Flight, Outcome, Prepared, Storage, either, empty, kept, pooled, settle};
use super::payload::{Load, Mem, VecMem};
use crate::shapes::shapes_event_cb;

/// What C gives to a callback and wants to have back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lends {
    /// Nothing.
    Nothing,
    /// An I/O, to be freed by the callback.
    Io,
    /// An object, to be closed by whoever has it.
    Object,
}

/// A shape of call.
#[derive(Debug)]
pub struct Row {
    /// The generated function.
    pub name: &'static str,
    /// The C function.
    pub function: &'static str,
    /// The name of the C callback's typedef, which reports and messages name.
    pub typedef: &'static str,
    /// How a refusal with `ENOMEM` reads; `None` where C cannot refuse.
    pub refusal: Option<Refusal>,
    /// What a successful call yields.
    pub value: &'static str,
    /// How a callback with status 5 reads; `None` where it reports no status.
    pub failure: Option<&'static str>,
    /// What C gives to the callback.
    pub lends: Lends,
    /// Whether the call keeps a payload.
    pub keeps: bool,
    /// The storages that the types of this shape admit.
    pub storages: &'static [Storage],
    /// The call with this payload.
    pub prepare: fn(Storage, Load) -> Prepared,
}

/// A row's call for each size of its payload.
macro_rules! sized {
    (|$storage:ident, $mem:ident, $len:ident| $call:expr) => {{
        fn prepare<const N: usize>($storage: Storage, $mem: Mem<N>) -> Prepared
        where
            Load: From<Mem<N>>,
        {
            let $len = N;
            // SAFETY: the memory is kept and has this length, and all that C writes to places is
            // valid there.
            unsafe { $call }
        }
        |storage, load| match load {
            Load::Small(mem) => prepare(storage, mem),
            Load::Large(mem) => prepare(storage, mem),
            Load::Empty => panic!("the shape keeps a payload"),
        }
    }};
}

const BOTH: &[Storage] = &[Storage::Pooled, Storage::Boxed];
const NO_MEMORY: Option<Refusal> = Some(Refusal::Errno(Errno::ENOMEM));

/// A plain call: `errno` returned, nothing reported.
const PLAIN: Row = Row {
    name: "hostile_done",
    function: "hostile_done",
    typedef: "shapes_done_cb",
    refusal: NO_MEMORY,
    value: "nothing",
    failure: None,
    lends: Lends::Nothing,
    keeps: true,
    storages: BOTH,
    prepare: sized!(|storage, mem, len| either(storage, calls::hostile_done(mem, len), kept)),
};

/// Every shape.
pub static ROWS: &[Row] = &[
    PLAIN,
    Row {
        name: "hostile_tick",
        function: "hostile_tick",
        refusal: None,
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_tick(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_status",
        function: "hostile_status",
        typedef: "shapes_status_cb",
        refusal: None,
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_status(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_io",
        function: "hostile_io",
        typedef: "shapes_io_cb",
        failure: Some("failure"),
        lends: Lends::Io,
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_io(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_io_code",
        function: "hostile_io",
        typedef: "shapes_io_cb",
        value: "code 9",
        failure: Some("failure of code 9"),
        lends: Lends::Io,
        prepare: sized!(|storage, mem, len| either(
            storage,
            calls::hostile_io_code(mem, len),
            kept
        )),
        ..PLAIN
    },
    Row {
        name: "hostile_cpl",
        function: "hostile_cpl",
        typedef: "shapes_cpl_cb",
        refusal: Some(Refusal::Status(5)),
        failure: Some("status 5 3"),
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_cpl(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_number",
        function: "hostile_number",
        typedef: "shapes_number_cb",
        refusal: Some(Refusal::False),
        value: "number 5",
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_number(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_pair",
        function: "hostile_pair",
        typedef: "shapes_pair_cb",
        refusal: Some(Refusal::Null),
        value: "pair 1 2",
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_pair(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_opened",
        function: "hostile_open",
        typedef: "shapes_open_cb",
        value: "object Some(3)",
        failure: Some("errno 5"),
        lends: Lends::Object,
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_opened(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_open",
        function: "hostile_open",
        typedef: "shapes_open_cb",
        value: "object Some(3)",
        failure: Some("errno 5"),
        lends: Lends::Object,
        // A `Handle` of a C type is not `Send`.
        storages: &[Storage::Pooled],
        prepare: sized!(|_storage, mem, len| pooled(calls::hostile_open(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_stat",
        function: "hostile_stat",
        typedef: "shapes_stat_cb",
        value: "stat Some((11, 22))",
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, len| either(storage, calls::hostile_stat(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_buffer",
        function: "hostile_buffer",
        typedef: "shapes_buffer_cb",
        value: "a buffer",
        // A raw pointer is not `Send`.
        storages: &[Storage::Pooled],
        prepare: sized!(|_storage, mem, len| pooled(calls::hostile_buffer(mem, len), kept)),
        ..PLAIN
    },
    Row {
        name: "hostile_name",
        function: "hostile_name",
        typedef: "shapes_status_cb",
        value: "wrote 4 115",
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, len| {
            let name = std::ffi::CString::from(c"spdk");
            either(storage, calls::hostile_name(mem, len, name), |(result, (mem, _name))| {
                settle(result, mem.into())
            })
        }),
        ..PLAIN
    },
    Row {
        name: "hostile_vectored",
        function: "hostile_vectored",
        typedef: "shapes_status_cb",
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, _len| {
            either(storage, calls::hostile_vectored(VecMem::from(mem), 2), kept)
        }),
        ..PLAIN
    },
    Row {
        name: "hostile_measure",
        function: "hostile_measure",
        value: "wrote 42",
        keeps: false,
        // SAFETY: any bytes are a valid `usize`.
        prepare: |storage, _| either(storage, unsafe { calls::hostile_measure() }, empty),
        ..PLAIN
    },
    Row {
        name: "hostile_plain",
        function: "hostile_plain",
        typedef: "shapes_status_cb",
        failure: Some("errno 5"),
        keeps: false,
        // SAFETY: the library uses nothing but the callback and the context.
        prepare: |storage, _| either(storage, unsafe { calls::hostile_plain() }, empty),
        ..PLAIN
    },
    Row {
        name: "hostile_attach",
        function: "hostile_attach",
        typedef: "shapes_status_cb",
        value: "event Some(1)",
        failure: Some("errno 5"),
        prepare: sized!(|storage, mem, len| attach(storage, mem, len)),
        ..PLAIN
    },
    Row {
        name: "hostile_walk",
        function: "hostile_walk",
        typedef: "shapes_walked_cb",
        refusal: None,
        failure: Some("errno 5"),
        // Its visits may be on other threads.
        storages: &[Storage::Boxed],
        prepare: sized!(|_storage, mem, len| walk(mem, len)),
        ..PLAIN
    },
];

/// # Safety
///
/// - As for `hostile_attach`.
unsafe fn attach<const N: usize>(storage: Storage, mem: Mem<N>, len: usize) -> Prepared
where
    Load: From<Mem<N>>,
{
    let (subscription, mut events) = Subscription::<shapes_event_cb>::new("hostile_attach");
    // SAFETY: the caller's promise.
    let call = unsafe { calls::hostile_attach(mem, len, &subscription) };
    either(storage, call, move |reply| {
        // Until here: an event that comes after the subscription has gone is ignored.
        let _subscription = subscription;
        let mut settled = kept(reply);
        if let Outcome::Value(value) = &mut settled.outcome {
            let event = events.next().now_or_never().flatten();
            *value = format!("event {:?}", event.map(|(kind, _)| kind));
        }
        settled
    })
}

/// # Safety
///
/// - As for `hostile_walk`.
unsafe fn walk<const N: usize>(mem: Mem<N>, len: usize) -> Prepared
where
    Load: From<Mem<N>>,
{
    let visit = |_index| -> c_int { 0 };
    Prepared::new(move |_| {
        // SAFETY: the caller's promise.
        let submitted = unsafe { calls::hostile_walk(mem, len, visit) };
        Flight::Sent(Box::pin(submitted.map(kept)))
    })
}
