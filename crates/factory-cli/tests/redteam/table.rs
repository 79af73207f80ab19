//! The table of attacks and outcomes in `docs/security.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::{env, fs};

use libtest_mimic::Trial;

use crate::attack::{Attack, GROUPS, Mode, Off};
use crate::canary;
use crate::play::Outcome;

/// Lets the table be written instead of compared.
const WRITE: &str = "FACTORY_REDTEAM_WRITE";
/// Between these it stands.
const BEGIN: &str = "<!-- outcomes: written by the suite -->\n";
const END: &str = "<!-- end of outcomes -->\n";

/// By attack and mode: how it came out for whom.
type Seen = BTreeMap<(String, Mode), BTreeMap<String, &'static str>>;

/// What has come out so far.
#[derive(Default)]
pub(crate) struct Results {
    seen: Mutex<Seen>,
    running: Mutex<usize>,
    ended: Condvar,
}

/// A trial that is under way.
pub(crate) struct Running<'a>(&'a Results);

impl Results {
    pub(crate) fn begin(&self) -> Running<'_> {
        *self.running.lock().unwrap() += 1;
        Running(self)
    }

    pub(crate) fn note(&self, attack: &Attack, user: &str, mode: Mode, outcome: &Outcome) {
        if matches!(outcome, Outcome::Absent(_)) {
            return;
        }
        let mut seen = self.seen.lock().unwrap();
        seen.entry((attack.name.clone(), mode)).or_default().insert(user.to_owned(), outcome.word());
    }

    /// Once nothing is under way any more. Trials begin in order, and the table's is the last.
    fn all(&self) -> Seen {
        let running = self.running.lock().unwrap();
        drop(self.ended.wait_while(running, |running| *running > 0).unwrap());
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap() -= 1;
        self.0.ended.notify_all();
    }
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md")
}

/// Compares the page with what has come out, or writes it there.
pub(crate) fn trial(attacks: Vec<Arc<Attack>>, results: Arc<Results>) -> Trial {
    Trial::test("the_page_has_the_outcomes", move || {
        canary::forms_are_found();
        let seen = results.all();
        let text = fs::read_to_string(page())?;
        let (before, rest) = text.split_once(BEGIN).ok_or("the page has no place for outcomes")?;
        let (old, after) = rest.split_once(END).ok_or("the page has no end of outcomes")?;
        let written = parse(old);
        if env::var_os(WRITE).is_some() {
            let table = table(&attacks, &merged(written, seen));
            fs::write(page(), format!("{before}{BEGIN}{table}{END}{after}"))?;
            return Ok(());
        }
        // What this machine cannot try stands as it was seen elsewhere.
        for ((name, mode), outcomes) in &seen {
            for (user, word) in outcomes {
                let known = written.get(&(name.clone(), *mode)).and_then(|known| known.get(user));
                if known != Some(word) {
                    let mode = mode.name();
                    return Err(
                        format!("{name}: {mode} as {user}: {word}, but the page says {known:?}").into()
                    );
                }
            }
        }
        if table(&attacks, &written) != old {
            return Err(format!(
                "the page lists other attacks, or says other things of them: run with {WRITE}=1"
            )
            .into());
        }
        Ok(())
    })
}

fn merged(mut old: Seen, new: Seen) -> Seen {
    for (key, outcomes) in new {
        old.entry(key).or_default().extend(outcomes);
    }
    old
}

fn table(attacks: &[Arc<Attack>], seen: &Seen) -> String {
    let mut text = String::new();
    for (group, title) in GROUPS {
        let members: Vec<_> = attacks.iter().filter(|attack| attack.group() == group).collect();
        if members.is_empty() {
            continue;
        }
        let seals = members.iter().any(|attack| attack.claims(Mode::Seal));
        let seal = if seals { " seal alone |" } else { "" };
        let line = if seals { "---|" } else { "" };
        write!(text, "\n### {title} (`{group}`)\n\n").unwrap();
        writeln!(text, "| attack | does | stopped by | A | B |{seal} without the defence |").unwrap();
        writeln!(text, "|---|---|---|---|---|{line}---|").unwrap();
        for attack in members {
            let cell = |mode: Mode| match seen.get(&(attack.name.clone(), mode)) {
                Some(outcomes) if attack.claims(mode) || mode == Mode::Off => {
                    let mut outcomes = outcomes.clone();
                    outcomes.retain(|user, _| attack.is_for(user, mode));
                    cell(&outcomes)
                }
                Some(_) | None => "–".to_owned(),
            };
            let b =
                attack.weakness.as_ref().map_or_else(|| cell(Mode::B), |why| format!("not claimed: {why}"));
            let off = match &attack.off {
                Off::Leaked(_) => cell(Mode::Off),
                Off::NotShown(why) => format!("not shown: {why}"),
            };
            let seal = if seals { format!(" {} |", cell(Mode::Seal)) } else { String::new() };
            let (does, by, a) = (&attack.does, &attack.stopped_by, cell(Mode::A));
            writeln!(text, "| `{}` | {does} | {by} | {a} | {b} |{seal} {off} |", attack.short()).unwrap();
        }
    }
    text.push('\n');
    text
}

/// One word if it came out the same for everybody.
fn cell(outcomes: &BTreeMap<String, &'static str>) -> String {
    let words: Vec<_> = outcomes.values().collect();
    if outcomes.len() == 2 && words[0] == words[1] {
        return (*words[0]).to_owned();
    }
    let each: Vec<_> = outcomes.iter().map(|(user, word)| format!("{user}: {word}")).collect();
    each.join(", ")
}

/// The outcomes of a table.
fn parse(text: &str) -> Seen {
    let mut seen = Seen::new();
    let mut group = "";
    for line in text.lines() {
        if let Some((_, name)) = line.strip_prefix("### ").and_then(|title| title.split_once("(`")) {
            group = name.trim_end_matches("`)");
        }
        let Some(rest) = line.strip_prefix("| `") else { continue };
        let Some((name, rest)) = rest.split_once("` | ") else { continue };
        let cells: Vec<&str> = rest.trim_end_matches(" |").split(" | ").collect();
        let modes: &[Mode] = if cells.len() == 6 {
            &[Mode::A, Mode::B, Mode::Seal, Mode::Off]
        } else {
            &[Mode::A, Mode::B, Mode::Off]
        };
        for (mode, cell) in modes.iter().zip(&cells[2.min(cells.len())..]) {
            let outcomes = outcomes(cell);
            if !outcomes.is_empty() {
                seen.insert((format!("{group}::{name}"), *mode), outcomes);
            }
        }
    }
    seen
}

fn outcomes(cell: &str) -> BTreeMap<String, &'static str> {
    let known = |word: &str| {
        ["blocked", "refused", "detected", "bounded", "leaked"].into_iter().find(|known| *known == word)
    };
    if let Some(word) = known(cell) {
        return ["root", "user"].map(|user| (user.to_owned(), word)).into();
    }
    let each = cell.split(", ").filter_map(|part| {
        let (user, word) = part.split_once(": ")?;
        Some((user.to_owned(), known(word)?))
    });
    each.collect()
}
