//! The file as it is written, before anything is checked: each table with its places, as far as it can be read.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::PIPELINE_SCHEMA;
use super::table::{self, Plain, Reader, Said, Table};
use crate::artifact::ArtifactKind;
use crate::pipeline::model::{BaseMoved, EntryGate, EntryType, ExitGate, OnExhausted, Role, Zone};

const PIPELINE: [&str; 7] = ["schema", "name", "entry", "policy", "authority", "stage", "gate"];
const POLICY: [&str; 5] = ["min_pass_percent", "plateau", "base_moved", "budget_usd", "budget_tokens"];
const PLATEAU: [&str; 2] = ["window", "min_gain_percent"];
const AUTHORITY: [&str; 2] = ["people", "keys"];
const STAGE: [&str; 15] = [
    "id",
    "makes",
    "role",
    "zone",
    "needs",
    "when",
    "entry_gate",
    "exit_gate",
    "attempts",
    "on_exhausted",
    "timeout",
    "soak",
    "budget_usd",
    "budget_tokens",
    "returns_to",
];
const GATE: [&str; 6] = ["at", "authority", "approvals", "not_requester", "timeout", "when"];
const CONDITION: [&str; 5] = ["stage", "field", "at_least", "at_most", "is"];

const WHEN: &str = "when = [{ stage = \"…\", field = \"…\", at_least = … }]";

/// A pipeline file.
#[derive(Debug)]
pub(in crate::pipeline) struct PipelineFile {
    pub(in crate::pipeline) name: Said<String>,
    pub(in crate::pipeline) entry: EntryTable,
    pub(in crate::pipeline) policy: PolicyTable,
    pub(in crate::pipeline) authorities: Vec<AuthorityTable>,
    /// Whether all of them could be read.
    pub(in crate::pipeline) authorities_whole: bool,
    pub(in crate::pipeline) stages: Vec<StageTable>,
    /// Whether all of them could be read.
    pub(in crate::pipeline) stages_whole: bool,
    pub(in crate::pipeline) gates: Vec<GateTable>,
}

#[derive(Debug)]
pub(in crate::pipeline) struct EntryTable {
    /// Nothing where there is none.
    pub(in crate::pipeline) span: Option<Range<usize>>,
    pub(in crate::pipeline) stages: Vec<(EntryType, Spanned<String>)>,
    /// Whether all of it could be read.
    pub(in crate::pipeline) whole: bool,
}

#[derive(Debug, Default)]
pub(in crate::pipeline) struct PolicyTable {
    pub(in crate::pipeline) min_pass_percent: Said<i64>,
    pub(in crate::pipeline) plateau: Option<PlateauTable>,
    pub(in crate::pipeline) base_moved: Said<BaseMoved>,
    pub(in crate::pipeline) budget: BudgetTable,
}

#[derive(Debug)]
pub(in crate::pipeline) struct PlateauTable {
    pub(in crate::pipeline) window: Said<i64>,
    pub(in crate::pipeline) min_gain_percent: Said<i64>,
}

#[derive(Debug, Default)]
pub(in crate::pipeline) struct BudgetTable {
    pub(in crate::pipeline) usd: Said<f64>,
    pub(in crate::pipeline) tokens: Said<i64>,
}

#[derive(Debug)]
pub(in crate::pipeline) struct AuthorityTable {
    pub(in crate::pipeline) name: Spanned<String>,
    pub(in crate::pipeline) people: Said<Vec<Spanned<String>>>,
    pub(in crate::pipeline) keys: Said<Vec<Spanned<String>>>,
}

#[derive(Debug)]
pub(in crate::pipeline) struct StageTable {
    /// Its header.
    pub(in crate::pipeline) span: Range<usize>,
    pub(in crate::pipeline) id: Said<String>,
    pub(in crate::pipeline) makes: Said<ArtifactKind>,
    pub(in crate::pipeline) role: Said<Role>,
    pub(in crate::pipeline) zone: Said<Zone>,
    pub(in crate::pipeline) needs: Said<Vec<Spanned<String>>>,
    pub(in crate::pipeline) when: Vec<ConditionTable>,
    pub(in crate::pipeline) entry_gate: Said<EntryGate>,
    pub(in crate::pipeline) exit_gate: Said<ExitGate>,
    pub(in crate::pipeline) attempts: Said<i64>,
    pub(in crate::pipeline) on_exhausted: Said<OnExhausted>,
    pub(in crate::pipeline) timeout: Said<String>,
    pub(in crate::pipeline) soak: Said<String>,
    pub(in crate::pipeline) budget: BudgetTable,
    pub(in crate::pipeline) returns_to: Said<String>,
}

