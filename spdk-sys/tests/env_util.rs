//! The helpers: CPU sets, histograms, UUIDs, error texts and log levels.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod common;

use core::ffi::{CStr, c_void};
use core::ptr;

use common::{dies, text};
use spdk_sys::*;

fn parse(mask: &CStr) -> Option<String> {
    let mut set = spdk_cpuset::default();
    // SAFETY: the set is ours, the mask a C string.
    unsafe {
        match spdk_cpuset_parse(&mut set, mask.as_ptr()) {
            0 => Some(text(spdk_cpuset_fmt(&mut set))),
            _ => None,
        }
    }
}

#[test]
fn cpusets_are_read_from_masks_and_lists() {
    for (mask, expected) in [
        (c"0x1", "1"),
        (c"f0", "f0"),
        (c"0X0100", "100"),
        (c"00000001,80000000", "180000000"),
        (c"  0x3 ", "3"),
        (c"[0]", "1"),
        (c"[0,2-4]", "1d"),
        (c"[ 1 , 3 - 3 ]", "a"),
        (c"[64]", "10000000000000000"),
        (c"0", "0"),
    ] {
        assert_eq!(parse(mask).as_deref(), Some(expected), "{mask:?}");
    }
    let last = parse(c"[1023]").unwrap();
    assert_eq!((last.len(), last.starts_with("80")), (256, true));
    for mask in [c"", c" ", c"0xg", c"[", c"[]", c"[0", c"[1,]", c"[3-1]", c"[1024]", c"[a]"] {
        assert_eq!(parse(mask), None, "{mask:?}");
    }
    // SAFETY: NULL is refused.
    unsafe {
        assert_eq!(spdk_cpuset_parse(ptr::null_mut(), c"1".as_ptr()), -1);
        assert_eq!(spdk_cpuset_parse(&mut spdk_cpuset::default(), ptr::null()), -1);
    }
}

unsafe extern "C" fn collect(cpus: *mut c_void, cpu: u32) {
    // SAFETY: the test passes its vector.
    unsafe { (*cpus.cast::<Vec<u32>>()).push(cpu) };
}

#[test]
fn cpusets_combine() {
    // SAFETY: the sets are allocated here and freed at the end.
    unsafe {
        let (a, b) = (spdk_cpuset_alloc(), spdk_cpuset_alloc());
        assert_eq!(spdk_cpuset_parse(a, c"[0-3]".as_ptr()), 0);
        spdk_cpuset_copy(b, a);
        assert!(spdk_cpuset_equal(a, b));
        spdk_cpuset_set_cpu(b, 0, false);
        spdk_cpuset_set_cpu(b, 1023, true);
        assert!(!spdk_cpuset_get_cpu(b, 0) && spdk_cpuset_get_cpu(b, 1023));
        spdk_cpuset_and(a, b);
        assert_eq!(text(spdk_cpuset_fmt(a)), "e");
        spdk_cpuset_xor(a, b);
        let mut cpus = Vec::<u32>::new();
        spdk_cpuset_for_each_cpu(a, Some(collect), (&raw mut cpus).cast());
        assert_eq!(cpus, [1023]);
        spdk_cpuset_or(a, b);
        assert_eq!(spdk_cpuset_count(a), 4);
        spdk_cpuset_negate(a);
        assert_eq!(spdk_cpuset_count(a), SPDK_CPUSET_SIZE - 4);
        spdk_cpuset_zero(a);
        assert_eq!(spdk_cpuset_count(a), 0);
        spdk_cpuset_free(a);
        spdk_cpuset_free(b);
        spdk_cpuset_free(ptr::null_mut());
    }
}

#[test]
fn a_cpu_outside_the_set_ends_the_process() {
    dies(
        "a_cpu_outside_the_set_ends_the_process",
        "spdk_cpuset_set_cpu: CPU 1024 is outside a set of 1024",
        || {
            // SAFETY: the misuse is the test.
            unsafe { spdk_cpuset_set_cpu(&mut spdk_cpuset::default(), 1024, true) };
        },
    );
}

unsafe extern "C" fn bucket(
    buckets: *mut c_void,
    start: u64,
    end: u64,
    count: u64,
    total: u64,
    so_far: u64,
) {
    if count > 0 {
        // SAFETY: the test passes its vector.
        unsafe { (*buckets.cast::<Vec<[u64; 5]>>()).push([start, end, count, total, so_far]) };
    }
}

/// The buckets that are not empty.
fn buckets(histogram: *const spdk_histogram_data) -> Vec<[u64; 5]> {
    let mut buckets = Vec::new();
    // SAFETY: tests pass a histogram that is alive.
    unsafe { spdk_histogram_data_iterate(histogram, Some(bucket), (&raw mut buckets).cast()) };
    buckets
}

