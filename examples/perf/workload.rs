//! What is read and written, and where.

use core::cell::Cell;
use core::fmt;
use std::rc::Rc;

use clap::ValueEnum;
use fastrand::Rng;
use serde::Serialize;

/// What the operations of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Workload {
    /// Reads, one after another.
    Read,
    /// Writes, one after another.
    Write,
    /// Reads anywhere.
    Randread,
    /// Writes anywhere.
    Randwrite,
    /// Reads and writes, one after another.
    Rw,
    /// Reads and writes anywhere.
    Randrw,
    /// Writes anywhere, each read back and compared.
    Verify,
}

impl Workload {
    /// Whether it both reads and writes.
    pub(crate) fn is_mixed(self) -> bool {
        matches!(self, Self::Rw | Self::Randrw)
    }

    /// Whether it overwrites the bdev.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Read | Self::Randread)
    }

    fn is_random(self) -> bool {
        matches!(self, Self::Randread | Self::Randwrite | Self::Randrw | Self::Verify)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("no workload is hidden").get_name())
    }
}

/// A workload with its share of reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    workload: Workload,
    read_percent: u8,
}

impl Mix {
    /// `read_percent` counts where the workload is mixed.
    pub(crate) fn new(workload: Workload, read_percent: u8) -> Self {
        let read_percent = match workload {
            Workload::Read | Workload::Randread => 100,
            Workload::Write | Workload::Randwrite | Workload::Verify => 0,
            Workload::Rw | Workload::Randrw => read_percent,
        };
        Self { workload, read_percent }
    }

    pub(crate) fn workload(self) -> Workload {
        self.workload
    }

    /// How many of a hundred operations are reads.
    pub(crate) fn read_percent(self) -> u8 {
        self.read_percent
    }

    #[inline]
    fn pick(self, rng: &mut Rng) -> Op {
        match self.read_percent {
            0 => Op::Write,
            100 => Op::Read,
            percent if rng.u8(..100) < percent => Op::Read,
            _ => Op::Write,
        }
    }
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Read,
    Write,
}

/// Places of a bdev where an operation may begin: whole multiples of its size, each of which ends
/// within the bdev.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    first: u64,
    count: u64,
    /// Bytes of an operation.
    size: u64,
}

impl Places {
    /// Those of a whole bdev; none if it is smaller than an operation.
    pub(crate) fn new(bdev_bytes: u64, size: u64) -> Self {
        Self { first: 0, count: bdev_bytes / size, size }
    }

    pub(crate) fn count(self) -> u64 {
        self.count
    }

    /// One of so many parts, which have no place in common and leave none out.
    pub(crate) fn part(self, part: usize, parts: usize) -> Self {
        // At most `count`, because `part` is at most `parts`.
        let start = |part: usize| (u128::from(self.count) * part as u128 / parts as u128) as u64;
        let (start, end) = (start(part), start(part + 1));
        Self { first: self.first + start, count: end - start, size: self.size }
    }
}

/// Where the tasks of a worker go one after another, all together.
pub(crate) struct Cursor {
    end: u64,
    next: Cell<u64>,
}

impl Cursor {
    /// Goes round the bdev, from that part of it that is this worker's: `part` of `parts`.
    pub(crate) fn new(bdev: Places, part: usize, parts: usize) -> Rc<Self> {
        Rc::new(Self { end: bdev.count, next: Cell::new(bdev.part(part, parts).first) })
    }

    #[inline]
    fn next(&self) -> u64 {
        let place = self.next.get();
        let after = place + 1;
        self.next.set(if after == self.end { 0 } else { after });
        place
    }
}

/// The operations of one task, one after another without an end.
pub(crate) struct Picks {
    mix: Mix,
    places: Places,
    rng: Rng,
    cursor: Rc<Cursor>,
}

impl Picks {
    /// `cursor` is for workloads that are not random.
    pub(crate) fn new(mix: Mix, places: Places, rng: Rng, cursor: Rc<Cursor>) -> Self {
        Self { mix, places, rng, cursor }
    }

