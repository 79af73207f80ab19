//! What trust allows, phase by phase and figure by figure, and what holds whatever the figures are.

use proptest::prelude::*;

use super::*;
use crate::decide::LONGEST_RATIONALE;
use crate::ids::Timestamp;
use crate::risk::{Area, Reason, Risk, RiskClass};

const NOW: Timestamp = Timestamp(1_000_000_000_000);
const DAY: u64 = 24 * 60 * 60 * 1000;

fn risk(class: RiskClass, areas: &[(Area, RiskClass)]) -> Risk {
    let reason = |&(area, class): &(Area, RiskClass)| Reason {
        path: Some("a".to_owned()),
        area,
        class,
        why: "because".to_owned(),
    };
    Risk { class, reasons: areas.iter().map(reason).collect() }
}

fn passed(at: u64) -> Option<Judged> {
    Some(Judged { passed: true, at: Timestamp(at) })
}

fn is_auto(rule: &MergeRule) -> bool {
    match rule {
        MergeRule::Auto { .. } => true,
        MergeRule::Human { .. } | MergeRule::HumanAfter { .. } => false,
    }
}

fn at(phase: Phase) -> TrustState {
    let mut state = TrustState::default();
    while state.phase() < phase {
        let to = state.phase().next().unwrap();
        let by = TrustActor::Human { login: "ada".to_owned(), because: "it is ready".to_owned() };
        state = state.after(&TrustChange { from: state.phase(), to, by, at: Timestamp(0) }).unwrap();
    }
    state
}

/// Figures that meet everything.
fn ready() -> Readiness {
    Readiness {
        decisions: 20,
        overrides: Share::new(1, 20),
        false_positives: Share::new(0, 20),
        misses: Share::new(0, 20),
        rollbacks: Share::new(0, 20),
        auto_merged_rolled_back: Some(0),
        coverage_bp: Some(8_000),
        spec_iterations_x100: Some(299),
        days_in_phase: 30,
        consecutive_days_override_below_10: 30,
        health: Health::default(),
    }
}

#[test]
fn who_merges_follows_the_phase() {
    let low = risk(RiskClass::Low, &[]);
    let rule = |phase| merge_rule(phase, &low, 4, passed(NOW.0), NOW);
    assert!(matches!(rule(Phase::Shadow), MergeRule::Human { .. }));
    assert!(matches!(rule(Phase::Advised), MergeRule::HumanAfter { .. }));
    assert!(is_auto(&rule(Phase::LowRisk)));
    assert!(is_auto(&rule(Phase::Full)));
}

#[test]
fn advised_means_a_day_for_objections() {
    let low = risk(RiskClass::Low, &[]);
    let rule = |passed_at: u64| merge_rule(Phase::Advised, &low, 1, passed(passed_at), NOW);
    let until = |not_before: u64| Some(Timestamp(not_before));
    let waits = |rule: MergeRule| match rule {
        MergeRule::HumanAfter { not_before, .. } => Some(not_before),
        MergeRule::Human { .. } => None,
        MergeRule::Auto { .. } => panic!("merged by itself"),
    };
    assert_eq!(waits(rule(NOW.0)), until(NOW.0 + DAY));
    assert_eq!(waits(rule(NOW.0 - DAY + 1)), until(NOW.0 + 1));
    assert_eq!(waits(rule(NOW.0 - DAY)), None);
    // After a clock was put back, and at the end of time.
    assert_eq!(waits(rule(NOW.0 + 5)), until(NOW.0 + 5 + DAY));
    assert_eq!(waits(rule(u64::MAX)), until(u64::MAX));
}

#[test]
fn low_risk_is_low_and_small() {
    let rule = |risk: Risk, files| is_auto(&merge_rule(Phase::LowRisk, &risk, files, passed(0), NOW));
    assert!(rule(risk(RiskClass::Low, &[]), 4));
    assert!(rule(risk(RiskClass::Low, &[(Area::Auth, RiskClass::Low)]), 4));
    assert!(!rule(risk(RiskClass::Low, &[]), 5));
    assert!(!rule(risk(RiskClass::Medium, &[]), 1));
    assert!(!rule(risk(RiskClass::High, &[]), 1));
    // What was stored and does not agree with itself.
    assert!(!rule(risk(RiskClass::Low, &[(Area::Auth, RiskClass::High)]), 1));
}

