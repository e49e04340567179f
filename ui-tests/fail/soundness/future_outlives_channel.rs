//! The future of an operation that is returned beyond its channel.

use spdk_async::Result;
use spdk_async::bdev::Descriptor;

fn read(descriptor: &Descriptor) -> impl Future<Output = (Result<()>, Vec<u8>)> {
    let channel = descriptor.channel().expect("there is one");
    channel.read(vec![0; 512], 0) // move the channel into an `async` block
}

fn main() {
    let _ = read;
}
