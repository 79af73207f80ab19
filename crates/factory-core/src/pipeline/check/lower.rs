//! The checked pipeline out of the file's tables. Whatever is wrong has been said already: then there is `None`.

use std::collections::BTreeMap;

use toml::Spanned;

use super::super::condition::{Condition, Field, FieldType, Test, Value};
use super::super::model::{
    Authority, Edge, EntryGate, ExitGate, GateId, GateRule, OnExhausted, Pipeline, Plateau, Policy, Stage,
};
use super::super::read;
use super::super::read::file::{
    AuthorityTable, BudgetTable, ConditionTable, GateTable, PipelineFile, PlateauTable, PolicyTable,
    StageTable,
};
use super::super::read::table::{self, Plain, Said};
use crate::artifact::ArtifactKind;
use crate::ids::Budget;
use crate::risk::RiskClass;

const DEFAULT_TIMEOUT_SECONDS: u64 = 30 * 60;

/// The most that a budget in dollars can be.
const MOST_USD: f64 = 1e9;

pub(super) fn pipeline(file: &PipelineFile, order: &[usize]) -> Option<Pipeline> {
    let entry = file.entry.stages.iter().map(|(kind, id)| Some((*kind, id.get_ref().parse().ok()?)));
    let gates: Vec<(GateId, GateRule)> = file.gates.iter().map(rule).collect::<Option<_>>()?;
    Some(Pipeline {
        name: file.name.value()?.clone(),
        entry: entry.collect::<Option<_>>()?,
        policy: policy(&file.policy)?,
        authorities: file.authorities.iter().map(authority).collect::<Option<_>>()?,
        stages: order.iter().map(|&i| stage(&file.stages[i], &gates)).collect::<Option<_>>()?,
    })
}

fn authority(table: &AuthorityTable) -> Option<(String, Authority)> {
    let list = |said: &Said<Vec<Spanned<String>>>| {
        Some(said.or(Vec::new())?.into_iter().map(Spanned::into_inner).collect())
    };
    let group = Authority { people: list(&table.people)?, keys: list(&table.keys)? };
    Some((table.name.get_ref().clone(), group))
}

fn policy(table: &PolicyTable) -> Option<Policy> {
    let default = Policy::default();
    let plateau = |plateau: &PlateauTable| {
        Some(Plateau {
            window: u32::try_from(*plateau.window.value()?).ok()?,
            min_gain_percent: u32::try_from(*plateau.min_gain_percent.value()?).ok()?,
        })
    };
    Some(Policy {
        min_pass_percent: number(&table.min_pass_percent, default.min_pass_percent)?,
        plateau: match &table.plateau {
            Some(table) => Some(plateau(table)?),
            None => None,
        },
        base_moved: table.base_moved.or(default.base_moved)?,
        budget: budget(&table.budget)?,
    })
}

fn number(said: &Said<i64>, default: u32) -> Option<u32> {
    u32::try_from(said.or(i64::from(default))?).ok()
}

fn budget(table: &BudgetTable) -> Option<Budget> {
    let micro_usd = match &table.usd {
        Said::Nothing => None,
        Said::Unreadable => return None,
        Said::This(usd) => Some(micro_usd(*usd.get_ref())?),
    };
    let tokens = match &table.tokens {
        Said::Nothing => None,
        Said::Unreadable => return None,
        Said::This(tokens) => Some(u64::try_from(*tokens.get_ref()).ok()?),
    };
    Some(Budget { micro_usd, tokens })
}

/// Dollars in millionths; `None` for what is no amount.
pub(super) fn micro_usd(usd: f64) -> Option<u64> {
    if usd.is_finite() && (0.000_001..=MOST_USD).contains(&usd) {
        // In range by the line above.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10^15")]
        let micro = (usd * 1e6).round() as u64;
        Some(micro)
    } else {
        None
    }
}

