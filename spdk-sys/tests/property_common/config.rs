//! JSON configurations: entries of methods that exist, with parameters that are mostly right.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// One call of a method. The values are JSON texts, so that they may be wrong in any way.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) method: String,
    pub(crate) params: Vec<(String, String)>,
}

impl Entry {
    pub(crate) fn new(method: &str, params: &[(&str, String)]) -> Self {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self { method: method.to_owned(), params: params.collect() }
    }

    pub(crate) fn text(&self) -> String {
        let params: Vec<_> =
            self.params.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{\"method\": \"{}\", \"params\": {{{}}}}}", self.method, params.join(", "))
    }
}

/// What a parameter should be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Name,
    File,
    Blocks,
    /// Blocks of a bdev that takes no memory.
    NullBlocks,
    BlockSize,
    Number,
    Bool,
    Uuid,
    Opcode,
}

use Kind::{BlockSize, Blocks, Bool, File, Name, NullBlocks, Number, Opcode, Uuid};

const METHODS: &[(&str, &[(&str, Kind)])] = &[
    (
        "bdev_malloc_create",
        &[
            ("name", Name),
            ("num_blocks", Blocks),
            ("block_size", BlockSize),
            ("uuid", Uuid),
            ("optimal_io_boundary", Number),
            ("physical_block_size", BlockSize),
            ("numa_id", Number),
            ("md_size", Number),
        ],
    ),
    (
        "bdev_null_create",
        &[
            ("name", Name),
            ("num_blocks", NullBlocks),
            ("block_size", BlockSize),
            ("uuid", Uuid),
            ("physical_block_size", BlockSize),
            ("optimal_write_size", Number),
            ("dif_type", Number),
        ],
    ),
    (
        "bdev_aio_create",
        &[
            ("name", Name),
            ("filename", File),
            ("block_size", BlockSize),
            ("readonly", Bool),
            ("fallocate", Bool),
            ("nowait", Bool),
        ],
    ),
    ("bdev_malloc_delete", &[("name", Name)]),
    ("bdev_null_delete", &[("name", Name)]),
    ("bdev_aio_delete", &[("name", Name)]),
    ("bdev_aio_rescan", &[("name", Name)]),
    ("bdev_null_resize", &[("name", Name), ("new_size", Number)]),
    (
        "bdev_set_options",
        &[
            ("bdev_io_pool_size", Number),
            ("bdev_io_cache_size", Number),
            ("bdev_auto_examine", Bool),
        ],
    ),
    ("bdev_wait_for_examine", &[]),
    ("bdev_examine", &[("name", Name)]),
    (
        "bdev_set_qos_limit",
        &[
            ("name", Name),
            ("rw_ios_per_sec", Number),
            ("rw_mbytes_per_sec", Number),
            ("r_mbytes_per_sec", Number),
        ],
    ),
    (
        "bdev_enable_histogram",
        &[
            ("name", Name),
            ("enable", Bool),
            ("opc", Opcode),
            ("granularity", Number),
            ("min_nsec", Number),
            ("max_nsec", Number),
        ],
    ),
    ("bdev_set_qd_sampling_period", &[("name", Name), ("period", Number)]),
    ("bdev_nvme_attach_controller", &[("name", Name)]),
];

/// Numbers at the edges of what anything can hold. See [`is_bearable`](super::edit::is_bearable).
const NUMBERS: [&str; 20] = [
    "0",
    "-0",
    "1",
    "-1",
    "511",
    "513",
    "1e3",
    "1.5",
    "-1.5",
    "4096",
    "1125899906842624",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "36893488147419103232",
    "1e300",
    "1e999",
];

const STRINGS: [&str; 12] = [
    r#""""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud83d\ude00""#,
    r#""\ud800""#,
    "\"\u{202e}\u{fe0f}\"",
    r#""%s%n""#,
    r#""../../..""#,
    r#""\\\"""#,
    r#""read""#,
    r#""/no/such/file""#,
    r#""00000000-0000-0000-0000-000000000000""#,
];