#[test]
fn full_trust_still_asks_about_what_decides_about_changes() {
    let auto =
        |area, class| is_auto(&merge_rule(Phase::Full, &risk(class, &[(area, class)]), 9, passed(0), NOW));
    for area in [Area::Ci, Area::FactoryConfig, Area::AgentInstructions, Area::Unusual] {
        assert!(!auto(area, RiskClass::High), "{area:?}");
        assert!(auto(area, RiskClass::Medium), "{area:?}");
    }
    for area in
        [Area::Auth, Area::Payment, Area::Infrastructure, Area::Migration, Area::Secrets, Area::Deletion]
    {
        assert!(auto(area, RiskClass::High), "{area:?}");
    }
    let mixed = risk(RiskClass::High, &[(Area::Auth, RiskClass::High), (Area::Ci, RiskClass::Medium)]);
    assert!(is_auto(&merge_rule(Phase::Full, &mixed, 9, passed(0), NOW)));
}

#[test]
fn trust_climbs_one_phase_at_a_time_and_only_on_good_figures() {
    let mut state = TrustState::default();
    for to in [Phase::Advised, Phase::LowRisk, Phase::Full] {
        let change = promote(&state, &ready(), to, "ada", " ready ", NOW).unwrap();
        let by = TrustActor::Human { login: "ada".to_owned(), because: "ready".to_owned() };
        assert_eq!(change, TrustChange { from: state.phase(), to, by, at: NOW });
        state = state.after(&change).unwrap();
    }
    assert_eq!((state.phase(), state.since()), (Phase::Full, Some(NOW)));
    for (from, to) in [
        (Phase::Shadow, Phase::LowRisk),
        (Phase::Shadow, Phase::Full),
        (Phase::Advised, Phase::Full),
        (Phase::Advised, Phase::Advised),
        (Phase::LowRisk, Phase::Shadow),
        (Phase::Full, Phase::Full),
    ] {
        assert_eq!(promotion(&at(from), &ready(), to), Err(Refusal::NotNext { from, to }));
    }
}

#[test]
fn nobody_raises_or_lowers_trust_without_a_name_and_a_reason() {
    let up = |login: &str, because: &str| {
        promote(&TrustState::default(), &ready(), Phase::Advised, login, because, NOW).unwrap_err()
    };
    let down = |login: &str, because: &str| {
        demote(&at(Phase::Full), Phase::Shadow, login, because, NOW).unwrap_err()
    };
    let long = "x".repeat(LONGEST_RATIONALE + 1);
    for refused in [&up, &down] as [&dyn Fn(&str, &str) -> Refusal; 2] {
        assert_eq!(refused(" ", "ready"), Refusal::NoPerson);
        assert_eq!(refused("ada", ""), Refusal::NoReason);
        assert_eq!(refused("ada", " \u{200b}\n--"), Refusal::NoReason);
        assert_eq!(refused("ada", &long), Refusal::LongReason { found: long.len() });
    }
}

#[test]
fn people_lower_trust_at_any_time() {
    let change = demote(&at(Phase::Full), Phase::Shadow, "ada", "a holiday", NOW).unwrap();
    assert_eq!(at(Phase::Full).after(&change).unwrap().phase(), Phase::Shadow);
    for to in [Phase::LowRisk, Phase::Full] {
        let refused = demote(&at(Phase::LowRisk), to, "ada", "up", NOW);
        assert_eq!(refused, Err(Refusal::NotLower { from: Phase::LowRisk, to }));
    }
}

