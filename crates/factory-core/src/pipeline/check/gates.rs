//! Who is asked at which gate, and whether there is such a gate and such a group.

use std::collections::BTreeSet;

use toml::Spanned;

use super::super::model::{Edge, EntryGate, ExitGate, GateId, OnExhausted, Role, Zone};
use super::super::read::file::{AuthorityTable, GateTable, StageTable};
use super::super::read::table::{self, Said};
use super::{Checker, called, did_you_mean, is_name, lower};
use crate::toml_problem;

const MOST_APPROVALS: i64 = 10;

impl<'f> Checker<'f> {
    pub(super) fn authorities(&mut self) {
        for group in &self.file.authorities {
            let name = group.name.get_ref();
            let shown = table::shown(name);
            if !is_name(name) {
                self.say(
                    group.name.span(),
                    format!("`{shown}` is not a group's name (lower-case letters, digits and hyphens)"),
                );
            }
            if members(group) == Some(0) {
                self.say(
                    group.name.span(),
                    format!("nobody is in the group `{shown}`, so nobody could decide"),
                );
            }
            for list in [&group.people, &group.keys] {
                let mut seen = BTreeSet::new();
                for member in list.value().into_iter().flatten() {
                    if !seen.insert(member.get_ref()) {
                        let who = table::shown(member.get_ref());
                        self.say(member.span(), format!("`{who}` is in the group `{shown}` twice"));
                    }
                }
            }
            for person in group.people.value().into_iter().flatten().filter(|who| !is_login(who.get_ref())) {
                self.say(person.span(), "a person is named by the login on the machine, in one word");
            }
            for key in group.keys.value().into_iter().flatten().filter(|key| !is_fingerprint(key.get_ref())) {
                let help = Some("`ssh-keygen -lf KEY.pub` prints it".to_owned());
                self.advise(key.span(), "a key is named by its fingerprint, `SHA256:…`", help);
            }
        }
    }

    pub(super) fn gates(&mut self) {
        let mut seen = BTreeSet::new();
        for gate in &self.file.gates {
            let Some(at) = gate.at.this() else {
                self.rule(gate, None);
                continue;
            };
            let Ok(id) = at.get_ref().parse::<GateId>() else {
                let help = self.nearest_gate(at.get_ref());
                let shown = table::shown(at.get_ref());
                self.advise(at.span(), format!("`{shown}` is not a gate, such as `plan:exit`"), help);
                self.rule(gate, None);
                continue;
            };
            if !seen.insert(id.clone()) {
                self.say(at.span(), format!("the gate `{id}` is described twice"));
            }
            self.rule(gate, Some(id.edge));
            let Some(stage) = self.graph.find(id.stage.as_str()) else {
                let stage = Spanned::new(at.span(), id.stage.as_str().to_owned());
                self.unknown_stage("the gate", &stage, None);
                continue;
            };
            self.gate_is_there(at, &id, stage);
            self.asks_each_time(gate, &id, stage);
            for condition in &gate.when {
                self.condition(condition, stage, id.edge == Edge::Exit);
            }
        }
    }

    /// The gate most like a text that is none.
    fn nearest_gate(&self, text: &str) -> Option<String> {
        let edges = [Edge::Entry, Edge::Exit, Edge::Escalation, Edge::Budget];
        let all: Vec<String> = self
            .file
            .stages
            .iter()
            .filter_map(StageTable::id)
            .flat_map(|id| edges.map(|edge| format!("{id}:{}", edge.as_str())))
            .collect();
        did_you_mean(text, all.iter().map(String::as_str))
    }

    fn gate_is_there(&mut self, at: &Spanned<String>, id: &GateId, stage: &StageTable) {
        let entry = stage.entry_gate.or(EntryGate::None);
        let exit = stage.exit_gate.or(ExitGate::None);
        let missing = match id.edge {
            Edge::Entry if entry == Some(EntryGate::None) => "its stage has no `entry_gate = \"human\"`",
            Edge::Exit if exit == Some(ExitGate::None) => "its stage has no `exit_gate = \"human\"`",
            Edge::Exit if exit == Some(ExitGate::Policy) => "policy decides there, and nobody is asked",
            Edge::Escalation if self.merge_before(stage).is_some() => {
                "nobody is asked about what comes after the merge"
            }
            Edge::Escalation if lower::on_exhausted(stage) == Some(OnExhausted::Fail) => {
                "its stage has no `on_exhausted = \"escalate\"`"
            }
            Edge::Budget if stage.role.value() == Some(&Role::None) => "its stage asks no model",
            Edge::Entry | Edge::Exit | Edge::Escalation | Edge::Budget => return,
        };
        self.say(at.span(), format!("there is no gate `{id}`: {missing}"));
    }