#[derive(Debug)]
pub(in crate::pipeline) struct GateTable {
    pub(in crate::pipeline) at: Said<String>,
    pub(in crate::pipeline) authority: Said<String>,
    pub(in crate::pipeline) approvals: Said<i64>,
    pub(in crate::pipeline) not_requester: Said<bool>,
    pub(in crate::pipeline) timeout: Said<String>,
    pub(in crate::pipeline) when: Vec<ConditionTable>,
}

#[derive(Debug)]
pub(in crate::pipeline) struct ConditionTable {
    /// All of it.
    pub(in crate::pipeline) span: Range<usize>,
    pub(in crate::pipeline) stage: Said<String>,
    /// A word that depends on what the stage makes.
    pub(in crate::pipeline) field: Said<String>,
    pub(in crate::pipeline) at_least: Said<Plain>,
    pub(in crate::pipeline) at_most: Said<Plain>,
    pub(in crate::pipeline) is: Said<Plain>,
}

impl StageTable {
    /// Its name, where it has one.
    pub(in crate::pipeline) fn id(&self) -> Option<&str> {
        self.id.value().map(String::as_str)
    }

    /// Its name's place, or its header's.
    pub(in crate::pipeline) fn place(&self) -> Range<usize> {
        self.id.this().map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// What it makes, where that can be read.
    pub(in crate::pipeline) fn kind(&self) -> Option<ArtifactKind> {
        self.makes.value().copied()
    }

    /// The names of the stages that it needs.
    pub(in crate::pipeline) fn needs(&self) -> &[Spanned<String>] {
        self.needs.value().map_or(&[], Vec::as_slice)
    }
}

impl Reader {
    /// Reads the file; `None` where its format is not known.
    pub(super) fn pipeline<'t>(&mut self, keys: &'t DeTable<'t>) -> Option<PipelineFile> {
        let schema = self.open("a pipeline", 0..0, keys);
        let schema = self.number(&schema, "schema");
        if let Some(found) = schema.this().filter(|found| *found.get_ref() != i64::from(PIPELINE_SCHEMA)) {
            let message = format!(
                "pipeline format {} is not known; this factory reads format {PIPELINE_SCHEMA}",
                found.get_ref()
            );
            // Nothing can be said about a format that is not known, not even that a key is not.
            self.say(found.span(), message, None);
            return None;
        }
        let table = self.closed("a pipeline", 0..0, keys, &PIPELINE);
        self.must(&table, "schema", schema);
        let name = self.text(&table, "name");
        let name = self.must(&table, "name", name);
        let entry = self.entry(&table);
        let policy = self.policy(&table);
        let (authorities, authorities_whole) = self.authorities(&table);
        let (stages, stages_whole) = self.tables(&table, "stage", "[[stage]]", "a stage", &STAGE);
        let stages = stages.iter().map(|stage| self.stage(stage)).collect();
        let (gates, _) = self.tables(&table, "gate", "[[gate]]", "a gate", &GATE);
        let gates = gates.iter().map(|gate| self.gate(gate)).collect();
        Some(PipelineFile {
            name,
            entry,
            policy,
            authorities,
            authorities_whole,
            stages,
            stages_whole,
            gates,
        })
    }

    fn entry(&mut self, table: &Table<'_>) -> EntryTable {
        let (found, mut whole) = self.inner(table, "entry");
        let mut stages = Vec::new();
        let span = found.map(Spanned::span);
        if let Some(keys) = found.and_then(|found| found.get_ref().as_table()) {
            let entry = self.open("an entry", span.clone().unwrap_or(0..0), keys);
            for (key, _) in entry.entries() {
                let kind = table::word::<EntryType>(key.get_ref());
                if let Err(known) = kind {
                    self.not_a_word("the kind of a run", &key, known);
                }
                let stage = self.text(&entry, key.get_ref());
                match (kind, stage) {
                    (Ok(kind), Said::This(stage)) => stages.push((kind, stage)),
                    (Ok(_) | Err(_), Said::This(_) | Said::Nothing | Said::Unreadable) => whole = false,
                }
            }
        } else if whole {
            self.must(table, "entry", Said::<()>::Nothing);
            whole = false;
        }
        EntryTable { span, stages, whole }
    }

