//! `factory spec triage`: is a change worth a specification? Five questions, each answered by what the repository and the
//! text tell; whoever asks sees the signals and may know better.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::Digest;
use factory_core::risk::{self, RiskClass, RiskRules};
use factory_spec::lint::{self, Selection};
use factory_workspace::{Project, Touched, touched};
use serde::Serialize;

use crate::args::ListFormat;
use crate::args::spec::TriageArgs;
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

/// How many commits are looked at.
const COMMITS: usize = 500;
/// From this many points on it is worth a specification.
const ENOUGH: u8 = 4;

#[derive(Serialize)]
struct Verdict {
    /// `spec` or `skip`.
    verdict: &'static str,
    points: u8,
    questions: Vec<Answer>,
    /// What the change will touch, as far as it is known.
    paths: Vec<String>,
}

/// A question with its points: 0 speaks for doing it at once, 2 for writing it down first.
#[derive(Serialize)]
struct Answer {
    question: &'static str,
    points: u8,
    signals: Vec<String>,
}

pub(super) fn triage(args: &TriageArgs) -> Result<Exit, CliError> {
    let text = text(&args.change)?;
    let here = place::current_dir()?;
    let project = Project::discover(&here).map_err(|error| place::explain(&error))?;
    let root = project.root().to_owned();
    let mut paths: BTreeSet<String> =
        args.path.iter().map(|path| path.trim_start_matches("./").trim_end_matches('/').to_owned()).collect();
    for path in &paths {
        if !here.join(path).exists() {
            return Err(CliError::usage(format!("--path: there is no {path} here"))
                .hint("name what is there and will be changed, relative to the current directory"));
        }
    }
    if paths.is_empty() {
        paths = named(&text, &here);
    }
    let prefix = here.strip_prefix(&root).map_or(String::new(), |below| below.display().to_string());
    let whole: Vec<String> = paths
        .iter()
        .map(|path| if prefix.is_empty() { path.clone() } else { format!("{prefix}/{path}") })
        .collect();
    let history = touched(&root, &whole, COMMITS).map_err(|error| place::explain(&error))?;
    let users = users(&here, &paths);
    let questions = vec![
        blast_radius(&paths, &users, &here),
        reversibility(&text, &paths),
        ambiguity(&text),
        audience(&text, &paths, &history),
        repetition(&history, &paths),
    ];
    let points = questions.iter().map(|answer| answer.points).sum();
    let verdict = if points >= ENOUGH { "spec" } else { "skip" };
    let verdict = Verdict { verdict, points, questions, paths: paths.into_iter().collect() };
    match args.format {
        ListFormat::Human => output::text(&human(&verdict)),
        ListFormat::Json => output::json(&verdict),
    }
    Ok(Exit::Clean)
}

/// The text of a file, or the words themselves.
fn text(change: &str) -> Result<String, CliError> {
    let path = Path::new(change);
    if path.is_file() {
        return fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("{change} cannot be read")).because(&error));
    }
    if change.ends_with(".md") && !change.contains(' ') || change.trim().is_empty() {
        return Err(CliError::usage(format!("there is no specification `{change}`"))
            .hint("name a file that is there, or say in a few words what is to be done"));
    }
    Ok(change.to_owned())
}

/// The files that a text names and that are there.
fn named(text: &str, folder: &Path) -> BTreeSet<String> {
    let pieces = text.split(|c: char| c.is_whitespace() || "`\"'(),;".contains(c));
    pieces
        .map(|piece| piece.trim_end_matches(['.', ':', '/']).trim_start_matches("./"))
        .filter(|piece| piece.contains(['/', '.']) && !piece.starts_with('/') && !piece.contains(".."))
        .filter(|piece| folder.join(piece).exists())
        .map(str::to_owned)
        .collect()
}

