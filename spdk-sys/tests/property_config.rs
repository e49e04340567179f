//! Whatever stands in a JSON configuration: the application runs and ends, or refuses with a reason.
#![cfg(all(feature = "embedded", not(feature = "system")))]

mod app_common;
mod property_common;

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::rc::Rc;

use app_common::{app_opts, bdev_config, lock};
use property_common::check;
use property_common::config::{Entry, document};
use property_common::edit::{apply, edits, is_bearable};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use spdk_sys::*;

/// What an application came to: its code, the reason it gave, and how often it started.
#[derive(Debug)]
struct Ran {
    code: c_int,
    reason: Option<String>,
    starts: u32,
}

/// Runs an application with these bytes for a configuration; `look` is its work.
fn run(config: &[u8], ignore_errors: bool, look: impl Fn() + 'static) -> Ran {
    unsafe extern "C" fn start(ctx: *mut c_void) {
        // SAFETY: `ctx` is the pair below, which outlives the application.
        let (look, starts) = unsafe { &*ctx.cast::<(Box<dyn Fn()>, Cell<u32>)>() };
        starts.set(starts.get() + 1);
        look();
        // SAFETY: an application runs.
        unsafe { spdk_app_stop(0) };
    }
    forget_options();
    let work: (Box<dyn Fn()>, Cell<u32>) = (Box::new(look), Cell::new(0));
    let mut opts = app_opts();
    opts.print_level = SPDK_LOG_DISABLED;
    opts.json_data = config.as_ptr().cast_mut().cast();
    opts.json_data_size = config.len();
    opts.json_config_ignore_errors = ignore_errors;
    // SAFETY: `opts` is initialized; the text and the work outlive the application.
    let code = unsafe {
        let code = spdk_app_start(&raw mut opts, Some(start), (&raw const work).cast_mut().cast());
        spdk_app_fini();
        code
    };
    Ran { code, reason: last_config_error(), starts: work.1.get() }
}

/// The options of the bdev layer outlive an application; the next case is to find the defaults.
fn forget_options() {
    let mut opts = spdk_bdev_opts::default();
    // SAFETY: `opts` is a whole structure; no thread exists between two applications.
    unsafe {
        spdk_bdev_get_opts(&raw mut opts, size_of::<spdk_bdev_opts>());
        opts.bdev_io_pool_size = 65535;
        opts.bdev_io_cache_size = 256;
        opts.bdev_auto_examine = true;
        assert_eq!(spdk_bdev_set_opts(&raw mut opts), 0);
    }
}

/// The application has run and ended, or has not run and said why.
fn is_orderly(ran: &Ran) -> Result<(), TestCaseError> {
    let reason = ran.reason.as_ref().is_some_and(|reason| !reason.is_empty());
    match ran {
        Ran { code: 0, starts: 1, .. } => Ok(()),
        Ran { code, starts: 0, .. } if *code < 0 && reason => Ok(()),
        _ => Err(TestCaseError::fail(format!("neither run nor refused: {ran:?}"))),
    }
}

#[test]
fn any_configuration_runs_or_is_refused_with_a_reason() {
    let _lock = lock();
    let texts = (document(), prop_oneof![Just(Vec::new()), edits()], any::<bool>());
    let (ran, refused) = (Cell::new(0), Cell::new(0));
    check("any_configuration", 3000, texts, |(text, edits, ignore_errors)| {
        let config = apply(text, edits);
        if !is_bearable(&config) {
            return Err(TestCaseError::reject("more memory than a test should take"));
        }
        let outcome = run(&config, *ignore_errors, || {});
        let seen = if outcome.code == 0 { &ran } else { &refused };
        seen.set(seen.get() + 1);
        is_orderly(&outcome)
    });
    // Cases that all take one way would prove little.
    assert!(
        ran.get() * 10 > refused.get() && refused.get() * 10 > ran.get(),
        "{ran:?} {refused:?}"
    );
}

