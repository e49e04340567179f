//! The table of methods, and the search in it.

use super::super::load::Reply;
use super::super::params::Params;
use super::super::state::States;
use super::{aio, bdev, malloc, null};

/// One method.
#[derive(Debug)]
pub(in super::super) struct Method {
    /// Its name in a configuration.
    pub(in super::super) name: &'static str,
    /// When it may run.
    pub(in super::super) states: States,
    /// The names of its parameters.
    pub(in super::super) parameters: &'static [&'static str],
    /// Runs it.
    pub(in super::super) run: fn(Params, Reply),
}

/// A method that runs once the subsystems are initialized, as nearly all do.
const fn runtime(
    name: &'static str,
    parameters: &'static [&'static str],
    run: fn(Params, Reply),
) -> Method {
    Method { name, states: States::RUNTIME, parameters, run }
}

static METHODS: [Method; 14] = [
    Method {
        name: "bdev_set_options",
        states: States::STARTUP,
        parameters: &bdev::OPTIONS,
        run: bdev::set_options,
    },
    runtime("bdev_wait_for_examine", &[], bdev::wait_for_examine),
    runtime("bdev_examine", &["name"], bdev::examine),
    runtime("bdev_set_qos_limit", &bdev::QOS_LIMIT, bdev::set_qos_limit),
    runtime("bdev_enable_histogram", &bdev::HISTOGRAM, bdev::enable_histogram),
    runtime("bdev_malloc_create", &malloc::CREATE, malloc::create),
    runtime("bdev_malloc_delete", &["name"], malloc::delete),
    runtime("bdev_null_create", &null::CREATE, null::create),
    runtime("bdev_null_resize", &["name", "new_size"], null::resize),
    runtime("bdev_null_delete", &["name"], null::delete),
    runtime("bdev_aio_create", &aio::CREATE, aio::create),
    runtime("bdev_aio_rescan", &["name"], aio::rescan),
    runtime("bdev_aio_delete", &["name"], aio::delete),
    runtime("bdev_set_qd_sampling_period", &["name", "period"], bdev::set_qd_sampling_period),
];

/// The method of that name, whatever subsystem it stands under.
pub(in super::super) fn find_method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}
