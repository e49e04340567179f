//! What SPDK would refuse, or accept and then fail with: said before it starts, on either backend in
//! the same words.
//!
//! Owns nothing. SPDK must not see such options: some it reports without a reason, and after some it
//! cannot start again in this process.

use core::ffi::c_int;
use std::ffi::CString;
use std::fs::{self, File, TryLockError};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use spdk_sys::spdk_cpuset;

use super::affinity::Affinity;
use super::builder::App;

/// With less, SPDK does not start with the smallest pools that it can be configured for, in MiB.
const LEAST_MEMORY: u32 = 64;

/// What SPDK needs on one core with the pools that it has by default, in MiB; measured.
const DEFAULT_POOLS: u32 = 400;

/// The longest path of a Unix socket, in bytes.
const LONGEST_PATH: usize = size_of::<libc::sockaddr_un>() - size_of::<libc::sa_family_t>() - 1;

/// Whether SPDK would start with these options; if not, why.
pub(super) fn check(app: &App) -> Result<(), String> {
    if app.name.contains('/') {
        return Err(format!("the name `{}` holds a `/`, which SPDK cannot have", app.name));
    }
    check_cores(app.core_mask())?;
    check_memory(app.memory_mib, app.no_huge)?;
    app.rpc_address.as_deref().map_or(Ok(()), check_rpc_address)
}

/// Also of use where an earlier application of the process has set the cores: a mask that is wrong
/// is wrong then as well.
fn check_cores(mask: &str) -> Result<(), String> {
    let cores = cores_of(mask)?;
    let before = Affinity::of_this_thread();
    let missing = cores.into_iter().find(|&core| !Affinity::to(core));
    before.restore();
    match missing {
        None => Ok(()),
        Some(core) => Err(format!(
            "the core mask `{mask}` names core {core}, which this machine does not have, or does \
             not let this process use"
        )),
    }
}

/// The cores that a mask or a list names.
fn cores_of(mask: &str) -> Result<Vec<u32>, String> {
    let text = CString::new(mask).map_err(|_| "the core mask holds a NUL".to_owned())?;
    let mut cores = spdk_cpuset::default();
    // SAFETY: the set is writable, and the text is a C string.
    let rc = unsafe { spdk_sys::spdk_cpuset_parse(&raw mut cores, text.as_ptr()) };
    // SAFETY: the set is valid, and the core below its size.
    let named = |core: &u32| unsafe { spdk_sys::spdk_cpuset_get_cpu(&raw const cores, *core) };
    let list: Vec<u32> = (0..spdk_sys::SPDK_CPUSET_SIZE).filter(named).collect();
    if rc != 0 || list.is_empty() {
        return Err(format!(
            "the core mask `{mask}` is neither a mask like `0x3` nor a list like `[0,1]`"
        ));
    }
    Ok(list)
}

/// Which of these cores another SPDK process has locked. SPDK finds out only with its environment up,
/// so that the first application of a process could not start again when the core is free.
///
/// No application runs in this process: to look at its locks would release them.
pub(super) fn check_locks(mask: &str) -> Result<(), String> {
    if spdk_sys::BACKEND == "embedded" {
        return Ok(());
    }
    for core in cores_of(mask)? {
        let Ok(file) = File::options().read(true).write(true).open(core_lock(core)) else {
            continue;
        };
        // SAFETY: zeroes are a valid lock.
        let mut lock: libc::flock = unsafe { core::mem::zeroed() };
        lock.l_type = libc::F_WRLCK as libc::c_short;
        // SAFETY: the file is open, and the lock is writable.
        let rc = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) };
        if rc == 0 && lock.l_type != libc::F_UNLCK as libc::c_short {
            return Err(format!("core {core} is in use by the SPDK process {}", lock.l_pid));
        }
    }
    Ok(())
}

/// Where SPDK locks a core.
fn core_lock(core: u32) -> String {
    format!("/var/tmp/spdk_cpu_lock_{core:03}")
}

fn check_memory(mib: Option<u32>, no_huge: bool) -> Result<(), String> {
    let Some(mib) = mib else {
        return match no_huge {
            false => Ok(()),
            true => {
                Err("without hugepages SPDK has to be told its memory; add `memory_mib`".into())
            }
        };
    };
    if mib < LEAST_MEMORY {
        return Err(format!("{mib} MiB of memory are too few; SPDK needs {LEAST_MEMORY} to start"));
    }
    match memory_of_machine() {
        Some(most) if u64::from(mib) > most => {
            Err(format!("{mib} MiB of memory are too many; this machine has {most}"))
        }
        _ => {
            if mib < DEFAULT_POOLS && spdk_sys::BACKEND == "embedded" {
                tracing::warn!(
                    "an installed SPDK needs {DEFAULT_POOLS} MiB of memory, unless its pools are \
                     made smaller by iobuf_set_options and bdev_set_options; here are {mib}"
                );
            }
            Ok(())
        }
    }
}

/// In MiB.
fn memory_of_machine() -> Option<u64> {
    // SAFETY: no precondition.
    let pages = unsafe { libc::sysconf(libc::_SC_PHYS_PAGES) };
    // SAFETY: no precondition.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let bytes = u64::try_from(pages).ok()?.checked_mul(u64::try_from(size).ok()?)?;
    Some(bytes >> 20)
}

fn check_rpc_address(address: &str) -> Result<(), String> {
    let refuse = |reason: &str| Err(format!("the RPC address `{address}` {reason}"));
    if address.contains('\0') {
        return refuse("holds a NUL");
    }
    if address.is_empty() || address.len() > LONGEST_PATH {
        return refuse(&format!("is not a path of 1 to {LONGEST_PATH} bytes"));
    }
    let path = Path::new(address);
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return refuse("is no path of a socket"),
    };
    if let Err(error) = may_write(folder) {
        return refuse(&format!("is in a folder where no socket can be made: {error}"));
    }
    // SPDK deletes what is there, whatever it is.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        return refuse("is the path of something that is no socket");
    }
    if is_locked(path) {
        return refuse("is in use by another application");
    }
    Ok(())
}

/// Whether files can be made in a folder.
fn may_write(folder: &Path) -> std::io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: the path is a C string.
    let rc: c_int = unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) };
    match rc {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Whether an SPDK application holds the lock that belongs to a socket.
fn is_locked(socket: &Path) -> bool {
    let mut lock = socket.as_os_str().to_owned();
    lock.push(".lock");
    // The lock goes when the file is closed, at the end of this.
    File::open(PathBuf::from(lock))
        .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