/// Each figure just at the limit, with the criterion that it fails and the lowest phase that asks for it.
fn spoilt() -> Vec<(Criterion, Phase, Readiness)> {
    let advised = |criterion, figures| (criterion, Phase::Advised, figures);
    let low_risk = |criterion, figures| (criterion, Phase::LowRisk, figures);
    let full = |criterion, figures| (criterion, Phase::Full, figures);
    let r = ready;
    vec![
        advised(Criterion::Decisions, Readiness { decisions: 19, ..r() }),
        advised(Criterion::Overrides, Readiness { overrides: Share::new(2, 20), ..r() }),
        advised(Criterion::Overrides, Readiness { overrides: Share::new(0, 19), ..r() }),
        advised(Criterion::Overrides, Readiness { overrides: Share::default(), ..r() }),
        advised(Criterion::FalsePositives, Readiness { false_positives: Share::new(1, 20), ..r() }),
        advised(Criterion::FalsePositives, Readiness { false_positives: Share::default(), ..r() }),
        advised(Criterion::Misses, Readiness { misses: Share::new(5, 100), ..r() }),
        advised(Criterion::Misses, Readiness { misses: Share::default(), ..r() }),
        low_risk(Criterion::Coverage, Readiness { coverage_bp: Some(7_999), ..r() }),
        low_risk(Criterion::Coverage, Readiness { coverage_bp: Some(10_001), ..r() }),
        low_risk(Criterion::Coverage, Readiness { coverage_bp: None, ..r() }),
        low_risk(Criterion::Rollbacks, Readiness { rollbacks: Share::new(1, 20), ..r() }),
        low_risk(Criterion::Rollbacks, Readiness { rollbacks: Share::default(), ..r() }),
        low_risk(Criterion::AutoMergedRolledBack, Readiness { auto_merged_rolled_back: Some(1), ..r() }),
        low_risk(Criterion::AutoMergedRolledBack, Readiness { auto_merged_rolled_back: None, ..r() }),
        low_risk(Criterion::SpecIterations, Readiness { spec_iterations_x100: Some(300), ..r() }),
        low_risk(Criterion::SpecIterations, Readiness { spec_iterations_x100: None, ..r() }),
        full(Criterion::DaysInPhase, Readiness { days_in_phase: 29, ..r() }),
        full(Criterion::CalmDays, Readiness { consecutive_days_override_below_10: 29, ..r() }),
    ]
}

#[test]
fn each_criterion_alone_refuses_from_its_phase_on() {
    for (criterion, first, figures) in spoilt() {
        for to in [Phase::Advised, Phase::LowRisk, Phase::Full] {
            let missing: Vec<Criterion> = unmet(&figures, to).iter().map(|unmet| unmet.criterion).collect();
            let expected = if to >= first { vec![criterion] } else { Vec::new() };
            assert_eq!(missing, expected, "{to}: {figures:?}");
        }
        let before = Phase::ALL.into_iter().rfind(|phase| *phase < first).unwrap();
        assert!(promotion(&at(before), &figures, first).is_err(), "{figures:?}");
    }
    assert_eq!(unmet(&Readiness::default(), Phase::Full).len(), 10);
}

#[test]
fn a_refusal_lists_everything_that_is_not_met() {
    let figures = Readiness { decisions: 7, coverage_bp: None, rollbacks: Share::new(1, 20), ..ready() };
    let refusal = promotion(&at(Phase::Advised), &figures, Phase::LowRisk).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "low_risk asks for more: asked: at least 20 decisions, found: 7; asked: scenarios for at least 80 % of the \
         requirements, found: unknown; asked: rollbacks below 5 % of at least 20 merges, found: 1 of 20 (5.0 %)"
    );
}

#[test]
fn alerts_lower_trust_as_far_as_they_must() {
    let r = ready;
    for (figures, ceiling) in [
        (Readiness { overrides: Share::new(3, 20), ..r() }, Phase::Advised),
        (Readiness { rollbacks: Share::new(2, 20), ..r() }, Phase::Advised),
        (Readiness { false_positives: Share::new(2, 20), ..r() }, Phase::Advised),
        (Readiness { coverage_bp: Some(6_999), ..r() }, Phase::Advised),
        (Readiness { auto_merged_rolled_back: Some(1), ..r() }, Phase::Advised),
        (Readiness { misses: Share::new(2, 20), ..r() }, Phase::Shadow),
        (Readiness { misses: Share::new(2, 20), overrides: Share::new(9, 20), ..r() }, Phase::Shadow),
        // Exactly at the limit, or too little to say.
        (Readiness { overrides: Share::new(2, 20), ..r() }, Phase::Full),
        (Readiness { rollbacks: Share::new(1, 20), ..r() }, Phase::Full),
        (Readiness { misses: Share::new(19, 19), ..r() }, Phase::Full),
        (Readiness { coverage_bp: Some(7_000), ..r() }, Phase::Full),
        (Readiness::default(), Phase::Full),
    ] {
        for phase in Phase::ALL {
            let state = at(phase);
            assert_eq!(effective_phase(&state, &figures), phase.min(ceiling), "{phase}: {figures:?}");
            if let Some(due) = demotion(&state, &figures) {
                assert_eq!(state.after(&due.change(NOW)).unwrap().phase(), ceiling);
            }
        }
    }
    // One rollback counts at once, however little else is known.
    let one = Readiness { auto_merged_rolled_back: Some(1), ..Readiness::default() };
    let due = demotion(&at(Phase::LowRisk), &one).unwrap();
    assert_eq!(
        (due.to, due.because().as_str()),
        (Phase::Advised, "taken back after merging without a person: 1")
    );
}

