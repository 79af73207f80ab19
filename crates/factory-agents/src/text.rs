//! Cuts texts to a number of bytes without cutting a character.

/// The beginning, of at most `bytes`.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end, of at most `bytes`.
pub(crate) fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole() {
        assert_eq!((head("aé", 2), tail("éa", 2)), ("a", "a"));
        assert_eq!((head("aé", 9), tail("éa", 9)), ("aé", "éa"));
        assert_eq!((head("é", 0), tail("é", 0)), ("", ""));
    }
}
