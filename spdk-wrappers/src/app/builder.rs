//! What an application is started with.

use std::path::PathBuf;

use super::start;
use crate::error::Result;

/// An SPDK application (`spdk_app_start`). One runs at a time in a process; another may follow.
///
/// What outlives its application does no harm in the next: a [`Worker`](crate::Worker) has ended, a
/// [`JoinHandle`](crate::JoinHandle) answers that its task was cancelled, a waker does nothing.
///
/// ```no_run
/// use spdk_async::{App, DmaBuf, bdev::BlockDevice};
///
/// let config = r#"{"subsystems": [{"subsystem": "bdev", "config": [
///     {"method": "bdev_malloc_create",
///      "params": {"name": "Malloc0", "num_blocks": 2048, "block_size": 512}}]}]}"#;
/// let read = App::new("reader").json(config).no_huge(true).memory_mib(1024).no_pci(true).run(async || {
///     let device = BlockDevice::open("Malloc0").await?;
///     let buf = DmaBuf::zeroed(4096, device.dma_alignment())?;
///     let (result, buf) = device.read_at(buf, 0).await;
///     result?;
///     Ok::<_, spdk_async::Error>(buf.iter().all(|byte| *byte == 0))
/// })??;
/// assert!(read);
/// # Ok::<(), spdk_async::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an application does nothing until it is run"]
pub struct App {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) cores: Option<String>,
    pub(super) memory_mib: Option<u32>,
    pub(super) no_huge: bool,
    pub(super) no_pci: bool,
    pub(super) rpc_address: Option<String>,
    pub(super) log_level: LogLevel,
    pub(super) shutdown: Shutdown,
}

#[derive(Clone, Debug)]
pub(super) enum Config {
    None,
    File(PathBuf),
    Inline(String),
}

/// What SPDK logs, through `tracing` with the target `spdk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogLevel {
    /// Nothing.
    Disabled,
    /// Errors.
    #[default]
    Error,
    /// Errors and warnings.
    Warn,
    /// Also what is worth a notice.
    Notice,
    /// Also information.
    Info,
    /// Everything.
    Debug,
}

/// What SIGINT and SIGTERM do while the main future runs. Only the first signal counts; once the main
/// future has ended, they do what they did before the application started.
///
/// `spdk_app_start_shutdown`, which may be called on any thread while the application runs, has the
/// effect of a signal, and with `Ignore` that of `Notify`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// The main future is dropped, and [`App::run`] answers
    /// [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown).
    #[default]
    Cancel,
    /// [`shutdown_requested`](crate::shutdown_requested) completes, and the main future ends by
    /// itself.
    Notify,
    /// Nothing: the process handles signals by other means.
    Ignore,
}

impl App {
    /// An application of this name, without a configuration, on one core.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            config: Config::None,
            cores: None,
            memory_mib: None,
            no_huge: false,
            no_pci: false,
            rpc_address: None,
            log_level: LogLevel::default(),
            shutdown: Shutdown::default(),
        }
    }

    /// Configures the subsystems from a file in SPDK's JSON form; see [`json`](Self::json).
    pub fn json_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config = Config::File(path.into());
        self
    }

    /// Configures the subsystems from text in SPDK's JSON form. Methods run one after another, each when
    /// the one before has answered; the error of one that fails says where it stands, as in
    /// `subsystems[0].config[1]: bdev_malloc_create: …`.
    ///
    /// 4000 null bdevs take an installed SPDK 5 seconds, where SPDK's own loader takes 32: that waits
    /// up to 4 milliseconds for each request and for each answer. As in SPDK, a bdev is examined
    /// *after* the method that made it has answered. A method that needs what another module finds
    /// on that bdev (a logical volume, say) should follow a `bdev_wait_for_examine`.
    pub fn json(mut self, text: impl Into<String>) -> Self {
        self.config = Config::Inline(text.into());
        self
    }

    /// The cores to run reactors on, as a mask (`"0x3"`) or a list (`"[0,1]"`). The default is core 0.
    pub fn cores(mut self, cores: impl Into<String>) -> Self {
        self.cores = Some(cores.into());
        self
    }

    /// The memory for SPDK's heap, in MiB: at least 64, and no more than the machine has. SPDK's pools
    /// need 400 on one core unless `iobuf_set_options` and `bdev_set_options` make them smaller.
    pub fn memory_mib(mut self, mib: u32) -> Self {
        self.memory_mib = Some(mib);
        self
    }

    /// Runs without hugepages. Needs [`memory_mib`](Self::memory_mib).
    pub fn no_huge(mut self, no_huge: bool) -> Self {
        self.no_huge = no_huge;
        self
    }

    /// Leaves PCI devices alone.
    pub fn no_pci(mut self, no_pci: bool) -> Self {
        self.no_pci = no_pci;
        self
    }

    /// Listens for JSON-RPC at the path of a Unix socket, of up to 107 bytes, from when the application
    /// is configured to its end. The default is not to listen; the embedded backend never does.
    pub fn rpc_address(mut self, address: impl Into<String>) -> Self {
        self.rpc_address = Some(address.into());
        self
    }

    /// What SPDK logs, through `tracing` with the target `spdk`. The default is errors.
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// What SIGINT and SIGTERM do. The default is to cancel.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// The cores to run reactors on, in SPDK's notation.
    pub(super) fn core_mask(&self) -> &str {
        self.cores.as_deref().unwrap_or("0x1")
    }

    /// Starts SPDK, runs `main` on the app thread until it is ready, ends everything in order, and
    /// answers what it returned. Blocks the calling thread meanwhile.
    ///
    /// The end: tasks that are left are cancelled, I/O in flight is awaited, channels are put and
    /// descriptors closed, workers exit, subsystems end, and SPDK's environment goes down.
    ///
    /// # What holds up the end
    ///
    /// A device, a descriptor or a channel that outlives `main`: one that is in the value that `main`
    /// returns, in a `static`, or with another OS thread. It keeps its bdev open, and SPDK cannot end
    /// before it is closed. Then this call does not return, without any limit, for memory that C may
    /// still use must not go. Every 5 seconds it logs what it waits for, as a warning of `tracing`, or
    /// on standard error if nobody listens: ``the end of a thread is held up: the bdev `Malloc0` is open``. A value
    /// that `main` returns can only be dropped after the end that waits for it, so such a program never
    /// ends; a signal ends it then.
    ///
    /// So return data, not handles: let `main` own what it opens, hand out clones only to tasks and
    /// workers (they are cancelled, and drop what they hold), and drop those kept elsewhere before
    /// `main` ends. A [`DmaBuf`](crate::DmaBuf) does not hold up the end, but no other application
    /// can start while it lives.
    ///
    /// # Errors
    ///
    /// If SPDK does not start (the configuration cannot be read, a core is not there, no memory), if
    /// another application runs, or if a signal ended it first. A failure of `main` is part of its
    /// own output. After an error, another application may start; only where DPDK or SPDK's
    /// subsystems themselves failed, an installed SPDK cannot start again in the process, and each
    /// further try is an error that says so.
    ///
    /// An installed SPDK starts again only on the OS thread that started it first in the process,
    /// and keeps the cores and the memory of that start; elsewhere this is an error.
    ///
    /// # Panics
    ///
    /// With the panic of `main`, after the end. When called on an `spdk_thread`.
    pub fn run<T: 'static>(self, main: impl AsyncFnOnce() -> T + 'static) -> Result<T> {
        start::run(self, main)
    }
}
