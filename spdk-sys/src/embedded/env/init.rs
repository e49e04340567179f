//! Start and end of the environment.
//!
//! Invariant: buffers exist only between init and fini; fini proves it.

use core::ffi::{c_char, c_int, c_void};
use std::sync::{Mutex, PoisonError};

use super::cores::{self, Cores, SPDK_ENV_LCORE_ID_ANY};
use super::{launch, memory};

/// The address of a PCI device. Kept for the layout of [`spdk_env_opts`]; this backend has no PCI.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct spdk_pci_addr {
    /// PCI domain.
    pub domain: u32,
    /// Bus number.
    pub bus: u8,
    /// Device number.
    pub dev: u8,
    /// Function number.
    pub func: u8,
}

/// Options of [`spdk_env_init`]. This backend looks at `core_mask`, `lcore_map` (as a mask or list),
/// `main_core` and `opts_size`; the rest configures hugepages and PCI and is ignored.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_env_opts {
    /// Name of the program.
    pub name: *const c_char,
    /// Cores as a mask (`0x3`) or list (`[0,1]`).
    pub core_mask: *const c_char,
    /// Map of logical to physical cores; replaces `core_mask`.
    pub lcore_map: *const c_char,
    /// Id of the shared memory; ignored.
    pub shm_id: c_int,
    /// Number of memory channels; ignored.
    pub mem_channel: c_int,
    /// The main core; -1 for the first of the mask.
    pub main_core: c_int,
    /// Memory in MiB; ignored.
    pub mem_size: c_int,
    /// No PCI devices; always so here.
    pub no_pci: bool,
    /// Ignored.
    pub hugepage_single_segments: bool,
    /// Ignored.
    pub unlink_hugepage: bool,
    /// No hugepages; always so here.
    pub no_huge: bool,
    /// Must be 0.
    pub reserved: u32,
    /// Number of PCI addresses; ignored.
    pub num_pci_addr: usize,
    /// Ignored.
    pub hugedir: *const c_char,
    /// Ignored.
    pub pci_blocked: *mut spdk_pci_addr,
    /// Ignored.
    pub pci_allowed: *mut spdk_pci_addr,
    /// Ignored.
    pub iova_mode: *const c_char,
    /// Ignored.
    pub base_virtaddr: u64,
    /// Extra options of the environment; ignored.
    pub env_context: *mut c_void,
    /// Ignored.
    pub vf_token: *const c_char,
    /// Size of this struct as the caller knows it, in bytes. Set it before [`spdk_env_opts_init`].
    pub opts_size: usize,
    /// Ignored: there is one NUMA node.
    pub enforce_numa: bool,
    /// Must be 0.
    pub reserved2: [u8; 7],
}

const _: () = assert!(size_of::<spdk_env_opts>() == 128);

impl Default for spdk_env_opts {
    fn default() -> Self {
        // SAFETY: NULL, 0 and false are valid values of every field.
        unsafe { core::mem::zeroed() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    Finished,
}

static PHASE: Mutex<Phase> = Mutex::new(Phase::New);

fn phase() -> std::sync::MutexGuard<'static, Phase> {
    PHASE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the environment is between init and fini.
pub(super) fn is_running() -> bool {
    *phase() == Phase::Running
}

/// Fills `opts` with the defaults: one core (mask "0x1"), name "spdk". Keeps `opts_size`. NULL is a
/// no-op.
///
/// # Safety
/// - `opts` is NULL or points to writable memory for one `spdk_env_opts` whose `opts_size` is set.
pub unsafe extern "C" fn spdk_env_opts_init(opts: *mut spdk_env_opts) {
    if opts.is_null() {
        return;
    }
    // SAFETY: the caller vouches for the pointer.
    unsafe {
        let opts_size = (*opts).opts_size;
        *opts = spdk_env_opts {
            name: c"spdk".as_ptr(),
            core_mask: c"0x1".as_ptr(),
            shm_id: -1,
            mem_channel: -1,
            main_core: -1,
            mem_size: -1,
            base_virtaddr: 0x2000_0000_0000,
            opts_size,
            ..Default::default()
        };
    }
}

/// Starts the environment. Returns 0, or `-EINVAL` for NULL at the first call, for options at a later
/// one, and for cores that do not exist. After [`spdk_env_fini`] call it with NULL to start again
/// with the same cores.
///
/// The calling OS thread stands for the main core from now on. Unlike SPDK's it is not pinned to it,
/// so that the threads it starts keep every CPU.
///
/// # Safety
/// - `opts` is NULL or points to options with valid C strings or NULL.
pub unsafe extern "C" fn spdk_env_init(opts: *const spdk_env_opts) -> c_int {
    let mut phase = phase();
    let first = *phase == Phase::New;
    if first == opts.is_null() {
        tracing::error!(
            "spdk_env_init: pass options at the first call of the process and NULL at later ones"
        );
        return -libc::EINVAL;
    }
    if first {
        // SAFETY: the caller vouches for the options.
        match unsafe { cores_of(&*opts) } {
            Ok(found) => cores::set(found),
            Err(why) => {
                tracing::error!("spdk_env_init: {why}");
                return -libc::EINVAL;
            }
        }
    }
    *phase = Phase::Running;
    drop(phase);
    cores::set_current(cores::with(|cores| cores.main));
    0
}

/// # Safety
/// - The strings of `opts` are C strings or NULL.
unsafe fn cores_of(opts: &spdk_env_opts) -> Result<Cores, String> {
    let mask = [opts.lcore_map, opts.core_mask].into_iter().find(|mask| !mask.is_null());
    // SAFETY: the caller vouches for the string.
    unsafe { cores::parse(mask.unwrap_or(c"0x1".as_ptr()), opts.main_core) }
}

/// Ends the environment. Ends the process when a buffer was not freed or a launched thread still
/// runs.
///
/// # Safety
/// - No other OS thread is inside an env function.
pub unsafe extern "C" fn spdk_env_fini() {
    let (count, bytes) = memory::in_use();
    assert!(
        count == 0,
        "spdk_env_fini: {count} buffers ({bytes} bytes) of spdk_malloc are still allocated; free them before the environment ends"
    );
    assert!(
        launch::running() == 0,
        "spdk_env_fini: launched threads still run; call spdk_env_thread_wait_all first"
    );
    let mut phase = phase();
    if *phase == Phase::Running {
        *phase = Phase::Finished;
        cores::set_current(SPDK_ENV_LCORE_ID_ANY);
    }
}