const OTHERS: [&str; 7] =
    ["null", "true", "false", "[]", "{}", r#"{"a": 1, "a": {"b": null}}"#, "[[[1], 2], \"3\"]"];

/// A value that has no business to be where it is.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&NUMBERS[..]).prop_map(str::to_owned),
        2 => select(&STRINGS[..]).prop_map(str::to_owned),
        1 => select(&OTHERS[..]).prop_map(str::to_owned),
        1 => (1..200_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1..3000_usize).prop_map(|length| format!("\"{}\"", "n".repeat(length))),
    ]
}

fn proper(kind: Kind) -> impl Strategy<Value = String> {
    let texts: &'static [&'static str] = match kind {
        Name => &["\"A\"", "\"A\"", "\"A\"", "\"B\"", "\"Malloc0\"", "\"\u{e4} y\""],
        File => &["\"/dev/null\"", "\"/dev/zero\"", "\"/proc/version\"", "\"/\""],
        Blocks => &["1", "8", "64", "2048"],
        NullBlocks => &["1", "8", "2048", "9223372036854775807", "18446744073709551615"],
        BlockSize => &["512", "1024", "4096"],
        Number => &["0", "1", "2", "7", "100", "2048"],
        Bool => &["true", "false"],
        Uuid => &["\"2b1de8ae-1f0a-4c45-8a0e-5f3f6b0c9d11\"", "\"0\""],
        Opcode => &["\"read\"", "\"write\"", "\"reed\""],
    };
    select(texts).prop_map(str::to_owned)
}

/// How one parameter is given in a call that means well.
fn meant_well(name: &'static str, kind: Kind) -> BoxedStrategy<Vec<(String, String)>> {
    let given = move |value| vec![(name.to_owned(), value)];
    let value = match kind {
        Number => prop_oneof![proper(kind), select(&NUMBERS[..15]).prop_map(str::to_owned)].boxed(),
        _ => proper(kind).boxed(),
    };
    match kind {
        Uuid | Opcode => prop_oneof![4 => Just(Vec::new()), 1 => value.prop_map(given)].boxed(),
        Number => prop_oneof![Just(Vec::new()), value.prop_map(given)].boxed(),
        _ => value.prop_map(given).boxed(),
    }
}

/// How one parameter is given in a call of somebody who has never read the manual.
fn at_random(name: &'static str, kind: Kind) -> BoxedStrategy<Vec<(String, String)>> {
    let given = move |value| vec![(name.to_owned(), value)];
    prop_oneof![
        20 => proper(kind).prop_map(given),
        5 => hostile().prop_map(given),
        4 => Just(Vec::new()),
        1 => (proper(kind), hostile())
            .prop_map(move |(one, two)| [given(one), given(two)].concat()),
        1 => hostile().prop_map(|value| vec![("nmae".to_owned(), value)]),
    ]
    .boxed()
}

/// A call of any method.
pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    // The first two make what the others need.
    let method = prop_oneof![2 => select(&METHODS[..2]), 3 => select(METHODS)];
    (method, prop::bool::weighted(0.8)).prop_flat_map(|((method, params), well)| {
        let parameter = if well { meant_well } else { at_random };
        let params: Vec<_> = params.iter().map(|&(name, kind)| parameter(name, kind)).collect();
        params.prop_map(|params| Entry { method: (*method).to_owned(), params: params.concat() })
    })
}

/// A configuration whose outermost shape is mostly right.
pub(crate) fn document() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        24 => entry().prop_map(|entry| entry.text()),
        1 => vec(entry(), 0..3).prop_map(|batch| {
            format!("[{}]", batch.iter().map(Entry::text).collect::<Vec<_>>().join(","))
        }),
        1 => hostile(),
    ];
    let subsystem = prop_oneof![8 => Just("\"bdev\""), 1 => Just("\"nvmf\""), 1 => Just("\"x\"")];
    let config = prop_oneof![
        12 => vec(entry, 0..8).prop_map(|entries| format!("[{}]", entries.join(", /* */ "))),
        1 => hostile(),
    ];
    let part = prop_oneof![
        20 => (subsystem, config)
            .prop_map(|(name, config)| format!("{{\"subsystem\": {name}, \"config\": {config}}}")),
        1 => hostile(),
    ];
    prop_oneof![
        20 => vec(part, 1..3)
            .prop_map(|parts| format!("{{\"subsystems\": [{}]}} // end", parts.join(",\n"))),
        1 => hostile(),
    ]
}