/// What happens when the stage has no try left; `None` where that cannot be read.
pub(super) fn on_exhausted(table: &StageTable) -> Option<OnExhausted> {
    // Before any work there is nothing that a person could decide about.
    let spec = table.kind().map(|kind| kind == ArtifactKind::Spec);
    match (&table.on_exhausted, spec) {
        (Said::This(said), _) => Some(*said.get_ref()),
        (Said::Unreadable, _) | (Said::Nothing, None) => None,
        (Said::Nothing, Some(true)) => Some(OnExhausted::Fail),
        (Said::Nothing, Some(false)) => Some(OnExhausted::Escalate),
    }
}

fn stage(table: &StageTable, gates: &[(GateId, GateRule)]) -> Option<Stage> {
    let id = table.id()?.parse().ok()?;
    let own = gates.iter().filter(|(gate, _)| gate.stage == id);
    let rules: BTreeMap<Edge, GateRule> = own.map(|(gate, rule)| (gate.edge, rule.clone())).collect();
    let needs = table.needs.or(Vec::new())?;
    Some(Stage {
        makes: table.kind()?,
        role: *table.role.value()?,
        zone: optional(&table.zone)?,
        needs: needs.iter().map(|need| need.get_ref().parse().ok()).collect::<Option<_>>()?,
        when: conditions(&table.when)?,
        entry_gate: table.entry_gate.or(EntryGate::None)?,
        exit_gate: table.exit_gate.or(ExitGate::None)?,
        rules,
        attempts: number(&table.attempts, 1)?,
        on_exhausted: on_exhausted(table)?,
        timeout_seconds: seconds(&table.timeout)?.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
        soak_seconds: seconds(&table.soak)?.unwrap_or(0),
        budget: budget(&table.budget)?,
        returns_to: match optional(&table.returns_to)? {
            Some(name) => Some(name.parse().ok()?),
            None => None,
        },
        id,
    })
}

/// `Some(None)` where nothing is said.
#[expect(clippy::option_option, reason = "whether it is said, and whether it can be read, are two questions")]
fn optional<T: Clone>(said: &Said<T>) -> Option<Option<T>> {
    match said {
        Said::Nothing => Some(None),
        Said::Unreadable => None,
        Said::This(value) => Some(Some(value.get_ref().clone())),
    }
}

/// `Some(None)` where nothing is said.
#[expect(clippy::option_option, reason = "whether it is said, and whether it can be read, are two questions")]
fn seconds(said: &Said<String>) -> Option<Option<u64>> {
    match optional(said)? {
        Some(text) => read::seconds(&text).map(Some),
        None => Some(None),
    }
}

fn rule(table: &GateTable) -> Option<(GateId, GateRule)> {
    let rule = GateRule {
        authority: optional(&table.authority)?,
        approvals: number(&table.approvals, 1)?,
        not_requester: table.not_requester.or(false)?,
        timeout_seconds: seconds(&table.timeout)?,
        when: conditions(&table.when)?,
    };
    Some((table.at.value()?.parse().ok()?, rule))
}

fn conditions(tables: &[ConditionTable]) -> Option<Vec<Condition>> {
    tables.iter().map(condition).collect()
}

fn condition(table: &ConditionTable) -> Option<Condition> {
    let field: Field = table::word(table.field.value()?).ok()?;
    let tests = [(Test::AtLeast, &table.at_least), (Test::AtMost, &table.at_most), (Test::Is, &table.is)];
    let (test, found) = tests.into_iter().find_map(|(test, said)| Some((test, said.value()?)))?;
    let value = value(field.value_type(), found)?;
    Some(Condition { stage: table.stage.value()?.parse().ok()?, field, test, value })
}

/// A value of the field's type, if it is one.
pub(super) fn value(kind: FieldType, found: &Plain) -> Option<Value> {
    match (kind, found) {
        (FieldType::Count, Plain::Number(n)) => Some(Value::Count(u32::try_from(*n).ok()?)),
        (FieldType::Flag, Plain::Flag(flag)) => Some(Value::Flag(*flag)),
        (FieldType::Risk, Plain::Text(class)) => Some(Value::Risk(table::word::<RiskClass>(class).ok()?)),
        (FieldType::Count | FieldType::Flag | FieldType::Risk, _) => None,
    }
}
