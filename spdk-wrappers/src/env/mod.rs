//! SPDK's environment: memory for I/O, and time.

mod dma;
mod ticks;

pub use dma::DmaBuf;
pub(crate) use dma::live_buffers;
pub(crate) use ticks::ticks_to_duration;
pub use ticks::{ticks, ticks_hz};
