//! Reactors: one OS thread per core that polls the spdk_threads placed on it, for ever.
//!
//! Invariants: a reactor's list of threads belongs to its OS thread alone; what others want of it
//! goes through its queue. [`Reactors`] exist from [`Reactors::create`] until [`Reactors::destroy`],
//! one set at a time per process. No lock is held while an event, a message or a poller runs.

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::event::spdk_event;
use super::placement::{self, LwThread, thread_op, thread_op_supported};
use super::signals::take_shutdown_request;
use super::start::spdk_app_start_shutdown;
use crate::{
    SPDK_DEFAULT_MSG_MEMPOOL_SIZE, SPDK_MSG_MEMPOOL_CACHE_SIZE, spdk_env_get_current_core,
    spdk_env_get_first_core, spdk_env_get_next_core, spdk_env_thread_launch_pinned,
    spdk_env_thread_wait_all, spdk_set_thread, spdk_thread, spdk_thread_destroy, spdk_thread_exit,
    spdk_thread_get_name, spdk_thread_is_app_thread, spdk_thread_is_bound, spdk_thread_is_exited,
    spdk_thread_is_idle, spdk_thread_is_running, spdk_thread_lib_fini, spdk_thread_lib_init_ext,
    spdk_thread_poll,
};

/// Events that one pass of a reactor runs at most.
const EVENT_BATCH: usize = 8;
/// Entries that the queue of a reactor holds at most.
const QUEUE_LIMIT: usize = 65_536;
/// Messages of an application that does not say, and of each core if there are very many.
const DEFAULT_MESSAGES: usize = SPDK_DEFAULT_MSG_MEMPOOL_SIZE as usize;
const MESSAGES_PER_CORE: usize = 4 * SPDK_MSG_MEMPOOL_CACHE_SIZE as usize;
/// Passes without work after which a reactor offers its core to others: on a machine with fewer
/// cores than reactors, and under tools that run one thread at a time, the others would starve.
const IDLE_PASSES_BEFORE_YIELD: u32 = 64;

static REACTORS: RwLock<Option<Arc<Reactors>>> = RwLock::new(None);

/// The reactors of the running application, if there is one.
pub(super) fn current() -> Option<Arc<Reactors>> {
    REACTORS.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A thread on its way to a reactor.
#[derive(Debug)]
struct Arriving(*mut spdk_thread);

// SAFETY: the sender lets go of the thread when it queues it; the receiver polls it from then on,
// and the queue's lock orders the two.
unsafe impl Send for Arriving {}

/// What waits in the queue of a reactor.
#[derive(Debug)]
enum Item {
    Event(Box<spdk_event>),
    Thread(Arriving),
    /// Passes through every reactor before they stop, so that what was queued earlier runs.
    StopAfter {
        hops_left: usize,
    },
}

/// One reactor, as the others see it.
#[derive(Debug)]
struct Reactor {
    core: u32,
    queue: Mutex<VecDeque<Item>>,
    /// The length of `queue`, so that an empty one costs no lock.
    queued: AtomicUsize,
}

impl Reactor {
    fn push(&self, item: Item) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            queue.len() < QUEUE_LIMIT,
            "spdk_event_call: the queue of core {} is full ({QUEUE_LIMIT} entries)",
            self.core
        );
        queue.push_back(item);
        self.queued.store(queue.len(), Ordering::Release);
    }

    fn pop(&self) -> Option<Item> {
        if self.queued.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let item = queue.pop_front();
        self.queued.store(queue.len(), Ordering::Release);
        item
    }
}

const RUNNING: u8 = 0;
const EXITING: u8 = 1;

/// All reactors of an application.
#[derive(Debug)]
pub(super) struct Reactors {
    /// In ascending order of cores.
    reactors: Vec<Reactor>,
    state: AtomicU8,
    /// Where the next thread that fits everywhere goes: an index into `reactors`.
    pub(super) next: AtomicUsize,
    /// Events that are allocated and have not run.
    pub(super) live_events: AtomicUsize,
}

