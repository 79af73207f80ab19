//! Rust code without what is only said in it: comments and literals become blanks.

/// The words of the code: runs of letters, digits and underscores, outside comments, strings and characters.
pub(super) fn words(text: &str) -> Vec<String> {
    let code = bare(text);
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The part of a file before its unit tests.
pub(super) fn production(text: &str) -> &str {
    text.find("#[cfg(test)]").map_or(text, |at| &text[..at])
}

fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            '\'' => character_end(&chars, at).unwrap_or(at),
            'r' if !ends_in_word(&code) || code.ends_with('b') || code.ends_with('c') => {
                raw_string_end(&chars, at).unwrap_or(at)
            }
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.push(' ');
            at = end;
        }
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |length| at + length)
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here < chars.len() {
        match (chars[here], chars.get(here + 1)) {
            ('/', Some('*')) => (depth, here) = (depth + 1, here + 2),
            ('*', Some('/')) => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
        if depth == 0 {
            return here;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut here = at + 1;
    while here < chars.len() {
        match chars[here] {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    chars.len()
}

/// A character's end; `None` for a lifetime.
fn character_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        // `'\''` and `'\u{1f600}'`
        let closing = chars[at + 3..].iter().position(|&c| c == '\'')?;
        Some(at + 3 + closing + 1)
    } else {
        (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
    }
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |&here: &usize| {
        chars[here] == '"' && chars[here + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    Some((open + 1..chars.len()).find(closes).map_or(chars.len(), |here| here + 1 + hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_said_is_no_code() {
        let text = r####"
            //! unsafe one
            let a = "unsafe \" two"; /* unsafe /* three */ unsafe */ let b = r#"unsafe " four"#;
            let c = br##"unsafe "# five"##; let d = '"'; let e = '\''; let f = '\u{22}'; // unsafe six
            fn g<'unsafely>(h: &'unsafely str) -> bool { h == b"unsafe seven" }
            let r = for_r("unsafe eight"); let r#type = 1;
        "####;
        let words = words(text);
        assert!(!words.contains(&"unsafe".to_owned()), "{words:?}");
        for word in ["a", "b", "c", "d", "e", "f", "g", "unsafely", "h", "str", "bool", "for_r", "type"] {
            assert!(words.contains(&word.to_owned()), "{word} is lost: {words:?}");
        }
    }

    #[test]
    fn what_is_done_is_code() {
        for text in [
            "unsafe { f() }",
            "let quote = '\"'; unsafe { f() } let other = '\"';",
            "let a: &'static str = \"//\"; unsafe {}",
            "/* */ unsafe fn f() {}",
            "r#\"\"#; unsafe {}",
            "#[unsafe(no_mangle)]",
        ] {
            assert!(words(text).contains(&"unsafe".to_owned()), "{text}");
        }
    }

    #[test]
    fn production_ends_where_unit_tests_begin() {
        assert_eq!(production("a\n#[cfg(test)]\nmod tests {}\n"), "a\n");
        assert_eq!(production("a\n"), "a\n");
    }
}
