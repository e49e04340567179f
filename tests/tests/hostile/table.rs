//! The table is complete: every shape of C function has cases for every edge.

use std::collections::BTreeSet;

use callback_adapter::Refusal;
use spdk_async_tests::hostile::{ROWS, Storage};

use crate::SCENARIOS;

const FUNCTIONS: &str = include_str!("../../c/hostile.h");
const TYPEDEFS: &str = include_str!("../../c/shapes.h");

/// Registrations and walks on the stack complete nothing; their modules have cases of their own.
const OTHERS: [(&str, &str, &str); 3] = [
    ("hostile_listen", "shapes_event_cb", include_str!("streams.rs")),
    ("shapes_each", "shapes_each_fn", include_str!("visits.rs")),
    ("shapes_all", "shapes_all_fn", include_str!("visits.rs")),
];
/// A further callback of a function that has a row.
const WALKS: (&str, &str) = ("hostile_walk", "shapes_visit_fn");

/// The names in `text` that follow `before` and end where no name goes on.
fn names<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(before).map(move |(at, _)| {
        let rest = &text[at + before.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// The functions of the header that take a callback: those with a context.
fn functions() -> BTreeSet<&'static str> {
    let declarations = FUNCTIONS.split(';').filter(|text| text.contains("void *ctx"));
    let declarations = declarations.filter(|text| text.contains('('));
    declarations
        .filter_map(|text| {
            let head = text.split('(').next().expect("split yields something");
            head.rsplit(|c: char| c.is_whitespace() || c == '*').next()
        })
        .collect()
}

#[test]
fn every_function_of_the_header_has_a_row() {
    let mut rows: BTreeSet<_> = ROWS.iter().map(|row| row.function).collect();
    rows.insert("hostile_listen");
    assert_eq!(functions(), rows);
}

#[test]
fn every_callback_of_the_header_has_a_row_or_a_module() {
    let mut covered: BTreeSet<_> = ROWS.iter().map(|row| row.typedef).collect();
    for (function, typedef, module) in OTHERS {
        assert!(module.contains(function), "{function} has cases");
        covered.insert(typedef);
    }
    assert!(ROWS.iter().any(|row| row.function == WALKS.0));
    covered.insert(WALKS.1);
    assert_eq!(names(TYPEDEFS, "(*").collect::<BTreeSet<_>>(), covered);
}

#[test]
fn every_return_convention_has_a_row() {
    let has = |wanted: fn(Option<Refusal>) -> bool| ROWS.iter().any(|row| wanted(row.refusal));
    assert!(has(|refusal| refusal.is_none()));
    assert!(has(|refusal| matches!(refusal, Some(Refusal::Errno(_)))));
    assert!(has(|refusal| matches!(refusal, Some(Refusal::Status(_)))));
    assert!(has(|refusal| matches!(refusal, Some(Refusal::Null))));
    assert!(has(|refusal| matches!(refusal, Some(Refusal::False))));
}

/// Each row has a case for each edge with each of its storages; but C cannot refuse what returns
/// nothing.
#[test]
fn every_row_goes_along_every_edge() {
    for row in ROWS {
        for storage in [Storage::Pooled, Storage::Boxed] {
            let edges: BTreeSet<u8> = SCENARIOS
                .iter()
                .filter(|scenario| {
                    scenario.cells().any(|cell| cell.0.name == row.name && cell.1 == storage)
                })
                .flat_map(|scenario| scenario.edges.iter().copied())
                .collect();
            let due = (1..=10).filter(|edge| *edge != 2 || row.refusal.is_some());
            let due = due.filter(|_| row.storages.contains(&storage));
            assert_eq!(edges, due.collect::<BTreeSet<_>>(), "{} {storage:?}", row.name);
        }
    }
}

/// What the sweeps play, for whoever reads the output with `--nocapture`.
#[test]
fn counts_its_cases() {
    let mut total = 0;
    for edge in 1..=10 {
        let on_it = SCENARIOS.iter().filter(|scenario| scenario.edges.contains(&edge));
        let cases: usize = on_it.map(|scenario| scenario.cells().count()).sum();
        eprintln!("edge {edge}: {cases} cases");
        assert!(cases > 0);
    }
    for scenario in SCENARIOS {
        total += scenario.cells().count();
    }
    let pairs: usize = ROWS.iter().map(|row| row.storages.len()).sum();
    eprintln!(
        "{} scenarios, {} shapes, {pairs} pairs of shape and storage: {total} cases",
        SCENARIOS.len(),
        ROWS.len()
    );
}
