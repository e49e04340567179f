//! Owns the bindings: what bindgen is asked for, so that its output has the types and names that
//! the embedded backend has.

use std::fs;
use std::panic;
use std::path::Path;

use bindgen::{EnumVariation, Formatter, RustEdition};

use crate::locate::Spdk;
use crate::surface::Surface;

/// Writes `bindings.rs` for the listed symbols and compiles the wrappers of C's inline functions.
pub(crate) fn bindings(surface: &Surface, spdk: &Spdk, out: &Path) -> Result<(), String> {
    let inline = out.join("inline.c");
    let builder = builder(surface, spdk).wrap_static_fns(true).wrap_static_fns_path(&inline);
    write(surface, builder, &out.join("bindings.rs"))?;
    if inline.is_file() {
        compile(&inline, spdk)?;
    }
    Ok(())
}

/// Writes `own_bindings.rs`, for symbols that the crate uses and does not offer.
pub(crate) fn own_bindings(surface: &Surface, spdk: &Spdk, out: &Path) -> Result<(), String> {
    write(surface, builder(surface, spdk), &out.join("own_bindings.rs"))
}

fn write(surface: &Surface, builder: bindgen::Builder, path: &Path) -> Result<(), String> {
    let text = run(builder)?.to_string();
    warn_of_missing(surface, &text);
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn builder(surface: &Surface, spdk: &Spdk) -> bindgen::Builder {
    let mut builder = bindgen::builder()
        .header("wrapper.h")
        // Repeats the build when a header changes.
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .clang_args(spdk.include.iter().map(|folder| format!("-I{}", folder.display())))
        .rust_edition(RustEdition::Edition2024)
        .use_core()
        .ctypes_prefix("::core::ffi")
        .default_enum_style(EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .generate_comments(false)
        .layout_tests(false)
        .merge_extern_blocks(true)
        .formatter(Formatter::None)
        // Both backends use libc's.
        .blocklist_type("iovec|FILE");
    for name in &surface.functions {
        builder = builder.allowlist_function(name);
    }
    for name in &surface.types {
        builder = builder.allowlist_type(name);
    }
    for name in &surface.constants {
        builder = builder.allowlist_var(name);
    }
    builder
}

/// Runs bindgen, which panics if it cannot load libclang.
fn run(builder: bindgen::Builder) -> Result<bindgen::Bindings, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| builder.generate()));
    panic::set_hook(hook);
    match result {
        Ok(Ok(bindings)) => Ok(bindings),
        Ok(Err(error)) => Err(format!("SPDK's headers could not be bound: {error}")),
        Err(payload) => {
            let reason = payload.downcast_ref::<String>().map_or("unknown reason", String::as_str);
            Err(format!(
                "bindgen failed: {reason}\n\
                 the feature `system` needs libclang; install it, or set LIBCLANG_PATH to its folder"
            ))
        }
    }
}

/// Warns of each listed function that these headers do not declare.
fn warn_of_missing(surface: &Surface, text: &str) {
    let missing: Vec<_> = (surface.functions.iter())
        .filter(|name| !text.contains(&format!("fn {name} (")))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        println!("cargo::warning=this SPDK does not declare: {}", missing.join(", "));
    }
}

fn compile(inline: &Path, spdk: &Spdk) -> Result<(), String> {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    cc::Build::new()
        .file(inline)
        .include(folder)
        .includes(&spdk.include)
        .warnings(false)
        .try_compile("spdk_sys_inline")
        .map_err(|error| format!("the wrappers of SPDK's inline functions do not compile: {error}"))
}
