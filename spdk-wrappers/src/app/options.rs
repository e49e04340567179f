//! An application's options in SPDK's form, and the strings that they point to.

use std::ffi::CString;
use std::fmt::Display;

use spdk_sys::spdk_app_opts;

use super::builder::{App, Config, LogLevel, Shutdown};
use super::{checks, log, shutdown};
use crate::error::{Error, Result};

/// Options and what they point to; to live until the application has ended.
pub(super) struct Options {
    pub(super) opts: Box<spdk_app_opts>,
    /// The configuration, which C is not told of as an option.
    pub(super) config: Option<Vec<u8>>,
    _strings: Vec<CString>,
}

const OPERATION: &str = "spdk_app_start";

impl Options {
    pub(super) fn new(app: &App) -> Result<Self> {
        checks::check(app).map_err(invalid)?;
        let mut opts = Box::<spdk_app_opts>::default();
        // SAFETY: the options are written up to the size that is passed.
        unsafe { spdk_sys::spdk_app_opts_init(&raw mut *opts, size_of::<spdk_app_opts>()) };
        let mut strings = Vec::new();
        let mut string = |what: &str, text: &str| {
            let text =
                CString::new(text).map_err(|_| invalid(format!("the {what} holds a NUL")))?;
            // The characters are on the heap and stay when the string moves.
            let start = text.as_ptr();
            strings.push(text);
            Ok::<_, Error>(start)
        };
        opts.name = string("name", &app.name)?;
        opts.reactor_mask = string("core mask", app.core_mask())?;
        opts.rpc_addr = match &app.rpc_address {
            Some(address) => string("RPC address", address)?,
            None => core::ptr::null(),
        };
        if let Some(mib) = app.memory_mib {
            opts.mem_size = i32::try_from(mib).map_err(invalid)?;
        }
        opts.no_huge = app.no_huge;
        opts.no_pci = app.no_pci;
        opts.log = log::CALLBACK;
        opts.print_level = app.log_level.to_c();
        opts.shutdown_cb = Some(shutdown::make);
        opts.disable_signal_handlers = app.shutdown == Shutdown::Ignore;
        Ok(Self { opts, config: app.config.read()?, _strings: strings })
    }
}

fn invalid(reason: impl Display) -> Error {
    Error::invalid(OPERATION, reason.to_string())
}

impl Config {
    /// The text, of a shape that SPDK takes. SPDK is given the text in any case: what it says of a
    /// file that cannot be read, or of a syntax error, names neither file nor line.
    fn read(&self) -> Result<Option<Vec<u8>>> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Inline(text) => text.as_bytes().to_vec(),
            Self::File(path) => std::fs::read(path).map_err(|error| {
                invalid(format!("cannot read the configuration `{}`: {error}", path.display()))
            })?,
        };
        match spdk_sys::check_config(&text) {
            Ok(()) => Ok(Some(text)),
            Err(reason) => Err(invalid(format!("{} cannot be used: {reason}", self.name()))),
        }
    }

    /// What an error calls it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => format!("the configuration `{}`", path.display()),
            Self::None | Self::Inline(_) => "the inline configuration".to_owned(),
        }
    }
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
