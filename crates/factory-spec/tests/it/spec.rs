//! Feature specifications.

use factory_spec::{Level, Severity, SpecKind, check_references, parse_spec, position, render};

use crate::support::{SPEC, errors, found};

#[test]
fn a_good_specification_is_read_without_a_finding() {
    let (spec, diagnostics) = parse_spec(SPEC);
    assert_eq!(found(SPEC, &diagnostics), []);
    assert_eq!(spec.kind, SpecKind::Feature);
    assert_eq!(spec.title, "Password reset");
    assert_eq!(&SPEC[spec.title_span.clone()], "# Feature: Password reset");
    assert!(spec.goal.starts_with("Someone who forgot a password"));
    assert!(spec.goal.ends_with("\nwhich addresses have accounts."));
    assert!(spec.context.starts_with("- `src/auth/login.py`"));
    assert_eq!(spec.constraints, ["Standard library only.", "Tables come as a migration."]);
    assert_eq!(spec.edge_cases, ["A token that is 3600 s old is refused."]);
    assert_eq!(spec.non_goals, ["No HTML pages."]);
}

#[test]
fn requirements_have_id_text_level_and_span() {
    let (spec, _) = parse_spec(SPEC);
    let seen: Vec<(&str, &str, Level)> =
        spec.requirements.iter().map(|one| (one.id.as_str(), one.text.as_str(), one.level)).collect();
    assert_eq!(
        seen,
        [
            (
                "R1",
                "`POST /forgot-password` MUST answer 202 whether or not the address has an account.",
                Level::Must
            ),
            ("R2", "The mail MUST contain: exactly one link; the name of the größe service", Level::Must),
            ("R3", "A token MUST NOT be usable twice.", Level::MustNot),
            ("R4", "The service SHOULD answer within 200 ms.", Level::Should),
            ("R5", "The mail MAY contain a logo.", Level::May),
        ]
    );
    let second = spec.requirement("R2").unwrap();
    assert_eq!(
        &SPEC[second.span.clone()],
        "2. The mail MUST contain:\n   - exactly one link\n   - the name of the *größe* service"
    );
    assert_eq!(position(SPEC, second.span.start).line, 18);
    assert_eq!(spec.requirement("R6"), None);
}

#[test]
fn code_is_what_the_sections_have_in_backticks_but_for_what_they_leave_alone() {
    let text = "# Feature: `title`\n\nintro `a/b`\n\n## Goal\n\n`.github/workflows/ci.yml` runs ``a ` b``. <!-- `no` -->\n\n\
                ```\n`neither`\n```\n\n## Other\n\n`elsewhere`\n\n## Requirements\n\n1. It MUST `skills/` and `.github/workflows/ci.yml`.\n\n\
                ## Non-Goals\n\n- `AGENTS.md` stays.\n";
    let (document, _) = parse_spec(text);
    assert_eq!(document.code, [".github/workflows/ci.yml", "a ` b", "skills/"]);
}

#[test]
fn references_are_the_paths_of_the_context_once_each() {
    let (spec, _) = parse_spec(SPEC);
    let seen: Vec<&str> = spec.references.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(seen, ["src/auth/login.py", "src/auth/hash.py", "mail"]);
    for reference in &spec.references {
        assert_eq!(SPEC[reference.span.clone()], reference.path);
    }
}

#[test]
fn references_to_missing_files_are_warned_of() {
    let (spec, _) = parse_spec(SPEC);
    assert_eq!(check_references(&spec, &|_| true), []);
    let diagnostics = check_references(&spec, &|path| path != "src/auth/hash.py");
    assert_eq!(found(SPEC, &diagnostics), [("S108", "src/auth/hash.py")]);
    assert_eq!(diagnostics[0].severity, Severity::Warning);
}

/// A specification with this body under Requirements and nothing else to complain about.
fn with_requirements(body: &str) -> String {
    SPEC.split_once("## Requirements")
        .and_then(|(before, rest)| {
            let (_, after) = rest.split_once("## Constraints")?;
            Some(format!("{before}## Requirements\n\n{body}\n\n## Constraints{after}"))
        })
        .unwrap()
}

fn ids(body: &str) -> Vec<String> {
    let (spec, _) = parse_spec(&with_requirements(body));
    spec.requirements.into_iter().map(|one| one.id).collect()
}

