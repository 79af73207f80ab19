//! Markdown events as one line of plain text.

use pulldown_cmark::{Event, Tag};

use super::outline::Located;
use crate::text;

/// The text of `events` on one line: markup is dropped, code is kept in backticks, blocks are set apart by
/// `; ` where the text before does not end in punctuation, comments are gone.
pub(super) fn one_line(events: &[Located<'_>]) -> String {
    let mut line = String::new();
    let mut block = String::new();
    let mut code_block: Option<String> = None;
    let mut html_block: Option<String> = None;
    for (event, _) in events {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                flush(&mut line, &mut block);
                code_block = Some(String::new());
            }
            // A comment over several lines comes as one event per line.
            Event::Start(Tag::HtmlBlock) => {
                flush(&mut line, &mut block);
                html_block = Some(String::new());
            }
            Event::Start(tag) if is_block(tag) => flush(&mut line, &mut block),
            Event::End(_) => {
                if let Some(code) = code_block.take() {
                    block.push_str(&quote(&code));
                }
                if let Some(html) = html_block.take() {
                    block.push_str(without_comment(&html));
                }
            }
            Event::Text(piece) => match &mut code_block {
                Some(code) => code.push_str(piece),
                None => block.push_str(piece),
            },
            Event::Code(code) => block.push_str(&quote(code)),
            Event::Html(html) => match &mut html_block {
                Some(all) => all.push_str(html),
                None => block.push_str(without_comment(html)),
            },
            Event::InlineHtml(html) if html.starts_with("<br") => block.push(' '),
            Event::InlineHtml(html) => block.push_str(without_comment(html)),
            Event::SoftBreak | Event::HardBreak => block.push(' '),
            Event::Rule => flush(&mut line, &mut block),
            _ => {}
        }
    }
    flush(&mut line, &mut block);
    line
}

/// True if the first text of the events is emphasized or code.
pub(super) fn starts_set_off(events: &[Located<'_>]) -> bool {
    events
        .iter()
        .find_map(|(event, _)| match event {
            Event::Start(Tag::Strong | Tag::Emphasis) | Event::Code(_) => Some(true),
            Event::Text(_) => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// Raw HTML behind the comment that it starts with.
fn without_comment(html: &str) -> &str {
    match html.trim_start().strip_prefix("<!--") {
        Some(comment) => comment.split_once("-->").map_or("", |(_, after)| after),
        None => html,
    }
}

fn flush(line: &mut String, block: &mut String) {
    let words = collapse(block);
    if !words.is_empty() {
        text::append_block(line, &words);
    }
    block.clear();
}

fn collapse(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn quote(code: &str) -> String {
    let code = collapse(code);
    if code.is_empty() {
        code
    } else if code.contains('`') {
        format!("`` {code} ``")
    } else {
        format!("`{code}`")
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}
