//! Every rule on its own examples: what is marked in `bad.md` is flagged exactly there, and `good.md` is silent under all
//! rules that are on by default.

use factory_spec::lint::{self, Explanation, Selection};

/// The text without its marks, and the places that were marked.
fn unmarked(marked: &str) -> (String, Vec<std::ops::Range<usize>>) {
    let mut text = String::new();
    let mut places = Vec::new();
    let mut open = None;
    for character in marked.chars() {
        match character {
            '⟦' => open = Some(text.len()),
            '⟧' => places.push(open.take().expect("a mark was opened")..text.len()),
            other => text.push(other),
        }
    }
    assert!(open.is_none(), "a mark is not closed: {marked}");
    (text, places)
}

fn path(rule: &Explanation) -> &'static str {
    if rule.good.contains("[[step]]") { "steps.toml" } else { "example.md" }
}

fn found(rule: &Explanation, text: &str, selection: &Selection) -> Vec<String> {
    let shown = |finding: &lint::Finding| format!("{} `{}`", finding.code, &text[finding.span.clone()]);
    lint::lint(path(rule), text, selection, &|_| true).findings.iter().map(shown).collect()
}

#[test]
fn bad_examples_are_flagged_where_they_are_marked() {
    let mut wrong = Vec::new();
    for rule in lint::all().iter().filter(|rule| rule.is_alone) {
        let (text, places) = unmarked(rule.marked);
        assert!(!places.is_empty(), "{} marks nothing", rule.code);
        let selection = Selection { select: vec![rule.code.to_owned()], ..Selection::default() };
        let expected: Vec<String> =
            places.into_iter().map(|place| format!("{} `{}`", rule.code, &text[place])).collect();
        let found = found(rule, &text, &selection);
        for missing in expected.iter().filter(|one| !found.contains(one)) {
            wrong.push(format!("not found: {missing}"));
        }
        for extra in found.iter().filter(|one| !expected.contains(one)) {
            wrong.push(format!("not marked: {extra}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn good_examples_are_silent_under_all_default_rules() {
    let mut wrong = Vec::new();
    for rule in lint::all().iter().filter(|rule| rule.is_alone) {
        for one in found(rule, &rule.good, &Selection::default()) {
            wrong.push(format!("{}/good.md: {one}", rule.code));
        }
        let own = Selection { select: vec![rule.code.to_owned()], ..Selection::default() };
        wrong.extend(found(rule, &rule.good, &own));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
