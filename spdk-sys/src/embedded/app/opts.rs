//! The options of an application, as C sees them and as they are once they have been checked.
//!
//! Invariant: [`AppOpts`] exists only for options that [`spdk_app_start`](crate::spdk_app_start)
//! accepts; the strings it points to are the caller's and live until that call has returned.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::offset_of;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::{
    SPDK_LOG_DISABLED, SPDK_LOG_INFO, spdk_log_cb, spdk_log_level, spdk_msg_fn, spdk_pci_addr,
};

/// Runs instead of `spdk_app_stop(0)` when the application is asked to shut down.
pub type spdk_app_shutdown_cb = Option<unsafe extern "C" fn()>;

/// Options of an application, of the size and with the fields of SPDK v26.05.
///
/// Fill it in with [`spdk_app_opts_init`] first. What concerns hugepages, PCI, NUMA, tracing and RPC
/// is accepted and without effect in the embedded backend; `interrupt_mode` and
/// `delay_subsystem_init` are refused.
#[repr(C, packed)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_app_opts {
    /// Name of the application; required.
    pub name: *const c_char,
    /// File with the JSON configuration, or null.
    pub json_config_file: *const c_char,
    /// Go on when a method of the configuration fails.
    pub json_config_ignore_errors: bool,
    /// Unused.
    pub reserved17: [u8; 7],
    /// Where the RPC server listens, or null for none. The embedded backend has no RPC server.
    pub rpc_addr: *const c_char,
    /// Cores to run reactors on: a mask such as `0x3` or a list such as `[0,1]`; null for core 0.
    pub reactor_mask: *const c_char,
    /// Trace points; without effect.
    pub tpoint_group_mask: *const c_char,
    /// Shared memory id, -1 for none.
    pub shm_id: c_int,
    /// Unused.
    pub reserved52: [u8; 4],
    /// Runs once on the app thread instead of `spdk_app_stop(0)`, or null.
    pub shutdown_cb: spdk_app_shutdown_cb,
    /// Whether core dumps are enabled; without effect.
    pub enable_coredump: bool,
    /// Unused.
    pub reserved65: [u8; 3],
    /// Memory channels; without effect.
    pub mem_channel: c_int,
    /// The core of the app thread, -1 for the first one.
    pub main_core: c_int,
    /// Memory to reserve in MiB; without effect.
    pub mem_size: c_int,
    /// Leave PCI alone; always so.
    pub no_pci: bool,
    /// One file per hugepage segment; without effect.
    pub hugepage_single_segments: bool,
    /// Unlink hugepage files; without effect.
    pub unlink_hugepage: bool,
    /// Use no hugepages; always so.
    pub no_huge: bool,
    /// Unused.
    pub reserved84: [u8; 4],
    /// Where hugepages are mounted; without effect.
    pub hugedir: *const c_char,
    /// Messages of this level and above are printed.
    pub print_level: spdk_log_level,
    /// Unused.
    pub reserved100: [u8; 4],
    /// Number of entries in `pci_blocked` or `pci_allowed`.
    pub num_pci_addr: usize,
    /// Devices to leave alone. Allocated with `malloc`; freed by `spdk_app_start`.
    pub pci_blocked: *mut spdk_pci_addr,
    /// Devices to use. Allocated with `malloc`; freed by `spdk_app_start`.
    pub pci_allowed: *mut spdk_pci_addr,
    /// Kind of I/O addresses; without effect.
    pub iova_mode: *const c_char,
    /// Wait for an RPC before the subsystems are initialized; refused, as there is no RPC server.
    pub delay_subsystem_init: bool,
    /// Unused.
    pub reserved137: [u8; 7],
    /// Trace entries per core; without effect.
    pub num_entries: u64,
    /// For the environment; without effect.
    pub env_context: *mut c_void,
    /// Takes log messages instead of stderr, or null.
    pub log: spdk_log_cb,
    /// Where memory is mapped; without effect.
    pub base_virtaddr: u64,
    /// Size of this structure in bytes; fields behind it have their defaults.
    pub opts_size: usize,
    /// Leave SIGINT and SIGTERM to the program.
    pub disable_signal_handlers: bool,
    /// Sleep until there is work; refused, the embedded backend polls.
    pub interrupt_mode: bool,
    /// Enforce NUMA placement; without effect.
    pub enforce_numa: bool,
    /// Unused.
    pub reserved187: [u8; 1],
    /// Threads that may trace; without effect.
    pub num_trace_threads: u32,
    /// Messages that may be in flight between threads, 0 for the default.
    pub msg_mempool_size: usize,
    /// Allowed RPC methods; without effect.
    pub rpc_allowlist: *mut *const c_char,
    /// VFIO token; without effect.
    pub vf_token: *const c_char,
    /// Cores and the CPUs they stand for; refused, use `reactor_mask`.
    pub lcore_map: *const c_char,
    /// Level of RPC messages; without effect.
    pub rpc_log_level: spdk_log_level,
    /// File for RPC messages; without effect.
    pub rpc_log_file: *mut libc::FILE,
    /// A JSON configuration in memory, copied by `spdk_app_start`, or null.
    pub json_data: *mut c_void,
    /// Bytes of `json_data`.
    pub json_data_size: usize,
    /// Do not claim the cores. The embedded backend never claims them.
    pub disable_cpumask_locks: bool,
}

