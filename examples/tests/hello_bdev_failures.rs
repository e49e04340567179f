//! `hello_bdev` fails with one line on stderr that says what and where, and exit code 1.

mod common;

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{configuration, example, in_turn};

fn hello_bdev() -> Command {
    example("hello_bdev")
}

/// Runs the program, which must fail with one line that holds each of `words`.
#[track_caller]
fn fails(command: &mut Command, words: &[&str]) {
    common::fails("hello_bdev", command, words);
}

/// A folder with a configuration of the bdevs `methods`.
fn configured(methods: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let json = folder.path().join("bdevs.json");
    std::fs::write(&json, configuration(methods)).expect("the configuration can be written");
    (folder, json)
}

/// The configuration of an AIO bdev `A` on `file` of the folder, with more parameters.
fn aio(folder: &Path, file: &str, more: &str) -> String {
    let path = folder.join(file);
    let path = path.display();
    format!(
        r#"{{"method":"bdev_aio_create","params":{{"name":"A","filename":"{path}","block_size":512{more}}}}}"#
    )
}

/// Runs the program on an AIO bdev on a file of `size` bytes, if any.
#[track_caller]
fn fails_on_aio(size: Option<usize>, more: &str, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    if let Some(size) = size {
        std::fs::write(folder.path().join("disk"), vec![0; size]).expect("a file can be written");
    }
    let (_configured, json) = configured(&aio(folder.path(), "disk", more));
    let path = json.to_str().expect("the path is UTF-8");
    fails(hello_bdev().arg("--json").arg(&json), &[&[path], words].concat());
}

#[test]
fn each_failure_is_one_line() {
    in_turn(fail_in_each_way);
}

fn fail_in_each_way() {
    fails_on_aio(Some(1 << 16), r#","readonly":true"#, &["A:", "can the bdev be written to?"]);
    fails_on_aio(Some(0), "", &["A:", "has no blocks"]);
    fails_on_aio(None, "", &["disk", "No such file"]);

    let (folder, json) = configured("");
    let path = json.to_str().expect("the path is UTF-8");
    fails(hello_bdev().arg("--json").arg(&json), &[path, "no bdev"]);
    let mistyped = configuration(r#"{"method":"bdev_mallok_create"}"#).replace("bdev\"", "bdve\"");
    std::fs::write(&json, mistyped).expect("the configuration can be written");
    fails(hello_bdev().arg("--json").arg(&json), &[path, "no bdev", "subsystem", "skipped"]);
    std::fs::write(&json, "{").expect("the configuration can be written");
    fails(hello_bdev().arg("--json").arg(&json), &[path, "JSON"]);
    let missing = folder.path().join("missing.json");
    fails(hello_bdev().arg("--json").arg(&missing), &["missing.json", "No such file"]);
    fails(hello_bdev().args(["--bdev", "Nope"]), &["Nope"]);
    fails(hello_bdev().args(["--bdev", "two\nlines"]), &["two\\nlines"]);

    let full = File::options().write(true).open("/dev/full").expect("there is a full device");
    let printed = hello_bdev().stdout(full).stderr(Stdio::piped()).spawn();
    let output = printed.expect("the program starts").wait_with_output();
    let output = output.expect("the program ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot print"));

    let foreign = folder.path().join(OsString::from_vec(vec![b't', 0xff]));
    std::fs::create_dir(&foreign).expect("a folder can be made");
    fails(hello_bdev().env("TMPDIR", foreign), &["TMPDIR", "UTF-8"]);
    fails(hello_bdev().env("TMPDIR", folder.path().join("none")), &["temporary file", "none"]);
}

#[test]
fn a_path_that_json_escapes_is_fine() {
    in_turn(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let quoted = folder.path().join("a\"b\\c\nd");
        std::fs::create_dir(&quoted).expect("a folder can be made");
        let output = hello_bdev().env("TMPDIR", quoted).output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
}
