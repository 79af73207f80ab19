//! Drawings as they are, and drawings of pipelines whose names try to be more than names.
//!
//! `factory pipeline show NAME --format text|dot|mermaid` prints what the files under `tests/fixtures/pipelines/` hold.

#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use super::{dot, mermaid, text};
use crate::pipeline::model::{Authority, Edge, GateRule, Pipeline};
use crate::pipeline::read;

const GOVERNED: &str = include_str!("../../../../../pipelines/governed.toml");
const DOCUMENTATION: &str = include_str!("../../../../../docs/pipelines.md");

fn read(source: &str) -> Pipeline {
    read::read(source).unwrap()
}

/// The example of the documentation: conditions, a soak, budgets, groups.
fn careful() -> Pipeline {
    let blocks = DOCUMENTATION.split("\n```toml\n").skip(1);
    let mut blocks = blocks.map(|block| block.split_once("\n```").unwrap().0);
    read(blocks.find(|block| block.contains("name = \"careful\"")).unwrap())
}

macro_rules! assert_drawn {
    ($pipeline:expr, $name:literal) => {{
        let pipeline = $pipeline;
        let drawings = [
            (text(&pipeline), include_str!(concat!("../../../tests/fixtures/pipelines/", $name, ".txt"))),
            (dot(&pipeline), include_str!(concat!("../../../tests/fixtures/pipelines/", $name, ".dot"))),
            (mermaid(&pipeline), include_str!(concat!("../../../tests/fixtures/pipelines/", $name, ".mmd"))),
        ];
        for (drawn, expected) in drawings {
            assert_eq!(drawn, expected, "\n{drawn}\n");
        }
    }};
}

#[test]
fn the_shipped_pipelines() {
    assert_drawn!(read(include_str!("../../../../../pipelines/feature.toml")), "feature");
    assert_drawn!(read(include_str!("../../../../../pipelines/bug.toml")), "bug");
    assert_drawn!(read(GOVERNED), "governed");
}

#[test]
fn all_that_can_be_said_of_a_stage() {
    assert_drawn!(careful(), "careful");
}

/// Names that would end a string, begin a comment or a directive, add a node or a line, or move the cursor.
const NASTY: [&str; 14] = [
    "\"",
    "\\",
    "x\\",
    "\\\"",
    "x\"]; evil [label=\"",
    "x\"]\n  evil[\"y",
    "\"; end\n}",
    "`markdown`",
    "<script>alert(1)</script>",
    "<b>%%{init: {\"theme\": \"dark\"}}%%",
    "%% comment",
    "#quot;#35;",
    "---\ntitle: x\n---",
    "a\r\nb\u{1b}[2J\u{0}\u{85}\u{2028}\u{202e}",
];

/// The example with this text wherever a pipeline can have any text.
fn named(name: &str) -> Pipeline {
    let mut pipeline = careful();
    pipeline.name = name.to_owned();
    pipeline.authorities =
        [(name.to_owned(), Authority { people: vec![name.to_owned()], keys: vec![name.to_owned()] })].into();
    for stage in &mut pipeline.stages {
        for edge in [Edge::Entry, Edge::Exit, Edge::Escalation, Edge::Budget] {
            let rule = GateRule { authority: Some(name.to_owned()), ..stage.rule(edge) };
            stage.rules.insert(edge, rule);
        }
    }
    // A copy of a run comes back from JSON, past the check.
    serde_json::from_str(&serde_json::to_string(&pipeline).unwrap()).unwrap()
}

/// The drawing with every quoted string emptied, and the strings. `escape` hides what follows it.
fn skeleton(drawing: &str, escape: Option<char>) -> (String, Vec<String>) {
    let (mut bare, mut strings) = (String::new(), Vec::new());
    let mut chars = drawing.chars();
    while let Some(c) = chars.next() {
        bare.push(c);
        if c != '"' {
            continue;
        }
        let mut string = String::new();
        loop {
            match chars.next().expect("a string ends") {
                '"' => break,
                c if Some(c) == escape => string.extend([c, chars.next().expect("an escape is whole")]),
                c => string.push(c),
            }
        }
        bare.push('"');
        strings.push(string);
    }
    (bare, strings)
}

