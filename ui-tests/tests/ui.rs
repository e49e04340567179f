//! Compiles each case and compares what the compiler says.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*/*.rs");
}

#[test]
fn unusual_code_compiles_and_runs() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
}
