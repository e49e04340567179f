//! Owns the link line: which libraries are linked how, so that a binary has all of SPDK that
//! registers itself.
//!
//! SPDK's modules, subsystems, transports, RPC methods and log flags, and DPDK's drivers, make
//! themselves known by constructors that nothing refers to. A linker drops such objects and
//! libraries unless told otherwise, and the program then lacks, for example, the method
//! `bdev_malloc_create`. Hence every archive of SPDK and DPDK is linked whole, and every shared
//! library of them is loaded by name.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::locate::{Library, Spdk};

/// Prints the link line for cargo.
pub(crate) fn link(spdk: &Spdk, out: &Path) -> Result<(), String> {
    for folder in &spdk.search {
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
    let (registering, system): (Vec<_>, Vec<_>) =
        spdk.libraries.iter().partition(|library| registers_itself(library));
    if cfg!(feature = "shared") {
        link_shared(spdk, &registering, out)?;
    } else {
        for Library { name, .. } in registering {
            require_archive(spdk, name)?;
            println!("cargo::rustc-link-lib=static:+whole-archive,-bundle={name}");
        }
    }
    for Library { name, archive } in system {
        if *archive {
            require_archive(spdk, name)?;
            println!("cargo::rustc-link-lib=static:-bundle={name}");
        } else {
            println!("cargo::rustc-link-lib=dylib={name}");
        }
    }
    Ok(())
}

fn registers_itself(library: &Library) -> bool {
    library.name.starts_with("spdk_") || library.name.starts_with("rte_")
}

/// Ends the build if an archive is missing, and repeats it when the archive changes.
fn require_archive(spdk: &Spdk, name: &str) -> Result<(), String> {
    let path = require_file(spdk, &format!("lib{name}.a"))?;
    println!("cargo::rerun-if-changed={}", path.display());
    Ok(())
}

fn find_file(spdk: &Spdk, file: &str) -> Option<PathBuf> {
    spdk.search.iter().map(|folder| folder.join(file)).find(|path| path.is_file())
}

fn require_file(spdk: &Spdk, file: &str) -> Result<PathBuf, String> {
    find_file(spdk, file).ok_or_else(|| {
        let folders: Vec<_> = spdk.search.iter().map(|path| path.display().to_string()).collect();
        let advice = if cfg!(feature = "shared") {
            "install an SPDK with shared libraries, or disable the feature `shared`"
        } else {
            "install SPDK's static libraries, or enable the feature `shared`"
        };
        format!(
            "SPDK's pkg-config files name a library that is not there: {file}\n\
             looked in: {}\n\
             {advice}",
            folders.join(", ")
        )
    })
}

/// Links the shared libraries and writes `modules.rs`, the file names that `src/system/modules.rs`
/// loads before `main`: the linker leaves out a library that no symbol is taken from.
fn link_shared(spdk: &Spdk, libraries: &[&Library], out: &Path) -> Result<(), String> {
    let mut text = String::from("&[\n");
    for Library { name, .. } in libraries {
        println!("cargo::rustc-link-lib=dylib={name}");
        let link = require_file(spdk, &format!("lib{name}.so"))?;
        // The development link `lib*.so` need not exist where the program runs; its target does.
        let target = fs::canonicalize(&link)
            .map_err(|error| format!("cannot resolve {}: {error}", link.display()))?;
        let file = target.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "    c\"{file}\",").ok();
    }
    text.push_str("]\n");
    let path = out.join("modules.rs");
    fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
