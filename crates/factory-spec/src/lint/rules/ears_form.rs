//! E101, E102, E105: the order of clauses, IF without THEN, and WHEN with THEN.

use super::*;

pub(super) static ORDER: Rule = Rule {
    code: "E101",
    name: "clause-order",
    tier: Tier::Warning,
    family: Family::Ears,
    debt: None,
    why: "EARS puts conditions before the demand, states before triggers: WHILE …, WHEN …, the system SHALL …. A condition \
          behind the demand is read as part of what is demanded.",
    bad: examples!("E101").0,
    good: examples!("E101").1,
    check: Some(order),
};

pub(super) static IF_THEN: Rule = Rule {
    code: "E102",
    name: "if-without-then",
    tier: Tier::Warning,
    family: Family::Ears,
    debt: None,
    why: "IF … THEN … is the form for what goes wrong. Without THEN it is not seen where the trouble ends and the demand begins.",
    bad: examples!("E102").0,
    good: examples!("E102").1,
    check: Some(if_then),
};

pub(super) static WHEN_THEN: Rule = Rule {
    code: "E105",
    name: "when-then",
    tier: Tier::Warning,
    family: Family::Ears,
    debt: None,
    why: "`WHEN … THEN … SHALL` is understood as `WHEN …, … SHALL`. EARS keeps THEN for IF, so that what goes wrong is seen at \
          once. It is said once for each file, and `--fix` mends all of them.",
    bad: examples!("E105").0,
    good: examples!("E105").1,
    check: Some(when_then),
};

fn is_capital(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_uppercase())
}

fn order(subject: &Subject<'_>, report: &mut Report) {
    for statement in &subject.statements {
        let (sentence, clauses) = (&statement.sentence, &statement.clauses);
        let Some(modal) = clauses.modal else { continue };
        // Two conditions before the demand: the trigger first, then a state.
        if let [first, second, ..] = clauses.conditions[..]
            && ears::keyword(sentence.word(first)) == Some(ears::Form::Event)
            && sentence.word(second) == "while"
            && (is_capital(sentence.text(first)) || is_capital(sentence.text(second)))
        {
            report
                .add(sentence.place(second..second + 1), "a state stands behind a trigger")
                .help("write the state first: WHILE …, WHEN …, the system SHALL …");
        }
        let behind = (modal + 1..sentence.tokens.len()).find(|at| {
            matches!(sentence.text(*at), "WHEN" | "WHILE" | "WHERE" | "IF")
                && ears::keyword(sentence.word(*at)).is_some()
        });
        // A second demand with a condition of its own (`…, and WHEN …, it SHALL …`) is another sentence's matter.
        let Some(at) = behind else { continue };
        if (at..sentence.tokens.len()).any(|later| ears::is_demand(sentence, later)) {
            continue;
        }
        let keyword = sentence.text(at);
        let found = report.add(sentence.place(at..at + 1), format!("{keyword} stands behind the demand"));
        found.help(format!("write `{keyword} …, …` before it"));
        if let Some((span, text)) = turned(sentence, clauses, at) {
            found.edit(span, text);
        }
    }
}

/// The sentence with its condition in front, where it is as simple as that.
fn turned(
    sentence: &Sentence<'_>,
    clauses: &ears::Clauses,
    at: usize,
) -> Option<(crate::diagnostic::Span, String)> {
    let last = sentence.tokens.len() - 1;
    if !clauses.conditions.is_empty()
        || sentence.text(last) != "."
        || sentence.text(at) == "IF"
        || at + 1 >= last
    {
        return None;
    }
    let demand_end = if sentence.text(at - 1) == "," { at - 1 } else { at };
    let demand = &sentence.source[sentence.place(0..demand_end)];
    let condition = &sentence.source[sentence.place(at..last)];
    // Marks of emphasis are blank here and would be lost.
    if demand.contains("  ")
        || condition.contains("  ")
        || condition.contains(',')
        || demand.contains('\n')
        || condition.contains('\n')
    {
        return None;
    }
    let starts_with_article = matches!(sentence.text(0), "The" | "A" | "An" | "Each" | "Every");
    let demand = if starts_with_article {
        format!("{}{}", demand[..1].to_lowercase(), &demand[1..])
    } else {
        demand.to_owned()
    };
    Some((sentence.place(0..last), format!("{condition}, {demand}")))
}

fn if_then(subject: &Subject<'_>, report: &mut Report) {
    // A text that writes THEN elsewhere means to; one that never does is plain English.
    let keeps_form = subject
        .statements
        .iter()
        .any(|statement| statement.sentence.word(0) == "if" && statement.clauses.then.is_some());
    for statement in &subject.statements {
        let (sentence, clauses) = (&statement.sentence, &statement.clauses);
        let is_if = sentence.text(0) == "IF" || sentence.text(0) == "If" && keeps_form && statement.is_first;
        if !is_if || clauses.then.is_some() || clauses.modal.is_none() || clauses.main == 0 {
            continue;
        }
        let comma = clauses.main - 1;
        let then = if sentence.text(0) == "IF" { " THEN" } else { " then" };
        report
            .add(sentence.place(0..1), "IF without THEN")
            .help("write THEN before the demand: IF …, THEN the system SHALL …")
            .edit(sentence.tokens[comma].end..sentence.tokens[comma].end, then);
    }
}

fn when_then(subject: &Subject<'_>, report: &mut Report) {
    let aliases: Vec<(&Statement<'_>, usize)> = subject
        .statements
        .iter()
        .filter(|statement| {
            let first = statement.sentence.text(0);
            matches!(statement.sentence.word(0), "when" | "while" | "where") && is_capital(first)
        })
        .filter_map(|statement| Some((statement, statement.clauses.then?)))
        .filter(|(statement, then)| {
            statement.clauses.modal.is_some()
                && !statement
                    .clauses
                    .conditions
                    .iter()
                    .any(|at| statement.sentence.word(*at) == "if" && at < then)
        })
        .collect();
    let Some((first, then)) = aliases.first() else { return };
    let others = aliases.len() - 1;
    let more = match others {
        0 => String::new(),
        1 => ", here and in 1 more place".to_owned(),
        n => format!(", here and in {n} more places"),
    };
    let keyword = first.sentence.text(0);
    let found = report.add(
        first.sentence.place(*then..then + 1),
        format!("THEN belongs to IF, and this is {keyword}{more}"),
    );
    found.help(format!("write `{keyword} …, the system SHALL …`"));
    for (statement, then) in &aliases {
        let sentence = &statement.sentence;
        let (before, word) = (sentence.tokens[then - 1], sentence.tokens[*then]);
        let has_comma = sentence.text(then - 1) == ",";
        found.edit(before.end..word.end, if has_comma { "" } else { "," });
    }
}