    /// A zone that promises that a person is asked knows no conditions, and neither does a gate where a stage is stuck.
    fn asks_each_time(&mut self, gate: &GateTable, id: &GateId, stage: &StageTable) {
        let Some(first) = gate.when.first() else { return };
        let promised = match (id.edge, stage.zone.value()) {
            (Edge::Escalation | Edge::Budget, _) => {
                self.say(
                    first.span.clone(),
                    "a gate where a stage is stuck has no conditions: it is always asked",
                );
                return;
            }
            (Edge::Entry, Some(zone @ Zone::Guarded)) | (Edge::Exit, Some(zone @ Zone::Supervised)) => zone,
            (
                Edge::Entry | Edge::Exit,
                Some(Zone::Supervised | Zone::Autonomous | Zone::Guarded | Zone::Advisory) | None,
            ) => return,
        };
        let message = format!(
            "a person is asked each time at `{id}`, since {} is {}: it has no conditions",
            called(stage),
            promised.as_str()
        );
        self.say(first.span.clone(), message);
    }

    fn rule(&mut self, gate: &GateTable, edge: Option<Edge>) {
        let group = gate.authority.this().and_then(|name| self.group(name));
        if let Some(approvals) = gate.approvals.this() {
            let group = group.and_then(|group| Some((group, members(group)?)));
            self.approvals(approvals, group, edge);
        }
        self.duration("a timeout", "48h", &gate.timeout);
    }

    fn group(&mut self, name: &Spanned<String>) -> Option<&'f AuthorityTable> {
        let groups = &self.file.authorities;
        let found = groups.iter().find(|group| group.name.get_ref() == name.get_ref());
        if found.is_none() && self.file.authorities_whole {
            let known = groups.iter().map(|group| group.name.get_ref().as_str());
            let help = toml_problem::nearest(name.get_ref(), known)
                .map(|near| format!("did you mean `{near}`?"))
                .or_else(|| {
                    Some(format!("`[authority.{}]` would say who is in it", table::shown(name.get_ref())))
                });
            let message = format!("there is no group `{}`", table::shown(name.get_ref()));
            self.advise(name.span(), message, help);
        }
        found
    }

    fn approvals(
        &mut self,
        approvals: &Spanned<i64>,
        group: Option<(&AuthorityTable, usize)>,
        edge: Option<Edge>,
    ) {
        let wanted = *approvals.get_ref();
        if !(1..=MOST_APPROVALS).contains(&wanted) {
            self.say(approvals.span(), format!("approvals is a number between 1 and {MOST_APPROVALS}"));
            return;
        }
        if let Some((group, most)) = group
            && usize::try_from(wanted).is_ok_and(|wanted| wanted > most)
        {
            let name = table::shown(group.name.get_ref());
            let message = format!("{wanted} people have to approve, but the group `{name}` has only {most}");
            self.say(approvals.span(), message);
        }
        if wanted > 1 && matches!(edge, Some(Edge::Escalation | Edge::Budget)) {
            self.say(approvals.span(), "where a stage is stuck, one person decides");
        }
    }
}

/// How many are in a group; `None` where that cannot be read.
fn members(group: &AuthorityTable) -> Option<usize> {
    let count = |list: &Said<Vec<Spanned<String>>>| {
        let list = list.or(Vec::new())?;
        Some(list.iter().map(|member| member.get_ref().clone()).collect::<BTreeSet<_>>().len())
    };
    Some(count(&group.people)? + count(&group.keys)?)
}

fn is_login(text: &str) -> bool {
    !text.is_empty() && text.len() <= 80 && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// A fingerprint as OpenSSH prints it, in base64. How long it is, is not looked at: there is nothing to be gained by a
/// wrong one.
fn is_fingerprint(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.strip_prefix("SHA256:").is_some_and(|hash| !hash.is_empty() && hash.bytes().all(base64))
}
