//! Reads the names of the crate's public operations from its source, so that one without a case is
//! noticed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What answers a future, a stream or a handle, though it is no `async fn`.
const ANSWERS: [&str; 6] =
    ["Sleep", "JoinHandle", "Events", "Timeouts", "impl Future", "impl Stream"];

/// The public functions that there is something to await of, as `Type::function`.
pub(crate) fn awaitables() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for file in sources(&root) {
        // The raw functions are unsafe and have tests of their own.
        if !file.starts_with(root.join("raw")) {
            scan(&fs::read_to_string(&file).expect("the source can be read"), &mut found);
        }
    }
    // It is the adapter's.
    found.insert("yield_now".to_owned());
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the source's folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Relies on rustfmt: an `impl` begins a line, and a function's head ends with `{`.
fn scan(source: &str, found: &mut BTreeSet<String>) {
    let mut of = None;
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("impl") {
            let name = line.trim_end_matches('{').trim().rsplit(' ').next().unwrap_or("");
            of = Some(name.split('<').next().unwrap_or("").to_owned());
        } else if line == "}" {
            of = None;
        }
        let line = line.trim_start();
        let Some(head) = line.strip_prefix("pub ").filter(|head| head.contains("fn ")) else {
            continue;
        };
        let mut head = head.to_owned();
        while !head.contains('{') {
            head.push_str(lines.next().expect("a function has a body"));
        }
        let answer = head.split_once("->").map_or("", |(_, answer)| answer);
        let awaited =
            head.starts_with("async ") || ANSWERS.iter().any(|name| answer.contains(name));
        if awaited {
            let (_, name) = head.split_once("fn ").expect("it is a function");
            let name = name.split(['(', '<']).next().unwrap_or("");
            found.insert(match &of {
                Some(of) => format!("{of}::{name}"),
                None => name.to_owned(),
            });
        }
    }
}