const _: () = assert!(size_of::<spdk_app_opts>() == 253);

impl Default for spdk_app_opts {
    fn default() -> Self {
        // SAFETY: integers, bools, nullable pointers and optional functions are all valid as zeroes.
        unsafe { core::mem::zeroed() }
    }
}

/// Where SPDK's RPC server listens unless told otherwise.
const DEFAULT_RPC_ADDR: &CStr = c"/var/tmp/spdk.sock";
const DEFAULT_BASE_VIRTADDR: u64 = 0x2000_0000_0000;
const DEFAULT_TRACE_ENTRIES: u64 = 32 * 1024;

/// The values of options that a caller does not know or does not set.
fn defaults(opts_size: usize) -> spdk_app_opts {
    spdk_app_opts {
        rpc_addr: DEFAULT_RPC_ADDR.as_ptr(),
        shm_id: -1,
        enable_coredump: true,
        mem_channel: -1,
        main_core: -1,
        mem_size: -1,
        print_level: SPDK_LOG_INFO,
        num_entries: DEFAULT_TRACE_ENTRIES,
        base_virtaddr: DEFAULT_BASE_VIRTADDR,
        opts_size,
        rpc_log_level: SPDK_LOG_DISABLED,
        ..spdk_app_opts::default()
    }
}

/// How many bytes of the structure a caller fills in who knows `opts_size` of them: up to the last
/// field that it knows whole.
fn known_length(opts_size: usize) -> usize {
    macro_rules! field_starts {
        ($($field:ident)*) => { [$(offset_of!(spdk_app_opts, $field)),*] };
    }
    // The fields that came after `opts_size`, in order, and the end of the last one.
    let ends = field_starts!(
        disable_signal_handlers interrupt_mode enforce_numa reserved187 num_trace_threads
        msg_mempool_size rpc_allowlist vf_token lcore_map rpc_log_level rpc_log_file json_data
        json_data_size disable_cpumask_locks
    );
    match opts_size {
        size if size >= size_of::<spdk_app_opts>() => size_of::<spdk_app_opts>(),
        size => ends.into_iter().rev().find(|&end| end <= size).unwrap_or(0),
    }
}

/// Fills `opts` in with defaults, as far as it reaches in `opts_size` bytes. A null `opts` or a size
/// of 0 is logged and ignored.
///
/// # Safety
///
/// - `opts` is null or writable for `opts_size` bytes.
pub unsafe extern "C" fn spdk_app_opts_init(opts: *mut spdk_app_opts, opts_size: usize) {
    if opts.is_null() || opts_size == 0 {
        tracing::error!("spdk_app_opts_init: opts must not be null and opts_size must not be 0");
        return;
    }
    let values = defaults(opts_size);
    // SAFETY: the caller promises `opts_size` writable bytes, and known_length is not more than
    // that, nor more than `values` has.
    unsafe {
        opts.cast::<u8>().write_bytes(0, opts_size);
        let source = (&raw const values).cast::<u8>();
        opts.cast::<u8>().copy_from_nonoverlapping(source, known_length(opts_size));
    }
}

/// Options that [`spdk_app_start`](crate::spdk_app_start) accepts.
#[derive(Debug)]
pub(super) struct AppOpts {
    /// All fields, with defaults where the caller's structure ends.
    pub(super) raw: spdk_app_opts,
    /// What to run once the application is up.
    pub(super) start_fn: unsafe extern "C" fn(ctx: *mut c_void),
}

impl AppOpts {
    /// Checks the options, in SPDK's order. The error is one sentence for the caller's log.
    ///
    /// # Safety
    ///
    /// - `opts` is null, or readable for its `opts_size` bytes, with strings that are null or
    ///   NUL-terminated.
    pub(super) unsafe fn check(
        opts: *const spdk_app_opts,
        start_fn: spdk_msg_fn,
    ) -> Result<Self, String> {
        if opts.is_null() {
            return Err("spdk_app_start: opts must not be null".to_owned());
        }
        // SAFETY: `opts` is readable up to this field at least: no caller knows a shorter one.
        let opts_size = unsafe { (&raw const (*opts).opts_size).read_unaligned() };
        if opts_size == 0 {
            return Err("spdk_app_start: opts_size is 0, call spdk_app_opts_init first".to_owned());
        }
        let mut raw = defaults(opts_size);
        // SAFETY: known_length is not more than `opts_size`, which the caller promises readable.
        unsafe {
            let target = (&raw mut raw).cast::<u8>();
            target.copy_from_nonoverlapping(opts.cast(), known_length(opts_size));
        }
        raw.opts_size = opts_size;
        let refuse = |reason: &str| Err(format!("spdk_app_start: {reason}"));
        let Some(start_fn) = start_fn else { return refuse("start_fn must not be null") };
        if raw.name.is_null() {
            return refuse("the application needs a name");
        }
        if raw.rpc_addr.is_null() && raw.delay_subsystem_init {
            return refuse("delay_subsystem_init needs an rpc_addr");
        }
        if raw.delay_subsystem_init {
            return refuse(
                "delay_subsystem_init needs an RPC server, the embedded backend has none",
            );
        }
        if raw.interrupt_mode {
            return refuse("the embedded backend has no interrupt mode, it polls");
        }
        if !raw.lcore_map.is_null() {
            return refuse("the embedded backend has no lcore_map, use reactor_mask");
        }
        if !raw.json_config_file.is_null() && !raw.json_data.is_null() {
            return refuse("json_config_file and json_data exclude each other");
        }
        Ok(Self { raw, start_fn })
    }

