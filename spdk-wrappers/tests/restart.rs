//! Applications that fail to start after another of the same process has run, and the next one.
//!
//! An installed SPDK does not forget that its subsystems have once been up. What fails before they
//! are up again must not make it take them down.

mod common;

use common::*;
use spdk_async::bdev::Bdev;
use spdk_async::{App, BACKEND, ErrorKind};

fn works() {
    with_app(malloc_and_null(), async || assert_eq!(Bdev::all().unwrap().len(), 2));
}

/// Between two applications that work, `app` does not start, and says `words`.
#[track_caller]
fn fails_between(app: impl Fn() -> App, words: &str) {
    alone_in_child(|| {
        works();
        for _ in 0..2 {
            let error = run(app(), async || ()).unwrap_err();
            assert!(error.to_string().contains(words), "`{error}` does not say `{words}`");
        }
        works();
    });
}

#[track_caller]
fn config_fails_between(text: &str, words: &str) {
    fails_between(|| app().json(text), words);
}

#[test]
fn a_text_that_is_no_object() {
    config_fails_between("[]", "the outermost value must be an object, not an array");
}

#[test]
fn subsystems_that_are_no_array() {
    config_fails_between(r#"{"subsystems":5}"#, "\"subsystems\" must be an array, not 5");
}

#[test]
fn a_subsystem_that_is_no_object() {
    config_fails_between(r#"{"subsystems":[5]}"#, "subsystems[0] must be an object, not 5");
}

#[test]
fn a_method_that_is_no_string() {
    let text = config(&[malloc("A", 64), r#"{"method":5}"#.to_owned()]);
    config_fails_between(&text, "subsystems[0].config[1]: \"method\" must be a string, not 5");
}

#[test]
fn an_unknown_method() {
    let text = config(&[r#"{"method":"bdev_no_such_method"}"#.to_owned()]);
    config_fails_between(&text, "subsystems[0].config[0]: ");
}

/// In any subsystem; an installed SPDK would wait for ever.
#[test]
fn a_method_that_waits_for_the_start_it_is_part_of() {
    for subsystem in ["bdev", "iobuf"] {
        let text = config(&[r#"{"method":"framework_wait_init"}"#.to_owned()]);
        let text = text.replace(r#""bdev""#, &format!("{subsystem:?}"));
        config_fails_between(
            &text,
            "subsystems[0].config[0]: the application starts its subsystems",
        );
    }
}

#[test]
fn a_start_up_method_that_is_refused() {
    config_fails_between(&config(&[pool(4, 256)]), "subsystems[0].config[0]: bdev_set_options: ");
}

#[test]
fn a_start_up_method_of_a_lower_subsystem_that_is_refused() {
    if BACKEND != "system" {
        eprintln!("skipped: the embedded backend has no subsystem iobuf");
        return;
    }
    let method = r#"{"method":"iobuf_set_options","params":{"small_pool_count":1}}"#;
    let text = config(&[method.to_owned()]).replace(r#""bdev""#, r#""iobuf""#);
    config_fails_between(&text, "subsystems[0].config[0]: iobuf_set_options: ");
}

#[test]
fn a_running_method_that_is_refused() {
    let text = config(&[malloc("Same", 64), malloc("Same", 64)]);
    config_fails_between(&text, "subsystems[0].config[1]: bdev_malloc_create: ");
}

#[test]
fn a_batch_of_which_one_call_is_refused() {
    let batch = format!("[{},{}]", malloc("A", 64), malloc("B", 0));
    config_fails_between(&config(&[batch]), "subsystems[0].config[0][1]: bdev_malloc_create: ");
}

#[test]
fn a_batch_of_both_states() {
    let batch = format!("[{},{}]", malloc("A", 64), pool(8192, 256));
    config_fails_between(&config(&[batch]), "subsystems[0].config[0]: the batch mixes");
}

#[test]
fn an_rpc_address_in_no_folder() {
    fails_between(|| app().rpc_address("/nonexistent/x"), "the RPC address `/nonexistent/x`");
}

/// The subsystems fail to come up. Nothing can start after that, which must be said: it would wait
/// for ever.
fn fails_for_good() {
    // More than the heap can hold.
    let error = run(app().json(config(&[pool(100_000_000, 256)])), async || ()).unwrap_err();
    let ErrorKind::App { code, reason } = error.kind() else { panic!("{error:?}") };
    assert!(*code < 0 && reason.contains("pool"), "{error}");
    for _ in 0..2 {
        let error = run(app(), async || ()).unwrap_err();
        assert!(error.to_string().contains("cannot start again in this process"), "{error}");
    }
}

#[test]
fn subsystems_that_fail_in_the_first_application() {
    if BACKEND != "system" {
        eprintln!("skipped: the embedded backend's pools have no bound");
        return;
    }
    alone_in_child(fails_for_good);
}

#[test]
fn subsystems_that_fail_in_a_later_application() {
    if BACKEND != "system" {
        eprintln!("skipped: the embedded backend's pools have no bound");
        return;
    }
    alone_in_child(|| {
        works();
        fails_for_good();
    });
}
