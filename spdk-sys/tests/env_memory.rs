//! Buffers, the clock and the cores.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use common::{dies, serial, start_env};
use spdk_sys::*;

fn dma(size: usize, align: usize) -> *mut c_void {
    // SAFETY: no pointer is passed.
    unsafe { spdk_dma_malloc(size, align, ptr::null_mut()) }
}

fn free(buffer: *mut c_void) {
    // SAFETY: tests free what they got, once.
    unsafe { spdk_free(buffer) };
}

fn end_env() {
    // SAFETY: tests take turns, and none leaves a thread inside the environment.
    unsafe { spdk_env_fini() };
}

#[test]
fn buffers_are_aligned_and_zeroed_when_asked() {
    let _serial = serial();
    start_env();
    for (size, align) in [(1, 0), (100, 1), (4096, 4096), (3, 1 << 20)] {
        let buffer = dma(size, align);
        assert!((buffer as usize).is_multiple_of(align.max(64)), "{size} bytes at {buffer:p}");
        free(buffer);
        // SAFETY: no pointer is passed; the buffer has `size` bytes.
        unsafe {
            let zeroed = spdk_zmalloc(size, align, ptr::null_mut(), 0, SPDK_MALLOC_SHARE);
            assert!((zeroed as usize).is_multiple_of(align.max(64)));
            let bytes = std::slice::from_raw_parts(zeroed.cast::<u8>(), size);
            assert!(bytes.iter().all(|&byte| byte == 0));
            spdk_dma_free(zeroed);
        }
    }
    end_env();
}

#[test]
fn refused_requests_give_null() {
    let _serial = serial();
    start_env();
    let mut unused = 0_u64;
    // SAFETY: the pointer is ours; nothing is allocated.
    unsafe {
        assert!(spdk_malloc(64, 0, ptr::null_mut(), SPDK_ENV_NUMA_ID_ANY, 0).is_null(), "flags");
        assert!(spdk_zmalloc(64, 0, ptr::null_mut(), SPDK_ENV_NUMA_ID_ANY, 0).is_null(), "flags");
        assert!(spdk_dma_malloc(64, 0, &mut unused).is_null(), "unused");
        assert!(spdk_dma_zmalloc(64, 0, &mut unused).is_null(), "unused");
        assert!(spdk_dma_realloc(ptr::null_mut(), 64, 0, &mut unused).is_null(), "unused");
        assert!(dma(0, 0).is_null(), "size 0");
        assert!(dma(64, 96).is_null(), "an alignment that is no power of two");
        assert!(dma(usize::MAX / 2, 0).is_null(), "no memory");
        spdk_free(ptr::null_mut());
    }
    end_env();
    assert!(dma(64, 0).is_null(), "the environment has ended");
}

#[test]
fn realloc_keeps_the_contents() {
    let _serial = serial();
    start_env();
    // SAFETY: the buffers are ours and used within their sizes.
    unsafe {
        let small = spdk_realloc(ptr::null_mut(), 16, 0);
        small.cast::<[u8; 16]>().write(*b"0123456789abcdef");
        let large = spdk_realloc(small, 1 << 20, 4096);
        assert!((large as usize).is_multiple_of(4096));
        assert_eq!(&large.cast::<[u8; 16]>().read(), b"0123456789abcdef");
        let small = spdk_dma_realloc(large, 4, 0, ptr::null_mut());
        assert_eq!(&small.cast::<[u8; 4]>().read(), b"0123");
        assert!(spdk_realloc(small, 0, 0).is_null(), "size 0 frees");
    }
    end_env();
}

#[test]
fn freeing_twice_ends_the_process() {
    dies(
        "freeing_twice_ends_the_process",
        "is no live buffer of spdk_malloc; it was freed before",
        || {
            start_env();
            let buffer = dma(64, 0);
            free(buffer);
            free(buffer);
        },
    );
}

#[test]
fn freeing_foreign_memory_ends_the_process() {
    dies("freeing_foreign_memory_ends_the_process", "comes from another allocator", || {
        start_env();
        free((&raw const *Box::new(0_u64)).cast_mut().cast());
    });
}

#[test]
fn a_leak_ends_the_process_at_the_end() {
    dies(
        "a_leak_ends_the_process_at_the_end",
        "spdk_env_fini: 2 buffers (192 bytes) of spdk_malloc are still allocated",
        || {
            start_env();
            dma(64, 0);
            dma(128, 0);
            end_env();
        },
    );
}

#[test]
fn ticks_count_nanoseconds_and_never_go_back() {
    // SAFETY: the clock has no precondition.
    unsafe {
        assert_eq!(spdk_get_ticks_hz(), 1_000_000_000);
        let start = spdk_get_ticks();
        assert!(start > 0);
        spdk_delay_us(200);
        let delayed = spdk_get_ticks();
        assert!(delayed - start >= 200_000);
        spdk_pause();
        assert!(spdk_get_ticks() >= delayed);
    }
}

