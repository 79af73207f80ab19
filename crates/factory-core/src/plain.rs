//! Text of others in front of a person: on a terminal, in a commit message, in an error. What would move the cursor, turn
//! the direction of reading or not show at all is shown as its code, so that what is read is what is there.

/// Whether a character is not seen for what it is: it controls a terminal, ends a line, turns the text around it, or shows
/// nothing. Code points that Unicode lets a program leave out (`Default_Ignorable_Code_Point`) count as showing nothing.
pub fn is_hidden(c: char) -> bool {
    c.is_control() || turns(c) || shows_nothing(c)
}

/// Marks that change the direction of the text after them, and the two line ends that are no control characters.
fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn shows_nothing(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The text on one line: line ends and tabs are spaces, whatever else is hidden is shown as `\u{1b}`.
pub fn line(text: &str) -> String {
    shown(text, |c| matches!(c, '\n' | '\r' | '\t').then_some(' '))
}

/// The text over as many lines as it has: line feeds and tabs stay, whatever else is hidden is shown as `\u{1b}`.
pub fn lines(text: &str) -> String {
    shown(text, |c| matches!(c, '\n' | '\t').then_some(c))
}

fn shown(text: &str, instead: impl Fn(char) -> Option<char>) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match instead(c) {
            Some(other) => shown.push(other),
            None if is_hidden(c) => shown.extend(c.escape_unicode()),
            None => shown.push(c),
        }
    }
    shown
}

/// The first `most` characters of the text on one line, and `…` if there are more.
pub fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => line(text),
        Some((end, _)) => format!("{}…", line(&text[..end])),
    }
}

/// A JSON text that means the same: hidden characters, which only its strings can hold, are written as `\u001b`. Line
/// ends and tabs between its values stay.
pub fn json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\n' | '\r' | '\t') || !is_hidden(c) {
            plain.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            plain.push_str(&format!("\\u{unit:04x}"));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_shown_as_its_code() {
        for hidden in [
            '\0',
            '\u{7}',
            '\u{8}',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            let code = format!("a\\u{{{:x}}}b", u32::from(hidden));
            assert_eq!(line(&format!("a{hidden}b")), code);
            assert_eq!(lines(&format!("a{hidden}b")), code);
            let document = format!("{{\n\t\"k\": \"a{hidden}b\"\r\n}}");
            let plain = json(&document);
            assert!(!plain.contains(hidden), "{plain}");
            if u32::from(hidden) >= 0x20 {
                let before: serde_json::Value = serde_json::from_str(&document).unwrap();
                assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).unwrap(), before);
            }
        }
    }

    #[test]
    fn what_is_seen_stays() {
        let text = "Grüße, 計画, 👍, a\u{301}, \\u{1b}, ── x ──";
        assert_eq!(
            (line(text), lines(text), json(text)),
            (text.to_owned(), text.to_owned(), text.to_owned())
        );
        assert_eq!(lines("a\tb\nc\rd"), "a\tb\nc\\u{d}d");
        assert_eq!(line("a\tb\r\nc"), "a b  c");
    }

    #[test]
    fn a_long_text_is_begun() {
        assert_eq!(beginning("grün", 4), "grün");
        assert_eq!(beginning("grün\u{1b}x", 5), "grün\\u{1b}…");
        assert_eq!(beginning(&"ü".repeat(500), 80), format!("{}…", "ü".repeat(80)));
    }
}
