//! How the property tests run: seeded, with the case in hand named whatever becomes of it.
//!
//! `SPDK_ASYNC_PROPERTY_CASES` is the number of cases of each property, `SPDK_ASYNC_TEST_SEED` what they
//! are made from; without it, a number that is new in each process.
//! A case that answers with an error is made smaller; one that panics cannot be, as SPDK's state is
//! then anybody's guess. One that ends the process or hangs is printed by a hook, or by its number.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod config;
pub(crate) mod disk;
pub(crate) mod drive;
pub(crate) mod edit;
pub(crate) mod model;
pub(crate) mod ops;
pub(crate) mod submit;

use std::cell::RefCell;
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, Once};
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner};

/// How long one case may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cases begun in this process.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// The property in hand.
static NAME: Mutex<&str> = Mutex::new("");

thread_local! {
    static CASE: RefCell<Option<Rc<dyn Debug>>> = const { RefCell::new(None) };
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

/// What the cases of this process are made from.
static SEED: LazyLock<u64> =
    LazyLock::new(|| number(VARIABLE).unwrap_or_else(|| RandomState::new().hash_one(())));

const VARIABLE: &str = "SPDK_ASYNC_TEST_SEED";

/// Checks a property on `cases` values, or as many as the environment asks for.
pub(crate) fn check<T: Debug + 'static>(
    name: &'static str,
    cases: u32,
    values: impl Strategy<Value = T>,
    property: impl Fn(&T) -> Result<(), TestCaseError>,
) {
    let seed = *SEED;
    let cases = number("SPDK_ASYNC_PROPERTY_CASES").map_or(cases, |cases| cases as u32);
    let config = Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        rng_seed: RngSeed::Fixed(seed),
        max_global_rejects: cases + 1024,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    *NAME.lock().expect("nobody panics with it") = name;
    watch();
    let broken = RefCell::new(false);
    let outcome = TestRunner::new(config).run(&values, |value| {
        if *broken.borrow() {
            return Ok(());
        }
        let value = Rc::new(value);
        CASE.set(Some(Rc::clone(&value) as Rc<dyn Debug>));
        BEGUN.fetch_add(1, Ordering::Relaxed);
        broken.replace(true);
        let result = property(&value);
        broken.replace(false);
        result
    });
    CASE.set(None);
    match outcome {
        Ok(()) => eprintln!("{name}: {cases} cases from seed {seed}"),
        Err(TestError::Fail(why, value)) => {
            panic!("{name}: {why}\n{VARIABLE}={seed} finds it again; the smallest case:\n{value:?}")
        }
        Err(error) => panic!("{name}, {VARIABLE}={seed}: {error}"),
    }
}

/// Names the case in hand when it panics, as the panic may end the process, or takes too long.
fn watch() {
    static ONCE: Once = Once::new();
    let seed = *SEED;
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Some(case) = CASE.with(|case| case.borrow_mut().take()) {
                // Not `eprintln!`: what a test has printed is lost with its process.
                let _ = writeln!(std::io::stderr(), "{VARIABLE}={seed}: {info}\n{case:?}");
            }
            default(info);
        }));
        std::thread::spawn(move || {
            let mut before = 0;
            loop {
                std::thread::sleep(PATIENCE);
                let begun = BEGUN.load(Ordering::Relaxed);
                if begun == before && begun > 0 {
                    let name = *NAME.lock().expect("nobody panics with it");
                    let hangs = format!("{name}, {VARIABLE}={seed}: case {begun} hangs\n");
                    let _ = std::io::stderr().write_all(hangs.as_bytes());
                    std::process::abort();
                }
                before = begun;
            }
        });
    });
}
