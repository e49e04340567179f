//! The bdev library: bdev.h, and the part of bdev_module.h that modules need.
//!
//! | file | owns |
//! |---|---|
//! | `types`, `opts_types`, `module_types`, `io_types` | the C types |
//! | `registry`, `state` | bdevs by name; the layer's own state of one bdev |
//! | `register`, `alias`, `unregister`, `examine`, `init`, `opts` | life cycles of bdevs and of the library |
//! | `desc`, `open_descs`, `open`, `open_async`, `claim`, `events`, `iterate` | descriptors |
//! | `mgmt`, `pool`, `channel`, `walk` | per-thread and per-channel state, walks over channels |
//! | `io`, `submit`, `complete`, `nomem`, `buf`, `io_wait` | the way of an I/O to the module and back |
//! | `split`, `split_rw` | I/O that is too large or crosses boundaries |
//! | `rw`, `unmap`, `write_zeroes`, `copy`, `compare`, `compare_and_write`, `seek`, `zcopy`, `passthru`, `reset`, `abort` | the families of I/O |
//! | `lba_lock`, `quiesce` | locks on ranges of blocks |
//! | `status`, `query` | what an I/O or a bdev says about itself |
//! | `stat`, `histogram`, `qd`, `timeout`, `qos`, `qos_set` | observing and limiting |
//! | `faults` | test switches |
//!
//! Two rules hold everywhere: an I/O and its channel are touched only on the channel's thread; and no
//! lock and no borrow is held while a callback runs, because callbacks re-enter the API.

mod abort;
mod alias;
mod buf;
mod channel;
mod claim;
mod compare;
mod compare_and_write;
mod complete;
mod copy;
mod desc;
mod events;
mod examine;
mod fail;
pub mod faults;
mod histogram;
mod init;
mod io;
mod io_types;
mod io_wait;
mod iterate;
mod lba_lock;
mod mgmt;
mod module_types;
mod nomem;
mod open;
mod open_async;
mod open_descs;
mod opts;
mod opts_types;
mod passthru;
mod pool;
mod qd;
mod qos;
mod qos_set;
mod query;
mod quiesce;
mod register;
mod registry;
mod reset;
mod rw;
mod seek;
mod split;
mod split_rw;
mod stat;
mod state;
mod status;
mod submit;
mod timeout;
mod types;
mod unmap;
mod unregister;
mod walk;
mod write_zeroes;
mod zcopy;

pub use abort::*;
pub use alias::*;
pub use buf::*;
pub use channel::*;
pub use claim::*;
pub use compare::*;
pub use compare_and_write::*;
pub use complete::*;
pub use copy::*;
pub use desc::*;
pub use events::*;
pub use examine::*;
pub use histogram::*;
pub use init::*;
pub use io::*;
pub use io_types::*;
pub use iterate::*;
pub use mgmt::*;
pub use module_types::*;
pub use open::*;
pub use open_async::*;
pub use opts::*;
pub use opts_types::*;
pub use passthru::*;
pub use qd::*;
pub use qos::*;
pub use qos_set::*;
pub use query::*;
pub use quiesce::*;
pub use register::*;
pub use registry::*;
pub use reset::*;
pub use rw::*;
pub use seek::*;
pub use stat::*;
pub use status::*;
pub use timeout::*;
pub use types::*;
pub use unmap::*;
pub use unregister::*;
pub use walk::*;
pub use write_zeroes::*;
pub use zcopy::*;
