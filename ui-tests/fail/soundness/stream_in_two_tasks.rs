//! A stream that two tasks poll.

use spdk_async::bdev::{BdevEvent, Descriptor, Events};
use spdk_async::spawn_local;

async fn next(events: &mut Events) -> Option<BdevEvent> {
    std::future::poll_fn(|cx| futures_core::Stream::poll_next(std::pin::Pin::new(&mut *events), cx)).await
}

fn watch(descriptor: Descriptor) {
    let mut events = descriptor.events();
    drop(spawn_local(async move { next(&mut events).await }));
    drop(spawn_local(async move { next(&mut events).await })); // ask the descriptor for a second one
}

fn main() {
    let _ = watch;
}
