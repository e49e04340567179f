//! Cores that do not exist. Its own binary, as the first application of a process decides on the cores
//! and these must all come before it.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use app_common::{app_opts, lock, run_app, start_app, stop};
use spdk_sys::last_config_error;

#[test]
fn cores_that_do_not_exist_return_1_with_a_reason_and_spoil_nothing() {
    let _lock = lock();
    for mask in [c"[0,1023]", c"0xz", c"0x0"] {
        let mut opts = app_opts();
        opts.reactor_mask = mask.as_ptr();
        assert_eq!(run_app(opts, None, || panic!("start_fn must not run")), 1);
        let reason = last_config_error().expect("a reason");
        let named = mask.to_str().expect("ASCII");
        assert!(reason.contains("reactor_mask") && reason.contains(named), "{reason}");
    }
    let mut opts = app_opts();
    opts.main_core = 1;
    assert_eq!(run_app(opts, None, || panic!("start_fn must not run")), 1);
    assert_eq!(start_app("{}", || stop(0)), 0, "{:?}", last_config_error());
}
