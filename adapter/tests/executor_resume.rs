//! A callback resumes the task that waits for it: when it does, and when it must not.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use callback_adapter::{Executor, Kept, Pool};
use futures_util::future::{Either, join, join_all, pending, poll_fn, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::common::callbacks::{Done, DoneFn};
use crate::common::host::Host;
use crate::common::library::{Context as CContext, Library, Script, custom_call};
use crate::common::storage::pool;

const ALL: usize = usize::MAX;
/// How many tasks callbacks resume from one run to the next (`executor/core.rs`).
const RESUMES: usize = 1024;

/// A task that waits for one call and then notes `name`.
fn waiting(executor: &Executor, library: &Library, name: &'static str) {
    let (call, trace) = (library.call(Script::Later, ()), library.trace.clone());
    drop(executor.spawn(async move {
        call.await.expect("the call succeeds");
        trace.note(name);
    }));
}

/// Notes how deep polls are nested.
#[derive(Clone, Default)]
struct Depth(Rc<(Cell<usize>, Cell<usize>)>);

impl Depth {
    async fn watch<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let (now, most) = &*self.0;
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            let poll = future.as_mut().poll(cx);
            now.set(now.get() - 1);
            poll
        })
        .await
    }

    fn most(&self) -> usize {
        self.0.1.get()
    }
}

#[test]
fn at_once_and_without_the_host() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    waiting(&executor, &library, "resumed");
    executor.run(ALL);
    host.asked();
    library.trace.take();
    library.complete(0);
    library.trace.expect(["resumed"]);
    assert_eq!((host.asked(), executor.active()), (0, 0));
    assert!(executor.is_idle());
}

#[test]
fn not_inside_the_poll_of_another_task_but_after_it_in_order() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    for name in ["first", "second", "third"] {
        waiting(&executor, &library, name);
    }
    let completing = library.clone();
    executor.run(ALL);
    library.trace.take();
    drop(executor.spawn(async move {
        (0..3).for_each(|_| completing.complete(0));
        completing.trace.note("completing");
    }));
    host.asked();
    assert_eq!(executor.run(ALL), 4);
    library.trace.expect(["completing", "first", "second", "third"]);
    assert_eq!(host.asked(), 0, "the run has got to them");
}

/// What a resumed task completes is queued, and the host asked, for no run is under way.
#[test]
fn not_inside_a_resumed_task() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let (call, completing) = (library.call(Script::Later, ()), library.clone());
    drop(executor.spawn(async move {
        call.await.expect("the call succeeds");
        completing.complete(0);
        completing.complete(0);
        completing.trace.note("outer");
    }));
    for name in ["first", "second"] {
        waiting(&executor, &library, name);
    }
    executor.run(ALL);
    host.asked();
    library.trace.take();
    library.complete(0);
    library.trace.expect(["outer"]);
    assert_eq!(host.asked(), 1);
    assert_eq!(executor.run(ALL), 2);
    library.trace.expect(["first", "second"]);
}

#[test]
fn a_long_chain_is_no_deeper_than_one_poll() {
    const TASKS: usize = 200;
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let depth = Depth::default();
    for _ in 0..TASKS {
        let (call, completing) = (library.call(Script::Later, ()), library.clone());
        drop(executor.spawn(depth.clone().watch(async move {
            call.await.expect("the call succeeds");
            if completing.outstanding() > 0 {
                completing.complete(0);
            }
        })));
    }
    executor.run(ALL);
    library.complete(0);
    while executor.run(ALL) > 0 {}
    assert_eq!((executor.active(), depth.most()), (0, 1));
}

/// A call that a task waits for, and the task's waker, once it has been polled.
fn lent(executor: &Executor, library: &Library) -> (Rc<RefCell<Lent>>, Waker) {
    let call: Lent = Box::pin(library.call(Script::Later, ()).into_future().map(Result::unwrap));
    let (call, waker) = (Rc::new(RefCell::new(call)), Rc::new(Cell::new(None)));
    let (trace, waits, woken_by) = (library.trace.clone(), Rc::clone(&call), Rc::clone(&waker));
    drop(executor.spawn(async move {
        poll_fn(|cx| {
            woken_by.set(Some(cx.waker().clone()));
            waits.borrow_mut().poll_unpin(cx)
        })
        .await;
        trace.note("resumed");
    }));
    executor.run(ALL);
    library.trace.take();
    (call, waker.take().expect("the task has been polled"))
}

type Lent = Pin<Box<dyn Future<Output = ()>>>;

/// The record knows the task by its waker, also while it is not polled.
#[test]
fn whose_call_is_polled_outside_of_it() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let (call, waker) = lent(&executor, &library);
    host.asked();
    assert!(call.borrow_mut().poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    library.complete(0);
    library.trace.expect(["resumed"]);
    assert_eq!(host.asked(), 0);
}