/// Each of these ended the process once, by an overflow.
#[test]
fn sizes_and_times_beyond_64_bits() {
    let _lock = lock();
    for call in [
        r#"{"method": "bdev_null_resize", "params": {"name": "N", "new_size": 1}}"#,
        r#"{"method": "bdev_set_qd_sampling_period",
            "params": {"name": "N", "period": 18446744073709551615}}"#,
    ] {
        let create = Entry::new(
            "bdev_null_create",
            &[
                ("name", "\"N\"".to_owned()),
                ("num_blocks", u64::MAX.to_string()),
                ("block_size", "512".to_owned()),
            ],
        );
        let ran = run(bdev_config(&format!("{}, {call}", create.text())).as_bytes(), false, || {});
        is_orderly(&ran).expect(call);
    }
}

/// Bytes with no structure at all.
#[test]
fn noise_is_refused_with_a_reason() {
    let _lock = lock();
    check("noise", 500, vec(any::<u8>(), 0..200), |noise| is_orderly(&run(noise, true, || {})));
}

/// A bdev that a configuration is to make.
#[derive(Debug, Clone)]
struct Wanted {
    null: bool,
    blocks: u64,
    block_size: u32,
}

fn wanted() -> impl Strategy<Value = Vec<Wanted>> {
    let bdev = (any::<bool>(), 1..200_u64, select(&[512, 1024, 4096][..]))
        .prop_map(|(null, blocks, block_size)| Wanted { null, blocks, block_size });
    vec(bdev, 1..5)
}

fn entry_of(index: usize, bdev: &Wanted) -> Entry {
    let method = if bdev.null { "bdev_null_create" } else { "bdev_malloc_create" };
    let (blocks, size) = (bdev.blocks.to_string(), bdev.block_size.to_string());
    let name = format!("\"Bdev{index}\"");
    Entry::new(method, &[("name", name), ("num_blocks", blocks), ("block_size", size)])
}

fn entries_of(bdevs: &[Wanted]) -> Vec<Entry> {
    bdevs.iter().enumerate().map(|(index, bdev)| entry_of(index, bdev)).collect()
}

fn text_of(entries: &[Entry]) -> String {
    let entries: Vec<_> = entries.iter().map(Entry::text).collect();
    bdev_config(&entries.join(", "))
}

/// Name, blocks and block size of every bdev there is.
fn bdevs_there_are() -> Vec<(String, u64, u32)> {
    let mut found = Vec::new();
    // SAFETY: on the app thread; bdevs stay until the application stops.
    unsafe {
        let mut bdev = spdk_bdev_first();
        while !bdev.is_null() {
            let name = CStr::from_ptr(spdk_bdev_get_name(bdev)).to_string_lossy().into_owned();
            found.push((name, spdk_bdev_get_num_blocks(bdev), spdk_bdev_get_block_size(bdev)));
            bdev = spdk_bdev_next(bdev);
        }
    }
    found
}

/// What may stand between two tokens.
const GAPS: [&str; 8] =
    [" ", "\n", "\t\r\n", "/**/", "/* \" { */", "// \u{e4} \"\n", "/*/ // */", "//*/\n"];

/// Puts gaps behind the punctuation that stands outside of strings; names here hold none.
fn spaced(text: &str, gaps: &[&str]) -> String {
    let mut gaps = gaps.iter().cycle();
    let mut out = String::new();
    for letter in text.chars() {
        out.push(letter);
        if "{}[],:".contains(letter) {
            out.extend(gaps.next().copied());
        }
    }
    out
}

#[test]
fn a_valid_configuration_makes_what_it_says() {
    let _lock = lock();
    let texts = (wanted(), vec(select(&GAPS[..]), 1..8));
    check("a_valid_configuration", 500, texts, |(bdevs, gaps)| {
        let config = spaced(&text_of(&entries_of(bdevs)), gaps);
        let found = Rc::new(Cell::new(Vec::new()));
        let look = Rc::clone(&found);
        let ran = run(config.as_bytes(), false, move || look.set(bdevs_there_are()));
        prop_assert_eq!(ran.code, 0, "{:?}: {}", ran.reason, config);
        let expected: Vec<_> = bdevs
            .iter()
            .enumerate()
            .map(|(index, bdev)| (format!("Bdev{index}"), bdev.blocks, bdev.block_size))
            .collect();
        prop_assert_eq!(found.take(), expected);
        Ok(())
    });
}

