//! What is said of the codes that parsers give, of the linter's own comments, and of what only several texts show.

use super::rule::{Debt, Family, Rule, Tier};

const fn rule(
    code: &'static str,
    name: &'static str,
    tier: Tier,
    family: Family,
    why: &'static str,
    bad: &'static str,
    good: &'static str,
) -> Rule {
    Rule { code, name, tier, family, debt: None, why, bad, good, check: None }
}

use Family::{Scenario, Structure, Suppression, Traceability};
use Tier::{Error, Warning};

const COMMENT: &str = "A comment that allows a finding is read by whoever changes the text next: it has to say why, and to be about something.";
const PARTS: &str = "A part that is missing is decided by whoever builds the change, without anybody noticing.";
const KEYWORDS: &str = "What is not understood is not checked, so nothing that looks like a scenario is passed over.";

pub(crate) static ALL: [Rule; 51] = [
    rule("S001", "empty-document", Error, Structure, "An empty specification demands nothing.", "", "# Feature: The version is shown"),
    rule("S002", "missing-title", Error, Structure, "The title names the change in branches, runs and reports.", "## Goal", "# Feature: Orders can be cancelled"),
    rule("S003", "several-titles", Error, Structure, "One specification is one goal: two are built, reviewed and undone together.", "# Feature: Cancel\n\n# Feature: Export", "# Feature: Cancel"),
    rule("S004", "missing-goal", Error, Structure, "Without a goal nobody can judge what the requirements leave open.", "# Feature: Cancel\n\n## Requirements", "## Goal\n\nA customer can undo an order until it is shipped."),
    rule("S005", "missing-symptom", Error, Structure, "A bug is known by what is seen.", "# Bug: Mails are lost", "## Symptom\n\nNo mail arrives after a restart."),
    rule("S006", "missing-requirements", Error, Structure, "Without a requirement there is nothing that could be verified.", "## Requirements\n\nIt works.", "## Requirements\n\n1. The service MUST answer 200."),
    rule("S007", "duplicate-requirement", Error, Structure, "Scenarios and reviews refer to ids; one that is given twice means two things.", "1. The service MUST answer.\n1. R1: It MUST log.", "1. The service MUST answer.\n2. The service MUST log."),
    rule("S008", "empty-requirement", Error, Structure, "An id without a text is a demand that nobody can meet.", "1.\n2. The service MUST answer.", "1. The service MUST answer."),
    rule("S101", "missing-section", Warning, Structure, PARTS, "# Feature: Cancel\n\n## Goal", "## Non-Goals\n\n- No refunds."),
    Rule { debt: Some(Debt::Underspecified), ..rule("S102", "missing-edge-cases", Warning, Structure, "Most of what goes wrong later is an input that nobody wrote down.", "## Edge Cases", "## Edge Cases\n\n- There is no such order: 404.") },
    Rule { debt: Some(Debt::Underspecified), ..rule("S103", "placeholder", Warning, Structure, "Text that a template left behind is a decision that was not made.", "1. The service MUST answer TBD.", "1. The service MUST answer 200.") },
    rule("S104", "unstated-level", Warning, Structure, "Without MUST, SHOULD or MAY nobody knows whether a change may be refused for it.", "1. The service answers 200.", "1. The service MUST answer 200."),
    rule("S105", "unnumbered-requirement", Warning, Structure, "A number that depends on the place changes when items move; scenarios then cover another one.", "- The service MUST answer 200.", "1. The service MUST answer 200."),
    rule("S106", "repeated-section", Warning, Structure, "Two sections of one name are read as one, and the second is easily missed.", "## Goal\n\n## Goal", "## Goal"),
    rule("S107", "unknown-section", Warning, Structure, "A misspelled section is passed on and not checked.", "## Requirments", "## Requirements"),
    rule("S108", "missing-reference", Warning, Structure, "A file that is not there sends whoever builds the change looking for it.", "- `src/gone.rs` keeps orders.", "- `src/orders.rs` keeps orders."),
    rule("S109", "loose-statement", Warning, Structure, "A demand outside of the list has no id, so nothing verifies it.", "The service MUST log.\n\n1. The service MUST answer.", "1. The service MUST answer.\n2. The service MUST log."),
    rule("G001", "no-scenario", Error, Scenario, KEYWORDS, "# Notes", "# Scenario: It answers"),
    rule("G002", "missing-when", Error, Scenario, "A scenario that does nothing shows nothing.", "Given a user\nThen the status is 200", "When GET /me is sent\nThen the status is 200"),
    rule("G003", "missing-then", Error, Scenario, "A scenario that expects nothing cannot fail.", "When GET /me is sent", "When GET /me is sent\nThen the status is 200"),
    rule("G004", "empty-step", Error, Scenario, KEYWORDS, "Given", "Given a user"),
    rule("G005", "unknown-line", Error, Scenario, KEYWORDS, "When a\n| x |\n\"\"\"", "When a\n| x |"),
    rule("G006", "misspelled-keyword", Error, Scenario, KEYWORDS, "Whenn GET /me is sent", "When GET /me is sent"),
    rule("G007", "duplicate-scenario", Error, Scenario, "A result has to say which scenario it is about.", "# Scenario: A\n\n# Scenario: A", "# Scenario: A\n\n# Scenario: B"),
    rule("G008", "unterminated-doc-string", Error, Scenario, KEYWORDS, "\"\"\"\ntext", "\"\"\"\ntext\n\"\"\""),
    rule("G009", "ragged-table", Error, Scenario, "A cell that is missing shifts all that follow it.", "| a | b |\n| 1 |", "| a | b |\n| 1 | 2 |"),
    rule("G011", "unknown-language", Error, Scenario, KEYWORDS, "# language: xx", "# language: fr"),
    rule("G012", "nothing-to-continue", Error, Scenario, KEYWORDS, "And a user", "Given a user"),
    rule("G013", "bad-tag", Error, Scenario, KEYWORDS, "@a tag", "@a"),
    rule("G014", "bad-covers", Error, Scenario, KEYWORDS, "Covers: R3-R5", "Covers: R3, R4, R5"),
    rule("G015", "unnamed-scenario", Error, Scenario, KEYWORDS, "# Scenario:", "# Scenario: It answers"),
    rule("G016", "bad-background", Error, Scenario, KEYWORDS, "# Background\n\n# Background", "# Background"),
    rule("G017", "unterminated-comment", Error, Scenario, "A comment that does not end hides the rest of the file.", "<!-- note", "<!-- note -->"),
    rule("G018", "missing-examples", Error, Scenario, KEYWORDS, "Scenario Outline: x", "Examples:\n| a |\n| 1 |"),
    rule("G019", "misspelled-tag", Error, Scenario, "A tag with a meaning loses it by one wrong letter.", "@crtical", "@critical"),
    rule("G020", "misspelled-parameter", Error, Scenario, "A parameter without a column stays as it is written.", "When <cuont>\n| count |", "When <count>\n| count |"),
    rule("G021", "too-many-examples", Error, Scenario, "Backgrounds and examples that make too much of a text fill the memory.", "Examples: a million rows", "Examples: ten rows"),
    rule("G022", "bad-character", Error, Scenario, "What is behind such a character may be seen by nobody.", "a NUL character", "text"),
    rule("G023", "bad-step", Error, Scenario, KEYWORDS, "1. -> 200", "1. GET /me -> 200"),
    rule("G024", "not-utf8", Error, Structure, "Bytes that are no text are read differently by everybody.", "a file in UTF-16", "a file in UTF-8"),
    rule("G101", "step-outside-scenario", Warning, Scenario, KEYWORDS, "Given a user\n\n# Scenario: x", "# Scenario: x\n\nGiven a user"),
    rule("G102", "unknown-parameter", Warning, Scenario, "What looks like a parameter stays as it is written.", "When <a>\n| b |", "When <b>\n| b |"),
    rule("G103", "unused-column", Warning, Scenario, "A column that nothing uses changes nothing.", "When <a>\n| a | b |", "When <a>\n| a |"),
    rule("G104", "near-tag", Warning, Scenario, "The tag looks like one with a meaning.", "@critic", "@critical"),
    rule("L001", "allowed-without-reason", Warning, Suppression, COMMENT, "<!-- lint: allow A101 -->", "<!-- lint: allow A101 because the sensor decides when it can answer -->"),
    rule("L002", "allowed-unknown", Warning, Suppression, COMMENT, "<!-- lint: allow A999 because it is so -->", "<!-- lint: allow A101 because the law says so -->"),
    rule("L003", "allowed-in-vain", Warning, Suppression, COMMENT, "<!-- lint: allow A101 because the law says so -->\nThe service MUST answer 200.", "The service MUST answer 200."),
    rule("X101", "requirement-without-scenario", Warning, Traceability, "A requirement that no scenario covers can be broken, and every scenario passes.", "1. The service MUST answer 200.\n2. The service MUST log.\n\nCovers: R1", "Covers: R1, R2"),
    rule("X102", "scenario-without-requirement", Warning, Traceability, "A scenario that covers no requirement decides by what nobody was told.", "# Scenario: It logs", "# Scenario: It logs\nCovers: R2"),
    rule("X104", "unknown-requirement", Warning, Traceability, "A scenario that names a requirement which is not there covers nothing.", "Covers: R12", "Covers: R2"),
    rule("X105", "contradiction-between-files", Warning, Traceability, "What one text demands another forbids: whoever obeys one breaks the other.", "a.md: The service MUST log requests.\nb.md: The service MUST NOT log requests.", "a.md: The service MUST log requests.\nb.md: The service MUST NOT log passwords."),
];
