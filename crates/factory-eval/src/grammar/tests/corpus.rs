//! Sentences in the phrasings of well-known step libraries, with what each means as a plan in words.
//!
//! `tests/sentences/*.txt` are the list. A sentence is held back if the hash of its text is odd: the rules were made
//! looking at the others only, and the held-back ones say how well the rules carry over.

use std::collections::BTreeMap;
use std::path::Path;

use super::{in_order, rich, short};
use crate::grammar::context::{Act, Attached, Context};
use crate::grammar::phrases::Phrases;
use crate::grammar::{sentence, vacuity};

/// Compiled in the way that is expected, of a hundred, at least.
const FEWEST: usize = 95;

pub(super) struct Line {
    pub(super) group: String,
    pub(super) meaning: String,
    pub(super) sentence: String,
    pub(super) attached: Attached,
}

impl Line {
    fn is_held_back(&self) -> bool {
        // FNV-1a, so that the split is the same everywhere and for ever.
        let hash = self.sentence.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 17) & 1 == 1
    }
}

pub(super) fn lines() -> Vec<Line> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sentences");
    let mut lines = Vec::new();
    for name in ["requests.txt", "answers.txt", "world.txt", "refused.txt"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let mut group = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                group = name.trim_end_matches(']').to_owned();
            }
            let Some((meaning, rest)) = line.split_once(" <= ").filter(|_| !line.starts_with('#')) else {
                continue;
            };
            let (rest, doc) = rest.split_once(" ⏎ ").map_or((rest, None), |(rest, doc)| (rest, Some(doc)));
            let (sentence, table) =
                rest.split_once(" ⊞ ").map_or((rest, None), |(rest, table)| (rest, Some(table)));
            let attached = Attached {
                doc: doc.map(|doc| (doc.replace("\\n", "\n"), None)),
                table: table.map(|table| {
                    table.split(';').map(|row| row.split('|').map(str::to_owned).collect()).collect()
                }),
            };
            lines.push(Line {
                group: group.clone(),
                meaning: meaning.to_owned(),
                sentence: sentence.to_owned(),
                attached,
            });
        }
    }
    lines
}

/// What it compiles to, in words.
pub(super) fn compile(line: &Line, phrases: &Phrases) -> Result<String, String> {
    let mut context: Context<'_> = if line.group == "answers" { in_order(phrases) } else { rich(phrases) };
    if line.group == "answers"
        && let Some(sent) = &mut context.sent
    {
        sent.answers = 3;
    }
    context.attached = line.attached.clone();
    context.then = !DOING.iter().any(|doing| line.meaning.starts_with(doing));
    context.last = match line.group.as_str() {
        "command" | "file" => Some(Act::Command),
        _ => Some(Act::Request),
    };
    let actions = sentence::compile(&line.sentence, &mut context, 0)?;
    vacuity::refuse_idle(&actions)?;
    Ok(short::actions(&actions) + &short::prepared(&context))
}

/// What a meaning begins with that is done, and not asserted.
const DOING: &[&str] = &[
    "GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ", "prepare", "run ", "in ", "env ",
    "unset ", "input ", "type ", "write ", "append ", "mkdir ", "remove ", "wait ", "advance ",
];

/// What is as it should be, what is not understood, and what is misunderstood.
#[derive(Default, Clone, Copy)]
struct Tally {
    right: usize,
    silent: usize,
    wrong: usize,
}

#[test]
fn sentences_in_the_phrasings_of_others_mean_what_they_say() {
    let phrases = Phrases::default();
    let mut tallies: BTreeMap<(bool, String), Tally> = BTreeMap::new();
    let (mut shown, mut wrong) = (String::new(), String::new());
    let held_back_too = std::env::var_os("SHOW_HELD_BACK").is_some();
    for line in lines() {
        let tally = tallies.entry((line.is_held_back(), line.group.clone())).or_default();
        let compiled = compile(&line, &phrases);
        let (column, text) = match &compiled {
            Ok(meaning) if *meaning == line.meaning => (&mut tally.right, None),
            Err(_) if line.meaning == "refused" => (&mut tally.right, None),
            Ok(meaning) => (&mut tally.wrong, Some(meaning)),
            Err(why) => (&mut tally.silent, Some(why)),
        };
        *column += 1;
        let Some(text) = text else { continue };
        let text = format!("{}\n    wanted {}\n    got    {text}\n", line.sentence, line.meaning);
        if compiled.is_ok() && (!line.is_held_back() || held_back_too) {
            wrong.push_str(&text);
        } else if !line.is_held_back() || held_back_too {
            shown.push_str(&text);
        }
    }
    let mut report = String::new();
    for held_back in [false, true] {
        let mut all = Tally::default();
        for ((_, group), tally) in tallies.iter().filter(|((is, _), _)| *is == held_back) {
            report.push_str(&format!(
                "    {group:10} {:4} right {:4} not understood {:4} misunderstood\n",
                tally.right, tally.silent, tally.wrong
            ));
            all.right += tally.right;
            all.silent += tally.silent;
            all.wrong += tally.wrong;
        }
        let count = all.right + all.silent + all.wrong;
        report.push_str(&format!(
            "held back: {held_back}: {} of {count} right ({:.1} %), {} not understood, {} misunderstood\n",
            all.right,
            all.right as f64 * 100.0 / count as f64,
            all.silent,
            all.wrong
        ));
    }
    println!("{shown}\n--- misunderstood\n{wrong}\n{report}");
    let (right, count, misunderstood) = tallies.values().fold((0, 0, 0), |(right, count, wrong), tally| {
        (right + tally.right, count + tally.right + tally.silent + tally.wrong, wrong + tally.wrong)
    });
    assert_eq!(misunderstood, 0, "{wrong}");
    assert!(right * 100 >= count * FEWEST, "{shown}{report}");
}