/// Files that speak of the paths: they have the name of one, without its ending, as a word.
fn users(folder: &Path, paths: &BTreeSet<String>) -> BTreeSet<String> {
    const MOST_FILES: usize = 20_000;
    const LARGEST: u64 = 256 * 1024;
    let stem = |path: &String| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let common = ["mod", "lib", "main", "index", "__init__", "readme", "test", "tests"];
    let stems: Vec<String> = paths
        .iter()
        .filter_map(stem)
        .filter(|stem| stem.len() > 2 && !common.contains(&stem.to_lowercase().as_str()))
        .collect();
    let mut found = BTreeSet::new();
    if stems.is_empty() {
        return found;
    }
    let mut folders = vec![folder.to_owned()];
    let mut looked_at = 0;
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if !(name.starts_with('.')
                    || matches!(name.as_str(), "node_modules" | "target" | "vendor" | "dist"))
                {
                    folders.push(entry.path());
                }
                continue;
            }
            looked_at += 1;
            if looked_at > MOST_FILES {
                return found;
            }
            let small = kind.is_file() && entry.metadata().is_ok_and(|data| data.len() <= LARGEST);
            let path = entry.path();
            let shown = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            let own = paths
                .iter()
                .any(|own| shown == *own || shown.starts_with(&format!("{}/", own.trim_end_matches('/'))));
            if small && !own {
                let text = fs::read_to_string(&path).unwrap_or_default();
                if stems.iter().any(|stem| has_word(&text, stem)) {
                    found.insert(shown);
                }
            }
        }
    }
    found
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

fn blast_radius(paths: &BTreeSet<String>, users: &BTreeSet<String>, folder: &Path) -> Answer {
    let mut signals = Vec::new();
    let folders = paths.iter().filter(|path| folder.join(path).is_dir()).count();
    signals.push(match (paths.len(), users.len()) {
        (0, _) => "no file is named that it will touch".to_owned(),
        (n, users) => format!(
            "touches {n} {}, and {users} other files speak of them",
            if folders > 0 { "files and folders" } else { "files" }
        ),
    });
    let points = match (paths.len(), users.len()) {
        (0, _) => 1,
        (files, users) if files > 5 || users > 10 || folders > 1 => 2,
        (files, users) if files > 2 || users > 2 || folders > 0 => 1,
        _ => 0,
    };
    Answer { question: "blast radius", points, signals }
}

fn reversibility(text: &str, paths: &BTreeSet<String>) -> Answer {
    let change = |path: &String| FileChange {
        path: path.clone(),
        change: Change::Written { content: Digest::of(b""), executable: false, existed: true },
    };
    let risk = risk::classify(&Patch { changes: paths.iter().map(change).collect() }, &RiskRules::default());
    let mut points = match risk.worst() {
        RiskClass::Low => 0,
        RiskClass::Medium => 1,
        RiskClass::High => 2,
    };
    let mut signals: Vec<String> = risk
        .reasons
        .iter()
        .filter(|reason| reason.class != RiskClass::Low)
        .map(|reason| {
            format!(
                "{}{}",
                reason.path.as_ref().map_or(String::new(), |path| format!("{path}: ")),
                reason.why
            )
        })
        .collect();
    const FOR_GOOD: [&str; 17] = [
        "migrate",
        "migration",
        "migrations",
        "schema",
        "drop",
        "purge",
        "delete",
        "erase",
        "encrypt",
        "charge",
        "refund",
        "payment",
        "password",
        "permission",
        "permissions",
        "publish",
        "deprecate",
    ];
    let lower = text.to_lowercase();
    let said: Vec<&str> = FOR_GOOD.into_iter().filter(|word| has_word(&lower, word)).collect();
    if !said.is_empty() {
        points = points.max(if said.len() > 1 { 2 } else { 1 });
        signals.push(format!("the text speaks of {}", said.join(", ")));
    }
    if signals.is_empty() {
        signals.push("nothing that a revert would not take back".to_owned());
    }
    Answer { question: "reversibility", points, signals }
}

