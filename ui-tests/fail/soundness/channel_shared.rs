//! A channel that several OS threads look at.

use spdk_async::bdev::IoChannel;

fn look(channel: &IoChannel) {
    std::thread::scope(|scope| {
        scope.spawn(|| channel.descriptor().num_blocks()); // a channel is not shared
    });
}

fn main() {
    let _ = look;
}
