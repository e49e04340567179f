//! A stream that is asked for two events at a time.

use spdk_async::bdev::{BdevEvent, Descriptor, Events};

async fn next(events: &mut Events) -> Option<BdevEvent> {
    std::future::poll_fn(|cx| futures_core::Stream::poll_next(std::pin::Pin::new(&mut *events), cx)).await
}

async fn watch(descriptor: Descriptor) {
    let mut events = descriptor.events();
    let first = next(&mut events);
    let second = next(&mut events); // one after the other
    first.await;
    second.await;
}

fn main() {
    let _ = watch;
}
