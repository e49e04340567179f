//! A channel that is put on another OS thread.

use spdk_async::bdev::IoChannel;

fn put(channel: IoChannel) {
    std::thread::spawn(move || drop(channel)); // a channel stays where it was opened
}

fn main() {
    let _ = put;
}
