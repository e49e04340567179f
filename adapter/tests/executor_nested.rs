//! An executor inside of another, beside another, and inside of its own corners: what is being polled
//! stays known, so that nothing is polled twice, and nothing ends under a task's feet.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, Ordering};

use callback_adapter::{Executor, JoinError, Pool, Wakeup, yield_now};
use futures_util::FutureExt;
use futures_util::future::{pending, poll_fn};

use crate::common::death::dies;
use crate::common::host::Host;
use crate::common::library::{Library, Script};
use crate::common::storage::{pending as polled_once, pool};
use crate::common::wakers::{Hooks, hooked};

const ALL: usize = usize::MAX;
const ENDED_BY_TASK: &str = "an executor was dropped by one of its tasks; the process ends here";

thread_local! {
    /// An executor that something ends.
    static ENDING: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// A task that waits for a call and notes `name`.
fn waiting(executor: &Executor, library: &Library, name: &'static str) {
    let (call, trace) = (library.call(Script::Later, ()), library.trace.clone());
    drop(executor.spawn(async move {
        call.await.expect("the call succeeds");
        trace.note(name);
    }));
}

/// Tasks of an inner executor, run by a resumed task, complete a call of the outer one.
fn runs_another(library: &Library) {
    let (_, inner) = Host::with_executor();
    let completing = library.clone();
    drop(inner.spawn(async move {
        completing.complete(0);
        completing.trace.note("inner");
    }));
    drop(inner.spawn(yield_now()));
    assert_eq!(inner.run(ALL), 3);
    library.trace.note("ran");
}

#[test]
fn another_is_run_by_a_resumed_task() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let (call, after) = (library.call(Script::Later, ()), library.call(Script::Later, ()));
    let outside = library.clone();
    let own = executor.pool().clone();
    let handle = executor.spawn(async move {
        call.await.expect("the call succeeds");
        runs_another(&outside);
        // What was entered is so again, and a callback still finds a task being polled.
        outside.complete(0);
        outside.trace.note("outer");
        let before = own.in_use();
        after.await.expect("the call succeeds");
        before
    });
    waiting(&executor, &library, "second");
    waiting(&executor, &library, "third");
    executor.run(ALL);
    host.asked();
    library.trace.take();
    library.complete(0);
    library.trace.expect(["inner", "ran", "outer", "call"]);
    assert_eq!((executor.pool().in_use(), host.asked()), (3, 1));
    assert!(Pool::entered().is_none());
    assert_eq!(executor.run(ALL), 2);
    library.trace.expect(["second", "third"]);
    library.complete(0);
    assert!(matches!(handle.now_or_never(), Some(Ok(2))));
}

#[test]
fn ended_by_a_resumed_task_after_another_was_run() {
    dies("executor_nested::ended_by_a_resumed_task_after_another_was_run", ENDED_BY_TASK, || {
        let (library, (_, executor)) = (Library::new(), Host::with_executor());
        let (call, outside) = (library.call(Script::Later, ()), library.clone());
        drop(executor.spawn(async move {
            call.await.expect("the call succeeds");
            runs_another(&outside);
            drop(ENDING.take());
        }));
        waiting(&executor, &library, "second");
        executor.run(ALL);
        ENDING.set(Some(executor));
        library.complete(0);
    });
}

/// Another executor, whose tasks wait for callbacks, ends inside of a resumed task.
#[test]
fn another_is_ended_by_a_resumed_task() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let (_, other) = Host::with_executor();
    let (call, next) = (library.call(Script::Later, ()), library.call(Script::Later, ()));
    let handle = executor.spawn(async move {
        call.await.expect("the call succeeds");
        drop(ENDING.take());
        next.await
    });
    executor.run(ALL);
    let held = library.trace.probe("task of the other");
    let forgotten = library.call(Script::Later, ());
    drop(other.spawn(async move {
        let _held = held;
        forgotten.await
    }));
    other.run(ALL);
    ENDING.set(Some(other));
    library.trace.take();
    library.complete(0);
    library.trace.expect(["drop task of the other", "call"]);
    (0..2).for_each(|_| library.complete(0));
    assert!(matches!(handle.now_or_never(), Some(Ok(Ok(())))));
}