/// What is wrong with a configuration that is otherwise right.
#[derive(Debug, Clone)]
enum Defect {
    /// The entry gets this value for a parameter, or loses it.
    Value(&'static str, Option<&'static str>),
    UnknownParameter,
    UnknownMethod,
    NameTwice,
    NoEntry(&'static str),
    Truncated(Index),
    /// A byte that no UTF-8 text has, inside of a name.
    NotUtf8(u8),
}

fn defect() -> impl Strategy<Value = Defect> {
    let value = |name, values: &'static [&'static str]| {
        select(values).prop_map(move |value| Defect::Value(name, Some(value)))
    };
    const SIZES: &[&str] = &["0", "-512", "511", "513", "\"512\"", "512.5", "4294967296", "null"];
    const COUNTS: &[&str] = &["0", "-1", "18446744073709551616", "\"8\"", "1.5", "1e300", "[8]"];
    const NAMES: &[&str] = &["1", "null", "\"a\\u0000\"", "\"\\ud800\"", "[\"Bdev\"]", "true"];
    prop_oneof![
        value("block_size", SIZES),
        value("num_blocks", COUNTS),
        value("name", NAMES),
        select(&["num_blocks", "block_size"][..]).prop_map(|name| Defect::Value(name, None)),
        Just(Defect::UnknownParameter),
        Just(Defect::UnknownMethod),
        Just(Defect::NameTwice),
        select(&["1", "null", "{}", "\"bdev_null_create\"", "{\"method\": []}"][..])
            .prop_map(Defect::NoEntry),
        any::<Index>().prop_map(Defect::Truncated),
        select(&[0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xff][..]).prop_map(Defect::NotUtf8),
    ]
}

/// The configuration with its defect, and the code that it must be refused with.
fn spoil(bdevs: &[Wanted], at: Index, defect: &Defect) -> (Vec<u8>, c_int) {
    let mut entries = entries_of(bdevs);
    let at = at.index(entries.len());
    let mut code = -libc::EINVAL;
    match defect {
        Defect::Value(name, value) => {
            let params = &mut entries[at].params;
            params.retain(|(param, _)| param != name);
            params.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
        }
        Defect::UnknownParameter => {
            entries[at].params.push(("nmae".to_owned(), "\"A\"".to_owned()));
        }
        Defect::UnknownMethod => {
            entries[at].method.push('x');
            code = -libc::ENOENT;
        }
        Defect::NameTwice => entries.push(entries[at].clone()),
        Defect::NoEntry(_) | Defect::Truncated(_) | Defect::NotUtf8(_) => {}
    }
    let mut text = text_of(&entries).into_bytes();
    match defect {
        Defect::NoEntry(entry) => {
            let place =
                text.windows(10).position(|part| part == b"{\"method\":").expect("an entry");
            text.splice(place..place, format!("{entry}, ").into_bytes());
        }
        Defect::Truncated(at) => text.truncate(at.index(text.len())),
        Defect::NotUtf8(byte) => {
            let place = text.windows(4).position(|part| part == b"Bdev").expect("a name");
            text[place] = *byte;
        }
        _ => {}
    }
    (text, code)
}

#[test]
fn one_defect_is_refused_with_its_code() {
    let _lock = lock();
    let texts = (wanted(), any::<Index>(), defect());
    check("one_defect", 1000, texts, |(bdevs, at, defect)| {
        let (config, code) = spoil(bdevs, *at, defect);
        let ran = run(&config, false, || {});
        prop_assert_eq!((ran.code, ran.starts), (code, 0), "{:?}", ran.reason);
        is_orderly(&ran)
    });
}
