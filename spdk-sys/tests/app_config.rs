//! The JSON configuration as an application sees it: codes, sentences, order, what is skipped.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;

use app_common::{app_opts, bdev_config, lock, run_app, start_app, stop};
use spdk_sys::*;

/// Starts with a configuration that must fail: the code and the sentence.
fn failing(config: &str) -> (i32, String) {
    let code = start_app(config, || panic!("start_fn must not run"));
    (code, last_config_error().expect("a failed start has a reason"))
}

/// The sentence of one failing entry; the code is -EINVAL.
fn failing_entry(entry: &str) -> String {
    let (code, reason) = failing(&bdev_config(entry));
    assert_eq!(code, -libc::EINVAL, "{reason}");
    reason
}

fn block_size_of(name: &std::ffi::CStr) -> Option<u32> {
    // SAFETY: the name is NUL-terminated; the bdev stays until the application stops.
    unsafe {
        let bdev = spdk_bdev_get_by_name(name.as_ptr());
        (!bdev.is_null()).then(|| spdk_bdev_get_block_size(bdev))
    }
}

#[test]
fn a_text_that_is_not_json_says_where() {
    let _lock = lock();
    let (code, reason) = failing("{\n  \"subsystems\": [\n    oops\n]}");
    assert_eq!(code, -libc::EINVAL);
    assert!(reason.contains("line 3 column 5"), "{reason}");
    let (code, reason) = failing("");
    assert_eq!(code, -libc::EINVAL);
    assert!(reason.contains("empty"), "{reason}");
}

#[test]
fn an_unknown_method_of_a_linked_subsystem_is_an_error() {
    let _lock = lock();
    let (code, reason) = failing(&bdev_config(r#"{"method": "bdev_nvme_attach_controller"}"#));
    assert_eq!(code, -libc::ENOENT);
    assert!(reason.contains("bdev_nvme_attach_controller"), "{reason}");
}

#[test]
fn other_subsystems_are_skipped() {
    let _lock = lock();
    let config = r#"{"subsystems": [
        {"subsystem": "accel", "config": [{"method": "accel_set_options", "params": {"x": 1}}]},
        {"subsystem": "nvmf", "config": null},
        {"subsystem": "bdev", "config": [{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 512}}]},
        {"subsystem": "scheduler", "config": [{"method": "framework_set_scheduler"}]}
    ]}"#;
    let code = start_app(config, || {
        assert_eq!(block_size_of(c"N"), Some(512));
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
}

/// Each entry fails, and its sentence has both parts.
#[track_caller]
fn fail_with(cases: &[(&str, [&str; 2])]) {
    let _lock = lock();
    for (entry, parts) in cases {
        let reason = failing_entry(entry);
        for part in parts {
            assert!(reason.contains(part), "{part}: {reason}");
        }
    }
}

#[test]
fn a_parameter_that_is_missing_mistyped_or_unknown_is_named_with_its_method() {
    fail_with(&[
        (
            r#"{"method": "bdev_null_create", "params": {"name": "N", "num_blocks": 8}}"#,
            ["bdev_null_create", "\"block_size\" is missing"],
        ),
        (
            r#"{"method": "bdev_null_create",
                "params": {"name": "N", "num_blocks": "8", "block_size": 512}}"#,
            ["bdev_null_create", "\"num_blocks\" must be an unsigned 64-bit integer"],
        ),
        (
            r#"{"method": "bdev_null_create",
                "params": {"name": "N", "num_blocks": 8, "block_size": 512, "blocks": 1}}"#,
            ["bdev_null_create", "\"blocks\" is not known"],
        ),
        (
            r#"{"method": "bdev_malloc_create",
                "params": {"num_blocks": 8, "block_size": 512, "uuid": "xyz"}}"#,
            ["bdev_malloc_create", "\"uuid\" must be a UUID"],
        ),
        (
            r#"{"method": "bdev_wait_for_examine", "params": {"x": 1}}"#,
            ["bdev_wait_for_examine", "takes none"],
        ),
    ]);
}

#[test]
fn a_value_that_a_method_refuses_is_named_with_it_and_why() {
    fail_with(&[
        (
            r#"{"method": "bdev_malloc_create", "params": {"num_blocks": 8, "block_size": 100}}"#,
            ["bdev_malloc_create", "block_size 100 is not a multiple of 512"],
        ),
        (
            r#"{"method": "bdev_malloc_create",
                "params": {"num_blocks": 8, "block_size": 512, "md_size": 8}}"#,
            ["bdev_malloc_create", "no metadata"],
        ),
        (
            r#"{"method": "bdev_aio_create",
                "params": {"name": "A", "filename": "/no/such/disk", "block_size": 512}}"#,
            ["bdev_aio_create", "/no/such/disk"],
        ),
        (
            r#"{"method": "bdev_malloc_delete", "params": {"name": "Nobody"}}"#,
            ["bdev_malloc_delete", "No such device"],
        ),
        (
            r#"{"method": "bdev_set_options",
                "params": {"bdev_io_pool_size": 10, "bdev_io_cache_size": 10}}"#,
            ["bdev_set_options", "too small"],
        ),
    ]);
}