#[test]
fn what_is_due_comes_before_what_is_asked_for() {
    let figures = Readiness { misses: Share::new(2, 20), ..ready() };
    let refusal = promotion(&at(Phase::Advised), &figures, Phase::LowRisk).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "trust has to be lowered to shadow first, because of misses above 5 %: 2 of 20 (10.0 %)"
    );
}

#[test]
fn a_history_that_cannot_have_been_is_refused() {
    let human = || TrustActor::Human { login: "ada".to_owned(), because: "so".to_owned() };
    let auto = || TrustActor::Automatic { because: "figures".to_owned() };
    let nameless = || TrustActor::Human { login: String::new(), because: "so".to_owned() };
    let change = |from, to, by| TrustChange { from, to, by, at: NOW };
    let (shadow, advised, low_risk, full) = (Phase::Shadow, Phase::Advised, Phase::LowRisk, Phase::Full);
    let state = at(advised);
    for (change, error) in [
        (change(shadow, advised, human()), BrokenTrust::Gap { expected: advised, found: shadow }),
        (change(advised, advised, human()), BrokenTrust::Nothing(advised)),
        (change(advised, full, human()), BrokenTrust::Leap { from: advised, to: full }),
        (change(advised, low_risk, auto()), BrokenTrust::RaisedItself { from: advised, to: low_risk }),
        (change(advised, low_risk, nameless()), BrokenTrust::Unfounded { from: advised, to: low_risk }),
        (change(advised, shadow, nameless()), BrokenTrust::Unfounded { from: advised, to: shadow }),
    ] {
        assert_eq!(state.after(&change), Err(error));
    }
    let history = [change(shadow, advised, human()), change(advised, shadow, auto())];
    assert_eq!(TrustState::of(&history).unwrap().phase(), shadow);
    assert!(TrustState::of(&history[1..]).is_err());
    assert_eq!(TrustState::of(&[]).unwrap(), TrustState::default());
}

