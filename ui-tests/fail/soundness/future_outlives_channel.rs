//! The future of a command that is returned beyond its channel.

use spdk_async::Result;
use spdk_async::bdev::Descriptor;

fn flush(descriptor: &Descriptor) -> impl Future<Output = Result<()>> {
    let channel = descriptor.channel().expect("there is one");
    channel.flush(0, 1) // move the channel into an `async` block
}

fn main() {
    let _ = flush;
}
