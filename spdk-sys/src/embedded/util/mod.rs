//! The small helpers of SPDK's util and log libraries: cpuset.h, histogram_data.h, uuid.h, log.h and
//! the error texts of string.h.
//!
//! Plain data and functions on it; no state except the log levels.

mod cpuset;
mod histogram;
mod log;
mod strerror;
mod uuid;

pub use cpuset::{
    SPDK_CPUSET_SIZE, spdk_cpuset, spdk_cpuset_alloc, spdk_cpuset_and, spdk_cpuset_copy,
    spdk_cpuset_count, spdk_cpuset_equal, spdk_cpuset_fmt, spdk_cpuset_for_each_cpu,
    spdk_cpuset_free, spdk_cpuset_get_cpu, spdk_cpuset_negate, spdk_cpuset_or, spdk_cpuset_parse,
    spdk_cpuset_set_cpu, spdk_cpuset_xor, spdk_cpuset_zero,
};
pub use histogram::{
    SPDK_HISTOGRAM_GRANULARITY_DEFAULT, spdk_histogram_data, spdk_histogram_data_alloc,
    spdk_histogram_data_alloc_sized, spdk_histogram_data_alloc_sized_ext, spdk_histogram_data_fn,
    spdk_histogram_data_free, spdk_histogram_data_iterate, spdk_histogram_data_merge,
    spdk_histogram_data_reset, spdk_histogram_data_tally,
};
pub use log::{
    __va_list_tag, SPDK_LOG_DEBUG, SPDK_LOG_DISABLED, SPDK_LOG_ERROR, SPDK_LOG_INFO,
    SPDK_LOG_NOTICE, SPDK_LOG_WARN, spdk_log_cb, spdk_log_close, spdk_log_get_level,
    spdk_log_get_print_level, spdk_log_level, spdk_log_open, spdk_log_set_level,
    spdk_log_set_print_level,
};
pub use strerror::{spdk_strerror, spdk_strerror_r};
pub use uuid::{
    SPDK_UUID_STRING_LEN, spdk_uuid, spdk_uuid__bindgen_ty_1, spdk_uuid_compare, spdk_uuid_copy,
    spdk_uuid_fmt_lower, spdk_uuid_generate, spdk_uuid_is_null, spdk_uuid_parse,
    spdk_uuid_set_null,
};
