//! Specifications of other tools as this project writes them: Spec Kit's `spec.md` and OpenSpec's changes.
//!
//! What they say is taken over word by word; what they do not say is left out, for the linter to name.

mod openspec;
mod spec_kit;
mod write;

pub use openspec::open_spec;
pub use spec_kit::spec_kit;
pub use write::Imported;

/// One heading with the lines below it, up to the next heading of its level or above.
struct Section<'a> {
    level: usize,
    title: &'a str,
    lines: Vec<&'a str>,
}

/// The sections of a text in order; those within another one follow it.
fn sections(source: &str) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    let mut fenced = false;
    for line in source.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if !fenced && (1..=6).contains(&level) && line[level..].starts_with(' ') {
            found.push(Section { level, title: line[level..].trim(), lines: Vec::new() });
        } else if let Some(section) = found.last_mut() {
            section.lines.push(line);
        }
    }
    found
}

/// The items of a list, each on one line, without their markers. What is set in below an item belongs to it.
fn items(lines: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let is_set_in = line.starts_with([' ', '\t']);
        match marked(text) {
            Some(item) if !is_set_in || !open => {
                found.push(item.to_owned());
                open = true;
            }
            Some(item) => {
                if let Some(last) = found.last_mut() {
                    last.push_str("; ");
                    last.push_str(item);
                }
            }
            None if open && is_set_in => {
                if let Some(last) = found.last_mut() {
                    last.push(' ');
                    last.push_str(text);
                }
            }
            None => open = false,
        }
    }
    found
}

/// The text of a list item.
fn marked(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match digits {
        0 => text.strip_prefix(['-', '*', '+'])?,
        _ => text[digits..].strip_prefix(['.', ')'])?,
    };
    rest.starts_with([' ', '\t']).then(|| rest.trim())
}

/// The paragraphs that are no list, each on one line.
fn paragraphs(lines: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        let text = line.trim();
        if text.is_empty() || text == "---" || marked(text).is_some() || text.starts_with("<!--") {
            open = false;
            continue;
        }
        match found.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(text);
            }
            None => found.push(text.to_owned()),
        }
        open = true;
    }
    found
}

/// The steps of `**Given** a, **When** b, **Then** c` on one line, or of one step; none if it is no step.
fn steps(text: &str) -> Vec<String> {
    const KEYWORDS: [(&str, &str); 5] =
        [("given", "Given"), ("when", "When"), ("then", "Then"), ("and", "And"), ("but", "But")];
    let mut found: Vec<String> = Vec::new();
    // In bold, keywords are told from words; in plain text only the first one is.
    let pieces: Vec<&str> = text.split("**").collect();
    let keyword = |word: &str| {
        let word = word.trim().trim_end_matches(':');
        KEYWORDS.iter().find(|(lower, _)| word.eq_ignore_ascii_case(lower)).map(|(_, keyword)| *keyword)
    };
    if pieces.len() > 2 {
        let mut at = 1;
        while at < pieces.len() {
            if let Some(keyword) = keyword(pieces[at]) {
                let mut sentence = pieces.get(at + 1).copied().unwrap_or_default().to_owned();
                // Other words in bold belong to the sentence.
                while at + 3 < pieces.len() && self::keyword_of(pieces[at + 2]).is_none() {
                    sentence.push_str(pieces[at + 2]);
                    sentence.push_str(pieces[at + 3]);
                    at += 2;
                }
                let sentence =
                    sentence.trim().trim_start_matches(':').trim().trim_end_matches([',', ';', '.']).trim();
                if !sentence.is_empty() {
                    found.push(format!("{keyword} {sentence}"));
                }
            }
            at += 2;
        }
        return found;
    }
    if let Some((word, rest)) = text.split_once(' ')
        && let Some(keyword) = keyword(word)
    {
        found.push(format!("{keyword} {}", rest.trim().trim_end_matches('.')));
    }
    found
}

fn keyword_of(word: &str) -> Option<()> {
    let word = word.trim().trim_end_matches(':').to_ascii_lowercase();
    matches!(word.as_str(), "given" | "when" | "then" | "and" | "but").then_some(())
}
