//! Bug specifications.

use factory_spec::{Level, SpecKind, parse_spec};

use crate::support::{errors, found};

const BUG: &str = "\
# Bug: Login loops

## Symptom

After a reset the login page comes back.

## Reproduction

1. Reset a password.
2. Log in with `POST /login`.

## Expected

- The answer is 200.
- The former session MUST NOT be open.

## Edge Cases

- Two devices.
";

#[test]
fn expected_statements_become_requirements() {
    let (spec, diagnostics) = parse_spec(BUG);
    assert_eq!(found(BUG, &diagnostics), []);
    assert_eq!((spec.kind, spec.title.as_str()), (SpecKind::Bug, "Login loops"));
    assert_eq!(spec.symptom, "After a reset the login page comes back.");
    assert_eq!(spec.reproduction, ["Reset a password.", "Log in with `POST /login`."]);
    assert_eq!(spec.expected, ["The answer is 200.", "The former session MUST NOT be open."]);
    let seen: Vec<(&str, &str, Level)> =
        spec.requirements.iter().map(|one| (one.id.as_str(), &BUG[one.span.clone()], one.level)).collect();
    assert_eq!(
        seen,
        [
            ("R1", "- The answer is 200.", Level::Unstated),
            ("R2", "- The former session MUST NOT be open.", Level::MustNot),
        ]
    );
}

#[test]
fn expected_prose_is_one_requirement_per_paragraph() {
    let source = BUG.replace("- The answer is 200.\n- The", "The answer\nis 200.\n\nThe");
    let (spec, _) = parse_spec(&source);
    let texts: Vec<&str> = spec.requirements.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["The answer is 200.", "The former session MUST NOT be open."]);
}

#[test]
fn requirements_win_over_expected() {
    let source = format!("{BUG}\n## Requirements\n\n4. It MUST work.\n");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(spec.requirements.len(), 1);
    assert_eq!(spec.requirements[0].id, "R4");
    assert_eq!(spec.expected.len(), 2);
}

#[test]
fn a_bug_needs_a_symptom_and_something_expected() {
    let source = "# BUG: x\n\n## Symptom\n\n## Edge Cases\n\n- y\n";
    let (_, diagnostics) = parse_spec(source);
    assert_eq!(
        found(source, &diagnostics),
        [("S006", "# BUG: x"), ("S101", "# BUG: x"), ("S005", "## Symptom")]
    );
    assert_eq!(errors(source, &diagnostics), [("S006", "# BUG: x"), ("S005", "## Symptom")]);
}

#[test]
fn expected_is_nothing_special_in_a_feature() {
    let source = BUG.replace("# Bug:", "# Feature:");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(spec.requirements, []);
    let codes: Vec<&str> = errors(&source, &diagnostics).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["S004", "S006"]);
}
