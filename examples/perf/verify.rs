//! Writes, each read back and compared.

use std::rc::Rc;

use fastrand::Rng;
use spdk_async::{DmaBuf, ticks};

use crate::Failure;
use crate::stream::Shared;
use crate::workload::{Op, Picks};

/// Writes random bytes, reads them back and compares, one place after another. The places are this
/// task's own. Making and comparing the bytes is not part of any latency.
pub(crate) async fn verify(
    shared: Rc<Shared>,
    mut buf: DmaBuf,
    mut picks: Picks,
    mut rng: Rng,
) -> Result<(), Failure> {
    loop {
        let (_, offset) = picks.next();
        let seed = rng.u64(..);
        Rng::with_seed(seed).fill(&mut buf);
        let began = ticks();
        let (result, back) = shared.channel.write(buf, offset).await;
        buf = shared.succeeded(Op::Write, offset, result, back)?;
        if shared.completed(Op::Write, began).is_none() {
            return Ok(());
        }
        // A read that moves nothing must not find what is still in the buffer.
        buf.fill(0);
        let began = ticks();
        let (result, back) = shared.channel.read(buf, offset).await;
        buf = shared.succeeded(Op::Read, offset, result, back)?;
        let completed = shared.completed(Op::Read, began);
        if !holds(&buf, seed) {
            return Err(shared.differs(buf.len(), offset));
        }
        if completed.is_none() {
            return Ok(());
        }
    }
}

/// Whether these are the bytes that a generator fills a buffer with.
fn holds(bytes: &[u8], seed: u64) -> bool {
    let mut rng = Rng::with_seed(seed);
    // A whole number of the generator's steps, so that pieces are as the whole.
    const PIECE: usize = 512;
    let mut expected = [0; PIECE];
    bytes.chunks(PIECE).all(|piece| {
        let expected = &mut expected[..piece.len()];
        rng.fill(expected);
        piece == expected
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_holds_and_each_changed_byte_shows() {
        for len in [1, 7, 512, 520, 4096, 4160] {
            let mut bytes = vec![0; len];
            Rng::with_seed(9).fill(&mut bytes);
            assert!(holds(&bytes, 9), "{len}");
            assert!(!holds(&bytes, 10), "{len}");
            for place in [0, len / 2, len - 1] {
                bytes[place] ^= 1;
                assert!(!holds(&bytes, 9), "{len} {place}");
                bytes[place] ^= 1;
            }
        }
    }

    #[test]
    fn what_was_never_written_does_not_hold() {
        assert!(!holds(&[0; 512], 9));
    }
}