    /// The next operation, and its offset in bytes.
    #[inline]
    pub(crate) fn next(&mut self) -> (Op, u64) {
        let place = match self.mix.workload.is_random() {
            true => self.places.first + self.rng.u64(..self.places.count),
            false => self.cursor.next(),
        };
        (self.mix.pick(&mut self.rng), place * self.places.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(workload: Workload, percent: u8, places: Places, seed: u64) -> Picks {
        let mix = Mix::new(workload, percent);
        Picks::new(mix, places, Rng::with_seed(seed), Cursor::new(places, 0, 1))
    }

    #[test]
    fn offsets_are_whole_operations_within_the_bdev_and_reach_both_ends() {
        // The last kilobyte is too small for an operation.
        let places = Places::new(5 * 1536 + 1024, 1536);
        assert_eq!(Places::new(1535, 1536).count(), 0);
        for workload in Workload::value_variants() {
            let mut picks = picks(*workload, 50, places, 7);
            let mut seen = [false; 5];
            for _ in 0..1000 {
                let (_, offset) = picks.next();
                assert_eq!(offset % places.size, 0, "{workload}");
                seen[(offset / places.size) as usize] = true;
            }
            assert_eq!(seen, [true; 5], "{workload}");
        }
    }

    #[test]
    fn one_place_is_enough() {
        for workload in Workload::value_variants() {
            let mut picks = picks(*workload, 50, Places::new(512, 512), 7);
            assert!((0..10).all(|_| picks.next().1 == 0), "{workload}");
        }
    }

    #[test]
    fn the_share_of_reads_is_what_was_asked_for() {
        let places = Places::new(51_200, 512);
        let reads = |workload, percent| {
            let mut picks = picks(workload, percent, places, 3);
            (0..100_000).filter(|_| picks.next().0 == Op::Read).count()
        };
        for workload in [Workload::Rw, Workload::Randrw] {
            assert_eq!(reads(workload, 0), 0);
            assert_eq!(reads(workload, 100), 100_000);
            for percent in [1, 30, 50, 70, 99] {
                // Ten standard deviations of 50 % are 1600; of a fixed seed it is a matter of fact.
                let off = reads(workload, percent).abs_diff(usize::from(percent) * 1000);
                assert!(off < 1600.min(900 * usize::from(percent)), "{workload} {percent}: {off}");
            }
        }
        // The share counts for nothing where there is only one kind.
        assert_eq!(reads(Workload::Randread, 10), 100_000);
        assert_eq!(reads(Workload::Randwrite, 90), 0);
    }

    #[test]
    fn what_is_sequential_is_shared_between_tasks_and_goes_round() {
        let places = Places::new(2048, 512);
        let cursor = Cursor::new(places, 1, 2);
        let task = || {
            let (mix, rng) = (Mix::new(Workload::Read, 50), Rng::with_seed(1));
            Picks::new(mix, places, rng, Rc::clone(&cursor))
        };
        let (mut one, mut other) = (task(), task());
        let offsets: Vec<_> = (0..3).flat_map(|_| [one.next().1, other.next().1]).collect();
        assert_eq!(offsets, [1024, 1536, 0, 512, 1024, 1536]);
    }

    #[test]
    fn parts_of_a_bdev_share_no_place_and_leave_none_out() {
        for (count, parts) in [(1, 7), (7, 7), (1000, 7), (u64::MAX / 512, 65_536), (9, 1)] {
            let bdev = Places { first: 0, count, size: 512 };
            let mut next = 0;
            for part in 0..parts {
                let part = bdev.part(part, parts);
                assert_eq!(part.first, next);
                // Each has its share, to the place.
                let share = count / parts as u64;
                assert!((share..=share + 1).contains(&part.count), "{count} {parts}: {part:?}");
                next += part.count;
            }
            assert_eq!(next, count);
        }
    }

    #[test]
    fn random_offsets_stay_in_their_part() {
        let bdev = Places::new(100 * 512, 512);
        for part in 0..3 {
            let places = bdev.part(part, 3);
            let mut picks = picks(Workload::Verify, 0, places, 5);
            let ends = [places.first * 512, (places.first + places.count - 1) * 512];
            let mut seen = ends.map(|_| false);
            for _ in 0..2000 {
                let (_, offset) = picks.next();
                assert!((ends[0]..=ends[1]).contains(&offset));
                seen = [seen[0] || offset == ends[0], seen[1] || offset == ends[1]];
            }
            assert_eq!(seen, [true; 2]);
        }
    }

    #[test]
    fn a_seed_gives_the_same_operations_again_and_another_seed_gives_others() {
        let places = Places::new(1 << 39, 512);
        let first = |seed| {
            let mut picks = picks(Workload::Randrw, 50, places, seed);
            [(); 20].map(|()| picks.next())
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
