//! Everything that can be wrong with a pipeline, found before anything runs.

use std::collections::BTreeMap;
use std::ops::Range;

use petgraph::algo;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;
use toml::Spanned;

use super::model::{EntryGate, ExitGate, Pipeline, Role, Stage};
use super::read::{self, Diagnostic, PIPELINE_SCHEMA, PipelineFile, StageTable};
use crate::artifact::ArtifactKind;
use crate::ids::StageId;
use crate::toml_problem;

const DEFAULT_TIMEOUT_SECONDS: u64 = 30 * 60;
const MOST_ATTEMPTS: u32 = 10;

/// Checks a pipeline file and puts its stages in order.
pub(super) fn check(file: PipelineFile) -> Result<Pipeline, Vec<Diagnostic>> {
    let mut checker = Checker { diagnostics: Vec::new(), graph: DiGraph::new(), nodes: BTreeMap::new() };
    let pipeline = checker.pipeline(&file);
    checker.diagnostics.sort_by_key(|d| d.span.start);
    match pipeline {
        Some(pipeline) if checker.diagnostics.is_empty() => Ok(pipeline),
        _ => Err(checker.diagnostics),
    }
}

/// The artifacts that a stage cannot work without.
fn inputs(kind: ArtifactKind) -> &'static [ArtifactKind] {
    match kind {
        ArtifactKind::Spec => &[],
        ArtifactKind::Plan => &[ArtifactKind::Spec],
        ArtifactKind::Tasks => &[ArtifactKind::Spec, ArtifactKind::Plan],
        ArtifactKind::Build => &[ArtifactKind::Spec, ArtifactKind::Plan, ArtifactKind::Tasks],
        ArtifactKind::Review | ArtifactKind::Verify => &[ArtifactKind::Spec, ArtifactKind::Build],
        ArtifactKind::Merge => &[ArtifactKind::Build, ArtifactKind::Verify],
    }
}

/// The only role that may make an artifact of this kind.
fn maker(kind: ArtifactKind) -> Role {
    match kind {
        ArtifactKind::Spec | ArtifactKind::Merge => Role::None,
        ArtifactKind::Plan | ArtifactKind::Tasks => Role::Planner,
        ArtifactKind::Build => Role::Implementer,
        ArtifactKind::Review => Role::Reviewer,
        ArtifactKind::Verify => Role::Evaluator,
    }
}

struct Checker {
    diagnostics: Vec<Diagnostic>,
    graph: DiGraph<usize, ()>,
    nodes: BTreeMap<String, NodeIndex>,
}

impl Checker {
    fn say(&mut self, span: Range<usize>, message: String) {
        self.diagnostics.push(Diagnostic { span, message, help: None });
    }

