//! Each expected message belongs to a case, and each case has one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, extension: &str) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the folder of cases is there") {
        let path = entry.expect("the folder is read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.insert(path.with_extension(""));
        }
    }
    found
}

#[test]
fn cases_and_messages_are_in_pairs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fail");
    let (cases, messages) = (files(&folder, "rs"), files(&folder, "stderr"));
    let orphans: Vec<_> = cases.symmetric_difference(&messages).collect();
    assert!(orphans.is_empty(), "a case without a message, or the other way round: {orphans:?}");
    assert!(cases.len() >= 150, "only {} cases were found", cases.len());
}
