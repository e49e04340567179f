//! Callbacks that visit: on the stack of the call (`shapes_each`, `shapes_all`), and of a walk that
//! completes.

use core::ffi::c_int;
use core::task::Waker;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use futures_util::FutureExt as _;
use spdk_async_tests::hostile::{
    Event, Mem, Script, TestWaker, Trace, When, World, hostile_walk, sys,
};
use spdk_async_tests::shapes::{shapes_all, shapes_each};

use crate::sweep::turn;

fn each(count: u32, visitor: impl FnMut((u32, Option<sys::shapes_stat>)) -> c_int) -> c_int {
    // SAFETY: the library calls back only before it returns.
    unsafe { shapes_each(visitor, count) }
}

fn all(count: u32, visitor: impl FnMut(u32)) {
    // SAFETY: as above.
    unsafe { shapes_all(count, visitor) }
}

/// The library's own walk from inside of a visit; the statistics of each visit die after it.
#[test]
fn a_walk_inside_of_a_visit() {
    let mut seen = Vec::new();
    let answer = each(2, |(outer, stat)| {
        let inner = each(2, |(index, stat)| {
            seen.push((outer, index, stat.expect("each visit has some").writes));
            0
        });
        assert_eq!(stat.expect("each visit has some").reads, u64::from(outer));
        inner
    });
    assert_eq!(answer, 0);
    assert_eq!(seen, [(0, 0, 0), (0, 1, 2), (1, 0, 0), (1, 1, 2)]);
}

/// The panic goes through two walks, each of which returns to C and from C in between.
#[test]
fn a_panic_inside_of_two_walks() {
    let visits = RefCell::new(Vec::new());
    let visit = |outer| {
        all(3, |inner| {
            visits.borrow_mut().push((outer, inner));
            assert!(inner != 1, "no further");
        });
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| all(3, visit)));
    let panic = panicked.expect_err("the visit panics");
    assert_eq!(panic.downcast_ref(), Some(&"no further"));
    assert_eq!(visits.into_inner(), [(0, 0), (0, 1)], "nobody is visited after the panic");
}

/// A walk whose closure owns `Mem` of its own, so that the closure's end is an event.
struct Walk {
    trace: Trace,
    world: World,
    visits: Arc<Mutex<Vec<(u32, ThreadId)>>>,
}

impl Walk {
    fn new() -> Self {
        let trace = Trace::default();
        let world = World::new(&trace);
        Self { trace, world, visits: Arc::default() }
    }

    fn visitor(&self, answer: c_int) -> impl Fn(u32) -> c_int + Send + Sync + use<> {
        let visits = Arc::clone(&self.visits);
        let owned = Mutex::new(Mem::<8>::new(&self.trace));
        move |index| {
            let _owned = owned.lock().expect("no visit panics");
            visits.lock().expect("no visit panics").push((index, thread::current().id()));
            answer
        }
    }

    fn visited(&self) -> Vec<(u32, ThreadId)> {
        core::mem::take(&mut *self.visits.lock().expect("no visit panics"))
    }
}

/// The closure goes first, then the task is woken.
const COMPLETED: [Event; 4] =
    [Event::CallBack, Event::DroppedBlank, Event::Woken(1), Event::Returned];

#[test]
fn a_walk_ends_its_closure_before_it_wakes() {
    let _turn = turn();
    let walk = Walk::new();
    walk.world.script(Script::new(When::Later));
    let mem = Mem::<8>::new(&walk.trace);
    // SAFETY: the memory is kept and has this length.
    let mut submitted = unsafe { hostile_walk(mem, 8, walk.visitor(0)) };
    let waker = TestWaker::new(&walk.trace, 1);
    let mut context = core::task::Context::from_waker(waker.waker());
    assert!(submitted.poll_unpin(&mut context).is_pending());
    assert_eq!(walk.trace.take(), [Event::Called]);
    assert_eq!(walk.world.poll(), 1);
    assert_eq!(walk.trace.take(), COMPLETED);
    let here = thread::current().id();
    assert_eq!(walk.visited(), [(0, here), (1, here)]);
    let (result, (mem,)) = submitted.now_or_never().expect("it is completed");
    assert_eq!(result, Ok(()));
    assert_eq!(mem.content(), Event::DroppedFull);
}

#[test]
fn a_walk_on_another_thread() {
    let _turn = turn();
    let walk = Walk::new();
    walk.world.script(Script::new(When::Later));
    let mem = Mem::<8>::new(&walk.trace);
    // SAFETY: as above.
    let submitted = unsafe { hostile_walk(mem, 8, walk.visitor(0)) };
    assert_eq!(walk.world.poll_elsewhere(), 1);
    let visited = walk.visited();
    assert_eq!(visited.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1]);
    assert!(visited.iter().all(|(_, thread)| *thread != thread::current().id()));
    let (result, _mem) = submitted.now_or_never().expect("it is completed");
    assert_eq!(result, Ok(()));
}

/// Nobody waits any more; C visits all the same, and finds the closure alive.
#[test]
fn an_orphans_walk_still_visits() {
    let _turn = turn();
    let walk = Walk::new();
    walk.world.script(Script::new(When::Later));
    let mem = Mem::<8>::new(&walk.trace);
    // SAFETY: as above.
    drop(unsafe { hostile_walk(mem, 8, walk.visitor(0)) });
    assert_eq!(walk.trace.take(), [Event::Called]);
    assert_eq!(walk.world.poll(), 1);
    assert_eq!(walk.visited().len(), 2);
    let closure_and_payload = [Event::DroppedBlank, Event::DroppedFull];
    let [callback, returned] = [Event::CallBack, Event::Returned];
    let [closure, payload] = closure_and_payload;
    assert_eq!(walk.trace.take(), [callback, closure, payload, returned]);
}

/// The answer of the first visit ends the walk, before the call has returned.
#[test]
fn an_inline_walk_that_is_stopped() {
    let _turn = turn();
    let walk = Walk::new();
    walk.world.script(Script::new(When::Inline));
    let mem = Mem::<8>::new(&walk.trace);
    // SAFETY: as above.
    let mut submitted = unsafe { hostile_walk(mem, 8, walk.visitor(-5)) };
    assert_eq!(walk.visited().len(), 1);
    let mut context = core::task::Context::from_waker(Waker::noop());
    let core::task::Poll::Ready((result, _mem)) = submitted.poll_unpin(&mut context) else {
        panic!("the walk was over when the call returned");
    };
    assert_eq!(
        result,
        Err(callback_adapter::CallError::Failed(callback_adapter::Errno::from_status(5),))
    );
}
