//! Models of threads that come and go, for the `loom` model checker: `roster` is the code that ships,
//! the threads and their messages are the model's. `adapter/tests/models/README.md` says how to run
//! them, how far they go, and what they were seen to catch.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Mutex, Notify};
use loom::thread;

use super::roster::Roster;

/// How often a schedule takes the processor from a thread that could go on, unless the environment
/// says otherwise (`LOOM_MAX_PREEMPTIONS`).
const PREEMPTIONS: usize = 3;

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    let schedules = Arc::new(Count::new(0));
    let counted = Arc::clone(&schedules);
    builder.check(move || {
        counted.fetch_add(1, SeqCst);
        model();
    });
    let schedules = schedules.load(SeqCst);
    let name = std::thread::current().name().unwrap_or("a model").to_owned();
    eprintln!("{name}: {schedules} schedules");
    assert!(schedules > 1, "{name} has a single schedule: nothing in it meets");
}

const ID: u64 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Jobs,
    End,
}

/// What a roster lists in a model: a thread of the C library, which may not be sent a message once it
/// has exited.
#[derive(Clone)]
struct Resident(Arc<Inner>);

struct Inner {
    messages: Mutex<Messages>,
    notify: Notify,
}

#[derive(Default)]
struct Messages {
    queue: VecDeque<Message>,
    sent: Vec<Message>,
    exited: bool,
}

impl Resident {
    fn new() -> Self {
        let messages = Mutex::new(Messages::default());
        Self(Arc::new(Inner { messages, notify: Notify::new() }))
    }

    fn send(&self, message: Message) {
        let mut messages = self.0.messages.lock().unwrap();
        assert!(!messages.exited, "a message to a thread that has exited");
        assert!(!messages.queue.contains(&message), "a second message of a kind is under way");
        messages.queue.push_back(message);
        messages.sent.push(message);
        drop(messages);
        self.0.notify.notify();
    }

    fn receive(&self) -> Message {
        loop {
            let message = self.0.messages.lock().unwrap().queue.pop_front();
            match message {
                Some(message) => return message,
                None => self.0.notify.wait(),
            }
        }
    }

    fn exit(&self) {
        self.0.messages.lock().unwrap().exited = true;
    }

    fn sent(&self, wanted: Message) -> usize {
        let messages = self.0.messages.lock().unwrap();
        messages.sent.iter().filter(|message| **message == wanted).count()
    }
}

/// A job of another thread. Its drop looks at the roster, so it must not happen under the lock.
struct Job {
    /// What it closes, of what the resident has open.
    closes: usize,
    roster: Shared,
    gone: Arc<Count>,
}

type Shared = Arc<Roster<Resident, Job>>;

impl Drop for Job {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.roster.others(ID, || true);
        }
        self.gone.fetch_add(1, SeqCst);
    }
}

/// A roster and its only resident, whose thread is the calling one.
struct Model {
    roster: Shared,
    resident: Resident,
    gone: Arc<Count>,
}

impl Model {
    fn new() -> Self {
        let (roster, resident) = (Shared::new(Roster::new()), Resident::new());
        assert!(roster.insert(ID, resident.clone()));
        Self { roster, resident, gone: Arc::default() }
    }

    /// A job that closes so much of what the resident has open.
    fn job(&self, closes: usize) -> Job {
        Job { closes, roster: Arc::clone(&self.roster), gone: Arc::clone(&self.gone) }
    }

    /// Another thread that posts a job; it answers whether the job came back.
    fn post(&self, closes: usize) -> thread::JoinHandle<bool> {
        let (roster, job) = (Arc::clone(&self.roster), self.job(closes));
        thread::spawn(move || roster.post(ID, job, |to| to.send(Message::Jobs)).is_err())
    }

    /// Another thread that tells the resident to end; it answers whether it was the first to.
    fn end(&self) -> thread::JoinHandle<bool> {
        let roster = Arc::clone(&self.roster);
        thread::spawn(move || roster.end(ID, |to| to.send(Message::End)))
    }

