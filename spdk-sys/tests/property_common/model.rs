//! What must become of a call, told from SPDK's rules and not from the code under test.
//!
//! The checks are in SPDK's order: misaligned bytes, metadata and options, a read-only descriptor,
//! support or range (which of the two comes first depends on the family). Then it is the module's.

use super::disk::{Kind, Spec};
use super::ops::{Call, Door, Family, Fill, Memory, Opts};

/// The largest buffer that the bdev layer lends, in bytes.
const LARGE_BUF: u64 = 132 * 1024;
/// The largest read of a null bdev without a buffer, in bytes.
const NULL_BUF: u64 = 64 * 1024;
/// The most iovecs of a part of a split call.
const CHILD_IOVS: usize = 32;
/// The most memory a call of these tests brings along, in bytes.
const ROOM: u64 = 2 << 20;

/// How an accepted call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Failed,
    Miscompare,
    /// Failed, after some of its parts may have moved their data.
    FailedMidway,
    /// An abort that has found nothing; it tells so in another place.
    NotAborted,
}

impl Status {
    /// The NVMe status type and code that go with it.
    pub(crate) fn nvme(self) -> (i32, i32) {
        match self {
            Self::Success | Self::NotAborted => (0, 0),
            Self::Failed | Self::FailedMidway => (0, 6),
            Self::Miscompare => (2, 0x85),
        }
    }
}

/// Which kinds of `fallocate` the file system of the tests has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fallocate {
    pub(crate) punch_hole: bool,
    pub(crate) zero_range: bool,
}

/// A bdev as it should be.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) spec: Spec,
    fallocate: Fallocate,
    /// Every byte; a null bdev has none.
    pub(crate) data: Vec<u8>,
}

impl Model {
    pub(crate) fn new(spec: Spec, fallocate: Fallocate) -> Self {
        let stored = if spec.kind == Kind::Null { 0 } else { spec.bytes(spec.blocks) };
        Self { spec, fallocate, data: vec![0; stored as usize] }
    }

    fn is_malloc(&self) -> bool {
        matches!(self.spec.kind, Kind::Malloc { .. })
    }

    /// Whether the bdev stores what is written.
    pub(crate) fn is_writable(&self) -> bool {
        self.spec.kind != Kind::Null && !self.is_read_only()
    }

    fn is_read_only(&self) -> bool {
        matches!(self.spec.kind, Kind::Aio { readonly: true, .. })
    }

    /// Whether the bdev has these blocks.
    pub(crate) fn exists(&self, offset: u64, count: u64) -> bool {
        offset.checked_add(count).is_some_and(|end| end <= self.spec.blocks)
    }

    /// Offset and length in blocks, unless they are bytes that miss a block.
    pub(crate) fn blocks(&self, call: &Call<'_>) -> Option<(u64, u64)> {
        let size = u64::from(self.spec.block_size);
        match call.door.in_bytes() {
            false => Some((call.offset, call.count)),
            true if call.offset.is_multiple_of(size) && call.count.is_multiple_of(size) => {
                Some((call.offset / size, call.count / size))
            }
            true => None,
        }
    }

    /// Where blocks lie in [`data`](Self::data).
    pub(crate) fn place(&self, offset: u64, count: u64) -> std::ops::Range<usize> {
        self.spec.bytes(offset) as usize..self.spec.bytes(offset + count) as usize
    }

    /// What blocks hold; those of a null bdev read as zeroes where the bdev brings the memory.
    pub(crate) fn contents(&self, offset: u64, count: u64) -> Vec<u8> {
        match self.spec.kind {
            Kind::Null => vec![0; self.spec.bytes(count) as usize],
            _ => self.data[self.place(offset, count)].to_vec(),
        }
    }