/// Two with one pool: while a task of one is polled, the other waits.
#[test]
fn another_with_the_same_pool() {
    let (library, hosts, pool) = (Library::new(), [Host::new(), Host::new()], pool());
    let [first, second] = hosts.each_ref().map(|host| Executor::new(pool.clone(), host.clone()));
    let second = Rc::new(second);
    let (call, completing) = (library.call(Script::Later, ()), library.clone());
    let beside = Rc::downgrade(&second);
    let handle = first.spawn(async move {
        call.await.expect("the call succeeds");
        completing.complete(0);
        completing.trace.note("first");
        beside.upgrade().expect("it lives").run(ALL)
    });
    first.run(ALL);
    waiting(&second, &library, "second");
    second.run(ALL);
    hosts.iter().for_each(|host| assert!(host.asked() > 0));
    library.trace.take();
    library.complete(0);
    library.trace.expect(["first"]);
    assert!(matches!(handle.now_or_never(), Some(Ok(0))));
    assert_eq!(hosts.each_ref().map(Host::asked), [0, 1]);
    assert_eq!(second.run(ALL), 1);
    library.trace.expect(["second"]);
}

/// A task that enters its pool, or another one, is still the one that is polled.
#[test]
fn a_task_that_enters_a_pool() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let own = executor.pool().clone();
    let calls = [(); 3].map(|()| library.call(Script::Later, ()));
    let completing = library.clone();
    let handle = executor.spawn(async move {
        let [first, second, third] = calls;
        first.await.expect("the call succeeds");
        own.enter(|| completing.complete(0));
        second.await.expect("the call succeeds");
        let other = pool();
        other.enter(|| own.enter(|| ()));
        assert!(Pool::entered().is_some_and(|entered| entered.home().is_current()));
        third.await.expect("the call succeeds");
        other.in_use()
    });
    executor.run(ALL);
    waiting(&executor, &library, "other");
    executor.run(ALL);
    host.asked();
    // Resumes the first task, which queues the other and waits for its second call, and then its third.
    (0..3).for_each(|_| {
        library.complete(0);
    });
    assert_eq!(host.asked(), 1);
    assert!(matches!(handle.now_or_never(), Some(Ok(0))), "each callback has resumed it");
    library.trace.take();
    assert_eq!(executor.run(ALL), 1);
    library.trace.expect(["other"]);
}

/// Runs something when it is dropped.
struct WhenDropped<F: FnMut()>(F);

impl<F: FnMut()> Drop for WhenDropped<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What becomes of a resumed task whose future does this to its executor in its drop, at its end.
fn at_the_end(what: impl Fn(Weak<Executor>) + 'static) -> Result<(), JoinError> {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let inside = Rc::downgrade(&executor);
    let (call, completing) = (library.call(Script::Later, ()), library.clone());
    // Of the future, not of its last poll.
    let held = WhenDropped(move || {
        completing.complete(0);
        what(Weak::clone(&inside));
        completing.trace.note("dropped");
    });
    let mut call = call.into_future();
    let handle = executor.spawn(poll_fn(move |cx| {
        let _held = &held;
        call.poll_unpin(cx).map(|reply| reply.expect("the call succeeds"))
    }));
    waiting(&executor, &library, "other");
    executor.run(ALL);
    library.trace.take();
    library.complete(0);
    assert!(Pool::entered().is_none());
    assert_eq!(executor.active(), 1, "the other is not resumed inside of the drop");
    executor.run(ALL);
    assert_eq!(library.trace.take().pop().as_deref(), Some("other"));
    handle.now_or_never().expect("it is finished")
}

#[test]
fn run_by_the_drop_of_a_resumed_task() {
    let outcome = at_the_end(|executor| {
        assert_eq!(executor.upgrade().expect("it lives").run(ALL), 0);
    });
    assert!(outcome.is_ok());
}

#[test]
fn cancelled_by_the_drop_of_a_resumed_task() {
    let outcome = at_the_end(|executor| executor.upgrade().expect("it lives").cancel_tasks());
    assert!(matches!(outcome, Err(JoinError::Panicked(_))));
}

/// Does something to its executor when it is woken.
struct WhenWoken(Box<dyn Fn()>);

impl Hooks for WhenWoken {
    fn woken(&self) {
        (self.0)();
    }
}

