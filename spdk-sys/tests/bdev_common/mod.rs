//! The fixture of the bdev tests: a host that is polled by hand, a scriptable bdev module, and
//! records of completions and events.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]

mod disk;
mod host;
mod probe;

pub(crate) use disk::{Disk, DiskSpec, MODULE, Mode, Open};
pub(crate) use host::{Host, dies};
pub(crate) use probe::{Events, Probe, Statuses, on_done, on_event, on_status};

/// Submits with `$f(desc, ch, args.., callback, probe)` and expects 0; returns the probe.
macro_rules! submit {
    ($f:ident, $open:expr $(, $arg:expr)* $(,)?) => {{
        let probe = Probe::new();
        let rc = submit_to!(&probe, $f, $open $(, $arg)*);
        assert_eq!(rc, 0, concat!(stringify!($f), " was refused"));
        probe
    }};
}
pub(crate) use submit;

/// Submits with `$f(desc, ch, args.., callback, probe)`; returns what it returned.
#[rustfmt::skip]
macro_rules! submit_to {
    ($probe:expr, $f:ident, $open:expr $(, $arg:expr)* $(,)?) => {{
        let (desc, ch) = ($open.desc, $open.ch);
        let probe: &std::rc::Rc<Probe> = $probe;
        probe.submitting();
        // SAFETY: the descriptor and channel are open; the probe and the memory outlive the I/O.
        unsafe { spdk_sys::$f(desc, ch $(, $arg)*, Some(on_done), probe.arg()) }
    }};
}
pub(crate) use submit_to;
