//! The calls of the property tests: every submit family, by each of its doors, with any numbers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::disk::Spec;

/// A number of blocks or of a block: near the bdev, or at the edge of what fits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    /// This part of 256 of the bdev, rounded down.
    Part(u8),
    /// So many before (or behind) the end of the bdev.
    FromEnd(i8),
    Exact(u64),
}

impl Number {
    fn resolve(self, spec: &Spec) -> u64 {
        match self {
            Self::Part(part) => (u128::from(spec.blocks) * u128::from(part) / 256) as u64,
            Self::FromEnd(more) => spec.blocks.wrapping_add_signed(more.into()),
            Self::Exact(number) => number,
        }
    }
}

/// By which function of a family; a family without that one takes the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Bytes,
    Blocks,
    Md,
    Iovs,
    IovBytes,
    IovMd,
    Ext(Opts),
}

impl Door {
    /// Whether offset and length are bytes.
    pub(crate) fn in_bytes(self) -> bool {
        matches!(self, Self::Bytes | Self::IovBytes)
    }
}

/// The options of an `_ext` call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opts {
    None,
    Plain,
    SizeZero,
    SizeTooLarge,
    MemoryDomain,
    Sequence,
    Metadata,
}

/// The memory of a call.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    /// No buffer at all, where that is allowed.
    pub(crate) null: bool,
    /// Where it is cut into iovecs, in parts of 256.
    pub(crate) cuts: Vec<u8>,
    /// So many bytes more or less than the blocks, where that is allowed.
    pub(crate) surplus: i64,
    /// What it is filled with.
    pub(crate) fill: Fill,
}

impl Memory {
    /// Where the iovecs of so many bytes begin, and the end of the last.
    pub(crate) fn edges(&self, length: usize) -> Vec<usize> {
        let cuts = self.cuts.iter().map(|&cut| length * usize::from(cut) / 256);
        let mut edges: Vec<_> = cuts.chain([0, length]).collect();
        edges.sort_unstable();
        edges
    }
}

/// What a buffer holds before the call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fill {
    Byte(u8),
    /// What the blocks hold.
    Same,
    /// What the blocks hold, but for the last byte.
    AlmostSame,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Read,
    Write,
    Compare,
    CompareAndWrite,
    Unmap,
    WriteZeroes,
    Flush,
    WriteUncorrectable,
    Copy,
    SeekData,
    SeekHole,
    /// Ended with a commit of the filled buffer, or without.
    Zcopy {
        populate: bool,
        commit: bool,
    },
    NvmeAdmin,
    NvmeIo,
    NvmeIoMd,
    NvmeIov {
        md: bool,
    },
    NvmeNssr,
    Reset,
    /// Of nothing, or of a `cb_arg` that no I/O has.
    Abort {
        null: bool,
    },
}

/// One call as it is generated.
#[derive(Debug, Clone)]
pub(crate) struct Op {
    family: Family,
    door: Door,
    writable: bool,
    md: bool,
    offset: Number,
    count: Number,
    source: Number,
    /// The count is cut to what is behind the offset.
    fits: bool,
    /// Bytes by which offset and length miss a block, by the doors that take bytes.
    astray: (u16, u16),
    memory: Memory,
}

/// One call as it is made.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) family: Family,
    pub(crate) door: Door,
    pub(crate) writable: bool,
    pub(crate) md: bool,
    /// In bytes if the door takes bytes, else in blocks.
    pub(crate) offset: u64,
    /// As the offset.
    pub(crate) count: u64,
    /// The first block to copy from.
    pub(crate) source: u64,
    pub(crate) memory: &'a Memory,
}

impl Op {
    pub(crate) fn resolve(&self, spec: &Spec) -> Call<'_> {
        let mut offset = self.offset.resolve(spec);
        let mut count = self.count.resolve(spec);
        let mut source = self.source.resolve(spec);
        if self.fits {
            offset = offset.min(spec.blocks);
            count = count.min(spec.blocks - offset);
            source = source.min(spec.blocks - count);
        }
        let door = self.door.of(self.family);
        if door.in_bytes() {
            let size = u64::from(spec.block_size);
            offset = offset.wrapping_mul(size).wrapping_add(self.astray.0.into());
            count = count.wrapping_mul(size).wrapping_add(self.astray.1.into());
        }
        let (family, writable, md, memory) = (self.family, self.writable, self.md, &self.memory);
        Call { family, door, writable, md, offset, count, source, memory }
    }
}

