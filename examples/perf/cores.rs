//! The cores of a run, as a list. SPDK's own parser says only whether it likes a mask, and only the
//! list says where the workers go.

use core::fmt;
use core::str::FromStr;

/// One more than the highest core that SPDK knows.
const LIMIT: u32 = 1024;

/// Cores, in rising order, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cores(Vec<u32>);

impl Cores {
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// As a list in SPDK's notation.
impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, core) in self.0.iter().enumerate() {
            write!(f, "{}{core}", if place == 0 { "[" } else { "," })?;
        }
        f.write_str("]")
    }
}

/// A mask, in hexadecimal with or without `0x`, or a list like `[0,2-3]`.
impl FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let cores = match list {
            Some(list) => of_list(list),
            None => of_mask(text.strip_prefix("0x").unwrap_or(text)),
        };
        let mut cores = cores.ok_or("write it as a mask like 0x3 or a list like [0,2-3]")?;
        cores.sort_unstable();
        cores.dedup();
        match cores.last() {
            None => Err("it names no core".into()),
            Some(&(LIMIT..)) => Err(format!("cores end at {}", LIMIT - 1)),
            Some(_) => Ok(Self(cores)),
        }
    }
}

fn of_mask(text: &str) -> Option<Vec<u32>> {
    // Longer masks than there are cores need not be read to be refused.
    if text.is_empty() || text.len() > LIMIT as usize {
        return None;
    }
    let mut cores = Vec::new();
    for (place, digit) in text.chars().rev().enumerate() {
        let digit = digit.to_digit(16)?;
        cores.extend((0..4).filter(|bit| digit >> bit & 1 == 1).map(|bit| place as u32 * 4 + bit));
    }
    Some(cores)
}

fn of_list(text: &str) -> Option<Vec<u32>> {
    let mut cores = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last {
            return None;
        }
        // What lies beyond the limit is not listed one by one.
        cores.extend(first.min(LIMIT)..=last.min(LIMIT));
    }
    Some(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, cores: &[u32]) {
        assert_eq!(text.parse(), Ok(Cores(cores.to_vec())), "{text}");
    }

    #[test]
    fn masks_and_lists_name_the_same_cores() {
        reads("0x1", &[0]);
        reads("3", &[0, 1]);
        reads("0x15", &[0, 2, 4]);
        reads("10000", &[16]);
        reads("[0]", &[0]);
        reads("[3,1, 2,1]", &[1, 2, 3]);
        reads("[0,4-6]", &[0, 4, 5, 6]);
        reads("[1023]", &[1023]);
        assert_eq!("0xd".parse::<Cores>().map(|cores| cores.to_string()), Ok("[0,2,3]".into()));
    }

    #[test]
    fn what_names_no_core_is_refused() {
        let long = "f".repeat(5000);
        for text in [
            "",
            "0x",
            "0",
            "0x0",
            "[]",
            "[a]",
            "[1",
            "1]",
            "[2-1]",
            "[1024]",
            "[0-4294967295]",
            "xyz",
            "-1",
            "[-1]",
            &long,
        ] {
            assert!(text.parse::<Cores>().is_err(), "{text}");
        }
    }
}
