//! How the property tests run: seeded, with the case in hand named whatever becomes of it.
//!
//! `PROPERTY_CASES` is the number of cases of each property, `PROPERTY_SEED` what they are made from.
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
use std::io::Write;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner};

/// How long one case may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cases begun in this process.
static BEGUN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CASE: RefCell<Option<Rc<dyn Debug>>> = const { RefCell::new(None) };
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}"))
    })
}

/// Checks a property on `cases` values, or as many as the environment asks for.
pub(crate) fn check<T: Debug + 'static>(
    name: &'static str,
    cases: u32,
    values: impl Strategy<Value = T>,
    property: impl Fn(&T) -> Result<(), TestCaseError>,
) {
    let seed = number("PROPERTY_SEED", 20_260_526);
    let cases = number("PROPERTY_CASES", cases.into()) as u32;
    let config = Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        rng_seed: RngSeed::Fixed(seed),
        max_global_rejects: cases + 1024,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    watch(name, seed);
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
            panic!(
                "{name}: {why}\nPROPERTY_SEED={seed} finds it again; the smallest case:\n{value:?}"
            )
        }
        Err(error) => panic!("{name}, PROPERTY_SEED={seed}: {error}"),
    }
}

/// Names the case in hand when it panics, as the panic may end the process, or takes too long.
fn watch(name: &'static str, seed: u64) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Some(case) = CASE.with(|case| case.borrow_mut().take()) {
                // Not `eprintln!`: what a test has printed is lost with its process.
                let _ = writeln!(std::io::stderr(), "PROPERTY_SEED={seed}: {info}\n{case:?}");
            }
            default(info);
        }));
        std::thread::spawn(move || {
            let mut before = 0;
            loop {
                std::thread::sleep(PATIENCE);
                let begun = BEGUN.load(Ordering::Relaxed);
                if begun == before && begun > 0 {
                    let hangs = format!("{name}, PROPERTY_SEED={seed}: case {begun} hangs\n");
                    let _ = std::io::stderr().write_all(hangs.as_bytes());
                    std::process::abort();
                }
                before = begun;
            }
        });
    });
}
