//! Worker threads that make blocking system calls for one spdk_thread.
//!
//! Invariants: a job's file and buffers stay valid until its outcome has been taken; outcomes are
//! taken in the order in which the calls ended. Dropping the [`Workers`] waits for their threads.

use core::ffi::c_int;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use libc::iovec;

use crate::spdk_bdev_io;

/// Threads of each group: enough to keep a file busy, few enough for a small machine.
const WORKERS: usize = 4;

/// One system call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// Reads into the buffers.
    Read,
    /// Writes the buffers.
    Write,
    /// Makes what was written durable.
    Flush,
    /// Punches a hole or zeroes a range: the mode of `fallocate`.
    Allocate(c_int),
}

/// A system call to make for an I/O.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) io: *mut spdk_bdev_io,
    pub(super) action: Action,
    pub(super) file: RawFd,
    pub(super) iovs: *const iovec,
    pub(super) iovcnt: c_int,
    /// Bytes from the start of the file.
    pub(super) offset: i64,
    /// Bytes to allocate.
    pub(super) length: i64,
}

// SAFETY: the module leaves the I/O and its buffers alone until the outcome has come back.
unsafe impl Send for Job {}

/// How a job ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) io: *mut spdk_bdev_io,
    /// Bytes read or written, or a negative errno.
    pub(super) result: i64,
}

// SAFETY: as for the job it comes from.
unsafe impl Send for Outcome {}

#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    jobs: Mutex<Jobs>,
    wake: Condvar,
    done: Mutex<Vec<Outcome>>,
    /// The length of `done`, so that a poll that finds nothing takes no lock.
    done_count: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A set of worker threads.
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads.
    pub(super) fn start() -> io::Result<Self> {
        let mut workers = Self { shared: Arc::default(), threads: Vec::with_capacity(WORKERS) };
        for _ in 0..WORKERS {
            let shared = Arc::clone(&workers.shared);
            let builder = std::thread::Builder::new().name("aio_worker".to_owned());
            workers.threads.push(builder.spawn(move || shared.work())?);
        }
        Ok(workers)
    }

    /// Hands a job to the threads.
    pub(super) fn submit(&self, job: Job) {
        lock(&self.shared.jobs).queue.push_back(job);
        self.shared.wake.notify_one();
    }

    /// Moves the outcomes that have arrived to the end of `outcomes`.
    pub(super) fn take_done(&self, outcomes: &mut Vec<Outcome>) {
        if self.shared.done_count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut done = lock(&self.shared.done);
        outcomes.append(&mut done);
        self.shared.done_count.store(0, Ordering::Release);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        lock(&self.shared.jobs).closed = true;
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A worker has nothing that could panic but the allocation of its queues.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        while let Some(job) = self.next_job() {
            let outcome = Outcome { io: job.io, result: job.run() };
            let mut done = lock(&self.done);
            done.push(outcome);
            self.done_count.store(done.len(), Ordering::Release);
        }
    }

    /// The next job; `None` once there is none and the set is closed.
    fn next_job(&self) -> Option<Job> {
        let jobs = lock(&self.jobs);
        let mut jobs = self
            .wake
            .wait_while(jobs, |jobs| jobs.queue.is_empty() && !jobs.closed)
            .unwrap_or_else(PoisonError::into_inner);
        jobs.queue.pop_front()
    }
}

impl Job {
    /// Makes the system call, again if a signal interrupts it.
    fn run(&self) -> i64 {
        loop {
            // SAFETY: the module keeps the file open and the iovecs and their memory valid.
            let result = unsafe {
                match self.action {
                    Action::Read => {
                        libc::preadv(self.file, self.iovs, self.iovcnt, self.offset) as i64
                    }
                    Action::Write => {
                        libc::pwritev(self.file, self.iovs, self.iovcnt, self.offset) as i64
                    }
                    Action::Flush => i64::from(libc::fdatasync(self.file)),
                    Action::Allocate(mode) => {
                        i64::from(libc::fallocate(self.file, mode, self.offset, self.length))
                    }
                }
            };
            if result >= 0 {
                return result;
            }
            match io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => {}
                code => return -i64::from(code.unwrap_or(libc::EIO)),
            }
        }
    }
}
