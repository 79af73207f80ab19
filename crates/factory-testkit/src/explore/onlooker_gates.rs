//! What the onlooker makes of gates: what they show, who decided, and whether they might.

use std::collections::BTreeSet;

use factory_core::event::{Channel, Decision, GateDecided};
use factory_core::ids::{Digest, Timestamp};
use factory_core::pipeline::model::{Edge, EntryGate, ExitGate};

use super::cast::Actor;
use super::catalog::Item;
use super::ghost::{Aside, Ghost, Open, Standing, Work};
use super::invariant::{Invariant, Kept, Violation, ensure};
use super::onlooker::Onlooker;
use super::truth::Truth;

impl Onlooker<'_> {
    fn items(&self, digests: &[Digest]) -> Vec<Option<Item>> {
        let mut items: Vec<_> = digests.iter().map(|digest| self.catalog.find(digest)).collect();
        items.sort_unstable();
        items
    }

    /// What a gate on that side has to show now.
    fn must_show(&self, ghost: &Ghost, place: u8, edge: Edge) -> Vec<Option<Item>> {
        match edge {
            Edge::Entry | Edge::Exit | Edge::Escalation => self.there(ghost, place),
            Edge::Budget => Vec::new(),
        }
    }

    pub(super) fn opened(
        &self,
        ghost: &mut Ghost,
        place: u8,
        edge: Edge,
        sees: &[Digest],
        expires: Option<Timestamp>,
    ) -> Kept {
        let sees = self.items(sees);
        ensure(sees == self.must_show(ghost, place, edge), Invariant::Reopened, || {
            format!("{}:{} shows something else than what is there", self.name(place), edge.as_str())
        })?;
        ensure(
            edge == Edge::Escalation || ghost.at(place).standing != Standing::Caught,
            Invariant::Quarantine,
            || format!("{}:{} opens for what a tripwire caught", self.name(place), edge.as_str()),
        )?;
        let watched = ghost.at_mut(place);
        watched.open = Some(Open { edge, sees, approved: BTreeSet::new(), expires: Aside(expires) });
        if edge == Edge::Budget && watched.work == Work::Blocked {
            // The try that was blocked is made again, and counts once.
            watched.work = Work::Idle;
            watched.tries += 1;
        }
        Ok(())
    }

    /// What somebody says that they saw is what the gate shows, and that is still there.
    pub(super) fn still_shows(&self, ghost: &Ghost, place: u8, edge: Edge, seen: &[Digest]) -> Kept {
        let gate = || format!("{}:{}", self.name(place), edge.as_str());
        let open = ghost.at(place).open.as_ref().filter(|open| open.edge == edge);
        let open = open.ok_or_else(|| {
            Violation::new(
                Invariant::Authority,
                format!("{} is looked at or decided, and is not open", gate()),
            )
        })?;
        let seen = self.items(seen);
        let there = self.must_show(ghost, place, edge);
        ensure(seen == open.sees && seen == there, Invariant::Reopened, || {
            format!("{} is decided on something else than what is there", gate())
        })
    }

    /// A person has decided.
    pub(super) fn decided(&self, ghost: &mut Ghost, place: u8, decided: &GateDecided, at: Timestamp) -> Kept {
        let edge = decided.gate.edge;
        self.still_shows(ghost, place, edge, &decided.seen)?;
        let gate = &decided.gate;
        let actor = self.world.actor(&decided.by.login).ok_or_else(|| {
            Violation::new(Invariant::Authority, format!("{gate} is decided by nobody that is known"))
        })?;
        self.might(ghost, place, decided, actor, at)?;
        match (decided.decision, edge) {
            (Decision::Approved, Edge::Entry | Edge::Exit) => self.approved(ghost, place, decided, actor),
            (Decision::Approved, Edge::Budget) => {
                self.raised(ghost, place);
                Ok(())
            }
            (Decision::Overridden, Edge::Escalation) => self.overridden(ghost, place, decided),
            (Decision::Rejected, _) | (Decision::Retried, Edge::Entry | Edge::Exit | Edge::Escalation) => {
                let watched = ghost.at_mut(place);
                watched.open = None;
                watched.standing = Standing::Refused;
                Ok(())
            }
            (Decision::Approved, Edge::Escalation)
            | (Decision::Overridden, Edge::Entry | Edge::Exit | Edge::Budget)
            | (Decision::Retried, Edge::Budget) => Err(Violation::new(
                Invariant::Authority,
                format!("{gate} is {}, which nobody may do there", decided.decision.as_str()),
            )),
        }
    }

    /// Whether this person might decide so.
    fn might(&self, ghost: &Ghost, place: u8, decided: &GateDecided, actor: &Actor, at: Timestamp) -> Kept {
        let gate = &decided.gate;
        let who = &actor.person.login;
        let rules = &self.world.stage(place).rules;
        let rule = rules.get(&gate.edge);
        let open = ghost.at(place).open.as_ref();
        let shut = open.and_then(|open| open.expires.0).is_some_and(|until| until <= at);
        let deny = |words: String| Err(Violation::new(Invariant::Authority, words));
        if shut {
            return deny(format!("{gate} is decided after it was shut"));
        }
        if decided.because.trim().is_empty() {
            return deny(format!("{gate} is decided without a reason"));
        }
        let group = rule.and_then(|rule| rule.authority.as_deref());
        if let Some(group) = group.filter(|group| !actor.groups.contains(group)) {
            return deny(format!("{who} decides at {gate} and does not belong to {group}"));
        }
        let asks =
            rule.is_some_and(|rule| rule.authority.is_some() || rule.approvals > 1 || rule.not_requester);
        let stuck = matches!(gate.edge, Edge::Escalation | Edge::Budget);
        let guarded = gate.edge == Edge::Exit && self.is_guarded(ghost, place);
        if decided.via == Channel::InAdvance && (asks || stuck || guarded) {
            return deny(format!("{gate} is decided in advance"));
        }
        let agrees = matches!(decided.decision, Decision::Approved | Decision::Overridden);
        if agrees && rule.is_some_and(|rule| rule.not_requester) && actor.human == 0 {
            return deny(format!("{who} asked for the run and agrees at {gate}"));
        }
        // Twice by one person only counts as twice where it is about the same.
        let again = open.is_some_and(|open| open.approved.contains(&actor.human));
        if agrees && again {
            return deny(format!("{who} agrees at {gate} a second time"));
        }
        Ok(())
    }

    /// One more approval; whoever changes the artifact is the first to approve what it is now.
    fn approved(&self, ghost: &mut Ghost, place: u8, decided: &GateDecided, actor: &Actor) -> Kept {
        let edge = decided.gate.edge;
        let edited = decided.edited.as_ref().map(|edited| self.catalog.find(&edited.digest));
        if let Some(item) = edited {
            let sound = item.is_some_and(|item| !matches!(self.catalog.truth(item), Truth::Unsound { .. }));
            ensure(sound, Invariant::Unscored, || {
                format!("{} is approved with changes that cannot be used", decided.gate)
            })?;
            ghost.at_mut(place).made = item;
        }
        let there = self.must_show(ghost, place, edge);
        let wanted = self.world.stage(place).rules.get(&edge).map_or(1, |rule| rule.approvals);
        let watched = ghost.at_mut(place);
        let Some(open) = &mut watched.open else { return Ok(()) };
        if edited.is_some() {
            open.approved.clear();
            open.sees = there;
        }
        open.approved.insert(actor.human);
        if u32::try_from(open.approved.len()).is_ok_and(|have| have >= wanted) {
            self.passed(ghost, place, edge);
        }
        Ok(())
    }

    fn passed(&self, ghost: &mut Ghost, place: u8, edge: Edge) {
        let watched = ghost.at_mut(place);
        watched.open = None;
        match edge {
            Edge::Entry => watched.entered = true,
            Edge::Exit | Edge::Escalation | Edge::Budget => {
                ghost.settle(self.world, place, Standing::Passed);
            }
        }
    }

    /// The same budgets once more, until they are not spent any more.
    fn raised(&self, ghost: &mut Ghost, place: u8) {
        let raise = |left: Option<i64>, cap: Option<u64>| {
            let (mut left, cap) = (left?, i64::try_from(cap?).expect("budgets are small"));
            while left <= 0 {
                left += cap;
            }
            Some(left)
        };
        ghost.purse = raise(ghost.purse, self.world.run_cap());
        let cap = self.world.stage(place).budget.tokens;
        let watched = ghost.at_mut(place);
        watched.purse = raise(watched.purse, cap);
        watched.open = None;
    }

    /// A person may override a verdict that names all that is wrong, or that the base has moved.
    fn overridden(&self, ghost: &mut Ghost, place: u8, decided: &GateDecided) -> Kept {
        let merges = self.makes_merge(place);
        let truth = ghost.truth(self.catalog, place);
        let expected = if merges { &["base-moved"][..] } else { truth.map_or(&[][..], Truth::findings) };
        let mut named: Vec<&str> = decided.overrides.iter().map(|finding| finding.as_str()).collect();
        named.sort_unstable();
        named.dedup();
        let caught = ghost.at(place).standing == Standing::Caught;
        let promise = if caught { Invariant::Quarantine } else { Invariant::Verified };
        ensure(!expected.is_empty() && named == expected, promise, || {
            format!("{} is overridden, and what is wrong is not named", decided.gate)
        })?;
        let watched = ghost.at_mut(place);
        watched.open = None;
        watched.let_go = caught;
        if caught && self.world.stage(place).exit_gate == ExitGate::Human {
            // Its own gate is still before it.
            ghost.at_mut(place).standing = Standing::Made;
        } else if merges {
            // It is tried where it stands.
            watched.tries += 1;
        } else {
            ghost.settle(self.world, place, Standing::Overridden);
        }
        Ok(())
    }

    pub(super) fn expired(&self, ghost: &mut Ghost, place: u8, edge: Edge, at: Timestamp) -> Kept {
        let watched = ghost.at_mut(place);
        let open = watched.open.take().filter(|open| open.edge == edge);
        let due = open.and_then(|open| open.expires.0).is_some_and(|until| until <= at);
        ensure(due, Invariant::Authority, || {
            format!("{}:{} is shut before its time", self.name(place), edge.as_str())
        })?;
        watched_refused(ghost, place);
        Ok(())
    }

    /// Policy has decided: at its own gates as the figures say, at people's only where nobody has to be asked.
    pub(super) fn judged(
        &self,
        ghost: &mut Ghost,
        place: u8,
        edge: Edge,
        sees: &[Digest],
        passed: bool,
    ) -> Kept {
        let stage = self.world.stage(place);
        let gate = || format!("{}:{}", stage.id, edge.as_str());
        ensure(ghost.at(place).standing != Standing::Caught, Invariant::Quarantine, || {
            format!("policy decides at {} about what a tripwire caught", gate())
        })?;
        if edge == Edge::Exit && stage.exit_gate == ExitGate::Policy {
            let own = ghost.at(place).made;
            ensure(self.items(sees) == [own], Invariant::Reopened, || {
                format!("policy judges something else at {} than what is there", gate())
            })?;
            let truth = ghost.truth(self.catalog, place).and_then(Truth::passes);
            ensure(truth == Some(passed), Invariant::Unscored, || {
                format!("policy says `passed: {passed}` at {}, and the figures do not", gate())
            })?;
        } else {
            let human = (edge == Edge::Entry && stage.entry_gate == EntryGate::Human)
                || (edge == Edge::Exit && stage.exit_gate == ExitGate::Human);
            let own = (edge == Edge::Exit).then_some(place);
            let guarded = edge == Edge::Exit && self.is_guarded(ghost, place);
            let spared = stage
                .rules
                .get(&edge)
                .is_some_and(|rule| rule.when.iter().any(|of| self.is_known_false(ghost, of, own)));
            ensure(human && passed && spared && !guarded, Invariant::Authority, || {
                format!("policy decides at {}, where a person has to", gate())
            })?;
            ensure(self.items(sees) == self.must_show(ghost, place, edge), Invariant::Reopened, || {
                format!("policy passes {} for something else than what is there", gate())
            })?;
        }
        if passed {
            self.passed(ghost, place, edge);
        } else {
            watched_refused(ghost, place);
        }
        Ok(())
    }
}

fn watched_refused(ghost: &mut Ghost, place: u8) {
    ghost.at_mut(place).standing = Standing::Refused;
}