impl Reactors {
    /// Builds the reactors of the environment's cores and the thread library on top of them.
    /// `message_pool` is the size of its message pool, 0 for the default.
    pub(super) fn create(message_pool: usize) -> Result<(), String> {
        let reactors: Vec<_> = env_cores()
            .map(|core| Reactor { core, queue: Mutex::default(), queued: AtomicUsize::new(0) })
            .collect();
        let message_pool = match message_pool {
            0 => DEFAULT_MESSAGES.max(reactors.len() * MESSAGES_PER_CORE),
            given => given,
        };
        // SAFETY: both hooks stay valid for the life of the process, the context size is theirs.
        let rc = unsafe {
            spdk_thread_lib_init_ext(
                Some(thread_op),
                Some(thread_op_supported),
                size_of::<LwThread>(),
                message_pool,
            )
        };
        if rc != 0 {
            return Err(format!("spdk_app_start: the thread library did not start ({rc})"));
        }
        let built = Self {
            reactors,
            state: AtomicU8::new(RUNNING),
            next: AtomicUsize::new(0),
            live_events: AtomicUsize::new(0),
        };
        *REACTORS.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(built));
        Ok(())
    }

    /// Ends the thread library and forgets the reactors, with whatever is still queued.
    pub(super) fn destroy() {
        let taken = REACTORS.write().unwrap_or_else(PoisonError::into_inner).take();
        if taken.is_some() {
            // SAFETY: no reactor runs any more, so no thread is being polled.
            unsafe { spdk_thread_lib_fini() };
        }
    }

    /// The cores, in ascending order.
    pub(super) fn cores(&self) -> impl ExactSizeIterator<Item = u32> {
        self.reactors.iter().map(|reactor| reactor.core)
    }

    fn of_core(&self, core: u32) -> Option<&Reactor> {
        self.reactors.iter().find(|reactor| reactor.core == core)
    }

    /// Whether there is a reactor on `core`.
    pub(super) fn has_core(&self, core: u32) -> bool {
        self.of_core(core).is_some()
    }

    /// Queues `event` on its core.
    pub(super) fn push_event(&self, event: Box<spdk_event>) {
        let reactor = self.of_core(event.lcore).expect("spdk_event_call: the core has no reactor");
        reactor.push(Item::Event(event));
    }

    /// Hands `thread` to the reactor at `index`, which polls it from then on.
    pub(super) fn push_thread(&self, index: usize, thread: *mut spdk_thread) {
        self.reactors[index].push(Item::Thread(Arriving(thread)));
    }

    /// Stops the reactors once what is queued on them now has run.
    pub(super) fn stop(&self) {
        self.reactors[0].push(Item::StopAfter { hops_left: self.reactors.len() - 1 });
    }

    /// Runs all reactors, this one on the calling OS thread, until they have stopped.
    pub(super) fn run(self: Arc<Self>) {
        // SAFETY: reads the calling OS thread's core.
        let main_core = unsafe { spdk_env_get_current_core() };
        for core in self.cores().filter(|&core| core != main_core) {
            let seat = Box::into_raw(Box::new(Seat { reactors: Arc::clone(&self), core }));
            // SAFETY: run_seat takes the box exactly once, on the new OS thread.
            let rc = unsafe { spdk_env_thread_launch_pinned(core, Some(run_seat), seat.cast()) };
            assert!(
                rc >= 0,
                "spdk_app_start: the reactor of core {core} could not be started ({rc})"
            );
        }
        Seat { reactors: Arc::clone(&self), core: main_core }.run(true);
        // SAFETY: every launched reactor ends, as the state it watches says so.
        unsafe { spdk_env_thread_wait_all() };
    }
}

/// The cores of the environment, in ascending order.
fn env_cores() -> impl Iterator<Item = u32> {
    // SAFETY: the environment is initialized; these only read its cores.
    let first = unsafe { spdk_env_get_first_core() };
    core::iter::successors(Some(first), |&core| {
        // SAFETY: as above.
        Some(unsafe { spdk_env_get_next_core(core) })
    })
    .take_while(|&core| core != u32::MAX)
}

/// A reactor's OS thread.
struct Seat {
    reactors: Arc<Reactors>,
    core: u32,
}

unsafe extern "C" fn run_seat(arg: *mut c_void) -> c_int {
    // SAFETY: `arg` is the box that Reactors::run leaked for this one call.
    let seat = unsafe { Box::from_raw(arg.cast::<Seat>()) };
    seat.run(false);
    0
}

