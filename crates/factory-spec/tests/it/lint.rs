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

#[test]
fn the_docs_list_every_rule() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lint.md");
    let docs = std::fs::read_to_string(path).expect("the docs are there").replace("\r\n", "\n");
    let row = |rule: &Explanation| {
        let why = rule.why.replace('|', "\\|");
        format!(
            "| {} | {} | {} | {} | {why} |\n",
            rule.code,
            rule.name,
            rule.tier.as_str(),
            rule.family.as_str()
        )
    };
    let rows: String = lint::all().iter().map(row).collect();
    let begin = "<!-- begin: made by `UPDATE_DOCS=1 cargo test -p factory-spec docs` -->\n";
    let (before, rest) = docs.split_once(begin).expect("the list begins");
    let (_, after) = rest.split_once("<!-- end -->").expect("the list ends");
    let made = format!(
        "{before}{begin}| code | name | tier | about | why |\n|---|---|---|---|---|\n{rows}<!-- end -->{after}"
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &made).expect("the docs can be written");
    } else {
        assert!(docs == made, "docs/lint.md is not up to date: run this with UPDATE_DOCS=1");
    }
}

#[test]
fn a_finding_is_allowed_with_a_reason_only() {
    let codes = |source: &str| -> Vec<&'static str> {
        let found = lint::lint("a.md", source, &Selection::default(), &|_| true).findings;
        found.iter().map(|finding| finding.code).collect()
    };
    let item = "1. The service shall be fast.";
    assert_eq!(codes(item), ["A102"]);
    assert_eq!(
        codes(&format!(
            "{item} <!-- lint: allow A102 because the bus decides -->\n2. The service shall be fast."
        )),
        ["A102"]
    );
    assert_eq!(codes(&format!("{item} <!-- lint: allow A102 because the bus decides -->")), [""; 0]);
    assert_eq!(codes(&format!("<!-- lint: allow A102 because the bus decides -->\n\n{item}")), [""; 0]);
    assert_eq!(
        codes(&format!(
            "{item}\n2. The service shall be fast.\n\n<!-- lint: allow-file A102 because the bus decides -->"
        )),
        [""; 0]
    );
    assert_eq!(codes(&format!("{item} <!-- lint: allow A102 -->")), ["A102", "L001"]);
    assert_eq!(codes(&format!("{item} <!-- lint: allow A999, A102 because the bus decides -->")), ["L002"]);
    assert_eq!(
        codes("1. The service shall answer 200. <!-- lint: allow A102 because the bus decides -->"),
        ["L003"]
    );
    let feature = "Feature: f\nScenario: x\nWhen a\n# lint: allow G208 because the oracle is a person\nThen the total is correct\n";
    let found = lint::lint("a.feature", feature, &Selection::default(), &|_| true).findings;
    assert_eq!(found, []);
}

#[test]
fn fixes_mend_what_they_are_for_and_nothing_is_left_to_mend() {
    for (before, after) in [
        ("1. WHEN a is sent THEN the system SHALL stop.", "1. WHEN a is sent, the system SHALL stop."),
        ("1. WHEN a is sent, THEN the system SHALL stop.", "1. WHEN a is sent, the system SHALL stop."),
        ("1. IF a fails, the system SHALL stop.", "1. IF a fails, THEN the system SHALL stop."),
        ("1. The system SHALL stop WHEN a is sent.", "1. WHEN a is sent, the system SHALL stop."),
        ("1. `x` SHALL stop WHILE a is sent.", "1. WHILE a is sent, `x` SHALL stop."),
    ] {
        let found = lint::lint("a.md", before, &Selection::default(), &|_| true).findings;
        let (mended, count) = lint::fixed(before, &found);
        assert_eq!((mended.as_str(), count), (after, 1), "{before}");
        let again = lint::lint("a.md", &mended, &Selection::default(), &|_| true).findings;
        assert_eq!(again, [], "{mended}");
    }
}