#[test]
fn a_histogram_counts_each_value_in_the_bucket_that_covers_it() {
    // SAFETY: the histograms are allocated and freed here.
    unsafe {
        let h = spdk_histogram_data_alloc();
        assert_eq!((*h).granularity, SPDK_HISTOGRAM_GRANULARITY_DEFAULT);
        assert_eq!(((*h).min_range, (*h).max_range), (0, 57));
        for value in [0, 127, 128, 255, 256, 257, 258, 2047, u64::MAX] {
            spdk_histogram_data_tally(h, value);
        }
        assert_eq!(
            buckets(h),
            [
                [0, 1, 1, 9, 1],
                [127, 128, 1, 9, 2],
                [128, 129, 1, 9, 3],
                [255, 256, 1, 9, 4],
                [256, 258, 2, 9, 6],
                [258, 260, 1, 9, 7],
                [2040, 2048, 1, 9, 8],
                // The end of the very last bucket does not fit and wraps, as in C.
                [u64::MAX - (1 << 56) + 1, 0, 1, 9, 9],
            ]
        );
        let other = spdk_histogram_data_alloc();
        spdk_histogram_data_tally(other, 0);
        assert_eq!(spdk_histogram_data_merge(h, other), 0);
        assert_eq!(buckets(h)[0], [0, 1, 2, 10, 2]);
        spdk_histogram_data_reset(h);
        assert_eq!(buckets(h), [[0; 5]; 0]);
        let coarse = spdk_histogram_data_alloc_sized(4);
        assert_eq!(spdk_histogram_data_merge(h, coarse), -libc::EINVAL);
        for h in [h, other, coarse, ptr::null_mut()] {
            spdk_histogram_data_free(h);
        }
    }
}

#[test]
fn a_sized_histogram_counts_outliers_at_its_ends() {
    // SAFETY: the histogram is allocated and freed here.
    unsafe {
        assert!(spdk_histogram_data_alloc_sized_ext(7, 5, 5).is_null());
        assert!(spdk_histogram_data_alloc_sized(33).is_null());
        let h = spdk_histogram_data_alloc_sized_ext(2, 16, 64);
        assert_eq!(((*h).min_range, (*h).max_range), (3, 4));
        for value in [1, 16, 63, 1_000] {
            spdk_histogram_data_tally(h, value);
        }
        // As in C the first bucket starts at 0.
        assert_eq!(buckets(h), [[0, 20, 2, 4, 2], [56, 64, 2, 4, 4]]);
        spdk_histogram_data_free(h);
    }
}

#[test]
fn uuids_are_read_written_and_ordered() {
    let name = c"01234567-89AB-cdef-0123-456789abcdef";
    let mut uuid = spdk_uuid::default();
    let mut buffer = [0; SPDK_UUID_STRING_LEN as usize];
    // SAFETY: the UUIDs and the buffer are ours.
    unsafe {
        assert!(spdk_uuid_is_null(&uuid));
        assert_eq!(spdk_uuid_parse(&mut uuid, name.as_ptr()), 0);
        assert_eq!(uuid.u.raw[..5], [0x01, 0x23, 0x45, 0x67, 0x89]);
        assert_eq!(spdk_uuid_fmt_lower(buffer.as_mut_ptr(), buffer.len(), &uuid), 0);
        assert_eq!(text(buffer.as_ptr()), "01234567-89ab-cdef-0123-456789abcdef");
        let short = buffer.len() - 1;
        assert_eq!(spdk_uuid_fmt_lower(buffer.as_mut_ptr(), short, &uuid), -libc::EINVAL);
        for wrong in [
            c"",
            c"01234567-89ab-cdef-0123-456789abcde",
            c"01234567-89ab-cdef-0123-456789abcdef0",
            c"01234567089ab-cdef-0123-456789abcdef",
            c"g1234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert_eq!(spdk_uuid_parse(&mut uuid, wrong.as_ptr()), -libc::EINVAL, "{wrong:?}");
        }
        let mut other = spdk_uuid::default();
        spdk_uuid_copy(&mut other, &uuid);
        assert_eq!(spdk_uuid_compare(&uuid, &other), 0);
        other.u.raw[15] += 1;
        assert_eq!((spdk_uuid_compare(&uuid, &other), spdk_uuid_compare(&other, &uuid)), (-1, 1));
        spdk_uuid_generate(&mut other);
        assert_eq!((other.u.raw[6] >> 4, other.u.raw[8] >> 6), (4, 2), "version and variant");
        spdk_uuid_generate(&mut uuid);
        assert_ne!(spdk_uuid_compare(&uuid, &other), 0);
        spdk_uuid_set_null(&mut uuid);
        assert!(spdk_uuid_is_null(&uuid));
    }
}

#[test]
fn errors_have_texts() {
    // SAFETY: any number is allowed; the buffer has the given size.
    unsafe {
        assert_eq!(text(spdk_strerror(libc::ENOENT)), "No such file or directory");
        assert!(text(spdk_strerror(123_456)).contains("123456"));
        let mut short = [1; 8];
        spdk_strerror_r(libc::ENOENT, short.as_mut_ptr(), short.len());
        assert!(short.contains(&0));
    }
}

#[test]
fn log_levels_are_kept() {
    // SAFETY: levels are plain values.
    unsafe {
        assert_eq!((spdk_log_get_level(), spdk_log_get_print_level()), (0, 0));
        spdk_log_set_level(SPDK_LOG_DISABLED);
        spdk_log_set_print_level(SPDK_LOG_DEBUG);
        assert_eq!(spdk_log_get_level(), -1);
        assert_eq!(spdk_log_get_print_level(), 4);
        spdk_log_open(None);
        spdk_log_close();
    }
}
