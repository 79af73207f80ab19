//! Separates a sentence into literals (quoted text, JSON, paths, addresses, `{names}`) and the words around them.
//!
//! The words with a marker in place of each literal are the *skeleton*; rules are patterns over skeletons, so that no
//! rule can mistake something quoted for grammar.

use serde_json::Value;

/// Opens a marker; refused in sentences.
pub(crate) const OPEN: char = '⟦';
/// Closes a marker; refused in sentences.
pub(crate) const CLOSE: char = '⟧';

/// Literals that a sentence may have.
const MOST_LITERALS: usize = 200;

/// Something in a sentence that is taken as it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// Quoted text: marker `q`.
    Quoted(String),
    /// JSON, `{names}` outside strings made strings: marker `j`.
    Json(Value),
    /// `{name}`: marker `h`.
    Name(String),
    /// A path or a whole address: marker `p`.
    Path(String),
    /// A mail address: marker `e`.
    Address(String),
}

impl Literal {
    fn kind(&self) -> char {
        match self {
            Literal::Quoted(_) => 'q',
            Literal::Json(_) => 'j',
            Literal::Name(_) => 'h',
            Literal::Path(_) => 'p',
            Literal::Address(_) => 'e',
        }
    }
}

/// A sentence taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Lexed {
    /// Words and markers, white space made single spaces, closing punctuation gone.
    pub(crate) skeleton: String,
    /// The literals, by the number in their marker.
    pub(crate) literals: Vec<Literal>,
}

/// What stands for the literal of that number in a skeleton.
pub(crate) fn marker(kind: char, number: usize) -> String {
    format!("{OPEN}{kind}{number}{CLOSE}")
}

/// Takes a sentence apart.
///
/// # Errors
/// What is wrong with it: an open quotation mark, JSON that is none.
pub(crate) fn lex(source: &str) -> Result<Lexed, String> {
    if source.contains([OPEN, CLOSE]) {
        return Err(format!("the characters {OPEN} and {CLOSE} cannot be used"));
    }
    let mut lexed = Lexed { skeleton: String::with_capacity(source.len()), literals: Vec::new() };
    let mut rest = source.trim();
    // Once no apostrophe closes, none further on does; looking again each time would take for ever.
    let mut closes = true;
    while let Some(first) = rest.chars().next() {
        if lexed.literals.len() > MOST_LITERALS {
            return Err("this is too long for one sentence: make several of it".to_owned());
        }
        let at_start =
            lexed.skeleton.chars().next_back().is_none_or(|last| last.is_whitespace() || last == '(');
        let taken = match first {
            '"' | '“' => Some(quoted(rest)?),
            '`' => Some(raw(rest, '`').ok_or("a backtick is not closed")?),
            '\'' if at_start && closes => {
                let taken = raw(rest, '\'');
                closes = taken.is_some();
                taken
            }
            '{' | '[' if at_start => Some(braced(rest)?),
            '/' if at_start && speaks_of_pattern(&lexed.skeleton) => slashed(rest).or_else(|| path(rest)),
            '/' if at_start => path(rest),
            _ if at_start && (rest.starts_with("http://") || rest.starts_with("https://")) => path(rest),
            _ if at_start => media(rest).or_else(|| address(rest)),
            _ => None,
        };
        match taken {
            Some((Literal::Quoted(method), length))
                if is_method(&method, &rest[length..], &lexed.skeleton) =>
            {
                lexed.skeleton.push_str(&method);
                rest = &rest[length..];
            }
            Some((Literal::Quoted(name), length))
                if lexed.skeleton.is_empty() && matches!(name.as_str(), "stdout" | "stderr") =>
            {
                lexed.skeleton.push_str(&name);
                rest = &rest[length..];
            }
            Some((literal, length)) => {
                lexed.skeleton.push_str(&marker(literal.kind(), lexed.literals.len()));
                lexed.literals.push(literal);
                rest = &rest[length..];
            }
            None => {
                lexed.skeleton.push(if first.is_whitespace() { ' ' } else { first });
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    let words: Vec<&str> = lexed.skeleton.split_whitespace().collect();
    lexed.skeleton = words.join(" ").trim_end_matches(['.', ':', '!', ',', ';', ' ']).to_owned();
    Ok(lexed)
}

/// A media type such as `application/json`, which nobody quotes.
fn media(rest: &str) -> Option<Taken> {
    let (kind, subtype) = token(rest).split_once('/')?;
    let is_kind = ["application", "text", "image", "audio", "video", "multipart", "font"].contains(&kind);
    let is_subtype = |each: char| each.is_ascii_alphanumeric() || matches!(each, '.' | '+' | '-');
    (is_kind && !subtype.is_empty() && subtype.chars().all(is_subtype))
        .then(|| (Literal::Quoted(format!("{kind}/{subtype}")), kind.len() + 1 + subtype.len()))
}

/// Whether what comes is a regular expression, which may stand between slashes.
fn speaks_of_pattern(before: &str) -> bool {
    let last = before.trim_end().rsplit(' ').next().unwrap_or_default().to_lowercase();
    matches!(last.as_str(), "match" | "matches" | "matching" | "pattern" | "regex" | "regexp" | "expression")
}

/// `/regular expression/`.
fn slashed(rest: &str) -> Option<Taken> {
    let end = rest[1..].rfind('/')? + 1;
    Some((Literal::Quoted(rest[1..end].to_owned()), end + 1))
}

/// Whether a quoted text is the method of a request, as in `a "GET" request`, and no value.
fn is_method(text: &str, after: &str, before: &str) -> bool {
    if !matches!(text, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") {
        return false;
    }
    let last: Vec<&str> = before.trim_end().rsplitn(3, ' ').collect();
    let before = last[..last.len().min(2)].iter().rev().copied().collect::<Vec<_>>().join(" ").to_lowercase();
    !before.ends_with("is")
        && (after.starts_with(" request")
            || after.starts_with(" method")
            || before.ends_with("method")
            || before.ends_with("using")
            || before.ends_with("using http"))
}

type Taken = (Literal, usize);

/// `"text"` or `“text”` with `\"`, `\\`, `\n`, `\r` and `\t`.
fn quoted(rest: &str) -> Result<Taken, String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' | '”' => return Ok((Literal::Quoted(text), at + character.len_utf8())),
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, 't')) => text.push('\t'),
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                // Anything else keeps its backslash, as regular expressions need it.
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            _ => text.push(character),
        }
    }
    Err("a quotation mark is not closed".to_owned())
}

