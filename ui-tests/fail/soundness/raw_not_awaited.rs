//! A raw call that is never made.
#![deny(unused_must_use)]

use spdk_async::raw::bdev::spdk_bdev_wait_for_examine;

fn examine() {
    unsafe { spdk_bdev_wait_for_examine() }; // await it, or submit it
}

fn main() {
    examine();
}
