//! The text of a JSON configuration: its comments and its syntax.
//!
//! Every byte keeps its place when comments are blanked, so line and column of a syntax error are
//! those of the file. For [`crate::config`] alone.

use serde::de::DeserializeOwned;

/// Parses `text`, comments allowed. Trailing NULs are those of a C string and not looked at.
pub(crate) fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let length = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    serde_json::from_slice(&blank_comments(&text[..length]))
}

/// How deep objects and arrays of this JSON lie in one another.
pub(crate) fn nesting(text: &[u8]) -> usize {
    let text = blank_comments(text);
    let (mut at, mut depth, mut deepest) = (0, 0_usize, 0);
    while at < text.len() {
        match text[at] {
            b'"' => {
                at = after_string(&text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        at += 1;
    }
    deepest
}

/// Returns `text` with every comment outside a string replaced by spaces (line ends stay).
///
/// A comment that is never closed swallows the rest; the parser then reports the early end.
fn blank_comments(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut at = 0;
    while at < out.len() {
        at = match (out[at], out.get(at + 1)) {
            (b'"', _) => after_string(&out, at),
            (b'/', Some(b'/')) => blank_until(&mut out, at, b"\n"),
            (b'/', Some(b'*')) => blank_until(&mut out, at, b"*/"),
            _ => at + 1,
        };
    }
    out
}

/// The index behind the string that opens at `start`.
fn after_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Blanks from `start` through `end` and returns the index behind it. The two bytes that open the
/// comment are never part of its end, as `/*/` shows.
fn blank_until(text: &mut [u8], start: usize, end: &[u8]) -> usize {
    let body = start + 2;
    let stop = text[body..]
        .windows(end.len())
        .position(|window| window == end)
        .map_or(text.len(), |found| body + found + end.len());
    for byte in &mut text[start..stop] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    stop
}

#[cfg(test)]
mod tests {
    use super::blank_comments;

    fn blanked(text: &str) -> String {
        String::from_utf8(blank_comments(text.as_bytes())).expect("blanking keeps UTF-8")
    }

    #[test]
    fn both_kinds_become_blanks_of_the_same_length() {
        assert_eq!(blanked("[1, // one\n2]"), "[1,       \n2]");
        assert_eq!(blanked("[1, /* o\nne */ 2]"), "[1,     \n      2]");
        assert_eq!(blanked("/*/ 1 */2"), "        2");
    }

    #[test]
    fn strings_are_left_alone() {
        for text in [r#""http://x /* y */""#, r#"["a\"// b", "\\"]"#] {
            assert_eq!(blanked(text), text);
        }
    }

    #[test]
    fn an_open_comment_or_string_swallows_the_rest() {
        assert_eq!(blanked("1 /* 2"), "1     ");
        assert_eq!(blanked("\"1 // 2"), "\"1 // 2");
        assert_eq!(blanked("\"1\\"), "\"1\\");
    }
}