/// A waker that wakes a task in its own way is another one, though it says the same address.
#[test]
fn not_by_a_waker_that_has_its_address_only() {
    static OWN: RawWakerVTable = RawWakerVTable::new(clone, woken, woken, dropped);
    thread_local! {
        static WOKEN: Cell<usize> = const { Cell::new(0) };
    }
    fn clone(task: *const ()) -> RawWaker {
        RawWaker::new(task, &OWN)
    }
    fn woken(_: *const ()) {
        WOKEN.set(WOKEN.get() + 1);
    }
    fn dropped(_: *const ()) {}

    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let (call, waker) = lent(&executor, &library);
    // SAFETY: its functions do nothing with the address.
    let other = unsafe { Waker::new(waker.data(), &OWN) };
    assert!(call.borrow_mut().poll_unpin(&mut Context::from_waker(&other)).is_pending());
    library.complete(0);
    assert_eq!(WOKEN.get(), 1);
    library.trace.expect([]);
    waker.wake();
    assert_eq!(executor.run(ALL), 1);
    library.trace.expect(["resumed"]);
}

/// C completes an older call of the same task, and of another, while it accepts a new one.
#[test]
fn completed_while_c_accepts_another_call() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let depth = Depth::default();
    waiting(&executor, &library, "other");
    let (first, c) = (library.call(Script::Later, ()), library.clone());
    let second = custom_call::<Done, _, _>((), move |_, callback: DoneFn, cb_arg| {
        c.complete(0);
        c.complete(0);
        CContext { callback, cb_arg }.complete(0);
        Ok(())
    });
    let trace = library.trace.clone();
    drop(executor.spawn(depth.clone().watch(async move {
        assert_eq!(join(first.into_future(), second.into_future()).await, (Ok(()), Ok(())));
        trace.note("both");
    })));
    executor.run(ALL);
    assert_eq!((executor.active(), depth.most()), (0, 1));
    library.trace.expect(["call", "call", "other", "both"]);
}

#[test]
fn not_while_tasks_are_cancelled() {
    struct Completes(Library);
    impl Drop for Completes {
        fn drop(&mut self) {
            self.0.trace.note("completing");
            self.0.complete(0);
        }
    }
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let completes = Completes(library.clone());
    drop(executor.spawn(async move {
        let _completes = completes;
        pending::<()>().await;
    }));
    waiting(&executor, &library, "resumed");
    executor.run(ALL);
    host.asked();
    library.trace.take();
    executor.cancel_tasks();
    library.trace.expect(["completing"]);
    assert_eq!((executor.active(), executor.pool().in_use(), host.asked()), (0, 0, 0));
    // Not for ever after.
    waiting(&executor, &library, "next");
    executor.run(ALL);
    library.complete(0);
    library.trace.expect(["call", "next"]);
}

#[test]
fn not_beyond_the_budget_of_a_run() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let (calling, count) = (library.clone(), Rc::new(Cell::new(0)));
    let counted = Rc::clone(&count);
    drop(executor.spawn(async move {
        loop {
            calling.call(Script::Later, ()).await.expect("the call succeeds");
            counted.set(counted.get() + 1);
        }
    }));
    executor.run(ALL);
    host.asked();
    for round in 1..=3 {
        (0..RESUMES).for_each(|_| library.complete(0));
        assert_eq!((count.get(), host.asked()), (round * (RESUMES + 1) - 1, 0));
        library.complete(0);
        assert_eq!((count.get(), host.asked()), (round * (RESUMES + 1) - 1, 1));
        assert_eq!(executor.run(ALL), 1);
        assert_eq!((count.get(), host.asked()), (round * (RESUMES + 1), 0));
    }
    drop(executor);
    library.complete(0);
}

/// A run that nobody asked for renews the budget too: the host has had its turn.
#[test]
fn an_idle_run_renews_the_budget() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let calling = library.clone();
    drop(executor.spawn(async move {
        loop {
            calling.call(Script::Later, ()).await.expect("the call succeeds");
        }
    }));
    executor.run(ALL);
    host.asked();
    for _ in 0..3 {
        (0..RESUMES).for_each(|_| library.complete(0));
        assert_eq!(executor.run(ALL), 0);
    }
    assert_eq!(host.asked(), 0);
    drop(executor);
    library.complete(0);
}

/// The future, with its polls counted.
async fn counting<F: Future>(future: F, polls: Rc<Cell<u32>>) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(cx)
    })
    .await
}