    /// The errno that refuses the call.
    pub(crate) fn refusal(&self, call: &Call<'_>) -> Option<i32> {
        let Some((offset, count)) = self.blocks(call) else { return Some(libc::EINVAL) };
        let writes = !matches!(
            call.family,
            Family::Read
                | Family::Compare
                | Family::SeekData
                | Family::SeekHole
                | Family::NvmeNssr
                | Family::Reset
                | Family::Abort { .. }
        );
        let range = || (!self.exists(offset, count)).then_some(libc::EINVAL);
        let only = |supported: bool| (!supported).then_some(libc::ENOTSUP);
        options(call).or((writes && !call.writable).then_some(libc::EBADF)).or_else(|| {
            match call.family {
                Family::Read | Family::Write | Family::Compare => range(),
                Family::Unmap | Family::WriteZeroes => range(),
                Family::CompareAndWrite => range().or((count > 1).then_some(libc::EINVAL)),
                Family::Flush => only(self.spec.kind != Kind::Null).or_else(range),
                Family::WriteUncorrectable => range().or(Some(libc::ENOTSUP)),
                Family::Copy => {
                    range().or((!self.exists(call.source, count)).then_some(libc::EINVAL))
                }
                Family::SeekData | Family::SeekHole => {
                    (!self.exists(offset, 1)).then_some(libc::EINVAL)
                }
                Family::Zcopy { .. } => range().or(only(self.is_malloc())),
                Family::Reset => None,
                Family::Abort { null: true } => Some(libc::EINVAL),
                Family::Abort { null: false } => only(!matches!(self.spec.kind, Kind::Aio { .. })),
                _ => Some(libc::ENOTSUP),
            }
        })
    }

    /// Whether a test can make this call: with memory for its blocks, and to an end that is certain.
    pub(crate) fn is_feasible(&self, call: &Call<'_>, offset: u64, count: u64) -> bool {
        match call.family {
            Family::Read if call.memory.null => true,
            Family::Read | Family::Write | Family::Compare => {
                self.spec.bytes(count) <= ROOM && self.blocks_fit(call.memory, count)
            }
            Family::Copy if call.source == offset => true,
            Family::Copy if self.is_malloc() => true,
            Family::Copy => {
                // In parts at the same time, which must not meet each other.
                let parts = count > self.most(LARGE_BUF);
                self.spec.bytes(count) <= ROOM && !(parts && call.source.abs_diff(offset) < count)
            }
            _ => true,
        }
    }

    /// Whether each block lies in as many iovecs as a part of a split call has; otherwise it fails.
    fn blocks_fit(&self, memory: &Memory, count: u64) -> bool {
        let edges = memory.edges(self.spec.bytes(count) as usize);
        // The first of a part's iovecs may begin where the part before has ended.
        let whole = CHILD_IOVS - 1;
        edges.windows(whole + 1).all(|run| run[whole] - run[0] >= self.spec.block_size as usize)
    }

    /// The most blocks of a buffer of so many bytes, aligned as the bdev wants it.
    fn most(&self, bytes: u64) -> u64 {
        (bytes - self.waste()) / u64::from(self.spec.block_size)
    }

    /// Bytes that the alignment of a buffer may take.
    fn waste(&self) -> u64 {
        match self.spec.kind {
            Kind::Aio { .. } => u64::from(self.spec.block_size) - 1,
            _ => 0,
        }
    }

    /// Whether a read or write of malloc is done in parts.
    fn is_split(&self, offset: u64, count: u64) -> bool {
        match self.spec.kind {
            Kind::Malloc { boundary: boundary @ 1.. } => {
                let boundary = u64::from(boundary);
                count > 0 && offset / boundary != (offset + count - 1) / boundary
            }
            _ => false,
        }
    }

