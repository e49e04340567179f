//! Each symbol listed in `api/*.txt` exists in the linked backend.
//!
//! The tables come from the build script. A symbol that the backend does not declare fails to
//! compile here, one that it does not define fails to link.

use std::io::Write as _;

include!(concat!(env!("OUT_DIR"), "/surface.rs"));

#[test]
fn every_listed_symbol_exists() {
    let functions = function_addresses();
    let types = type_sizes();
    let constants = constant_sizes();

    let nowhere: Vec<_> = functions.iter().filter(|(_, address)| *address == 0).collect();
    assert!(nowhere.is_empty(), "functions without an address: {nowhere:?}");
    let empty: Vec<_> = constants.iter().filter(|(_, size)| *size == 0).collect();
    assert!(empty.is_empty(), "constants without a value: {empty:?}");
    for (kind, count) in
        [("function", functions.len()), ("type", types.len()), ("constant", constants.len())]
    {
        assert!(count > 0, "no {kind} is listed in api/*.txt");
    }

    // Past the test harness, which would swallow the line of a passing test.
    writeln!(
        std::io::stderr(),
        "surface of the backend `{}`: {} functions, {} types, {} constants",
        spdk_sys::BACKEND,
        functions.len(),
        types.len(),
        constants.len()
    )
    .expect("stderr can be written");
}

#[test]
fn no_configuration_was_refused_yet() {
    assert_eq!(spdk_sys::last_config_error(), None);
}
