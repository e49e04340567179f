//! histogram_data.h: counts of values in buckets that grow with the value.
//!
//! There are `1 << granularity` buckets per range. Ranges 0 and 1 count single values; in each later
//! range a bucket covers twice as many values as in the one before. In C these are inline functions;
//! here they are functions of the library.

use core::ffi::{c_int, c_void};
use core::ptr;

/// The granularity of [`spdk_histogram_data_alloc`]: 128 buckets per range.
pub const SPDK_HISTOGRAM_GRANULARITY_DEFAULT: u32 = 7;

/// A histogram. Made and freed by this library only.
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct spdk_histogram_data {
    /// log2 of the number of buckets per range.
    pub granularity: u32,
    /// First range that is kept.
    pub min_range: u32,
    /// Last range that is kept.
    pub max_range: u32,
    /// The counts, range by range.
    pub bucket: *mut u64,
}

impl Default for spdk_histogram_data {
    fn default() -> Self {
        Self { granularity: 0, min_range: 0, max_range: 0, bucket: ptr::null_mut() }
    }
}

/// One bucket: values from `start` (inclusive) to `end` (exclusive), its count, the count of all
/// buckets and of those up to this one.
pub type spdk_histogram_data_fn = Option<
    unsafe extern "C" fn(
        ctx: *mut c_void,
        start: u64,
        end: u64,
        count: u64,
        total: u64,
        so_far: u64,
    ),
>;

impl spdk_histogram_data {
    fn per_range(&self) -> u64 {
        1 << self.granularity
    }

    fn len(&self) -> usize {
        (self.per_range() * u64::from(self.max_range - self.min_range + 1)) as usize
    }

    fn range_of(&self, value: u64) -> u32 {
        (64 - self.granularity).saturating_sub(value.leading_zeros())
    }

    /// The place of a value in `bucket`; values outside the kept ranges count at the ends.
    fn place_of(&self, value: u64) -> usize {
        let range = self.range_of(value);
        if range < self.min_range {
            return 0;
        }
        if range > self.max_range {
            return self.len() - 1;
        }
        let index = value >> range.saturating_sub(1) & (self.per_range() - 1);
        ((u64::from(range - self.min_range) << self.granularity) + index) as usize
    }

    /// The first value behind a bucket; the last bucket of all has no such value and wraps to 0.
    fn end_of(&self, range: u32, index: u64) -> u64 {
        match range {
            0 => index + 1,
            _ => (1_u64 << (range + self.granularity - 1)).wrapping_add((index + 1) << (range - 1)),
        }
    }
}

/// A histogram with `1 << granularity` buckets per range for values from `min_val` (inclusive) to
/// `max_val` (exclusive). NULL when that is empty, the granularity is over 32 or memory is short.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_histogram_data_alloc_sized_ext(
    granularity: u32,
    min_val: u64,
    max_val: u64,
) -> *mut spdk_histogram_data {
    if min_val >= max_val || granularity > 32 {
        return ptr::null_mut();
    }
    let mut histogram = spdk_histogram_data { granularity, ..Default::default() };
    histogram.min_range = histogram.range_of(min_val);
    histogram.max_range = histogram.range_of(max_val - 1);
    // SAFETY: `calloc` has no precondition; the counts are freed in `spdk_histogram_data_free`.
    histogram.bucket = unsafe { libc::calloc(histogram.len(), size_of::<u64>()) }.cast();
    if histogram.bucket.is_null() {
        return ptr::null_mut();
    }
    Box::into_raw(Box::new(histogram))
}

/// A histogram for every value, with the given granularity; NULL as above.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_histogram_data_alloc_sized(
    granularity: u32,
) -> *mut spdk_histogram_data {
    // SAFETY: passed on from the caller.
    unsafe { spdk_histogram_data_alloc_sized_ext(granularity, 0, u64::MAX) }
}

/// A histogram for every value with the default granularity; NULL when memory is short.
///
/// # Safety
/// - None beyond those of any C call: it may be called anywhere.
pub unsafe extern "C" fn spdk_histogram_data_alloc() -> *mut spdk_histogram_data {
    // SAFETY: passed on from the caller.
    unsafe { spdk_histogram_data_alloc_sized(SPDK_HISTOGRAM_GRANULARITY_DEFAULT) }
}

/// Frees a histogram; NULL is a no-op.
///
/// # Safety
/// - `h` is NULL or came from an alloc function above and is not used again.
pub unsafe extern "C" fn spdk_histogram_data_free(h: *mut spdk_histogram_data) {
    if h.is_null() {
        return;
    }
    // SAFETY: the alloc function made the box, and the counts with `calloc`.
    unsafe {
        let histogram = Box::from_raw(h);
        libc::free(histogram.bucket.cast());
    }
}

/// Sets every count to 0.
///
/// # Safety
/// - `histogram` came from an alloc function above, and nobody else uses it meanwhile.
pub unsafe extern "C" fn spdk_histogram_data_reset(histogram: *mut spdk_histogram_data) {
    // SAFETY: the caller vouches for the histogram, which has `len` counts.
    unsafe { (*histogram).bucket.write_bytes(0, (*histogram).len()) }
}

/// Counts one value.
///
/// # Safety
/// - `histogram` came from an alloc function above, and nobody else uses it meanwhile.
pub unsafe extern "C" fn spdk_histogram_data_tally(
    histogram: *mut spdk_histogram_data,
    datapoint: u64,
) {
    // SAFETY: the caller vouches for the histogram; the place is below its length.
    unsafe {
        let count = (*histogram).bucket.add((*histogram).place_of(datapoint));
        *count += 1;
    }
}

/// Adds the counts of `src` to those of `dst`. Returns 0, or `-EINVAL` when their shapes differ.
///
/// # Safety
/// - Both came from an alloc function above, and nobody else uses them meanwhile.
pub unsafe extern "C" fn spdk_histogram_data_merge(
    dst: *const spdk_histogram_data,
    src: *const spdk_histogram_data,
) -> c_int {
    // SAFETY: the caller vouches for both.
    let (dst, src) = unsafe { (*dst, *src) };
    let shape = |h: &spdk_histogram_data| (h.granularity, h.min_range, h.max_range);
    if shape(&dst) != shape(&src) {
        return -libc::EINVAL;
    }
    for place in 0..src.len() {
        // SAFETY: the caller vouches for both; with one shape they have as many counts.
        unsafe { *dst.bucket.add(place) += *src.bucket.add(place) };
    }
    0
}

/// Calls `fn_` for every bucket, lowest first, also for empty ones.
///
/// # Safety
/// - `histogram` came from an alloc function above, and nobody changes it meanwhile.
/// - `fn_` may be called with `ctx`, and does not unwind.
pub unsafe extern "C" fn spdk_histogram_data_iterate(
    histogram: *const spdk_histogram_data,
    fn_: spdk_histogram_data_fn,
    ctx: *mut c_void,
) {
    let function = fn_.expect("spdk_histogram_data_iterate: the function must not be NULL");
    // SAFETY: the caller vouches for the histogram.
    let h = unsafe { *histogram };
    // SAFETY: as above; nothing is changed here.
    let count_at = |place: usize| unsafe { *h.bucket.add(place) };
    let total = (0..h.len()).map(count_at).sum();
    let (mut so_far, mut start, mut place) = (0, 0, 0);
    for range in h.min_range..=h.max_range {
        for index in 0..h.per_range() {
            let (count, end) = (count_at(place), h.end_of(range, index));
            so_far += count;
            // SAFETY: the caller vouches for the call.
            unsafe { function(ctx, start, end, count, total, so_far) };
            start = end;
            place += 1;
        }
    }
}
