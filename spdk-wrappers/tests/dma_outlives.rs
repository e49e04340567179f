//! A buffer that outlives its application. Alone in its process, where no other can start meanwhile.

mod common;

use common::*;
use spdk_async::DmaBuf;

#[test]
fn a_buffer_outlives_its_application() {
    let mut buf =
        with_app(config(&[]), async || DmaBuf::copied_from(&pattern(1, 4096), 0).unwrap());
    assert_eq!(buf[..], pattern(1, 4096), "its memory is still there");
    buf.fill(7);
    let error = run(app().json(config(&[])), async || ()).unwrap_err();
    assert!(error.to_string().contains("while a DmaBuf lived"), "{error}");
    assert_invalid(DmaBuf::zeroed(1, 0), "SPDK is not up");
    assert_eq!(buf[..], [7; 4096]);
    drop(buf);
    assert_eq!(with_app(config(&[]), async || DmaBuf::zeroed(1, 0).unwrap().len()), 1);
}
