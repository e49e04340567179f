//! Edge 3: C calls back before it returns. Nobody is woken; the first poll is ready.

use callback_adapter::{CallError, Errno, Kept};

use crate::common::library::{Library, Script};
use crate::common::storage::{Kind, for_both_storages, poll, pool};

for_both_storages!(ready_at_the_first_poll, a_failure_is_reported);

fn ready_at_the_first_poll(kind: Kind) {
    let (library, pool) = (Library::new(), pool());
    let payload = Kept(library.trace.probe("payload"));
    let mut future = kind.start(&pool, library.call(Script::Inline(0), payload));
    let outcome = poll(&mut future, &library.trace.waker("task"));
    library.trace.expect(["call"]);
    assert!(outcome.is_ready());
    drop(outcome);
    library.trace.expect(["drop payload"]);
    assert_eq!(pool.in_use(), 0);
}

fn a_failure_is_reported(kind: Kind) {
    let library = Library::new();
    for status in [-libc::EIO, libc::EIO] {
        let mut future = kind.start(&pool(), library.call(Script::Inline(status), ()));
        let result = crate::common::storage::ready(&mut future);
        assert_eq!(result, Err(CallError::Failed(Errno::from_status(-libc::EIO))));
    }
}
