//! Bytes in blocks, without a division where the size of a block allows that.

/// The size of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockSize {
    bytes: u32,
    /// The logarithm of `bytes`, if that is a power of two.
    shift: u32,
    /// The bits of a number of bytes that are not in whole blocks; all, if `bytes` is no power of two.
    rest: u64,
}

impl BlockSize {
    pub(super) const fn new(bytes: u32) -> Self {
        let rest = if bytes.is_power_of_two() { bytes as u64 - 1 } else { u64::MAX };
        Self { bytes, shift: bytes.trailing_zeros(), rest }
    }

    /// How many blocks so many bytes are, each; if both are whole blocks.
    #[inline(always)]
    pub(super) const fn whole(&self, [first, second]: [u64; 2]) -> Option<[u64; 2]> {
        if (first | second) & self.rest != 0 {
            return self.whole_by_division(first, second);
        }
        Some([first >> self.shift, second >> self.shift])
    }

    #[cold]
    #[inline(never)]
    const fn whole_by_division(&self, first: u64, second: u64) -> Option<[u64; 2]> {
        let size = self.bytes as u64;
        if first.is_multiple_of(size) && second.is_multiple_of(size) {
            Some([first / size, second / size])
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BlockSize;

    #[test]
    fn as_division_has_it() {
        for size in [1_u32, 2, 512, 520, 4096, 4104, 65_536, 1 << 31] {
            let long = u64::from(size);
            let edges = [0, 1, long, 100 * long, u64::MAX - u64::MAX % long, u64::MAX];
            let near = |at: u64| [at, at.wrapping_add(1), at.wrapping_sub(1), at.wrapping_mul(3)];
            let numbers: Vec<u64> = edges.into_iter().flat_map(near).collect();
            for (&first, &second) in
                numbers.iter().flat_map(|a| numbers.iter().map(move |b| (a, b)))
            {
                let whole = first.is_multiple_of(long) && second.is_multiple_of(long);
                let expected = whole.then(|| [first / long, second / long]);
                let found = BlockSize::new(size).whole([first, second]);
                assert_eq!(found, expected, "{first} and {second} bytes in blocks of {size}");
            }
        }
    }
}
