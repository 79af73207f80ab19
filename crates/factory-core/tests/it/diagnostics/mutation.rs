//! Pipelines with random damage: reading never panics, whatever is refused says why and where, and whatever reads fine
//! keeps the promises that the machine relies on.

use std::collections::BTreeSet;

use factory_core::artifact::ArtifactKind;
use factory_core::pipeline::model::{Edge, EntryGate, ExitGate, OnExhausted, Pipeline, Role, Zone};
use factory_core::pipeline::{draw, read};

use super::{BUG, FEATURE, GOVERNED};

/// Numbers that look random and are the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.throw(all.len())]
    }
}

/// What mutations put somewhere: words of the language, and what nobody expects.
const WORDS: [&str; 61] = [
    "spec",
    "design",
    "tests",
    "recon",
    "plan",
    "tasks",
    "build",
    "review",
    "verify",
    "merge",
    "lessons",
    "planner",
    "implementer",
    "reviewer",
    "evaluator",
    "none",
    "human",
    "policy",
    "escalate",
    "fail",
    "supervised",
    "autonomous",
    "guarded",
    "advisory",
    "feature",
    "bug",
    "remediation",
    "hotfix",
    "rebase",
    "ignore",
    "risk",
    "high",
    "files",
    "critical_passed",
    "merge:entry",
    "plan:exit",
    "build:escalation",
    "owners",
    "0",
    "1",
    "-1",
    "2",
    "11",
    "90",
    "99999999999999999999",
    "1e400",
    "nan",
    "true",
    "5m",
    "24h",
    "\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "æ",
    "\u{feff}",
    "\u{0}",
    "[[stage]]\n",
];

const LINES: [&str; 16] = [
    "zone = \"autonomous\"",
    "zone = \"guarded\"",
    "zone = \"advisory\"",
    "entry_gate = \"human\"",
    "exit_gate = \"human\"",
    "exit_gate = \"policy\"",
    "returns_to = \"build\"",
    "on_exhausted = \"fail\"",
    "attempts = 5",
    "soak = \"24h\"",
    "budget_usd = 2.5",
    "when = [{ stage = \"build\", field = \"risk\", at_least = \"high\" }]",
    "[[gate]]\nat = \"merge:entry\"\nauthority = \"owners\"\napprovals = 2",
    "[authority.owners]\npeople = [\"ann\", \"ben\"]",
    "[[stage]]\nid = \"more\"\nmakes = \"review\"\nrole = \"reviewer\"\nneeds = [\"spec\", \"build\"]",
    "[[stage]]\nid = \"look\"\nmakes = \"recon\"\nrole = \"planner\"\nneeds = [\"spec\"]",
];

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One change of the text, rough or fine.
fn mutate(text: &mut String, dice: &mut Dice) {
    let at = boundary(text, dice.throw(text.len() + 1));
    match dice.throw(7) {
        // A word for a word: the change that most often leaves something readable.
        0 | 1 => {
            let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
            let opening = dice.throw(quotes.len() / 2) * 2;
            if let [from, to] = quotes.get(opening..opening + 2).unwrap_or_default() {
                text.replace_range(from + 1..*to, dice.of(&WORDS));
            }
        }
        2 => {
            let lines: Vec<&str> = text.lines().collect();
            let (gone, there) = (dice.throw(lines.len()), dice.throw(lines.len()));
            let mut lines: Vec<&str> = lines;
            if !lines.is_empty() {
                let line = lines.remove(gone);
                if dice.throw(2) == 0 {
                    lines.insert(there.min(lines.len()), line);
                }
            }
            *text = format!("{}\n", lines.join("\n"));
        }
        3 => {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            text.insert_str(line, &format!("{}\n", dice.of(&LINES)));
        }
        4 => text.insert_str(at, dice.of(&WORDS)),
        5 => {
            let end = boundary(text, (at + dice.throw(20)).min(text.len()));
            text.replace_range(at.min(end)..end.max(at), "");
        }
        _ => text.truncate(if dice.throw(20) == 0 { at } else { text.len() }),
    }
}

/// Reads the text; what it says has to make sense.
fn fuzz_pipeline(text: &str) -> Option<Pipeline> {
    let findings = read::examine(text);
    assert_eq!(findings.pipeline.is_some(), findings.wrong.is_empty(), "refused for nothing:\n{text}");
    for diagnostic in findings.wrong.iter().chain(&findings.doubtful) {
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}\n{text}");
        assert!(!diagnostic.message.is_empty());
        assert!(!diagnostic.message.contains("cannot be used"), "a hole in the check:\n{text}");
    }
    if let Some(pipeline) = &findings.pipeline {
        promises(pipeline);
    }
    findings.pipeline
}

