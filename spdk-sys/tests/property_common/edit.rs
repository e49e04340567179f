//! Damage to a text: what a bad disk, a bad editor or a bad generator may do to it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One damage.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Truncate(Index),
    Delete(Index, usize),
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    /// Copies bytes from one place to another.
    Repeat(Index, usize, Index),
}

/// Bytes that mean something to a parser, or must not. No digit: see [`is_bearable`].
const BYTES: &[u8] = b"{}[]:,\"\\/*#'-+ \n\t\r\0ntfx\x01\x1b\x7f\x80\xbf\xc0\xc3\xe2\xed\xf0\xff";

/// Pieces that mean something only as a whole.
const PIECES: [&[u8]; 12] = [
    b"//",
    b"/*",
    b"*/",
    b"\\u0000",
    b"\\ud800",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"null",
    b"NaN",
    b"}]}]}",
    b"\"\":",
];

/// Some edits of a text, most often few.
pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let byte = || select(BYTES);
    let edit = prop_oneof![
        any::<Index>().prop_map(Edit::Truncate),
        (any::<Index>(), 1..20_usize).prop_map(|(at, len)| Edit::Delete(at, len)),
        (any::<Index>(), vec(byte(), 1..4)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), select(&PIECES[..]))
            .prop_map(|(at, piece)| Edit::Insert(at, piece.to_vec())),
        (any::<Index>(), select(&[1, 10, 127, 128, 129, 5000][..]), select(&b"[{\"("[..]))
            .prop_map(|(at, depth, open)| Edit::Insert(at, vec![open; depth])),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (any::<Index>(), 1..60_usize, any::<Index>())
            .prop_map(|(from, len, to)| Edit::Repeat(from, len, to)),
    ];
    vec(edit, 0..3)
}

/// The text after the edits.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for edit in edits {
        let end = bytes.len();
        match edit {
            Edit::Truncate(at) => bytes.truncate(at.index(end + 1)),
            Edit::Delete(at, len) => {
                let at = at.index(end + 1);
                bytes.drain(at..end.min(at + len));
            }
            Edit::Insert(at, new) => {
                let at = at.index(end + 1);
                bytes.splice(at..at, new.iter().copied());
            }
            Edit::Replace(at, new) => {
                if end > 0 {
                    bytes[at.index(end)] = *new;
                }
            }
            Edit::Repeat(from, len, to) => {
                let from = from.index(end + 1);
                let copy = bytes[from..end.min(from + len)].to_vec();
                let to = to.index(end + 1);
                bytes.splice(to..to, copy);
            }
        }
    }
    bytes
}

/// Whether this machine can bear what the numbers may ask for: a bdev of less than 100 MB, or one
/// that is larger than any address space and is refused.
pub(crate) fn is_bearable(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_digit()).all(|run| run.len() <= 4 || run.len() >= 16)
}
