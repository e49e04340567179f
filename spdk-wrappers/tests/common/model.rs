//! What a bdev may hold: for each block of a range that one task writes, the contents that are
//! possible. One is, as long as each write was awaited and succeeded; a write that was lost on the
//! way, or has failed, may or may not have arrived.

use std::cell::RefCell;
use std::rc::Rc;

use spdk_async::bdev::IoChannel;

use crate::buffers::Counted;
use crate::common::BLOCK;

/// How many blocks a range has.
pub(crate) const BLOCKS: u64 = 4;

/// The blocks of one task.
#[derive(Clone)]
pub(crate) struct Range {
    start: u64,
    blocks: Rc<RefCell<[Contents; BLOCKS as usize]>>,
}

#[derive(Clone)]
struct Contents {
    possible: Vec<u64>,
    /// How many writes have begun and not been awaited to their success. It never falls for those
    /// that were lost.
    unsettled: usize,
}

/// The bytes that stand for a number; zero is a block that was never written.
pub(crate) fn block_of(number: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.as_chunks_mut().0.iter_mut().for_each(|word| *word = number.to_le_bytes());
    block
}

/// The number that a block's bytes stand for; `None` if it is torn.
fn number_of(block: &[u8]) -> Option<u64> {
    let (words, _) = block.as_chunks::<8>();
    words.iter().all(|word| *word == words[0]).then(|| u64::from_le_bytes(words[0]))
}

impl Range {
    /// A range that holds zeroes.
    pub(crate) fn new(start: u64) -> Self {
        let zeroes = Contents { possible: vec![0], unsettled: 0 };
        Self { start, blocks: Rc::new(RefCell::new(core::array::from_fn(|_| zeroes.clone()))) }
    }

    /// Writes `number` to a block. Wherever this is dropped, the range knows.
    pub(crate) async fn write(&self, channel: &IoChannel, at: u64, number: u64) {
        {
            let block = &mut self.blocks.borrow_mut()[at as usize];
            block.possible.push(number);
            block.unsettled += 1;
        }
        let buf = Counted::new(&block_of(number));
        let (result, buf) = channel.write_blocks(buf, self.start + at).await;
        assert_eq!(buf.bytes(), block_of(number), "somebody wrote to the buffer of a write");
        let block = &mut self.blocks.borrow_mut()[at as usize];
        if result.is_ok() && block.unsettled == 1 {
            *block = Contents { possible: vec![number], unsettled: 0 };
        }
    }

    /// Reads a block, which holds what it may.
    pub(crate) async fn read(&self, channel: &IoChannel, at: u64) {
        let buf = Counted::new(&block_of(u64::MAX));
        let (result, buf) = channel.read_blocks(buf, self.start + at).await;
        if result.is_ok() {
            self.expect(at, buf.bytes());
        }
    }

    fn expect(&self, at: u64, read: &[u8]) -> u64 {
        let possible = &self.blocks.borrow()[at as usize].possible;
        let number = number_of(read);
        assert!(
            number.is_some_and(|number| possible.contains(&number)),
            "block {} holds {number:?}, and not one of {possible:?}",
            self.start + at,
        );
        number.expect("it is one of them")
    }

    /// Reads each block, when nothing is in flight any more; from here on it holds what was read.
    pub(crate) async fn settle(&self, channel: &IoChannel) {
        let buf = vec![0; BLOCKS as usize * BLOCK];
        let (result, read) = channel.read_blocks(buf, self.start).await;
        result.expect("the bdev works");
        for (at, read) in (0..).zip(read.chunks(BLOCK)) {
            let number = self.expect(at, read);
            let settled = Contents { possible: vec![number], unsettled: 0 };
            self.blocks.borrow_mut()[at as usize] = settled;
        }
    }
}
