//! Sizes and times as they are given on the command line.

use core::time::Duration;

/// The largest operation, in bytes.
const LARGEST: usize = 1 << 30;

/// The longest run, in seconds.
const LONGEST: f64 = 1e6;

/// A size in bytes: `4096`, `4k`, `128K`, `1M`, `4KiB`. Each step of the suffix is 1024.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let suffix = suffix.to_ascii_lowercase();
    let shift = match suffix.strip_suffix("ib").filter(|rest| !rest.is_empty()).unwrap_or(&suffix) {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return Err("write it as 4096, 4k or 1M".into()),
    };
    let number: usize = number.parse().map_err(|_| "write it as 4096, 4k or 1M".to_owned())?;
    match number.checked_mul(1 << shift) {
        Some(bytes @ 1..=LARGEST) => Ok(bytes),
        _ => Err("it must be from 1 byte to 1G".into()),
    }
}

/// A time in seconds, longer than none.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    match seconds_or_none(text)? {
        Duration::ZERO => Err("it must be longer than 0 seconds".into()),
        time => Ok(time),
    }
}

/// A time in seconds, or none.
pub(crate) fn seconds_or_none(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "write it as 5 or 0.5".to_owned())?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(format!("it must be from 0 to {LONGEST} seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_suffixes_in_steps_of_1024() {
        for (text, bytes) in [
            ("1", 1),
            ("4096", 4096),
            ("4k", 4096),
            ("4K", 4096),
            ("4KiB", 4096),
            ("128k", 131_072),
            ("1m", 1 << 20),
            ("3M", 3 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        let refused = [
            "",
            "0",
            "0k",
            "k",
            "-1",
            "4 k",
            "4kk",
            "4x",
            "4kb",
            "4ib",
            "0x10",
            "1.5k",
            "2G",
            "1025M",
            "99999999999999999999",
            "18014398509481985k",
            "+4",
        ];
        for text in refused {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_finite_and_some_must_be_longer_than_none() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("5"), Ok(Duration::from_secs(5)));
        assert_eq!(seconds_or_none("0"), Ok(Duration::ZERO));
        for text in ["", "0", "-1", "NaN", "inf", "1e7", "1s", "1e-20"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(seconds_or_none("-0.1").is_err());
    }
}
