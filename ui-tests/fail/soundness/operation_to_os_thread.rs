//! An operation that is given to a runtime with several threads.

use spdk_async::bdev::wait_for_examine;

fn spawn_anywhere<F: Future + Send + 'static>(_: F) {}

fn main() {
    spawn_anywhere(wait_for_examine()); // it stays on its thread
}