#[test]
fn no_name_is_more_than_a_name() {
    let plain = named("plain");
    for name in NASTY {
        let nasty = named(name);
        assert_eq!(skeleton(&dot(&nasty), Some('\\')).0, skeleton(&dot(&plain), Some('\\')).0, "{name:?}");
        let (bare, strings) = skeleton(&mermaid(&nasty), None);
        assert_eq!(bare, skeleton(&mermaid(&plain), None).0, "{name:?}");
        for string in strings {
            let markup = ['<', '>', '&', '`', '%', '{', '}', '\\', '\n'];
            assert!(!string.replace("<br/>", "").contains(markup), "{name:?}: {string:?}");
        }
        assert_eq!(text(&nasty).lines().count(), text(&plain).lines().count(), "{name:?}");
        for drawing in [text(&nasty), dot(&nasty), mermaid(&nasty)] {
            assert!(
                !drawing.contains(['\r', '\u{1b}', '\u{0}', '\u{85}', '\u{2028}', '\u{202e}']),
                "{name:?}"
            );
        }
    }
}

#[test]
fn a_name_can_still_be_read() {
    let drawing = dot(&named("a \"b\" \\ c"));
    assert!(drawing.starts_with("digraph \"a \\\"b\\\" \\\\ c\" {\n"), "{drawing}");
    assert!(drawing.contains("one of a \\\"b\\\" \\\\ c decides"), "{drawing}");
    assert!(mermaid(&named("a \"b\"#1;")).contains("of a #34;b#34;#35;1#59; decide"));
    assert!(text(&named("a \"b\" \\ c")).contains("one of a \"b\" \\ c decides"));
}

/// `end`, `graph` and `subgraph` are words of the languages, and stages may be called so.
#[test]
fn stages_that_are_called_like_words_of_the_language() {
    let mut pipeline = careful();
    for (stage, word) in pipeline.stages.iter_mut().zip(["end", "graph", "subgraph", "node"]) {
        stage.id = word.parse().unwrap();
    }
    for bare in [skeleton(&dot(&pipeline), Some('\\')).0, skeleton(&mermaid(&pipeline), None).0] {
        let named = bare.lines().filter(|line| line.trim() == "end").count();
        assert_eq!(named, bare.lines().filter(|line| line.trim().starts_with("subgraph zone_")).count());
    }
}

#[test]
fn what_leads_nowhere_is_left_out() {
    let mut pipeline = careful();
    pipeline.stages.truncate(3);
    pipeline.stages[2].needs.push("nowhere".parse().unwrap());
    pipeline.stages[2].returns_to = Some("nowhere".parse().unwrap());
    assert!(!dot(&pipeline).contains("-> \"nowhere\""));
    assert!(!mermaid(&pipeline).contains("-.->"));
    pipeline.stages.clear();
    assert_eq!(mermaid(&pipeline).lines().filter(|line| line.contains("==>")).count(), 0);
    assert!(text(&pipeline).starts_with("pipeline careful\n"));
}

#[test]
fn zones_are_drawn_around_their_stages() {
    let pipeline = read(GOVERNED);
    let dot = dot(&pipeline);
    let (_, guarded) = dot.split_once("subgraph \"cluster_guarded\" {").unwrap();
    let (guarded, _) = guarded.split_once("\n  }").unwrap();
    assert!(guarded.contains("\"merge\" [") && guarded.contains("\"merge:entry\" ["), "{guarded}");
    assert!(!guarded.contains("\"verify\" ["), "{guarded}");
}

#[test]
fn amounts_and_times() {
    use super::phrases::{budget, duration};
    use crate::ids::Budget;
    for (seconds, expected) in [(90, "90s"), (5400, "90m"), (86_400, "24h"), (60, "1m"), (0, "0s")] {
        assert_eq!(duration(seconds), expected);
    }
    let usd = |micro| budget(Budget { micro_usd: Some(micro), tokens: None }).unwrap();
    assert_eq!(usd(25_000_000), "25.00 USD");
    assert_eq!(usd(12_500_000), "12.50 USD");
    assert_eq!(usd(1), "0.000001 USD");
    assert_eq!(usd(125_000), "0.125 USD");
    assert_eq!(budget(Budget::default()), None);
}
