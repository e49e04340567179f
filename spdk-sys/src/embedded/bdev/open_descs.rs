//! The open descriptors of one bdev, in the order in which they were opened.
//!
//! Invariant: what is listed is open. A bdev may have very many, and each is taken off alone, so they
//! are found by the number that each was given, not by a search.

use std::collections::BTreeMap;

use super::spdk_bdev_desc;

/// The open descriptors of a bdev.
#[derive(Debug, Default)]
pub(super) struct OpenDescs {
    opened: u64,
    by_number: BTreeMap<u64, *mut spdk_bdev_desc>,
}

impl OpenDescs {
    /// Lists the descriptor that `open` makes of its number.
    pub(super) fn add(
        &mut self,
        open: impl FnOnce(u64) -> *mut spdk_bdev_desc,
    ) -> *mut spdk_bdev_desc {
        let number = self.opened;
        self.opened += 1;
        let desc = open(number);
        self.by_number.insert(number, desc);
        desc
    }

    /// Takes the descriptor with this number off.
    pub(super) fn remove(&mut self, number: u64) {
        self.by_number.remove(&number);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }

    /// From the one that was opened first.
    pub(super) fn iter(&self) -> impl Iterator<Item = *mut spdk_bdev_desc> {
        self.by_number.values().copied()
    }
}

#[cfg(test)]
mod tests {
    use core::ptr;

    use super::*;

    /// Events go out in the order of opening, whatever was closed in between.
    #[test]
    fn the_order_is_that_of_opening() {
        let mut open = OpenDescs::default();
        assert!(open.is_empty());
        let desc = |address| ptr::without_provenance_mut::<spdk_bdev_desc>(address);
        for address in [50, 10, 40, 20] {
            assert_eq!(open.add(|_| desc(address)), desc(address));
        }
        open.remove(2);
        open.add(|number| {
            assert_eq!(number, 4, "no number is given twice");
            desc(30)
        });
        assert_eq!(open.iter().collect::<Vec<_>>(), [50, 10, 20, 30].map(desc));
        for number in [1, 0, 4, 3] {
            assert!(!open.is_empty());
            open.remove(number);
        }
        assert!(open.is_empty());
    }
}