#[test]
fn ids_are_the_numbers_as_written() {
    assert_eq!(ids("1. MUST a\n2. MUST b"), ["R1", "R2"]);
    assert_eq!(ids("3. MUST a\n4. MUST b"), ["R3", "R4"]);
    assert_eq!(ids("1. MUST a\n2. MUST b\n4. MUST c"), ["R1", "R2", "R4"]);
    assert_eq!(ids("1) MUST a\n2) MUST b"), ["R1", "R2"]);
    // One number throughout leaves the counting to Markdown.
    assert_eq!(ids("1. MUST a\n1. MUST b\n1. MUST c"), ["R1", "R2", "R3"]);
    assert_eq!(ids("### Mail\n\n1. MUST a\n\n### Tokens\n\n2. MUST b"), ["R1", "R2"]);
    assert_eq!(ids("Before.\n\n1. MUST a\n\n   More of it.\n2. MUST b"), ["R1", "R2"]);
}

#[test]
fn explicit_ids_win_in_every_kind_of_list() {
    assert_eq!(ids("1. R7: MUST a\n2. **R8** MUST b"), ["R7", "R8"]);
    assert_eq!(ids("- R7: MUST a\n- **R8:** MUST b\n- REQ-12 MUST c"), ["R7", "R8", "REQ-12"]);
    assert_eq!(ids("- **AUTH-3** MUST a\n- [ ] R9 MUST b\n* `R10` MUST c"), ["AUTH-3", "R9", "R10"]);
    assert_eq!(ids("R1: MUST a\n\nR2: MUST b"), ["R1", "R2"]);
    let (spec, diagnostics) = parse_spec(&with_requirements("- **R7**: The API MUST `a`."));
    assert_eq!(spec.requirements[0].text, "The API MUST `a`.");
    assert_eq!(diagnostics, []);
}

#[test]
fn an_unnumbered_bullet_gets_the_next_number_and_a_warning() {
    let source = with_requirements("- R2: MUST a\n- MUST b");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(spec.requirements[1].id, "R3");
    assert_eq!(found(&source, &diagnostics), [("S105", "- MUST b")]);
}

#[test]
fn blocks_of_an_item_are_its_text() {
    let source = with_requirements(
        "1. The body MUST be\n\n   ```json\n   {\"a\":\n    1}\n   ```\n\n   and have:\n   1. [a link](x)\n   2. `b`",
    );
    let (spec, _) = parse_spec(&source);
    assert_eq!(spec.requirements[0].text, "The body MUST be; `{\"a\": 1}`; and have: a link; `b`");
    assert_eq!(spec.requirements.len(), 1);
}

#[test]
fn requirements_that_cannot_be_verified_are_refused() {
    for (body, expected) in [
        ("1. MUST a\n\nand\n\n1. MUST b", vec![("S007", "1. MUST b")]),
        ("- R2: MUST a\n- **R2** MUST b\n  more", vec![("S007", "- **R2** MUST b")]),
        ("1. MUST a\n2.\n3. MUST c", vec![("S008", "2.")]),
        ("- R2:\n- R3 MUST c", vec![("S008", "- R2:")]),
        ("", vec![("S006", "## Requirements")]),
        ("Nothing special.", vec![("S006", "## Requirements")]),
    ] {
        let source = with_requirements(body);
        let (_, diagnostics) = parse_spec(&source);
        assert_eq!(errors(&source, &diagnostics), expected, "{body}");
    }
}

#[test]
fn unstated_levels_and_loose_statements_are_warned_of() {
    let source = with_requirements("1. It works\n   well.\n2. It MUST work.\n\nIt MUST be fast.");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), [("S104", "1. It works"), ("S109", "It MUST be fast.")]);
    assert_eq!(spec.requirements[0].level, Level::Unstated);
    assert_eq!(spec.requirements.len(), 2);
}

#[test]
fn an_empty_document_has_one_error() {
    for source in ["", " \n\t\r\n", "\u{feff}"] {
        let (spec, diagnostics) = parse_spec(source);
        assert_eq!(spec.title, "");
        assert_eq!(found(source, &diagnostics), [("S001", "")]);
    }
}

#[test]
fn a_title_alone_lacks_goal_and_requirements() {
    let source = "# Export\n";
    let (spec, diagnostics) = parse_spec(source);
    assert_eq!((spec.kind, spec.title.as_str()), (SpecKind::Feature, "Export"));
    assert_eq!(
        found(source, &diagnostics),
        ["S004", "S006", "S101", "S101", "S102", "S101"].map(|code| (code, "# Export"))
    );
}

#[test]
fn a_title_is_needed_and_only_one() {
    let (_, rest) = SPEC.split_once('\n').unwrap();
    for (source, expected) in [
        (rest.to_owned(), vec![("S002", "## Goal")]),
        (format!("# Feature:\n{rest}"), vec![("S002", "# Feature:")]),
        (format!("{SPEC}\n# Feature: Login\n"), vec![("S003", "# Feature: Login")]),
        (SPEC.replace("## Goal", "# Goal"), vec![("S003", "# Goal")]),
    ] {
        let (_, diagnostics) = parse_spec(&source);
        assert_eq!(errors(&source, &diagnostics), expected);
    }
}

