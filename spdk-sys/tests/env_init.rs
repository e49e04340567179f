//! Start and end of the environment. One test, as the first init of a process is special.
#![cfg(all(feature = "embedded", not(feature = "system")))]

use core::ptr;

use spdk_sys::*;

#[test]
fn the_environment_starts_with_options_once_and_with_null_again() {
    let mut opts = spdk_env_opts { opts_size: size_of::<spdk_env_opts>(), ..Default::default() };
    // SAFETY: the options are ours with valid strings; this is the only test of the process.
    unsafe {
        spdk_env_opts_init(ptr::null_mut());
        spdk_env_opts_init(&mut opts);
        assert_eq!(opts.opts_size, size_of::<spdk_env_opts>());
        assert_eq!((opts.main_core, opts.shm_id, opts.mem_size), (-1, -1, -1));

        assert_eq!(spdk_env_init(ptr::null()), -libc::EINVAL, "the first call needs options");
        let no_memory = || spdk_dma_malloc(64, 0, ptr::null_mut()).is_null();
        assert!(no_memory());
        for (mask, main_core) in
            [(c"0x0", -1), (c"nonsense", -1), (c"[0-1023]", -1), (c"0x1", 7), (c"", -1)]
        {
            opts.core_mask = mask.as_ptr();
            opts.main_core = main_core;
            assert_eq!(spdk_env_init(&opts), -libc::EINVAL, "{mask:?}, main core {main_core}");
        }
        opts.core_mask = c"0x1".as_ptr();
        opts.main_core = 0;
        assert_eq!(spdk_env_init(&opts), 0);
        assert!(!no_memory_then_free());

        spdk_env_fini();
        assert!(no_memory());
        assert_eq!(spdk_env_init(&opts), -libc::EINVAL, "options only at the first call");
        assert_eq!(spdk_env_init(ptr::null()), 0);
        assert_eq!(spdk_env_get_core_count(), 1);
        assert!(!no_memory_then_free());
        spdk_env_fini();
    }
}

/// Whether an allocation fails; frees it if not.
fn no_memory_then_free() -> bool {
    // SAFETY: the buffer is freed once.
    unsafe {
        let buffer = spdk_dma_malloc(64, 0, ptr::null_mut());
        spdk_dma_free(buffer);
        buffer.is_null()
    }
}