#[test]
fn the_default_is_one_core_and_the_caller_stands_for_it() {
    let _serial = serial();
    // SAFETY: questions about cores have no precondition.
    unsafe {
        assert_eq!(spdk_env_get_current_core(), SPDK_ENV_LCORE_ID_ANY);
        start_env();
        assert_eq!(spdk_env_get_core_count(), 1);
        assert_eq!((spdk_env_get_first_core(), spdk_env_get_last_core()), (0, 0));
        assert_eq!(spdk_env_get_main_core(), 0);
        assert_eq!(spdk_env_get_next_core(0), SPDK_ENV_LCORE_ID_ANY);
        assert_eq!(spdk_env_get_current_core(), 0);
        let other = std::thread::spawn(|| spdk_env_get_current_core()).join().unwrap();
        assert_eq!(other, SPDK_ENV_LCORE_ID_ANY);
        assert_eq!(spdk_env_get_numa_id(0), 0);
        assert_eq!(spdk_env_get_numa_id(SPDK_ENV_LCORE_ID_ANY), SPDK_ENV_NUMA_ID_ANY);
        let mut cpuset = spdk_cpuset::default();
        spdk_env_get_cpuset(&mut cpuset);
        assert!(spdk_cpuset_get_cpu(&cpuset, 0) && spdk_cpuset_count(&cpuset) == 1);
        end_env();
        assert_eq!(spdk_env_get_current_core(), SPDK_ENV_LCORE_ID_ANY);
    }
}

unsafe extern "C" fn double(arg: *mut c_void) -> *mut c_void {
    (arg as usize * 2) as *mut c_void
}

#[test]
fn unaffinitized_calls_return_their_result() {
    // SAFETY: the function takes any value.
    unsafe {
        assert_eq!(spdk_call_unaffinitized(Some(double), 21 as *mut c_void) as usize, 42);
        assert!(spdk_call_unaffinitized(None, 21 as *mut c_void).is_null());
        spdk_unaffinitize_thread();
        assert_eq!(spdk_call_unaffinitized(Some(double), 4 as *mut c_void) as usize, 8);
    }
}

static LAUNCHED_ON: AtomicU32 = AtomicU32::new(u32::MAX);
static MAY_END: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn launched(arg: *mut c_void) -> c_int {
    assert_eq!(arg as usize, 5);
    // SAFETY: questions about cores have no precondition.
    LAUNCHED_ON.store(unsafe { spdk_env_get_current_core() }, Ordering::Release);
    while MAY_END.load(Ordering::Acquire) == 0 {
        std::thread::yield_now();
    }
    0
}

#[test]
fn launching_on_the_main_or_an_unknown_core_is_refused() {
    let _serial = serial();
    start_env();
    // SAFETY: nothing is launched.
    unsafe {
        assert_eq!(
            spdk_env_thread_launch_pinned(0, Some(launched), ptr::null_mut()),
            -libc::EINVAL
        );
        assert_eq!(
            spdk_env_thread_launch_pinned(9, Some(launched), ptr::null_mut()),
            -libc::EINVAL
        );
        spdk_env_thread_wait_all();
    }
    end_env();
}

/// In a process of its own, as the cores are fixed by the first init of a process.
#[test]
fn a_launched_thread_stands_for_its_core() {
    if std::thread::available_parallelism().unwrap().get() < 2 {
        eprintln!("a_launched_thread_stands_for_its_core: 0 cases ran, one CPU only");
        return;
    }
    dies("a_launched_thread_stands_for_its_core", "launch: all as expected", || {
        let mut opts =
            spdk_env_opts { opts_size: size_of::<spdk_env_opts>(), ..Default::default() };
        let arg = 5 as *mut c_void;
        // SAFETY: the options are ours; the function takes 5.
        unsafe {
            spdk_env_opts_init(&mut opts);
            opts.core_mask = c"[0-1]".as_ptr();
            opts.main_core = 1;
            assert_eq!(spdk_env_init(&opts), 0);
            assert_eq!((spdk_env_get_core_count(), spdk_env_get_main_core()), (2, 1));
            assert_eq!((spdk_env_get_first_core(), spdk_env_get_next_core(0)), (0, 1));
            assert_eq!(spdk_env_thread_launch_pinned(0, Some(launched), arg), 0);
            assert_eq!(spdk_env_thread_launch_pinned(0, Some(launched), arg), -libc::EBUSY);
            MAY_END.store(1, Ordering::Release);
            spdk_env_thread_wait_all();
            assert_eq!(LAUNCHED_ON.load(Ordering::Acquire), 0);
            assert_eq!(spdk_env_thread_launch_pinned(0, Some(launched), arg), 0);
            spdk_env_thread_wait_all();
            spdk_env_fini();
        }
        panic!("launch: all as expected");
    });
}