#[test]
fn headings_may_vary() {
    let source = SPEC
        .replace("# Feature: Password reset", "Password reset\n==============")
        .replace("## Goal", "## 1. GOAL:")
        .replace("## Edge cases", "### edge-cases")
        .replace("## Non-goals", "Non Goals\n---------");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(spec.title, "Password reset");
    assert_eq!(spec.non_goals, ["No HTML pages."]);
}

#[test]
fn headings_inside_other_blocks_are_not_sections() {
    let source = SPEC.replace(
        "## Constraints",
        "> # Feature: Quoted\n\n```\n# Feature: Code\n## Goal\n```\n\n## Constraints",
    );
    let (_, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), []);
}

#[test]
fn a_section_that_only_has_a_comment_is_empty() {
    let source = "# A\n\n## Goal\n\n<!-- TODO: the goal\nover lines -->\n\n## Requirements\n\n1. It MUST.\n";
    let (spec, diagnostics) = parse_spec(source);
    assert_eq!(spec.goal, "");
    assert_eq!(errors(source, &diagnostics), [("S004", "## Goal")]);
    assert!(diagnostics.iter().all(|one| one.code.as_str() != "S103"));
}

#[test]
fn repeated_and_misspelled_sections_are_warned_of() {
    let source = format!("{SPEC}\n## Goal\n\nMore.\n\n## Open Questions\n\nNone.\n\n## Contraints\n\n- x\n");
    let (spec, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), [("S106", "## Goal"), ("S107", "## Contraints")]);
    assert!(spec.goal.ends_with("accounts.\n\nMore."));
    assert_eq!(diagnostics[1].help.as_deref(), Some("did you mean `## Constraints`?"));
    assert_eq!(spec.constraints.len(), 2);
}

#[test]
fn placeholders_are_warned_of_outside_code() {
    let source = SPEC.replace(
        "- No HTML pages.",
        "- TBD\n- `TODO` and <what to leave alone>\n- <https://example.test> Lorem",
    );
    let (_, diagnostics) = parse_spec(&source);
    assert_eq!(
        found(&source, &diagnostics),
        [("S103", "TBD"), ("S103", "<what to leave alone>"), ("S103", "Lorem")]
    );
}

#[test]
fn front_matter_and_byte_order_mark_are_skipped() {
    for prefix in ["---\nowner: ann # TODO\n---\n", "\u{feff}"] {
        let source = format!("{prefix}{SPEC}");
        let (spec, diagnostics) = parse_spec(&source);
        assert_eq!(found(&source, &diagnostics), []);
        let third = spec.requirement("R3").unwrap();
        assert_eq!(&source[third.span.clone()], "3. A token MUST NOT be usable twice.");
    }
}

#[test]
fn line_ends_do_not_matter() {
    let source = SPEC.replace('\n', "\r\n");
    let (windows, diagnostics) = parse_spec(&source);
    assert_eq!(found(&source, &diagnostics), []);
    let (unix, _) = parse_spec(SPEC);
    assert_eq!(windows.goal, unix.goal);
    let texts = |spec: &factory_spec::SpecDocument| {
        spec.requirements.iter().map(|one| one.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&windows), texts(&unix));
    let fourth = windows.requirement("R4").unwrap();
    assert_eq!(&source[fourth.span.clone()], "4. The service SHOULD answer within 200 ms.");
}

#[test]
fn a_finding_is_rendered_like_a_compiler_would() {
    let source = "# Feature: Größe\n\n## Goal\n\nBig.\n\n## Requirements\n\n1. It MUST grow.\n2. It MUST grow.\n\n2. R1: MUST.\n";
    let (_, diagnostics) = parse_spec(source);
    let errors: Vec<_> = diagnostics.into_iter().filter(|one| one.severity == Severity::Error).collect();
    assert_eq!(
        render(&errors, "specs/size.md", source),
        "\
error[S007]: requirement R1 is given twice
  --> specs/size.md:12:1
   |
12 | 2. R1: MUST.
   | ^^^^^^^^^^^^
   |
   = help: give every requirement a number of its own
"
    );
}

#[test]
fn a_document_survives_json() {
    let (spec, _) = parse_spec(SPEC);
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<factory_spec::SpecDocument>(&json).unwrap(), spec);
    assert!(json.contains(r#""level":"must_not""#));
}