    /// How a call that is not refused ends. `buffer` is what it brings along.
    pub(crate) fn status(
        &self,
        call: &Call<'_>,
        (offset, count): (u64, u64),
        buffer: &[u8],
    ) -> Status {
        let total = self.spec.bytes(count);
        let short = self.is_malloc() && (buffer.len() as u64) < total;
        let only = |works: bool| if works { Status::Success } else { Status::Failed };
        match call.family {
            Family::Read if call.memory.null => only(self.reads_alone(offset, count)),
            Family::Write if self.is_read_only() => Status::Failed,
            Family::Read | Family::Write if !short => Status::Success,
            Family::Read | Family::Write if self.is_split(offset, count) => Status::FailedMidway,
            Family::Read | Family::Write => Status::Failed,
            Family::Compare if short => Status::Failed,
            Family::Compare => self.comparison(offset, count, buffer),
            Family::CompareAndWrite => match self.comparison(offset, count, buffer) {
                Status::Success if !short => only(!self.is_read_only()),
                _ => Status::Miscompare,
            },
            Family::Unmap if count == 0 => Status::Success,
            Family::Copy if count == 0 || call.source == offset => Status::Success,
            Family::Copy => only(!self.is_read_only()),
            Family::Unmap | Family::WriteZeroes => only(self.clears(call.family, count)),
            Family::Abort { .. } => Status::NotAborted,
            _ => Status::Success,
        }
    }

    /// Whether a read succeeds for which the bdev brings the memory.
    fn reads_alone(&self, offset: u64, count: u64) -> bool {
        let total = self.spec.bytes(count);
        match self.spec.kind {
            Kind::Null => total <= NULL_BUF,
            Kind::Malloc { .. } => !self.is_split(offset, count) || total <= LARGE_BUF,
            Kind::Aio { .. } => total + self.waste() <= LARGE_BUF,
        }
    }

    fn comparison(&self, offset: u64, count: u64, buffer: &[u8]) -> Status {
        if !self.is_malloc() && !self.reads_alone(offset, count) {
            return Status::Failed;
        }
        // What a buffer has too much is not looked at, and neither is what it lacks.
        let contents = self.contents(offset, count);
        let length = contents.len().min(buffer.len());
        let same = contents[..length] == buffer[..length];
        if same { Status::Success } else { Status::Miscompare }
    }

    /// Whether an unmap or write zeroes succeeds.
    fn clears(&self, family: Family, count: u64) -> bool {
        match (self.spec.kind, family) {
            (Kind::Malloc { .. }, _) => true,
            (Kind::Null, family) => family == Family::WriteZeroes,
            (Kind::Aio { readonly: true, .. }, _) => false,
            (Kind::Aio { fallocate: true, .. }, Family::Unmap) => self.fallocate.punch_hole,
            // The system call refuses a length of 0.
            (Kind::Aio { fallocate: true, .. }, _) => self.fallocate.zero_range && count > 0,
            (Kind::Aio { fallocate: false, .. }, family) => family == Family::WriteZeroes,
        }
    }

    /// The bytes that a call's memory is filled with.
    pub(crate) fn filling(&self, memory: &Memory, offset: u64, count: u64) -> Vec<u8> {
        let total = self.spec.bytes(count) as usize;
        let mut bytes = match memory.fill {
            Fill::Byte(byte) => vec![byte; total],
            Fill::Same | Fill::AlmostSame => self.contents(offset, count),
        };
        if let (Fill::AlmostSame, Some(last)) = (memory.fill, bytes.last_mut()) {
            *last ^= 1;
        }
        bytes
    }
}

/// What the metadata or the options of a call are refused with; no bdev here has metadata.
fn options(call: &Call<'_>) -> Option<i32> {
    let buffer = !(call.memory.null && call.family == Family::Read);
    match call.door {
        Door::Md | Door::IovMd => call.md.then_some(libc::EINVAL),
        Door::Ext(Opts::SizeZero | Opts::SizeTooLarge | Opts::Metadata) => Some(libc::EINVAL),
        Door::Ext(Opts::MemoryDomain) if !buffer => Some(libc::EINVAL),
        Door::Ext(Opts::MemoryDomain | Opts::Sequence) => Some(libc::ENOTSUP),
        _ => None,
    }
}