    fn policy(&mut self, table: &Table<'_>) -> PolicyTable {
        let (found, _) = self.inner(table, "policy");
        let Some((span, keys)) = found.and_then(|found| Some((found.span(), found.get_ref().as_table()?)))
        else {
            return PolicyTable::default();
        };
        let policy = self.closed("the policy", span, keys, &POLICY);
        let (plateau, _) = self.inner(&policy, "plateau");
        let plateau = plateau.and_then(|found| Some((found.span(), found.get_ref().as_table()?)));
        let plateau = plateau.map(|(span, keys)| {
            let plateau = self.closed("a plateau", span, keys, &PLATEAU);
            let window = self.number(&plateau, "window");
            let min_gain = self.number(&plateau, "min_gain_percent");
            PlateauTable {
                window: self.must(&plateau, "window", window),
                min_gain_percent: self.must(&plateau, "min_gain_percent", min_gain),
            }
        });
        PolicyTable {
            min_pass_percent: self.number(&policy, "min_pass_percent"),
            plateau,
            base_moved: self.word(&policy, "base_moved"),
            budget: self.budget(&policy),
        }
    }

    fn budget(&mut self, table: &Table<'_>) -> BudgetTable {
        BudgetTable { usd: self.amount(table, "budget_usd"), tokens: self.number(table, "budget_tokens") }
    }

    fn authorities(&mut self, table: &Table<'_>) -> (Vec<AuthorityTable>, bool) {
        let (found, mut whole) = self.inner(table, "authority");
        let mut groups = Vec::new();
        if let Some(keys) = found.and_then(|found| found.get_ref().as_table()) {
            let all = self.open("the authorities", 0..0, keys);
            for (name, _) in all.entries() {
                let (group, _) = self.inner(&all, name.get_ref());
                let Some((span, keys)) =
                    group.and_then(|found| Some((found.span(), found.get_ref().as_table()?)))
                else {
                    whole = false;
                    continue;
                };
                let group = self.closed("a group", span, keys, &AUTHORITY);
                let people = self.texts(&group, "people");
                let keys = self.texts(&group, "keys");
                groups.push(AuthorityTable { name, people, keys });
            }
        }
        (groups, whole)
    }

    fn stage(&mut self, table: &Table<'_>) -> StageTable {
        let id = self.text(table, "id");
        let makes = self.word(table, "makes");
        let role = self.word(table, "role");
        StageTable {
            span: table.span.clone(),
            id: self.must(table, "id", id),
            makes: self.must(table, "makes", makes),
            role: self.must(table, "role", role),
            zone: self.word(table, "zone"),
            needs: self.texts(table, "needs"),
            when: self.conditions(table),
            entry_gate: self.word(table, "entry_gate"),
            exit_gate: self.word(table, "exit_gate"),
            attempts: self.number(table, "attempts"),
            on_exhausted: self.word(table, "on_exhausted"),
            timeout: self.text(table, "timeout"),
            soak: self.text(table, "soak"),
            budget: self.budget(table),
            returns_to: self.text(table, "returns_to"),
        }
    }

    fn gate(&mut self, table: &Table<'_>) -> GateTable {
        let at = self.text(table, "at");
        GateTable {
            at: self.must(table, "at", at),
            authority: self.text(table, "authority"),
            approvals: self.number(table, "approvals"),
            not_requester: self.flag(table, "not_requester"),
            timeout: self.text(table, "timeout"),
            when: self.conditions(table),
        }
    }

    fn conditions(&mut self, table: &Table<'_>) -> Vec<ConditionTable> {
        let (conditions, _) = self.tables(table, "when", WHEN, "a condition", &CONDITION);
        conditions.iter().map(|condition| self.condition(condition)).collect()
    }

    fn condition(&mut self, table: &Table<'_>) -> ConditionTable {
        let stage = self.text(table, "stage");
        let field = self.text(table, "field");
        ConditionTable {
            span: table.span.clone(),
            stage: self.must(table, "stage", stage),
            field: self.must(table, "field", field),
            at_least: self.plain(table, "at_least"),
            at_most: self.plain(table, "at_most"),
            is: self.plain(table, "is"),
        }
    }
}