/// Two records wake one task from inside the poll of another: it is queued once.
#[test]
fn woken_by_two_records_at_once() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let calls = (library.call(Script::Later, ()), library.call(Script::Later, ()));
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let both = join(calls.0.into_future(), calls.1.into_future());
    let handle = executor.spawn(counting(both, counted));
    executor.run(ALL);
    let completing = library.clone();
    drop(executor.spawn(async move { (0..2).for_each(|_| completing.complete(0)) }));
    assert_eq!(executor.run(ALL), 2);
    assert_eq!(polls.get(), 2);
    assert!(matches!(handle.now_or_never(), Some(Ok((Ok(()), Ok(()))))));
}

/// A task that is queued is left to its turn in the queue, where it is once.
#[test]
fn woken_by_one_record_and_then_by_another() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let calls = (library.call(Script::Later, ()), library.call(Script::Later, ()));
    let depth = Depth::default();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let both = join(calls.0.into_future(), calls.1.into_future());
    let handle = executor.spawn(depth.clone().watch(counting(both, counted)));
    executor.run(ALL);
    host.asked();
    pool().enter(|| library.complete(0));
    library.complete(0);
    assert_eq!((polls.get(), host.asked()), (1, 1));
    assert_eq!((executor.run(ALL), polls.get(), depth.most()), (1, 2, 1));
    assert!(matches!(handle.now_or_never(), Some(Ok((Ok(()), Ok(()))))));
    assert!(executor.is_idle());
}

/// Each of two records resumes the task.
#[test]
fn resumed_by_one_record_and_by_another() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let calls = (library.call(Script::Later, Kept(1)), library.call(Script::Later, Kept(2)));
    let handle =
        executor.spawn(async move { join(calls.0.into_future(), calls.1.into_future()).await });
    executor.run(ALL);
    host.asked();
    library.complete(0);
    assert!(!handle.is_finished());
    library.complete(0);
    assert!(matches!(handle.now_or_never(), Some(Ok(((Ok(()), 1), (Ok(()), 2))))));
    assert_eq!(host.asked(), 0);
}

#[test]
fn the_loser_of_a_select_leaves_an_orphan() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let kept = Kept(library.trace.probe("loser"));
    let calls = (library.call(Script::Later, kept), library.call(Script::Later, Kept(2)));
    let handle = executor.spawn(async move {
        match select(Box::pin(calls.0.into_future()), calls.1.into_future()).await {
            Either::Left(_) => panic!("the first call was not completed"),
            Either::Right((reply, _)) => reply,
        }
    });
    executor.run(ALL);
    let loser = library.next();
    library.complete(0);
    assert!(matches!(handle.now_or_never(), Some(Ok((Ok(()), 2)))));
    library.trace.expect(["call", "call"]);
    loser.complete(0);
    library.trace.expect(["drop loser"]);
    assert_eq!(executor.pool().in_use(), 0);
}

/// These poll with wakers of their own, behind which the task's is.
#[test]
fn foreign_wakers_inside_a_task() {
    let (library, (host, executor)) = (Library::new(), Host::with_executor());
    let calls = || (0..50).map(|number| library.call(Script::Later, Kept(number)).into_future());
    let (many, unordered) = (join_all(calls()), calls().collect::<FuturesUnordered<_>>());
    let joined = executor.spawn(async move { many.await.into_iter().map(|(_, n)| n).sum::<i32>() });
    let collected =
        executor.spawn(unordered.map(|(_, n)| n).fold(0, |sum, n| async move { sum + n }));
    executor.run(ALL);
    while library.outstanding() > 0 {
        library.complete(0);
    }
    host.serve(&executor, || joined.is_finished() && collected.is_finished());
    assert!(matches!(joined.now_or_never(), Some(Ok(1225))));
    assert!(matches!(collected.now_or_never(), Some(Ok(1225))));
    assert_eq!(executor.pool().in_use(), 0);
}

/// Whoever polls has entered its pool, and is in the middle of something. What is entered stays so.
#[test]
fn not_where_a_pool_is_entered() {
    let (library, (_, executor)) = (Library::new(), Host::with_executor());
    let call = library.call(Script::Later, ());
    let next = library.call(Script::Later, ());
    let handle = executor.spawn(async move {
        call.await.expect("the call succeeds");
        next.await
    });
    executor.run(ALL);
    let around = pool();
    around.enter(|| {
        library.complete(0);
        assert!(executor.pool().in_flight()[0].completed, "the task is not resumed");
        assert_eq!(executor.run(ALL), 1);
        let mut here = pin!(library.call(Script::Later, ()).into_future());
        assert!(here.as_mut().now_or_never().is_none());
        assert_eq!((executor.pool().in_use(), around.in_use()), (1, 1));
        (0..2).for_each(|_| library.complete(0));
        assert!(here.now_or_never().is_some());
    });
    assert!(!handle.is_finished());
    assert_eq!(executor.run(ALL), 1);
    assert!(matches!(handle.now_or_never(), Some(Ok(Ok(())))));
    assert!(Pool::entered().is_none());
}
