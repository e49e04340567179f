//! The application and the bdev.

use spdk_async::{App, LogLevel, Shutdown};

/// Blocks of the bdev, each of which is in one read at a time.
pub(crate) const BLOCKS: u64 = 1 << 21;

/// Bytes of a read.
pub(crate) const SIZE: usize = 512;

/// An application with a null bdev and as many `spdk_bdev_io` as `reads` at once need; each thread
/// keeps `cached` of them for itself.
pub(crate) fn app(reads: usize, cached: usize) -> App {
    let pool = 65_536 + reads + 4 * cached;
    App::new("scale")
        .json(format!(
            r#"{{"subsystems": [{{"subsystem": "bdev", "config": [
                {{"method": "bdev_set_options",
                 "params": {{"bdev_io_pool_size": {pool}, "bdev_io_cache_size": {cached}}}}},
                {{"method": "bdev_null_create",
                 "params": {{"name": "Null0", "num_blocks": {BLOCKS}, "block_size": 512}}}}]}}]}}"#
        ))
        .no_huge(true)
        .no_pci(true)
        // A bdev_io and a buffer, each with what surrounds them.
        .memory_mib(1024 + (reads >> 9) as u32)
        .log_level(LogLevel::Disabled)
        // A signal ends the process there and then. Were the round dropped instead, its memory would go
        // while C has reads in flight.
        .shutdown(Shutdown::Ignore)
}

/// What `spdk_bdev_io`s each thread keeps for itself if nobody says otherwise.
pub(crate) const CACHED: usize = 256;