/// What the machine relies on.
fn promises(pipeline: &Pipeline) {
    let json = serde_json::to_string(pipeline).unwrap();
    assert_eq!(&serde_json::from_str::<Pipeline>(&json).unwrap(), pipeline);
    let ids: BTreeSet<_> = pipeline.stages.iter().map(|stage| &stage.id).collect();
    assert_eq!(ids.len(), pipeline.stages.len());
    let kinds = |kind| pipeline.stages.iter().filter(move |stage| stage.makes == kind);
    assert_eq!((kinds(ArtifactKind::Spec).count(), kinds(ArtifactKind::Merge).count()), (1, 1));
    let merge = kinds(ArtifactKind::Merge).next().unwrap();
    assert!(!pipeline.entry.is_empty());
    for (entry, first) in &pipeline.entry {
        assert!(ids.contains(first));
        let included = pipeline.included(*entry).unwrap();
        assert!(included.contains(&merge.id), "a {entry:?} comes to a merge");
        let verified = kinds(ArtifactKind::Verify).any(|verify| {
            included.contains(&verify.id)
                && verify.exit_gate == ExitGate::Policy
                && merge.needs.contains(&verify.id)
        });
        assert!(verified, "a {entry:?} is verified before it is merged");
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        stage_promises(pipeline, at);
        for edge in stage.rules.keys() {
            let there = match edge {
                Edge::Entry => stage.entry_gate == EntryGate::Human,
                Edge::Exit => stage.exit_gate == ExitGate::Human,
                Edge::Escalation => stage.on_exhausted == OnExhausted::Escalate,
                Edge::Budget => stage.role != Role::None,
            };
            assert!(there, "{}:{}", stage.id, edge.as_str());
            let rule = stage.rule(*edge);
            assert!(rule.authority.is_none_or(|group| pipeline.authorities.contains_key(&group)));
        }
    }
    for drawing in [draw::text(pipeline), draw::dot(pipeline), draw::mermaid(pipeline)] {
        assert!(pipeline.stages.iter().all(|stage| drawing.contains(stage.id.as_str())));
    }
}

fn stage_promises(pipeline: &Pipeline, at: usize) {
    let stage = &pipeline.stages[at];
    let before: Vec<_> = pipeline.stages[..at].iter().map(|stage| &stage.id).collect();
    assert!(stage.needs.iter().all(|need| before.contains(&need)), "{} comes after all it needs", stage.id);
    assert!((1..=10).contains(&stage.attempts));
    assert!(stage.timeout_seconds > 0);
    let upstream = |of: &factory_core::ids::StageId| pipeline.downstream(of).contains(&stage.id);
    if stage.role == Role::Implementer {
        let mut verifies = pipeline.stages.iter().filter(|other| other.makes == ArtifactKind::Verify);
        assert!(!verifies.any(|verify| upstream(&verify.id)), "no implementer comes after an evaluator");
    }
    if let Some(target) = &stage.returns_to {
        assert!(upstream(target));
        assert_eq!(pipeline.stage(target).unwrap().role, Role::Implementer);
        assert_eq!(stage.exit_gate, ExitGate::Policy);
    }
    for condition in &stage.when {
        assert!(upstream(&condition.stage));
        assert_eq!(condition.field.of(), pipeline.stage(&condition.stage).unwrap().makes);
    }
    match stage.zone {
        Some(Zone::Supervised) => assert_eq!(stage.exit_gate, ExitGate::Human),
        Some(Zone::Guarded) => assert_eq!(stage.entry_gate, EntryGate::Human),
        Some(Zone::Autonomous) => assert_eq!(stage.on_exhausted, OnExhausted::Escalate),
        Some(Zone::Advisory) | None => {}
    }
}

#[test]
fn damaged_pipelines() {
    let mut dice = Dice(0x5eed_f00d);
    let (mut fine, mut different) = (0, BTreeSet::new());
    for round in 0..3000 {
        let mut text = dice.of(&[FEATURE, BUG, GOVERNED]).to_owned();
        for _ in 0..=dice.throw(1 + round % 4) {
            mutate(&mut text, &mut dice);
        }
        if let Some(pipeline) = fuzz_pipeline(&text) {
            fine += 1;
            different.insert(pipeline.digest());
        }
    }
    // Not all of them are refused, or nothing would be known of what reads fine.
    assert!(fine > 300 && different.len() > 60, "{fine} read fine, {} of them different", different.len());
}

/// Bytes that nobody wrote as a pipeline.
#[test]
fn noise() {
    let mut dice = Dice(0xbad_cafe);
    for _ in 0..2000 {
        let length = dice.throw(200);
        let text: String = (0..length)
            .map(|_| {
                *dice.of(&[&'"', &'[', &']', &'=', &'\n', &'a', &'{', &'}', &'.', &'1', &'é', &',', &' '])
            })
            .collect();
        fuzz_pipeline(&text);
    }
    fuzz_pipeline(&"[".repeat(60_000));
    fuzz_pipeline(&format!("a = {}", "[".repeat(60_000)));
    fuzz_pipeline(&format!("a{}", ".a".repeat(30_000)));
    fuzz_pipeline(&format!("schema = 1\n{}", "[[stage]]\nid = \"a\"\nneeds = [\"a\"]\n".repeat(1500)));
    fuzz_pipeline(&format!("[[stage]]\nid = \"a\"\nneeds = [{}]\n", "\"b\",".repeat(15_000)));
}
