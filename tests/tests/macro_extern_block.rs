//! A block of declarations needs no module that declares the C functions.

use spdk_async_tests::drive::{both_ways, finish};
use spdk_async_tests::shapes;

#[test]
fn functions_of_a_block_are_found_by_their_c_names() {
    both_ways(0, || {
        // SAFETY: the library looks at nothing but the callback and the context.
        assert_eq!(finish(unsafe { shapes::declared_done() }), Ok(()));
        // SAFETY: as above.
        assert_eq!(finish(unsafe { shapes::declared_count() }), Ok(()));
        let bytes: &'static [u8] = &[4, 5];
        // SAFETY: static bytes stay until the callback, and there are two.
        let (reply, _) = finish(unsafe { shapes::declared_sum(bytes.as_ptr(), 2) });
        assert_eq!(reply, Ok(9));
    });
}
