//! Compiles the C side of the tests, warnings being errors.

fn main() {
    println!("cargo::rerun-if-changed=c");
    cc::Build::new()
        .files(
            ["calls", "errand", "ledger", "many", "once", "visit", "world"]
                .map(|name| format!("c/{name}.c")),
        )
        .std("c11")
        .flag("-Wall")
        .flag("-Wextra")
        .flag("-Werror")
        .compile("shapes");
}