impl Door {
    /// The door of this family that is most like this one.
    fn of(self, family: Family) -> Self {
        match (family, self) {
            (Family::Read | Family::Write, door) => door,
            (Family::Compare, Self::Bytes) => Self::Blocks,
            (Family::Compare, Self::IovBytes | Self::Ext(_)) => Self::Iovs,
            (Family::Compare, door) => door,
            (Family::Unmap | Family::WriteZeroes | Family::Flush, door) if door.in_bytes() => {
                Self::Bytes
            }
            (Family::CompareAndWrite, _) => Self::Iovs,
            _ => Self::Blocks,
        }
    }
}

fn number() -> impl Strategy<Value = Number> {
    const EDGES: &[u64] =
        &[0, 1, 2, 1 << 32, 1 << 54, 1 << 55, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
    prop_oneof![
        6 => any::<u8>().prop_map(Number::Part),
        2 => (-3..3_i8).prop_map(Number::FromEnd),
        2 => (0..5_u64).prop_map(Number::Exact),
        1 => select(EDGES).prop_map(Number::Exact),
    ]
}

fn door() -> impl Strategy<Value = Door> {
    const OPTS: &[Opts] = &[
        Opts::None,
        Opts::Plain,
        Opts::Plain,
        Opts::SizeZero,
        Opts::SizeTooLarge,
        Opts::MemoryDomain,
        Opts::Sequence,
        Opts::Metadata,
    ];
    prop_oneof![
        select(&[Door::Bytes, Door::Blocks, Door::Md, Door::Iovs, Door::IovBytes, Door::IovMd][..]),
        select(&[Door::Iovs, Door::Blocks][..]),
        select(OPTS).prop_map(Door::Ext),
    ]
}

fn memory() -> impl Strategy<Value = Memory> {
    let surplus = prop_oneof![8 => Just(0), 1 => -600..0_i64, 1 => 1..600_i64];
    let fill = prop_oneof![
        2 => any::<u8>().prop_map(Fill::Byte),
        1 => Just(Fill::Byte(0)),
        2 => Just(Fill::Same),
        1 => Just(Fill::AlmostSame),
    ];
    // A part of a split call has room for 32 iovecs.
    let cuts = prop_oneof![9 => vec(any::<u8>(), 0..5), 1 => vec(any::<u8>(), 30..80)];
    (prop::bool::weighted(0.1), cuts, surplus, fill)
        .prop_map(|(null, cuts, surplus, fill)| Memory { null, cuts, surplus, fill })
}

fn family() -> impl Strategy<Value = Family> {
    use Family::*;
    const RARE: &[Family] = &[
        Flush,
        WriteUncorrectable,
        SeekData,
        SeekHole,
        NvmeAdmin,
        NvmeIo,
        NvmeIoMd,
        NvmeIov { md: false },
        NvmeIov { md: true },
        NvmeNssr,
        Reset,
        Abort { null: false },
        Abort { null: true },
    ];
    prop_oneof![
        3 => Just(Read),
        4 => Just(Write),
        6 => select(&[Compare, CompareAndWrite, Unmap, WriteZeroes, Copy, Copy][..]),
        1 => any::<(bool, bool)>().prop_map(|(populate, commit)| Zcopy { populate, commit }),
        2 => select(RARE),
    ]
}

/// One call of any family.
pub(crate) fn op() -> impl Strategy<Value = Op> {
    let chances = (prop::bool::weighted(0.9), prop::bool::weighted(0.1), prop::bool::weighted(0.8));
    let astray = prop_oneof![
        9 => Just((0, 0)),
        1 => (0..600_u16, 0..600_u16),
    ];
    (family(), door(), chances, (number(), number(), number()), astray, memory()).prop_map(
        |(family, door, (writable, md, fits), (offset, count, source), astray, memory)| Op {
            family,
            door,
            writable,
            md,
            offset,
            count,
            source,
            fits,
            astray,
            memory,
        },
    )
}
