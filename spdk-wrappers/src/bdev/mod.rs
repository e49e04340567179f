//! Block devices: SPDK's bdev layer.
//!
//! [`Bdev`] says what there is, [`Descriptor`] is an open one, [`IoChannel`] does I/O on one thread,
//! and [`BlockDevice`] hides the channels. A channel keeps its descriptor open, and an operation in
//! flight keeps its channel.

mod abort;
mod block_size;
mod buffer;
mod channel;
mod commands;
mod descriptor;
mod device;
mod events;
mod examine;
mod ext;
mod histogram;
mod io;
mod io_status;
mod io_timeout;
mod io_type;
mod iowait;
mod operation;
mod properties;
mod qos;
mod stat;
mod vectored;
mod zcopy;

pub use abort::AbortToken;
pub(crate) use channel::CachedChannel;
pub use channel::IoChannel;
pub use descriptor::Descriptor;
pub use device::{BlockDevice, with_bdev};
pub use events::{BdevEvent, Events};
pub use examine::wait_for_examine;
pub use ext::{DifChecks, IoOptions};
pub use histogram::{Histogram, HistogramBucket};
pub use io_status::IoStatus;
pub use io_timeout::{IoTimeout, Timeouts};
pub use io_type::IoType;
pub use properties::Bdev;
pub use qos::QosLimits;
pub use stat::{BdevStat, OpStat, StatReset};
pub(crate) use zcopy::ZeroCopies;
pub use zcopy::ZeroCopy;
