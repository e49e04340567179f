//! A task whose panic nobody sees.
#![deny(unused_must_use)]

use spdk_async::spawn_local;

fn main() {
    spawn_local(async {}); // await it, or drop it in so many words
}