#[test]
fn errors_can_be_ignored() {
    let _lock = lock();
    let mut opts = app_opts();
    opts.json_config_ignore_errors = true;
    let config = bdev_config(
        r#"{"method": "bdev_nvme_attach_controller"},
           {"method": "bdev_null_create", "params": {}},
           {"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 512}}"#,
    );
    let code = run_app(opts, Some(&config), || {
        assert_eq!(block_size_of(c"N"), Some(512));
        stop(0);
    });
    assert_eq!(code, 0);
    assert_eq!(last_config_error(), None);
}

#[test]
fn methods_run_in_order_and_wait_for_each_other() {
    let _lock = lock();
    // Each entry needs what the one before has done, deletions included, which end by callback.
    let config = bdev_config(
        r#"{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 2048, "block_size": 512}},
           {"method": "bdev_null_resize", "params": {"name": "N", "new_size": 2}},
           {"method": "bdev_null_delete", "params": {"name": "N"}},
           {"method": "bdev_malloc_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 4096}},
           {"method": "bdev_malloc_delete", "params": {"name": "N"}},
           {"method": "bdev_malloc_create", "params": {"num_blocks": 8, "block_size": 1024}},
           [{"method": "bdev_malloc_create", "params": {"num_blocks": 8, "block_size": 2048}},
            {"method": "bdev_wait_for_examine"}]"#,
    );
    let code = start_app(&config, || {
        assert_eq!(block_size_of(c"N"), None);
        assert_eq!(block_size_of(c"Malloc0"), Some(1024));
        assert_eq!(block_size_of(c"Malloc1"), Some(2048));
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
}

#[test]
fn start_up_methods_run_before_the_subsystems_start() {
    let _lock = lock();
    let config = bdev_config(
        r#"{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 512}},
           {"method": "bdev_set_options",
            "params": {"bdev_io_pool_size": 4096, "bdev_io_cache_size": 32,
                       "bdev_auto_examine": false}},
           {"method": "bdev_examine", "params": {"name": "N"}}"#,
    );
    let code = start_app(&config, || {
        let mut opts = spdk_bdev_opts::default();
        // SAFETY: `opts` is writable for its size.
        unsafe { spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>()) };
        assert_eq!({ opts.bdev_io_pool_size }, 4096);
        assert_eq!({ opts.bdev_io_cache_size }, 32);
        assert!(!{ opts.bdev_auto_examine });
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
    restore_bdev_options();
}

/// The options of the bdev layer outlive an application.
fn restore_bdev_options() {
    let config = bdev_config(
        r#"{"method": "bdev_set_options",
            "params": {"bdev_io_pool_size": 65535, "bdev_io_cache_size": 256,
                       "bdev_auto_examine": true}}"#,
    );
    assert_eq!(start_app(&config, || stop(0)), 0, "{:?}", last_config_error());
}

#[test]
fn rate_limits_and_histograms_are_configured() {
    let _lock = lock();
    let config = bdev_config(
        r#"{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 512}},
           {"method": "bdev_set_qos_limit",
            "params": {"name": "N", "rw_ios_per_sec": 20000, "w_mbytes_per_sec": 3}},
           {"method": "bdev_enable_histogram",
            "params": {"name": "N", "enable": true, "opc": "read"}},
           {"method": "bdev_set_qd_sampling_period", "params": {"name": "N", "period": 10}}"#,
    );
    let code = start_app(&config, || {
        let mut limits = [0_u64; 4];
        // SAFETY: the bdev stays until the application stops; there are four limits.
        unsafe {
            let bdev = spdk_bdev_get_by_name(c"N".as_ptr());
            spdk_bdev_get_qos_rate_limits(bdev, limits.as_mut_ptr());
            assert_eq!(spdk_bdev_get_qd_sampling_period(bdev), 10);
            spdk_bdev_set_qd_sampling_period(bdev, 0);
        }
        assert_eq!(limits, [20_000, 0, 0, 3]);
        stop(0);
    });
    assert_eq!(code, 0, "{:?}", last_config_error());
    let none = failing_entry(
        r#"{"method": "bdev_null_create",
            "params": {"name": "N", "num_blocks": 8, "block_size": 512}},
           {"method": "bdev_set_qos_limit", "params": {"name": "N"}}"#,
    );
    assert!(none.contains("no rate limits"), "{none}");
    let opcode = failing_entry(
        r#"{"method": "bdev_enable_histogram",
            "params": {"name": "N", "enable": true, "opc": "reed"}}"#,
    );
    assert!(opcode.contains("reed"), "{opcode}");
}