#[test]
fn run_by_the_waker_of_a_joiner() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let call = library.call(Script::Later, ());
    let mut handle = executor.spawn(call.into_future());
    waiting(&executor, &library, "other");
    executor.run(ALL);
    let (inside, completing) = (Rc::downgrade(&executor), library.clone());
    let waker = hooked(Rc::new(WhenWoken(Box::new(move || {
        completing.complete(0);
        assert_eq!(inside.upgrade().expect("it lives").run(ALL), 0);
    }))));
    polled_once(&mut handle, &waker);
    library.trace.take();
    library.complete(0);
    library.trace.expect([]);
    assert_eq!(executor.run(ALL), 1);
    library.trace.expect(["other"]);
    assert!(matches!(handle.now_or_never(), Some(Ok(Ok(())))));
}

#[test]
fn ended_by_the_waker_of_a_joiner() {
    dies("executor_nested::ended_by_the_waker_of_a_joiner", ENDED_BY_TASK, || {
        let (library, (_, executor)) = (Library::new(), Host::with_executor());
        let call = library.call(Script::Later, ());
        let mut handle = executor.spawn(call.into_future());
        executor.run(ALL);
        polled_once(&mut handle, &hooked(Rc::new(WhenWoken(Box::new(|| drop(ENDING.take()))))));
        ENDING.set(Some(executor));
        library.complete(0);
    });
}

/// A host that ends its executor once it is told to.
struct Ends(AtomicBool);

static ENDS: Ends = Ends(AtomicBool::new(false));

impl Wakeup for &'static Ends {
    fn wake(&self) {
        if self.0.load(Ordering::SeqCst) {
            drop(ENDING.take());
        }
    }
}

/// The host is asked at the end of the poll, but not after it.
#[test]
fn ended_by_a_host_that_a_resumed_task_asks() {
    dies("executor_nested::ended_by_a_host_that_a_resumed_task_asks", ENDED_BY_TASK, || {
        let (library, executor) = (Library::new(), Executor::new(pool(), &ENDS));
        let call = library.call(Script::Later, ());
        drop(executor.spawn(async move {
            call.await.expect("the call succeeds");
            yield_now().await;
        }));
        executor.run(ALL);
        ENDS.0.store(true, Ordering::SeqCst);
        ENDING.set(Some(executor));
        library.complete(0);
    });
}

/// A task that is cancelled runs the executor, which then resumes and cancels no worse.
#[test]
fn run_by_the_drop_of_a_cancelled_task() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let (inside, completing) = (Rc::downgrade(&executor), library.clone());
    let held = WhenDropped(move || {
        completing.complete(0);
        assert_eq!(inside.upgrade().expect("it lives").run(ALL), 1);
        completing.complete(0);
        completing.trace.note("dropped");
    });
    drop(executor.spawn(async move {
        let _held = held;
        pending::<()>().await;
    }));
    waiting(&executor, &library, "first");
    waiting(&executor, &library, "second");
    executor.run(ALL);
    library.trace.take();
    executor.cancel_tasks();
    library.trace.expect(["first", "dropped"]);
    assert_eq!((executor.active(), executor.pool().in_use()), (0, 0));
}

/// Aborts a task, whose drop does this in the run after another task was polled.
fn aborted(library: &Library, executor: &Executor, what: impl FnMut() + 'static) {
    let held = WhenDropped(what);
    let handle = executor.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    waiting(executor, library, "other");
    executor.run(ALL);
    drop(executor.spawn(async {}));
    handle.abort();
    library.trace.take();
}

#[test]
fn run_by_the_drop_of_an_aborted_task() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let (inside, completing) = (Rc::downgrade(&executor), library.clone());
    aborted(&library, &executor, move || {
        completing.complete(0);
        assert_eq!(inside.upgrade().expect("it lives").run(ALL), 0);
        completing.trace.note("dropped");
    });
    host.asked();
    assert_eq!(executor.run(ALL), 3);
    library.trace.expect(["dropped", "other"]);
    assert_eq!((executor.active(), host.asked()), (0, 0));
}

#[test]
fn cancelled_by_the_drop_of_an_aborted_task() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let executor = Rc::new(executor);
    let (inside, completing) = (Rc::downgrade(&executor), library.clone());
    aborted(&library, &executor, move || {
        completing.complete(0);
        let executor = inside.upgrade().expect("it lives");
        let refused = catch_unwind(AssertUnwindSafe(|| executor.cancel_tasks()));
        assert!(refused.is_err());
        completing.trace.note("dropped");
    });
    assert_eq!(executor.run(ALL), 3);
    library.trace.expect(["dropped", "other"]);
}
