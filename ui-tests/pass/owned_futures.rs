//! The futures of reads and writes with one buffer keep their channel: they go into tasks, and beyond it.

use spdk_async::bdev::{Descriptor, IoChannel};
use spdk_async::{Result, spawn_local};

async fn in_a_task(channel: IoChannel) {
    let read = spawn_local(channel.read(vec![0; 512], 0));
    read.await.expect("it is not cancelled").0.expect("it reads");
}

fn beyond(descriptor: &Descriptor) -> impl Future<Output = (Result<()>, Vec<u8>)> + use<> {
    let channel = descriptor.channel().expect("there is one");
    channel.write_blocks(vec![0; 512], 0)
}

fn main() {
    let _ = (in_a_task, beyond);
}
