//! Configurations that keep an application from starting, each as the first of its process.

mod common;

use common::*;
use spdk_async::ErrorKind;
use spdk_async::bdev::Bdev;

/// The application does not start, and its error says which method failed and why, in `words`; the
/// next one does.
#[track_caller]
fn fails(config: &str, words: &[&str]) {
    let words = words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let json = config.to_owned();
    alone_in_child(move || {
        let error = run(app().json(json), async || ()).unwrap_err();
        assert_eq!(error.operation(), "spdk_app_start");
        let ErrorKind::App { code, reason } = error.kind() else { panic!("{error:?}") };
        assert_ne!(*code, 0);
        assert!(reason.starts_with("subsystems[0].config["), "{error}");
        for word in &words {
            assert!(reason.contains(word), "`{reason}` does not say `{word}`");
        }
        assert!(!reason.contains("0x") && !reason.contains('\n'), "{reason}");
        if let Some((said, logged)) = reason.split_once("; SPDK logged: ") {
            assert!(!said.contains(logged), "said twice: {reason}");
        }
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
    alone_in_child(|| {
        let config = r#"{"subsystems": 5}"#;
        assert_invalid(run(app().json(config), async || ()), "\"subsystems\" must be an array");
    });
}

#[test]
fn an_unknown_method() {
    fails(&method(r#"{"method": "bdev_no_such_method"}"#), &["[0]: ", "bdev_no_such_method"]);
}

#[test]
fn a_method_without_its_parameters() {
    fails(&method(r#"{"method": "bdev_malloc_create"}"#), &["[0]: bdev_malloc_create: "]);
}

#[test]
fn parameters_of_the_wrong_type() {
    let params = r#"{"num_blocks": "many", "block_size": 512}"#;
    let entry = format!(r#"{{"method": "bdev_malloc_create", "params": {params}}}"#);
    fails(&method(&entry), &["[0]: bdev_malloc_create: "]);
}

#[test]
fn parameters_of_which_spdk_logs_no_more_than_it_answers() {
    let params = r#"{"name": "A", "filename": "/dev/zero", "block_size": "512"}"#;
    let entry = format!(r#"{{"method": "bdev_aio_create", "params": {params}}}"#);
    fails(&method(&entry), &["[0]: bdev_aio_create: "]);
}

#[test]
fn parameters_out_of_range() {
    fails(
        &config(&[malloc("A", 64), malloc("B", 0)]),
        &["[1]: bdev_malloc_create: ", "num_blocks"],
    );
}

#[test]
fn a_bdev_that_is_there_already() {
    let twice = config(&[malloc("Same", 64), malloc("Same", 64)]);
    fails(&twice, &["[1]: bdev_malloc_create: ", "Same"]);
}

#[test]
fn a_file_that_is_missing() {
    let missing = aio("Aio0", std::path::Path::new("/nonexistent/file"));
    fails(&config(&[missing]), &["[0]: bdev_aio_create: ", "No such file"]);
}

#[test]
fn a_pool_that_is_smaller_than_its_caches() {
    fails(&config(&[pool(4, 256)]), &["[0]: bdev_set_options: ", "too small"]);
}

/// The file is named, of whatever bytes its name is.
#[test]
fn a_file_with_a_mistake() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"not-\xff-utf8.json"));
    alone_in_child(|| {
        for (text, words) in [
            ("{".to_owned(), "it is no JSON"),
            (r#"{"subsystems": [1]}"#.to_owned(), "subsystems[0] must be an object"),
            (config(&[malloc("A", 0)]), "subsystems[0].config[0]: bdev_malloc_create: "),
            (method(r#"{"method": "bdev_no_such"}"#), "subsystems[0].config[0]: "),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = run(app().json_file(&path), async || ()).unwrap_err().to_string();
            let start = format!("spdk_app_start: the configuration `{}`", path.display());
            assert!(error.starts_with(&start) && error.contains(words), "{error}");
            assert_eq!(error.matches("spdk_app_start").count(), 1, "{error}");
        }
        std::fs::write(&path, malloc_and_null()).unwrap();
        let count = run(app().json_file(&path), async || Bdev::all().unwrap().len());
        assert_eq!(count.unwrap(), 2);
    });
}