#[test]
fn a_change_is_stored_in_these_words() {
    let change = demotion(&at(Phase::Full), &Readiness { auto_merged_rolled_back: Some(1), ..ready() });
    let text = serde_json::to_string(&change.unwrap().change(Timestamp(7))).unwrap();
    assert_eq!(
        text,
        r#"{"from":"full","to":"advised","by":{"is":"automatic","because":"taken back after merging without a person: 1"},"at":7}"#
    );
    let read: TrustChange = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    for wrong in [
        text.replacen('{', r#"{"extra":1,"#, 1),
        text.replace(r#""is":"automatic""#, r#""is":"automatic","login":"ada""#),
        text.replace("advised", "adviced"),
    ] {
        assert!(serde_json::from_str::<TrustChange>(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn days_in_a_phase_are_whole_and_never_invented() {
    assert_eq!(TrustState::default().days_in_phase(NOW), 0);
    let state = at(Phase::Advised);
    assert_eq!(state.days_in_phase(Timestamp(2 * DAY - 1)), 1);
    assert_eq!(state.days_in_phase(Timestamp(2 * DAY)), 2);
    assert_eq!(state.days_in_phase(Timestamp(u64::MAX)), u32::MAX);
}

#[test]
fn the_daily_look_has_the_asked_limits() {
    let minutes = |n: u64| Some(n * 60_000);
    let figures = |pass, positive, rollback, time, coverage_bp, retry| Readiness {
        false_positives: Share::new(positive, 100),
        rollbacks: Share::new(rollback, 100),
        coverage_bp: Some(coverage_bp),
        health: Health {
            scenario_passes: Share::new(pass, 100),
            agent_retries: Share::new(retry, 100),
            mean_time_to_merge_ms: time,
        },
        ..Readiness::default()
    };
    for (figures, level) in [
        (figures(95, 2, 1, minutes(29), 8_000, 19), Level::Good),
        (figures(94, 3, 2, minutes(30), 7_999, 20), Level::Fair),
        (figures(90, 5, 5, minutes(120), 7_000, 40), Level::Fair),
        (figures(89, 6, 6, minutes(121), 6_999, 41), Level::Alert),
        (figures(101, 101, 101, None, 10_001, 101), Level::Unknown),
        (Readiness::default(), Level::Unknown),
    ] {
        let rows = daily_health(&figures);
        assert_eq!(rows.len(), 6);
        for row in rows {
            assert_eq!(row.level, level, "{row:?}");
        }
    }
}

fn any_share() -> impl Strategy<Value = Share> {
    let any_number = || prop_oneof![4 => 0..40_u64, 1 => any::<u64>()];
    prop_oneof![
        2 => (any_number(), any_number()).prop_map(|(hits, of)| Share::new(hits, of)),
        3 => (0..3_u64, 20..60_u64).prop_map(|(hits, of)| Share::new(hits, of)),
    ]
}

fn any_figures() -> impl Strategy<Value = Readiness> {
    let shares = (any_share(), any_share(), any_share(), any_share());
    let rolled_back =
        prop_oneof![Just(None), Just(Some(0)), (0..3_u64).prop_map(Some), any::<u64>().prop_map(Some)];
    let coverage = prop_oneof![Just(None), (6_500..10_100_u32).prop_map(Some), any::<u32>().prop_map(Some)];
    let iterations = prop_oneof![Just(None), (0..400_u32).prop_map(Some), any::<u32>().prop_map(Some)];
    let days = || prop_oneof![0..60_u32, any::<u32>()];
    (shares, 0..60_u64, rolled_back, coverage, iterations, days(), days()).prop_map(
        |(shares, decisions, auto_merged_rolled_back, coverage_bp, spec_iterations_x100, in_phase, calm)| {
            Readiness {
                decisions,
                overrides: shares.0,
                false_positives: shares.1,
                misses: shares.2,
                rollbacks: shares.3,
                auto_merged_rolled_back,
                coverage_bp,
                spec_iterations_x100,
                days_in_phase: in_phase,
                consecutive_days_override_below_10: calm,
                health: Health {
                    scenario_passes: shares.1,
                    agent_retries: shares.2,
                    mean_time_to_merge_ms: None,
                },
            }
        },
    )
}

/// Good figures with any number of them spoilt: the neighbourhood in which promotions succeed.
fn nearly_ready() -> impl Strategy<Value = Readiness> {
    (any_figures(), prop::collection::vec(prop::bool::weighted(0.1), 10)).prop_map(|(any, spoil)| {
        let good = ready();
        Readiness {
            decisions: if spoil[0] { any.decisions } else { good.decisions },
            overrides: if spoil[1] { any.overrides } else { good.overrides },
            false_positives: if spoil[2] { any.false_positives } else { good.false_positives },
            misses: if spoil[3] { any.misses } else { good.misses },
            rollbacks: if spoil[4] { any.rollbacks } else { good.rollbacks },
            auto_merged_rolled_back: if spoil[5] { any.auto_merged_rolled_back } else { Some(0) },
            coverage_bp: if spoil[6] { any.coverage_bp } else { good.coverage_bp },
            spec_iterations_x100: if spoil[7] { any.spec_iterations_x100 } else { good.spec_iterations_x100 },
            days_in_phase: if spoil[8] { any.days_in_phase } else { good.days_in_phase },
            consecutive_days_override_below_10: if spoil[9] {
                any.consecutive_days_override_below_10
            } else {
                30
            },
            health: any.health,
        }
    })
}

fn any_phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(Phase::ALL.to_vec())
}

fn any_risk() -> impl Strategy<Value = Risk> {
    let class = || prop::sample::select(vec![RiskClass::Low, RiskClass::Medium, RiskClass::High]);
    let area =
        prop::sample::select(vec![Area::Auth, Area::Ci, Area::Unusual, Area::FactoryConfig, Area::Size]);
    (class(), prop::collection::vec((area, class()), 0..4)).prop_map(|(class, areas)| risk(class, &areas))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_merges_by_itself_without_a_passing_verdict(
        phase in any_phase(), risk in any_risk(), files in prop_oneof![0..8_usize, any::<usize>()],
        verdict in proptest::option::of((any::<bool>(), any::<u64>())), now in any::<u64>(),
    ) {
        let verdict = verdict.map(|(passed, at)| Judged { passed, at: Timestamp(at) });
        let rule = merge_rule(phase, &risk, files, verdict, Timestamp(now));
        if is_auto(&rule) {
            prop_assert!(verdict.is_some_and(|verdict| verdict.passed));
            prop_assert!(phase >= Phase::LowRisk);
            prop_assert!(phase == Phase::Full || (risk.worst() == RiskClass::Low && files < 5));
            // What a phase lets through, every phase above does.
            prop_assert!(is_auto(&merge_rule(Phase::Full, &risk, files, verdict, Timestamp(now))));
        }
        let stored = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(serde_json::from_str::<MergeRule>(&stored).unwrap(), rule);
    }

    #[test]
    fn a_promotion_is_one_step_on_known_figures_and_is_not_taken_back_at_once(
        from in any_phase(), to in any_phase(), figures in prop_oneof![1 => any_figures(), 3 => nearly_ready()],
    ) {
        let state = at(from);
        if let Ok(change) = promote(&state, &figures, to, "ada", "ready", NOW) {
            prop_assert_eq!(from.next(), Some(to));
            prop_assert!(figures.decisions >= MIN_EVIDENCE && figures.overrides.of >= MIN_EVIDENCE);
            prop_assert!(to < Phase::LowRisk || figures.coverage_bp.is_some());
            prop_assert!(to < Phase::LowRisk || figures.spec_iterations_x100.is_some());
            prop_assert!(to < Phase::LowRisk || figures.auto_merged_rolled_back.is_some());
            prop_assert!(to < Phase::LowRisk || figures.rollbacks.of >= MIN_EVIDENCE);
            let raised = state.after(&change).unwrap();
            prop_assert_eq!(raised.phase(), to);
            prop_assert_eq!(demotion(&raised, &figures), None);
        }
    }

    #[test]
    fn a_demotion_goes_down_and_once_is_enough(from in any_phase(), figures in any_figures()) {
        let state = at(from);
        prop_assert!(effective_phase(&state, &figures) <= from);
        prop_assert_eq!(daily_health(&figures).len(), 6);
        if let Some(due) = demotion(&state, &figures) {
            prop_assert!(due.to < from && due.from == from && !due.alerts.is_empty());
            let lowered = state.after(&due.change(NOW)).unwrap();
            prop_assert_eq!(lowered.phase(), effective_phase(&state, &figures));
            prop_assert_eq!(demotion(&lowered, &figures), None);
        }
    }

    #[test]
    fn what_is_not_known_neither_raises_nor_lowers(from in any_phase(), to in any_phase(), which in 0..8_usize) {
        let mut figures = ready();
        match which {
            0 => figures.overrides = Share::default(),
            1 => figures.false_positives = Share::default(),
            2 => figures.misses = Share::default(),
            3 => figures.rollbacks = Share::default(),
            4 => figures.auto_merged_rolled_back = None,
            5 => figures.coverage_bp = None,
            6 => figures.spec_iterations_x100 = None,
            _ => figures.decisions = 0,
        }
        // Coverage, rollbacks and iterations are asked from the second step on.
        let asked = to >= Phase::LowRisk || matches!(which, 0..=2 | 7);
        if from.next() == Some(to) && asked {
            prop_assert!(promotion(&at(from), &figures, to).is_err());
        }
        prop_assert_eq!(demotion(&at(from), &figures), None);
    }

    #[test]
    fn any_history_folds_or_is_refused_and_never_leaps(
        steps in prop::collection::vec((any_phase(), any_phase(), any::<bool>(), "[a ]{0,2}"), 0..8)
    ) {
        let mut state = TrustState::default();
        for (from, to, human, because) in steps {
            let by = if human {
                TrustActor::Human { login: "ada".to_owned(), because: because.clone() }
            } else {
                TrustActor::Automatic { because: because.clone() }
            };
            if let Ok(next) = state.after(&TrustChange { from, to, by, at: NOW }) {
                prop_assert!(next.phase() < state.phase() || (human && state.phase().next() == Some(next.phase())));
                prop_assert!(!because.trim().is_empty());
                state = next;
            }
        }
    }
}