    /// Reads the configuration, from the file or from memory; `None` if there is none.
    ///
    /// # Safety
    ///
    /// - `json_config_file` is null or NUL-terminated, `json_data` is null or readable for
    ///   `json_data_size` bytes.
    pub(super) unsafe fn read_config(&self) -> Result<Option<Vec<u8>>, String> {
        if !self.raw.json_config_file.is_null() {
            // SAFETY: the caller promises a NUL-terminated string.
            let path = unsafe { CStr::from_ptr(self.raw.json_config_file) };
            let path = Path::new(OsStr::from_bytes(path.to_bytes()));
            return std::fs::read(path).map(Some).map_err(|error| {
                format!("spdk_app_start: reading the configuration {}: {error}", path.display())
            });
        }
        if self.raw.json_data.is_null() {
            return Ok(None);
        }
        let (data, size) = (self.raw.json_data.cast::<u8>(), self.raw.json_data_size);
        // SAFETY: the caller promises `size` readable bytes.
        Ok(Some(unsafe { core::slice::from_raw_parts(data, size) }.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn start(_ctx: *mut c_void) {}

    fn initialized() -> spdk_app_opts {
        let mut opts = spdk_app_opts::default();
        // SAFETY: `opts` is writable for its size.
        unsafe { spdk_app_opts_init(&raw mut opts, size_of::<spdk_app_opts>()) };
        opts.name = c"test".as_ptr();
        opts
    }

    fn refusal(change: impl FnOnce(&mut spdk_app_opts)) -> String {
        let mut opts = initialized();
        change(&mut opts);
        // SAFETY: `opts` is initialized, its strings are literals.
        let checked = unsafe { AppOpts::check(&raw const opts, Some(start)) };
        checked.expect_err("the change makes the options invalid")
    }

    #[test]
    fn defaults_are_those_of_the_header() {
        let opts = initialized();
        assert_eq!({ opts.shm_id }, -1);
        assert_eq!({ opts.main_core }, -1);
        assert_eq!({ opts.num_entries }, 32768);
        assert_eq!({ opts.opts_size }, 253);
        assert_eq!({ opts.print_level }, SPDK_LOG_INFO);
        assert!(opts.enable_coredump && !opts.delay_subsystem_init);
    }

    #[test]
    fn an_older_caller_keeps_the_defaults_of_what_it_does_not_know() {
        let mut opts = initialized();
        // As of a header that ends within `msg_mempool_size`: the field is not known whole.
        opts.opts_size = offset_of!(spdk_app_opts, msg_mempool_size) + 3;
        opts.disable_signal_handlers = true;
        opts.msg_mempool_size = 7;
        opts.json_config_file = c"file".as_ptr();
        opts.json_data = (&raw mut opts).cast();
        // SAFETY: `opts` is readable for its size, its strings are literals.
        let checked = unsafe { AppOpts::check(&raw const opts, Some(start)) };
        let raw = checked.expect("json_data is behind the end").raw;
        assert!(raw.disable_signal_handlers);
        assert_eq!({ raw.msg_mempool_size }, 0);
        assert!({ raw.json_data }.is_null());
    }

    #[test]
    fn each_invalid_option_has_its_sentence() {
        assert!(refusal(|opts| opts.opts_size = 0).contains("opts_size is 0"));
        assert!(refusal(|opts| opts.name = core::ptr::null()).contains("needs a name"));
        assert!(refusal(|opts| opts.interrupt_mode = true).contains("no interrupt mode"));
        assert!(refusal(|opts| opts.delay_subsystem_init = true).contains("no"));
        assert!(refusal(|opts| opts.lcore_map = c"0@1".as_ptr()).contains("reactor_mask"));
        let both = refusal(|opts| {
            opts.json_config_file = c"file".as_ptr();
            opts.json_data = core::ptr::dangling_mut::<u8>().cast();
        });
        assert!(both.contains("exclude each other"));
        // SAFETY: null is what the check is for.
        let null = unsafe { AppOpts::check(core::ptr::null(), Some(start)) };
        assert!(null.expect_err("null").contains("must not be null"));
        let opts = initialized();
        // SAFETY: `opts` is initialized, its strings are literals.
        let no_start = unsafe { AppOpts::check(&raw const opts, None) };
        assert!(no_start.expect_err("no start_fn").contains("start_fn"));
    }
}