    fn unknown_stage(&mut self, what: &str, name: &Spanned<String>) {
        let help = toml_problem::nearest(name.get_ref(), self.nodes.keys().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        let message = format!("{what} names the stage `{}`, which does not exist", name.get_ref());
        self.diagnostics.push(Diagnostic { span: name.span(), message, help });
    }

    fn pipeline(&mut self, file: &PipelineFile) -> Option<Pipeline> {
        if *file.schema.get_ref() != PIPELINE_SCHEMA {
            let found = file.schema.get_ref();
            self.say(
                file.schema.span(),
                format!("pipeline format {found} is not known; this factory reads format {PIPELINE_SCHEMA}"),
            );
            return None;
        }
        if file.stage.is_empty() {
            self.say(file.name.span(), "the pipeline has no stages".to_owned());
            return None;
        }
        let policy = read::policy(&file.policy);
        if let Some(percent) =
            file.policy.min_pass_percent.as_ref().filter(|p| !(1..=100).contains(p.get_ref()))
        {
            self.say(percent.span(), "min_pass_percent is a share between 1 and 100".to_owned());
        }
        let tables: Vec<&StageTable> = file.stage.iter().map(Spanned::get_ref).collect();
        self.nodes(&tables);
        self.edges(&tables);
        let order = self.order(&tables);
        for table in &tables {
            self.stage(table, &tables);
        }
        self.entries(file);
        self.reachable(file, &tables);
        self.merges(&tables);
        let entry = file.entry.get_ref().iter();
        let entry = entry.filter_map(|(kind, id)| Some((*kind, id.get_ref().parse().ok()?))).collect();
        let stages = order?.into_iter().map(|i| stage(tables[i])).collect::<Option<Vec<_>>>()?;
        Some(Pipeline { name: file.name.get_ref().clone(), entry, policy, stages })
    }

    fn nodes(&mut self, tables: &[&StageTable]) {
        for (index, table) in tables.iter().enumerate() {
            let id = table.id.get_ref();
            if let Err(bad) = id.parse::<StageId>() {
                self.say(table.id.span(), bad.to_string());
            }
            if self.nodes.contains_key(id) {
                self.say(table.id.span(), format!("there are two stages named `{id}`"));
            } else {
                let node = self.graph.add_node(index);
                self.nodes.insert(id.clone(), node);
            }
        }
    }

    fn edges(&mut self, tables: &[&StageTable]) {
        for table in tables {
            for need in &table.needs {
                match self.nodes.get(need.get_ref()) {
                    Some(&from) => {
                        let to = self.nodes[table.id.get_ref()];
                        self.graph.update_edge(from, to, ());
                    }
                    None => self.unknown_stage("needs", need),
                }
            }
        }
    }

    fn order(&mut self, tables: &[&StageTable]) -> Option<Vec<usize>> {
        match algo::toposort(&self.graph, None) {
            Ok(nodes) => Some(nodes.into_iter().map(|node| self.graph[node]).collect()),
            Err(cycle) => {
                let table = tables[self.graph[cycle.node_id()]];
                let id = table.id.get_ref();
                self.say(
                    table.id.span(),
                    format!("the stage `{id}` needs itself, through others: work goes back by `returns_to`, not by `needs`"),
                );
                None
            }
        }
    }

    /// Whether `from` is needed by `to`, directly or through others.
    fn leads_to(&self, from: &str, to: &str) -> bool {
        match (self.nodes.get(from), self.nodes.get(to)) {
            (Some(&from), Some(&to)) => from != to && algo::has_path_connecting(&self.graph, from, to, None),
            _ => false,
        }
    }

    fn stage(&mut self, table: &StageTable, tables: &[&StageTable]) {
        let id = table.id.get_ref();
        let kind = *table.makes.get_ref();
        let role = *table.role.get_ref();
        if role != maker(kind) {
            let (kind, right, wrong) = (kind.as_str(), maker(kind).as_str(), role.as_str());
            self.say(table.role.span(), format!("a {kind} is made by the role `{right}`, not by `{wrong}`"));
        }
        let needed: Vec<ArtifactKind> = tables
            .iter()
            .filter(|other| table.needs.iter().any(|need| need.get_ref() == other.id.get_ref()))
            .map(|other| *other.makes.get_ref())
            .collect();
        for input in inputs(kind) {
            match needed.iter().filter(|k| *k == input).count() {
                1 => {}
                0 => self.say(
                    table.id.span(),
                    format!(
                        "the stage `{id}` makes a {} and so needs a stage that makes a {}",
                        kind.as_str(),
                        input.as_str()
                    ),
                ),
                _ => self.say(
                    table.id.span(),
                    format!("the stage `{id}` needs two stages that make a {}", input.as_str()),
                ),
            }
        }
        if role == Role::Implementer && needed.contains(&ArtifactKind::Verify) {
            self.say(
                table.role.span(),
                format!("the implementer's stage `{id}` needs the evaluator's artifact; only feedback may go there, by `returns_to`"),
            );
        }
        if table.exit_gate == ExitGate::Policy && !matches!(kind, ArtifactKind::Review | ArtifactKind::Verify)
        {
            self.say(
                table.id.span(),
                format!("there is no policy for a {}: use `exit_gate = \"human\"` or none", kind.as_str()),
            );
        }
        if table.entry_gate == EntryGate::Human && table.needs.is_empty() {
            self.say(
                table.id.span(),
                format!("a gate before the stage `{id}` would show nothing, since it needs nothing"),
            );
        }
        self.limits(table);
        self.returns(table, tables);
    }

    fn limits(&mut self, table: &StageTable) {
        if let Some(attempts) = table.attempts.as_ref().filter(|a| !(1..=MOST_ATTEMPTS).contains(a.get_ref()))
        {
            self.say(attempts.span(), format!("attempts is a number between 1 and {MOST_ATTEMPTS}"));
        }
        if let Some(timeout) = table.timeout.as_ref().filter(|t| read::seconds(t.get_ref()).is_none()) {
            self.say(timeout.span(), "a timeout is a number with `s`, `m` or `h`, such as `30m`".to_owned());
        }
    }

    fn returns(&mut self, table: &StageTable, tables: &[&StageTable]) {
        let Some(target) = &table.returns_to else {
            return;
        };
        let id = table.id.get_ref();
        let Some(to) = tables.iter().find(|other| other.id.get_ref() == target.get_ref()) else {
            self.unknown_stage("returns_to", target);
            return;
        };
        if !self.leads_to(target.get_ref(), id) {
            let target_id = target.get_ref();
            self.say(
                target.span(),
                format!("`{id}` cannot return work to `{target_id}`, which does not come before it"),
            );
        }
        if *to.role.get_ref() != Role::Implementer {
            self.say(target.span(), "work can only be returned to an implementer's stage".to_owned());
        }
        if to.attempts.is_none() {
            let target_id = target.get_ref();
            self.say(
                to.id.span(),
                format!("`{id}` returns work to `{target_id}`, so `{target_id}` must say how many `attempts` it has: a cycle needs a limit"),
            );
        }
        if table.exit_gate != ExitGate::Policy {
            self.say(
                target.span(),
                format!("`{id}` returns work but has no `exit_gate = \"policy\"` that could fail"),
            );
        }
    }

    fn entries(&mut self, file: &PipelineFile) {
        if file.entry.get_ref().is_empty() {
            self.say(file.entry.span(), "the pipeline has no entry, so no run could begin".to_owned());
        }
        for id in file.entry.get_ref().values() {
            let Some(&node) = self.nodes.get(id.get_ref()) else {
                self.unknown_stage("entry", id);
                continue;
            };
            if self.graph.neighbors_directed(node, petgraph::Direction::Incoming).next().is_some() {
                let name = id.get_ref();
                self.say(
                    id.span(),
                    format!("a run cannot begin at `{name}`, which needs artifacts of other stages"),
                );
            }
        }
    }

    fn reachable(&mut self, file: &PipelineFile, tables: &[&StageTable]) {
        let mut seen = vec![false; tables.len()];
        for id in file.entry.get_ref().values() {
            if let Some(&node) = self.nodes.get(id.get_ref()) {
                let mut walk = Dfs::new(&self.graph, node);
                while let Some(next) = walk.next(&self.graph) {
                    seen[self.graph[next]] = true;
                }
            }
        }
        for (index, table) in tables.iter().enumerate() {
            // The second of two stages with one name has no node; that it is there is said already.
            let is_node = self.graph[self.nodes[table.id.get_ref()]] == index;
            if is_node && !seen[index] {
                self.say(
                    table.id.span(),
                    format!("the stage `{}` is never reached from an entry", table.id.get_ref()),
                );
            }
        }
    }

    /// A merge must stand behind a policy gate on the verification of what is merged. A verification further up is not
    /// enough: it may have judged another build.
    fn merges(&mut self, tables: &[&StageTable]) {
        let merges: Vec<&StageTable> =
            tables.iter().copied().filter(|t| *t.makes.get_ref() == ArtifactKind::Merge).collect();
        if merges.len() != 1 {
            let span = merges.get(1).or(tables.last()).map_or(0..0, |t| t.id.span());
            self.say(
                span,
                format!("a pipeline has exactly one stage that makes a merge; this one has {}", merges.len()),
            );
        }
        for merge in merges {
            let verified = tables
                .iter()
                .filter(|t| merge.needs.iter().any(|need| need.get_ref() == t.id.get_ref()))
                .any(|t| *t.makes.get_ref() == ArtifactKind::Verify && t.exit_gate == ExitGate::Policy);
            if !verified {
                self.say(
                    merge.id.span(),
                    format!(
                        "`{}` can be reached without a verify stage that has `exit_gate = \"policy\"`",
                        merge.id.get_ref()
                    ),
                );
            }
        }
    }
}

fn stage(table: &StageTable) -> Option<Stage> {
    let ids = |names: &[Spanned<String>]| {
        names.iter().map(|n| n.get_ref().parse().ok()).collect::<Option<Vec<_>>>()
    };
    Some(Stage {
        id: table.id.get_ref().parse().ok()?,
        makes: *table.makes.get_ref(),
        role: *table.role.get_ref(),
        needs: ids(&table.needs)?,
        entry_gate: table.entry_gate,
        exit_gate: table.exit_gate,
        attempts: table.attempts.as_ref().map_or(1, |a| *a.get_ref()),
        timeout_seconds: match &table.timeout {
            Some(text) => read::seconds(text.get_ref())?,
            None => DEFAULT_TIMEOUT_SECONDS,
        },
        returns_to: match &table.returns_to {
            Some(name) => Some(name.get_ref().parse().ok()?),
            None => None,
        },
    })
}