impl Seat {
    fn run(&self, is_main: bool) {
        tracing::info!("reactor started on core {}", self.core);
        let reactor = self.reactors.of_core(self.core).expect("a seat is made for its reactor");
        let mut threads = Vec::new();
        let mut idle_passes = 0_u32;
        while self.reactors.state.load(Ordering::Acquire) == RUNNING {
            let mut busy = self.run_queue(reactor, &mut threads);
            busy |= poll_threads(&self.reactors, &mut threads);
            if is_main && take_shutdown_request() {
                // SAFETY: the application runs, so its app thread exists.
                unsafe { spdk_app_start_shutdown() };
            }
            idle_passes = if busy { 0 } else { idle_passes + 1 };
            if idle_passes >= IDLE_PASSES_BEFORE_YIELD {
                idle_passes = 0;
                std::thread::yield_now();
            }
        }
        self.end_threads(reactor, &mut threads);
    }

    /// Runs up to one batch of what is queued; whether there was anything.
    fn run_queue(&self, reactor: &Reactor, threads: &mut Vec<*mut spdk_thread>) -> bool {
        for done in 0..EVENT_BATCH {
            match reactor.pop() {
                None => return done > 0,
                Some(Item::Event(event)) => {
                    self.reactors.live_events.fetch_sub(1, Ordering::Relaxed);
                    event.run();
                }
                Some(Item::Thread(Arriving(thread))) => threads.push(thread),
                Some(Item::StopAfter { hops_left: 0 }) => {
                    self.reactors.state.store(EXITING, Ordering::Release);
                }
                Some(Item::StopAfter { hops_left }) => {
                    let next = self.reactors.reactors.len() - hops_left;
                    self.reactors.reactors[next].push(Item::StopAfter { hops_left: hops_left - 1 });
                }
            }
        }
        true
    }

    /// Ends every thread of this reactor and polls them until they are gone.
    fn end_threads(&self, reactor: &Reactor, threads: &mut Vec<*mut spdk_thread>) {
        loop {
            while let Some(item) = reactor.pop() {
                if let Item::Thread(Arriving(thread)) = item {
                    threads.push(thread);
                }
            }
            if threads.is_empty() {
                return;
            }
            for &thread in &*threads {
                exit_if_running(thread);
            }
            // SAFETY: the threads are this reactor's; a thread leaves the list when it is destroyed.
            threads.retain(|&thread| unsafe {
                spdk_thread_poll(thread, 0, 0);
                let exited = spdk_thread_is_exited(thread);
                if exited {
                    spdk_thread_destroy(thread);
                }
                !exited
            });
            std::thread::yield_now();
        }
    }
}

/// Polls each thread once; whether one of them was busy.
fn poll_threads(reactors: &Reactors, threads: &mut Vec<*mut spdk_thread>) -> bool {
    let mut busy = false;
    let mut at = 0;
    while at < threads.len() {
        let thread = threads[at];
        // SAFETY: the thread is on this reactor's list: nobody else polls or destroys it.
        busy |= unsafe { spdk_thread_poll(thread, 0, 0) } > 0;
        if leaves(reactors, thread) {
            threads.remove(at);
        } else {
            at += 1;
        }
    }
    busy
}

/// What follows a poll: destroys a thread that has ended, hands on one that asked to be moved.
/// Whether it is gone from this reactor.
fn leaves(reactors: &Reactors, thread: *mut spdk_thread) -> bool {
    // SAFETY: the thread is on this reactor's list and not being polled; its context is an LwThread.
    unsafe {
        if spdk_thread_is_exited(thread) && spdk_thread_is_idle(thread) {
            spdk_thread_destroy(thread);
            return true;
        }
        if placement::wants_to_move(thread) && !spdk_thread_is_bound(thread) {
            placement::place(reactors, thread);
            return true;
        }
    }
    false
}

/// Asks a thread to end that nobody has asked yet.
fn exit_if_running(thread: *mut spdk_thread) {
    // SAFETY: the thread is on the calling reactor's list and not being polled, so it may be made
    // current for the call.
    unsafe {
        if !spdk_thread_is_running(thread) {
            return;
        }
        if !spdk_thread_is_app_thread(thread) {
            let name = core::ffi::CStr::from_ptr(spdk_thread_get_name(thread));
            tracing::error!("spdk_thread_exit() was not called on thread {name:?}");
        }
        spdk_set_thread(thread);
        spdk_thread_exit(thread);
        spdk_set_thread(null_mut());
    }
}