fn ambiguity(text: &str) -> Answer {
    let selection = Selection {
        select: ["A", "T", "E", "S111", "S103"].map(str::to_owned).into(),
        ..Selection::default()
    };
    // Words that are no specification yet are read as one demand.
    let as_demand =
        if text.contains('\n') { text.to_owned() } else { format!("1. The system MUST: {text}\n") };
    let found = lint::lint("triage.md", &as_demand, &selection, &|_| true).findings;
    let words = text.split_whitespace().count();
    let mut signals: Vec<String> =
        found.iter().take(5).map(|finding| format!("{}: {}", finding.code, finding.message)).collect();
    // `?` in an address asks nothing.
    let asks = |(at, _): &(usize, &str)| text[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let open = text.match_indices('?').filter(asks).count();
    if open > 0 {
        signals.push(format!("{open} open questions"));
    }
    let says_values = text.contains(|c: char| c.is_ascii_digit()) || text.contains(['`', '"']);
    if words < 5 {
        signals.push("it is said in fewer than five words".to_owned());
    } else if !says_values {
        signals.push("no number, name or text is quoted".to_owned());
    }
    let points = match found.len() + open {
        0 => u8::from(words < 5 || !says_values && words > 12),
        1 => 1,
        _ => 2,
    };
    if signals.is_empty() {
        signals.push("nothing in the text is open".to_owned());
    }
    Answer { question: "ambiguity", points, signals }
}

fn audience(text: &str, paths: &BTreeSet<String>, history: &Touched) -> Answer {
    const PEOPLE: [&str; 15] = [
        "user",
        "users",
        "customer",
        "customers",
        "api",
        "client",
        "clients",
        "public",
        "endpoint",
        "operator",
        "admin",
        "partner",
        "cli",
        "flag",
        "mail",
    ];
    let lower = text.to_lowercase();
    let said: Vec<&str> = PEOPLE.into_iter().filter(|word| has_word(&lower, word)).collect();
    let shared = paths.iter().any(|path| {
        let path = path.to_lowercase();
        ["api", "proto", "openapi", "public", "schema"].iter().any(|part| path.contains(part))
    });
    let authors = history.authors.len();
    let mut signals =
        vec![format!("{authors} people changed these files in the newest {} commits", history.looked_at)];
    if !said.is_empty() {
        signals.push(format!("the text speaks of {}", said.join(", ")));
    }
    if shared {
        signals.push("a file that others build on is touched".to_owned());
    }
    let points = u8::from(!said.is_empty()) + u8::from(shared || authors > 3);
    Answer { question: "audience", points, signals }
}

/// What is done often needs no words any more; what was never done here does.
fn repetition(history: &Touched, paths: &BTreeSet<String>) -> Answer {
    let (commits, edits) = (history.commits, history.edits);
    let (points, signal) = match commits {
        _ if paths.is_empty() => {
            (1, "no file is named, so nobody knows whether it was done before".to_owned())
        }
        0 => (1, format!("none of the newest {} commits changed these files", history.looked_at)),
        1..=4 => (1, format!("{commits} of the newest {} commits changed these files", history.looked_at)),
        _ => (
            0,
            format!(
                "{commits} of the newest {} commits changed these files, {edits} of them without adding or removing one",
                history.looked_at
            ),
        ),
    };
    Answer { question: "repetition", points, signals: vec![signal] }
}

fn human(verdict: &Verdict) -> String {
    let mut text = String::new();
    for answer in &verdict.questions {
        for (at, signal) in answer.signals.iter().enumerate() {
            let name = if at == 0 { answer.question } else { "" };
            let points = if at == 0 { answer.points.to_string() } else { String::new() };
            text.push_str(&format!("{name:<14} {points:<2} {}\n", story::one_line(signal)));
        }
    }
    let most = verdict.questions.len() * 2;
    text.push_str(&match verdict.verdict {
        "spec" => format!(
            "\nspec it: {} of {most} points, {ENOUGH} are enough; factory spec new \"…\" begins one\n",
            verdict.points
        ),
        _ => format!(
            "\nskip it: {} of {most} points, {ENOUGH} would be enough for a specification\n",
            verdict.points
        ),
    });
    text
}
