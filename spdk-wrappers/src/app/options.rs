//! An application's options in SPDK's form, and the strings that they point to.

use std::ffi::CString;
use std::path::Path;

use spdk_sys::spdk_app_opts;

use super::builder::{App, Config, LogLevel, Shutdown};
use super::{log, shutdown};
use crate::error::{Error, Result};

/// Options and what they point to; to live until `spdk_app_start` returns.
pub(super) struct Options {
    pub(super) opts: Box<spdk_app_opts>,
    _strings: Vec<CString>,
    _json: Option<Box<[u8]>>,
}

const OPERATION: &str = "spdk_app_start";

impl Options {
    pub(super) fn new(app: &App) -> Result<Self> {
        let mut opts = Box::<spdk_app_opts>::default();
        // SAFETY: the options are written up to the size that is passed.
        unsafe { spdk_sys::spdk_app_opts_init(&raw mut *opts, size_of::<spdk_app_opts>()) };
        let mut strings = Vec::new();
        let mut string = |what: &str, text: &str| {
            let text = CString::new(text)
                .map_err(|_| Error::invalid(OPERATION, format!("the {what} holds a NUL")))?;
            // The characters are on the heap and stay when the string moves.
            let start = text.as_ptr();
            strings.push(text);
            Ok::<_, Error>(start)
        };
        opts.name = string("name", &app.name)?;
        opts.reactor_mask = string("core mask", app.cores.as_deref().unwrap_or("0x1"))?;
        opts.rpc_addr = match &app.rpc_address {
            Some(address) => string("RPC address", address)?,
            None => core::ptr::null(),
        };
        let mut json = None;
        match &app.config {
            Config::None => {}
            Config::File(path) => {
                check_file(path)?;
                opts.json_config_file = string("configuration's path", &path.to_string_lossy())?;
            }
            Config::Inline(text) => {
                check_text("inline configuration", text.as_bytes())?;
                let text = json.insert(text.as_bytes().to_vec().into_boxed_slice());
                opts.json_data = text.as_mut_ptr().cast();
                opts.json_data_size = text.len();
            }
        }
        if let Some(mib) = app.memory_mib {
            opts.mem_size = i32::try_from(mib)
                .map_err(|_| Error::invalid(OPERATION, "the memory must be under 2^31 MiB"))?;
        }
        opts.no_huge = app.no_huge;
        opts.no_pci = app.no_pci;
        opts.log = log::CALLBACK;
        opts.print_level = app.log_level.to_c();
        opts.shutdown_cb = Some(shutdown::make);
        opts.disable_signal_handlers = app.shutdown == Shutdown::Ignore;
        Ok(Self { opts, _strings: strings, _json: json })
    }
}

/// What SPDK says of a file that cannot be read, and of a syntax error, names neither file nor line.
fn check_file(path: &Path) -> Result<()> {
    let text = std::fs::read(path).map_err(|error| {
        let reason = format!("cannot read the configuration `{}`: {error}", path.display());
        Error::invalid(OPERATION, reason)
    })?;
    check_text(&format!("configuration `{}`", path.display()), &text)
}

fn check_text(what: &str, text: &[u8]) -> Result<()> {
    spdk_sys::check_json(text)
        .map_err(|error| Error::invalid(OPERATION, format!("the {what} is no JSON: {error}")))
}

impl LogLevel {
    pub(super) const fn to_c(self) -> spdk_sys::spdk_log_level {
        match self {
            Self::Disabled => spdk_sys::SPDK_LOG_DISABLED,
            Self::Error => spdk_sys::SPDK_LOG_ERROR,
            Self::Warn => spdk_sys::SPDK_LOG_WARN,
            Self::Notice => spdk_sys::SPDK_LOG_NOTICE,
            Self::Info => spdk_sys::SPDK_LOG_INFO,
            Self::Debug => spdk_sys::SPDK_LOG_DEBUG,
        }
    }
}