/// Text between two of `mark`, as it stands. After an apostrophe as the closing mark no letter may follow.
fn raw(rest: &str, mark: char) -> Option<Taken> {
    let inner = &rest[1..];
    let end = inner
        .match_indices(mark)
        .map(|(at, _)| at)
        .find(|at| mark == '`' || !inner[at + 1..].chars().next().is_some_and(char::is_alphanumeric))?;
    Some((Literal::Quoted(inner[..end].to_owned()), end + 2))
}

fn braced(rest: &str) -> Result<Taken, String> {
    let length = balanced(rest).ok_or("a brace or bracket is not closed")?;
    let text = &rest[..length];
    if let Some(name) = simple_name(text) {
        return Ok((Literal::Name(name.to_owned()), length));
    }
    if text.starts_with("{repeat:") {
        return Ok((Literal::Quoted(text.to_owned()), length));
    }
    json(text).map(|value| (Literal::Json(value), length))
}

/// Reads JSON in which `{name}` may stand outside a string for a string.
///
/// # Errors
/// Why it is not JSON.
pub(crate) fn json(text: &str) -> Result<Value, String> {
    let mut normal = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        if in_string {
            normal.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if let Some(name) = (character == '{').then(|| leading_name(rest)).flatten() {
            normal.push_str(&format!("\"{{{name}}}\""));
            length = name.len() + 2;
        } else {
            in_string = character == '"';
            normal.push(character);
        }
        rest = &rest[length..];
    }
    serde_json::from_str(&normal).map_err(|error| format!("this is not JSON: {error}"))
}

/// The name in the `{name}` that a text begins with.
fn leading_name(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find(|each: char| !is_in_name(each))?;
    let name = &inner[..end];
    (inner[end..].starts_with('}') && is_name(name)).then_some(name)
}

/// The name in `{name}`.
fn simple_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    is_name(name).then_some(name)
}

/// Whether a text can be the name of a remembered value.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(is_in_name)
}

fn is_in_name(each: char) -> bool {
    each.is_ascii_alphanumeric() || matches!(each, '_' | '-')
}

/// The length of the braced or bracketed text at the start, strings in it respected.
fn balanced(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, character) in rest.char_indices() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '"' => in_string = true,
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn token(rest: &str) -> &str {
    let end =
        rest.find(|each: char| each.is_whitespace() || matches!(each, '"' | '“' | '”')).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ',', ';', ':', '!', ')'])
}

fn path(rest: &str) -> Option<Taken> {
    let text = token(rest);
    (!text.is_empty()).then(|| (Literal::Path(text.to_owned()), text.len()))
}

fn address(rest: &str) -> Option<Taken> {
    let text = token(rest);
    let text = text.strip_suffix("'s").unwrap_or(text);
    let (local, domain) = text.split_once('@')?;
    let plain = !local.is_empty() && domain.contains('.') && !text.contains(['=', '&', '{']);
    plain.then(|| (Literal::Address(text.to_owned()), text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(source: &str) -> String {
        lex(source).unwrap().skeleton
    }

    #[test]
    fn takes_literals_out() {
        assert_eq!(
            skeleton(r#"When  POST /forgot-password, with {"email": "a{n}@b.test"} and 'x' as {session}."#),
            "When POST ⟦p0⟧, with ⟦j1⟧ and ⟦q2⟧ as ⟦h3⟧"
        );
        assert_eq!(skeleton("no mail is sent to ann@example.test."), "no mail is sent to ⟦e0⟧");
        assert_eq!(skeleton("the link's path is `/x y`:"), "the link's path is ⟦q0⟧");
        assert_eq!(skeleton("field items[0].id equals 3"), "field items[0].id equals 3");
        assert_eq!(skeleton("the body is [1, 2]"), "the body is ⟦j0⟧");
    }

    #[test]
    fn json_may_have_names_outside_strings() {
        let lexed = lex(r#"with {"token": {token}, "a": "{b}", "c": [1, {d}]}"#).unwrap();
        let expected = serde_json::json!({"token": "{token}", "a": "{b}", "c": [1, "{d}"]});
        assert_eq!(lexed.literals, [Literal::Json(expected)]);
    }

    #[test]
    fn quotes_escape_and_must_close() {
        let lexed = lex(r#"is "a \"b\" \d \\ ⏎""#).unwrap();
        assert_eq!(lexed.literals, [Literal::Quoted(r#"a "b" \d \ ⏎"#.to_owned())]);
        assert!(lex(r#"is "open"#).is_err());
        assert!(lex("is {\"a\": 1").is_err());
        assert!(lex("is {a: 1}").is_err());
        assert!(lex("⟦q0⟧").is_err());
    }
}
