//! Random uses of the attributes, good and bad: whatever rustc may hand over, an attribute answers
//! with items, or with mistakes that have a place.
//!
//! `MACRO_CASES=1000000` runs more cases than the test command does, and `MACRO_SEED=n` others.
//! A failure prints the seed of its case; with it, that case is the first one of the run.

mod declaration;
mod tokens;
mod verdict;
mod words;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;

use self::declaration::Sample;
use self::verdict::{Verdict, judge};

const CASES: u64 = 20_000;
/// Any number; each case has its own, counted from here.
const SEED: u64 = 2_605;

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`"))
    })
}

/// How many cases ended in which way.
#[derive(Debug, Default)]
struct Counts {
    items: u64,
    mistakes: u64,
}

/// Runs one case; an answer that is wrong, or a panic, is described.
fn run(sample: &Sample) -> Result<Verdict, String> {
    let expanded = catch_unwind(AssertUnwindSafe(|| {
        sample.attribute.run(sample.args.clone(), sample.item.clone())
    }));
    match expanded {
        Ok(tokens) => judge(sample, tokens),
        Err(_) => Err(String::from("it panicked, with the message above")),
    }
}

#[test]
fn attributes_answer_whatever_they_are_put_on() {
    let (first, cases) = (number("MACRO_SEED", SEED), number("MACRO_CASES", CASES));
    let mut counts = Counts::default();
    for seed in first..first.saturating_add(cases) {
        let sample = declaration::sample(&mut Rng::with_seed(seed));
        match run(&sample) {
            Ok(Verdict::Items) => counts.items += 1,
            Ok(Verdict::Mistakes) => counts.mistakes += 1,
            Err(wrong) => panic!("{wrong}\n\nMACRO_SEED={seed} shows it again:\n{sample}"),
        }
        // The places of a case are looked up in its own texts only.
        proc_macro2::extra::invalidate_current_thread_spans();
    }
    // A generator whose every declaration is broken, or none, would show nothing.
    let enough = cases.min(CASES) / 10;
    assert!(counts.items >= enough && counts.mistakes >= enough, "{cases} cases: {counts:?}");
}
