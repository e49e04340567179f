//! A slice of a `DmaBuf` that outlives it.

use spdk_async::DmaBuf;

fn first_bytes() -> &'static [u8] {
    let buf = DmaBuf::zeroed(4096, 4096).expect("there is memory");
    &buf[..16] // the memory goes with the buffer
}

fn main() {
    let _ = first_bytes;
}
