//! env.h: memory, the clock and the cores.
//!
//! Owns the table of live buffers, the set of cores given at init and the OS threads launched on
//! them. In place of hugepages it uses ordinary memory, in place of the TSC the monotonic clock.
//!
//! Left out: PCI, address translation, memzones, mempools and rings.

mod clock;
mod cores;
mod init;
mod launch;
mod memory;

pub use clock::{spdk_delay_us, spdk_get_ticks, spdk_get_ticks_hz, spdk_pause};
pub use cores::{
    SPDK_ENV_LCORE_ID_ANY, spdk_env_get_core_count, spdk_env_get_cpuset, spdk_env_get_current_core,
    spdk_env_get_first_core, spdk_env_get_last_core, spdk_env_get_main_core,
    spdk_env_get_next_core, spdk_env_get_numa_id,
};
pub use init::{spdk_env_fini, spdk_env_init, spdk_env_opts, spdk_env_opts_init, spdk_pci_addr};
pub use launch::{
    spdk_call_unaffinitized, spdk_env_thread_launch_pinned, spdk_env_thread_wait_all,
    spdk_unaffinitize_thread, thread_start_fn,
};
pub use memory::{
    SPDK_ENV_NUMA_ID_ANY, SPDK_ENV_SOCKET_ID_ANY, SPDK_MALLOC_DMA, SPDK_MALLOC_SHARE,
    spdk_dma_free, spdk_dma_malloc, spdk_dma_malloc_socket, spdk_dma_realloc, spdk_dma_zmalloc,
    spdk_dma_zmalloc_socket, spdk_free, spdk_malloc, spdk_realloc, spdk_zmalloc,
};