    /// Runs the resident until it has been told to end and has nothing open, as `thread/end.rs`
    /// does; then it leaves the roster and exits. Answers how many jobs ran.
    fn live(&self, open: usize) -> usize {
        let (open, mut ending, mut ran) = (Cell::new(open), false, 0);
        while !ending || open.get() > 0 {
            match self.resident.receive() {
                Message::End => ending = true,
                Message::Jobs => {
                    for job in self.roster.take_jobs(ID) {
                        open.set(open.get() - job.closes);
                        ran += 1;
                    }
                }
            }
        }
        let left = self.roster.remove(ID);
        self.resident.exit();
        drop(left);
        ran
    }
}

#[test]
fn a_close_and_the_end_of_the_thread_that_must_do_it() {
    explore(|| {
        let model = Model::new();
        let (closing, ending) = (model.post(1), model.end());
        assert_eq!(model.live(1), 1, "a close was lost");
        assert!(!closing.join().unwrap());
        assert!(ending.join().unwrap());
        assert_eq!(model.gone.load(SeqCst), 1);
    });
}

/// Nothing waits for such a job, as for the stop of an alarm: it runs, or it is given back.
#[test]
fn a_job_and_the_exit_of_the_thread() {
    explore(|| {
        let model = Model::new();
        let (posting, ending) = (model.post(0), model.end());
        let ran = model.live(0);
        let refused = posting.join().unwrap();
        assert!(ran + usize::from(refused) <= 1);
        assert!(ending.join().unwrap());
        assert_eq!(model.gone.load(SeqCst), 1, "a job is dropped once, run or not");
        assert!(model.roster.others(0, || true).0.is_empty());
    });
}

/// There is one message under way, however many jobs wait (`Resident::send` looks at that).
#[test]
fn jobs_of_two_threads() {
    explore(|| {
        let model = Model::new();
        assert!(model.roster.end(ID, |to| to.send(Message::End)));
        let posting = [model.post(1), model.post(1)];
        assert_eq!(model.live(2), 2, "a close was lost");
        for thread in posting {
            assert!(!thread.join().unwrap());
        }
        assert!((1..=2).contains(&model.resident.sent(Message::Jobs)));
        assert_eq!(model.gone.load(SeqCst), 2);
    });
}

/// As the application's own thread does, which nobody has to tell.
#[test]
fn a_thread_that_ends_by_itself_is_told_to() {
    explore(|| {
        let model = Model::new();
        let (ending, posting) = (model.end(), model.post(0));
        let left = model.roster.remove(ID);
        model.resident.exit();
        drop(left);
        let told = ending.join().unwrap();
        assert_eq!(model.resident.sent(Message::End), usize::from(told));
        posting.join().unwrap();
        assert_eq!(model.gone.load(SeqCst), 1, "a job is dropped once");
    });
}

#[test]
fn two_threads_tell_one_to_end() {
    explore(|| {
        let model = Model::new();
        let ending = [model.end(), model.end()];
        model.live(0);
        let first = ending.map(|thread| thread.join().unwrap());
        assert_eq!(first.into_iter().filter(|first| *first).count(), 1);
        assert_eq!(model.resident.sent(Message::End), 1);
    });
}

/// A thread on its way up is listed before it stops to count as starting, and whoever waits for the
/// end of all looks at both in one moment.
#[test]
fn a_thread_that_comes_up_while_all_are_to_end() {
    explore(|| {
        let roster = Arc::new(Roster::<Resident, Job>::new());
        let starting = Arc::new(AtomicUsize::new(1));
        let (coming, counted) = (Arc::clone(&roster), Arc::clone(&starting));
        let up = thread::spawn(move || {
            let resident = Resident::new();
            assert!(coming.insert(ID, resident.clone()));
            counted.fetch_sub(1, Ordering::SeqCst);
            assert_eq!(resident.receive(), Message::End);
            drop(coming.remove(ID));
            resident.exit();
        });
        let mut told = 0;
        loop {
            let (others, on_the_way) = roster.others(0, || starting.load(Ordering::SeqCst) > 0);
            if others.is_empty() && !on_the_way {
                break;
            }
            for id in others {
                told += usize::from(roster.end(id, |to| to.send(Message::End)));
            }
            thread::yield_now();
        }
        assert_eq!(told, 1, "a thread was missed");
        up.join().unwrap();
    });
}
