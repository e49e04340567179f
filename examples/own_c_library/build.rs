//! Compiles the small C library of the example `own_c_library`.

fn main() {
    println!("cargo::rerun-if-changed=own_c_library");
    cc::Build::new().file("own_c_library/lib.c").std("gnu11").flag("-Werror").compile("kv");
}