#[test]
fn several_texts_are_held_against_each_other() {
    let spec = "# Feature: x\n\n## Goal\n\ny\n\n## Requirements\n\n1. The service MUST log each request.\n2. The service MUST answer 200.\n";
    let other =
        "# Feature: z\n\n## Goal\n\ny\n\n## Requirements\n\n1. The service MUST NOT log each request.\n";
    let suite = "# Scenario: A\nCovers: R1\n\nWhen a\nThen the status is 200\n\n# Scenario: B\n\nWhen a\nThen the status is 201\n\n# Scenario: C\nCovers: R9\n\nWhen a\nThen the status is 202\n";
    let texts = [("specs/feature-x.md", spec), ("specs/feature-z.md", other), ("holdouts/x/all.md", suite)];
    let linted: Vec<_> = texts
        .iter()
        .map(|(path, source)| lint::lint(path, source, &Selection::default(), &|_| true))
        .collect();
    let together: Vec<_> =
        texts.iter().zip(&linted).map(|((path, source), linted)| (*path, *source, linted)).collect();
    let found = lint::across(&together, &Selection::default());
    let codes: Vec<Vec<&str>> = found.iter().map(|all| all.iter().map(|one| one.code).collect()).collect();
    assert_eq!(codes, [vec!["X101"], vec!["X105"], vec!["X102", "X104"]]);
}

#[test]
fn every_format_names_place_code_and_message() {
    use factory_spec::Colour;
    use factory_spec::lint::{Format, Reported};
    let source = "1. Ä: The system shall be fast.\n2. IF a fails, the system SHALL stop.\n";
    let found = lint::lint("a b.md", source, &Selection::default(), &|_| true).findings;
    let shown = |format| {
        lint::render(&[Reported { path: "a b.md", source, findings: &found }], format, Colour::Plain)
    };
    assert_eq!(
        shown(Format::Concise),
        "a b.md:1:27: A102 `fast` has no measure\na b.md:2:4: E102 IF without THEN [fixable]\n"
    );
    assert!(
        shown(Format::Full).starts_with("warning[A102]: `fast` has no measure\n --> a b.md:1:27\n"),
        "{}",
        shown(Format::Full)
    );
    assert!(shown(Format::Github).starts_with(
        "::warning file=a b.md,line=1,col=27,endLine=1,endColumn=31,title=A102::`fast` has no measure%0Asay what is measured"
    ));
    let rows: serde_json::Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    assert_eq!(
        (&rows[0]["text"], &rows[0]["column"], &rows[0]["start"]),
        (&"fast".into(), &27.into(), &27.into())
    );
    assert_eq!(rows[1]["fix"][0]["text"], " THEN");
    let log: serde_json::Value = serde_json::from_str(&shown(Format::Sarif)).unwrap();
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&log["version"], &result["ruleId"]), (&"2.1.0".into(), &"A102".into()));
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b.md");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 27);
}

#[test]
fn a_habit_is_named_once() {
    let source = "# Feature: x\n\n## Goal\n\ny\n\n## Requirements\n\n1. The system shall stop.\n2. The system shall start.\n3. The system shall end.\n";
    let selection = Selection { select: vec!["S104".to_owned()], ..Selection::default() };
    let found = lint::lint("a.md", source, &selection, &|_| true).findings;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "requirement R1 does not say MUST, SHOULD or MAY; the same holds for 2 more"
    );
}

#[test]
fn lines_without_periods_are_demands_of_their_own() {
    let source = "The system shall be fast\nThe system shall log each request\nIt shall be\nquiet\n";
    let found = lint::lint("a.txt", source, &Selection::default(), &|_| true).findings;
    let shown: Vec<String> =
        found.iter().map(|one| format!("{} {}", one.code, &source[one.span.clone()])).collect();
    assert_eq!(shown, ["A102 fast", "A102 quiet"]);
}
