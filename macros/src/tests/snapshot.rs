//! Compares the expansions with `snapshots/`.

use std::path::PathBuf;
use std::{env, fs};

use super::all_cases;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/tests/snapshots")
}

#[test]
fn expansions_are_as_expected() {
    let bless = env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for case in all_cases() {
        let path = folder().join(case.name).with_extension("rs");
        let actual = case.expand_to_text();
        if bless {
            fs::write(&path, &actual).expect("the snapshot is written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if actual != expected {
            different.push(format!("== {} ==\n{actual}", path.display()));
        }
    }
    let different = different.join("\n");
    assert!(
        different.is_empty(),
        "these expansions differ; if that is meant, run with BLESS=1\n{different}"
    );
}

#[test]
fn every_snapshot_belongs_to_a_case() {
    for entry in fs::read_dir(folder()).expect("the snapshots are there") {
        let path = entry.expect("the folder is read").path();
        let name = path.file_stem().unwrap_or_default();
        assert!(
            all_cases().any(|case| name == case.name),
            "no case writes {}; remove it",
            path.display()
        );
    }
}
