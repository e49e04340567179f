//! Runs a model in every schedule within the bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::step::step;

/// How often a schedule takes the processor from a thread that could go on, unless the environment
/// says otherwise (`LOOM_MAX_PREEMPTIONS`).
const PREEMPTIONS: usize = 3;
/// Steps of one schedule; more mean that it does not end.
const STEPS: usize = 10_000;

/// Explores `model`, and fails if there was only one way to run it: then nothing met.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.max_branches = STEPS;
    let schedules = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&schedules);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        step();
        model();
    });
    let schedules = schedules.load(Ordering::Relaxed);
    let name = std::thread::current().name().unwrap_or("a model").to_owned();
    eprintln!("{name}: {schedules} schedules");
    assert!(schedules > 1, "{name} has a single schedule: nothing in it meets");
}
