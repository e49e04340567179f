//! Configurations that keep an application from starting.
//!
//! Each in a process of its own: an installed SPDK that has run before, and then cannot read a
//! configuration, ends what is left of the earlier run once more.

mod common;

use common::*;
use spdk_async::ErrorKind;
use spdk_async::bdev::Bdev;

/// The application does not start, and its error says why; the next one does.
fn fails(config: &str) {
    let json = config.to_owned();
    alone_in_child(move || {
        let error = run(app().json(json), async || ()).unwrap_err();
        assert_eq!(error.operation(), "spdk_app_start");
        let ErrorKind::App { code, reason } = error.kind() else { panic!("{error:?}") };
        assert_ne!(*code, 0);
        assert!(!reason.is_empty());
        assert!(error.to_string().contains(&format!("exit code {code}")), "{error}");
        assert!(error.errno().is_none() && !error.is_retryable());
        with_app(malloc_and_null(), async || assert_eq!(Bdev::all().unwrap().len(), 2));
    });
}

fn method(text: &str) -> String {
    config(&[text.to_owned()])
}

#[test]
fn half_an_object() {
    alone_in_child(|| assert_invalid(run(app().json("{"), async || ()), "is no JSON"));
}

#[test]
fn no_json_at_all() {
    alone_in_child(|| assert_invalid(run(app().json("no JSON at all"), async || ()), "is no JSON"));
}

#[test]
fn subsystems_that_are_no_list() {
    fails(r#"{"subsystems": 5}"#);
}

#[test]
fn an_unknown_method() {
    fails(&method(r#"{"method": "bdev_no_such_method"}"#));
}

#[test]
fn a_method_without_its_parameters() {
    fails(&method(r#"{"method": "bdev_malloc_create"}"#));
}

#[test]
fn parameters_of_the_wrong_type() {
    let params = r#"{"num_blocks": "many", "block_size": 512}"#;
    fails(&method(&format!(r#"{{"method": "bdev_malloc_create", "params": {params}}}"#)));
}

#[test]
fn parameters_out_of_range() {
    fails(&config(&[malloc("Malloc0", 0)]));
}

#[test]
fn a_bdev_that_is_there_already() {
    fails(&config(&[malloc("Same", 64), malloc("Same", 64)]));
}

#[test]
fn a_file_that_is_missing() {
    fails(&config(&[aio("Aio0", std::path::Path::new("/nonexistent/file"))]));
}

#[test]
fn a_pool_that_is_smaller_than_its_caches() {
    fails(&config(&[pool(4, 256)]));
}
