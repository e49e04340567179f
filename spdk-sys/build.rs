//! Prepares the chosen backend: for `system`, finds an installed SPDK, says how to link it and
//! binds its headers; for both, writes the list that the surface test walks.
//!
//! A problem that the user can mend ends the build with `error:` lines that say what to do, never
//! with a backtrace.

use std::path::PathBuf;
use std::process::ExitCode;

#[cfg(feature = "system")]
#[path = "build/generate.rs"]
mod generate;
#[cfg(feature = "system")]
#[path = "build/link.rs"]
mod link;
#[cfg(feature = "system")]
#[path = "build/locate.rs"]
mod locate;
#[path = "build/surface.rs"]
mod surface;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let result = surface::Surface::read("api".as_ref()).and_then(|surface| {
        surface.write_test_list(&out)?;
        backend(&surface, &out)
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "system")]
fn backend(surface: &surface::Surface, out: &std::path::Path) -> Result<(), String> {
    let spdk = locate::Spdk::find()?;
    spdk.check_version()?;
    generate::bindings(surface, &spdk, out)?;
    generate::own_bindings(&surface::Surface::read("api-system".as_ref())?, &spdk, out)?;
    link::link(&spdk, out)
}

#[cfg(not(feature = "system"))]
fn backend(_surface: &surface::Surface, _out: &std::path::Path) -> Result<(), String> {
    Ok(())
}
