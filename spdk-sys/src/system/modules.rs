//! Loads SPDK's and DPDK's shared libraries before `main`.
//!
//! Owns nothing but the loading. Modules, subsystems and drivers register themselves in
//! constructors and many export no symbol at all, so the linker does not record them as needed by
//! the program and the dynamic loader would never see them. The libraries stay loaded for the life
//! of the process; nobody calls this module.

use std::ffi::CStr;

/// File names in pkg-config's order, written by the build script.
static FILES: &[&CStr] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// Has the dynamic loader run [`load`] once, before `main`.
#[used]
// SAFETY: the section holds pointers to functions of C's calling convention that return nothing,
// and glibc calls each once; `load` needs nothing that `main` would set up.
#[unsafe(link_section = ".init_array")]
static LOAD: extern "C" fn() = load;

extern "C" fn load() {
    for file in FILES {
        // SAFETY: a C string; the constructors it runs are SPDK's and DPDK's own, which are made to
        // run before `main`.
        let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        if library.is_null() {
            // SAFETY: no precondition.
            let reason = unsafe { libc::dlerror() };
            fail(file, reason);
        }
    }
}

/// Ends the process as the dynamic loader does for a library that it cannot find.
fn fail(file: &CStr, reason: *const libc::c_char) -> ! {
    let reason = if reason.is_null() {
        c"no reason given"
    } else {
        // SAFETY: dlerror's string is valid until the next call of it on this thread.
        unsafe { CStr::from_ptr(reason) }
    };
    eprintln!(
        "spdk-sys: cannot load {}: {}; install SPDK's shared libraries where the dynamic loader \
         looks, or set LD_LIBRARY_PATH",
        file.to_string_lossy(),
        reason.to_string_lossy()
    );
    std::process::exit(127);
}
