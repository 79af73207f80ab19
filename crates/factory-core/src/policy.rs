//! What policy gates decide, and the exit criteria that an artifact must meet beyond its schema.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo;
use petgraph::graph::DiGraph;

use crate::artifact::{
    Coverage, CoverageRow, Design, Plan, Recon, Review, Severity, Tasks, Tests, VaultScore, Verify,
};
use crate::ids::{FindingId, RequirementId};
use crate::pipeline::model::Policy;

/// A policy's verdict, with the figures that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Pass(String),
    /// The work must be mended.
    Fail(String),
    /// Nothing can be said, so it does not pass; the stage may try again.
    Inconclusive(String),
}

/// Judges what the evaluator measured.
pub fn judge_verify(policy: Policy, verify: &Verify) -> Verdict {
    // In 64 bits, so that no sum is cut off.
    let total = u64::from(verify.passed) + u64::from(verify.failed) + u64::from(verify.inconclusive);
    let min = policy.min_pass_percent;
    let bound = f64::from(verify.lower_bound_bp) / 100.0;
    let mut figures = format!(
        "{} of {total} scenarios passed; at least {min} % asked; 95 % lower bound {bound:.1} %",
        verify.passed
    );
    if verify.burnt > 0 {
        figures.push_str(&format!("; {} burnt and not counted", verify.burnt));
    }
    if let Some(regressed) = verify.regressed {
        figures.push_str(&format!("; {regressed} failed that the base passes"));
    }
    if let Some(VaultScore { passed, failed, inconclusive }) = verify.vault {
        let all = u64::from(passed) + u64::from(failed) + u64::from(inconclusive);
        figures.push_str(&format!("; {passed} of {all} in the vault passed"));
    }
    if total == 0 || verify.inconclusive > 0 {
        return Verdict::Inconclusive(format!("{figures}; {} could not be scored", verify.inconclusive));
    }
    if !verify.critical_passed {
        return Verdict::Fail(format!("{figures}; a critical scenario failed"));
    }
    // In integers, so that exactly the asked share passes.
    let is_met = u64::from(verify.passed) * 100 >= u64::from(min) * total && !verify.has_regressed();
    match verify.vault {
        // In the vault each scenario has to pass: nobody who built could know of any.
        Some(vault) if vault.failed > 0 => Verdict::Fail(figures),
        Some(vault) if is_met && vault.inconclusive > 0 => Verdict::Inconclusive(figures),
        Some(_) | None if is_met => Verdict::Pass(figures),
        Some(_) | None => Verdict::Fail(figures),
    }
}

/// Judges what the reviewer found.
pub fn judge_review(review: &Review) -> Verdict {
    let blocking = review.findings.iter().filter(|f| f.severity == Severity::Blocking).count();
    let not_covered: Vec<&str> = review
        .coverage
        .iter()
        .filter(|row| row.status != Coverage::Covered)
        .map(|row| row.requirement.as_str())
        .collect();
    let figures =
        format!("{blocking} blocking findings; {} requirements not wholly covered", not_covered.len());
    if blocking == 0 && not_covered.is_empty() {
        Verdict::Pass(figures)
    } else if not_covered.is_empty() {
        Verdict::Fail(figures)
    } else {
        Verdict::Fail(format!("{figures}: {}", not_covered.join(", ")))
    }
}

/// A name for each thing that the evaluator found wrong, as overrides use it: `R15:unwanted_effect`.
pub fn verify_findings(verify: &Verify) -> Vec<FindingId> {
    let vault = verify.vault_failed().then(|| "vault".parse().ok()).flatten();
    let regression = verify.has_regressed().then(|| "regression".parse().ok()).flatten();
    let items = verify.feedback.items().iter();
    let name = |requirement: &Option<RequirementId>| {
        requirement.as_ref().map_or("-".to_owned(), |id| id.as_str().to_owned())
    };
    items
        .filter_map(|item| format!("{}:{}", name(&item.requirement), item.class.as_str()).parse().ok())
        .chain(regression)
        .chain(vault)
        .collect()
}

/// A review as a score: requirements that are wholly covered, of all; and a name for each thing that is wrong, as
/// overrides use it: `src/app.py:12`, `R3:partial`.
pub fn review_score(review: &Review) -> (u32, u32, Vec<FindingId>) {
    let covered = review.coverage.iter().filter(|row| row.status == Coverage::Covered).count();
    let blocking = review.findings.iter().filter(|finding| finding.severity == Severity::Blocking);
    let blocking = blocking.map(|finding| format!("{}:{}", finding.file, finding.line));
    let rows = review.coverage.iter().filter_map(|row| match row.status {
        Coverage::Covered => None,
        Coverage::Partial => Some(format!("{}:partial", row.requirement)),
        Coverage::Missing => Some(format!("{}:missing", row.requirement)),
    });
    let mut findings: Vec<FindingId> =
        blocking.chain(rows).filter_map(|name| name.replace(char::is_control, "?").parse().ok()).collect();
    findings.sort();
    findings.dedup();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (count(covered), count(review.coverage.len()), findings)
}

/// Whether a design covers every requirement and names no other.
///
/// # Errors
/// What is missing or unknown, for whoever designs.
pub fn check_design(design: &Design, requirements: &[RequirementId]) -> Result<(), String> {
    covers(design.decisions.iter().flat_map(|d| &d.requirements), requirements, "decision of the design")
}

/// Whether the tests cover every requirement, name no other, and can each be told from the others.
///
/// # Errors
/// What is missing, double or unknown, for whoever writes them.
pub fn check_tests(tests: &Tests, requirements: &[RequirementId]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for case in &tests.cases {
        if !names.insert(&case.name) {
            return Err(format!("there are two test cases named {}", case.name));
        }
        if case.then.trim().is_empty() {
            return Err(format!(
                "the test case {} does not say what is seen, so it could not fail",
                case.name
            ));
        }
    }
    covers(tests.cases.iter().flat_map(|case| &case.requirements), requirements, "test case")
}

/// Whether a reconnaissance has seen anything.
///
/// # Errors
/// That it names no place, for whoever looked.
pub fn check_recon(recon: &Recon) -> Result<(), String> {
    if recon.places.is_empty() {
        return Err("the reconnaissance names no place in the code".to_owned());
    }
    Ok(())
}

/// Whether a plan covers every requirement and names no other.
///
/// # Errors
/// What is missing or unknown, for the planner.
pub fn check_plan(plan: &Plan, requirements: &[RequirementId]) -> Result<(), String> {
    if plan.steps.is_empty() {
        return Err("the plan has no steps".to_owned());
    }
    covers(plan.steps.iter().flat_map(|step| &step.requirements), requirements, "step")
}

/// Whether tasks are a graph without cycles that covers every requirement.
///
/// # Errors
/// What is wrong with it, for the planner.
pub fn check_tasks(tasks: &Tasks, requirements: &[RequirementId]) -> Result<(), String> {
    if tasks.tasks.is_empty() {
        return Err("there are no tasks".to_owned());
    }
    let mut graph = DiGraph::<&str, ()>::new();
    let mut nodes = BTreeMap::new();
    for task in &tasks.tasks {
        if nodes.insert(task.id.as_str(), graph.add_node(task.id.as_str())).is_some() {
            return Err(format!("there are two tasks with the id {}", task.id));
        }
    }
    for task in &tasks.tasks {
        for before in &task.depends_on {
            let from = nodes
                .get(before.as_str())
                .ok_or_else(|| format!("task {} depends on {before}, which does not exist", task.id))?;
            graph.add_edge(*from, nodes[task.id.as_str()], ());
        }
    }
    if let Err(cycle) = algo::toposort(&graph, None) {
        return Err(format!("task {} depends on itself, directly or through others", graph[cycle.node_id()]));
    }
    covers(tasks.tasks.iter().flat_map(|task| &task.requirements), requirements, "task")
}

/// Whether a review has exactly one row for each requirement.
///
/// # Errors
/// What is missing, double or unknown, for the reviewer.
pub fn check_review(review: &Review, requirements: &[RequirementId]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for CoverageRow { requirement, .. } in &review.coverage {
        if !seen.insert(requirement) {
            return Err(format!("the coverage matrix has two rows for {requirement}"));
        }
    }
    let in_findings = review.findings.iter().filter_map(|finding| finding.requirement.as_ref());
    if let Some(unknown) = in_findings.clone().find(|id| !requirements.contains(id)) {
        return Err(format!("a finding names {unknown}, which the specification does not have"));
    }
    covers(review.coverage.iter().map(|row| &row.requirement), requirements, "row of the coverage matrix")
}

fn covers<'a>(
    named: impl Iterator<Item = &'a RequirementId>,
    requirements: &[RequirementId],
    by: &str,
) -> Result<(), String> {
    let named: BTreeSet<&RequirementId> = named.collect();
    if let Some(unknown) = named.iter().find(|id| !requirements.contains(id)) {
        return Err(format!("a {by} names {unknown}, which the specification does not have"));
    }
    let missing: Vec<&str> =
        requirements.iter().filter(|id| !named.contains(id)).map(RequirementId::as_str).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no {by} serves {}", missing.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Finding, PlanStep, Task};
    use crate::feedback::Feedback;
    use crate::ids::Digest;

    fn asked(min_pass_percent: u32) -> Policy {
        Policy { min_pass_percent, ..Policy::default() }
    }

    fn measured(passed: u32, failed: u32, inconclusive: u32) -> Verify {
        Verify {
            patch: Digest::of(b"patch"),
            passed,
            failed,
            inconclusive,
            critical_passed: true,
            lower_bound_bp: 1234,
            feedback: Feedback::default(),
            scorecard: Digest::of(b"scorecard"),
            covered: None,
            revealed: Vec::new(),
            burnt: 0,
            vault: None,
            regressed: None,
        }
    }

    fn ids(ids: &[&str]) -> Vec<RequirementId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn what_the_base_passes_has_to_pass_whatever_the_share() {
        let of = |regressed| Verify { regressed, ..measured(99, 1, 0) };
        assert!(matches!(judge_verify(asked(90), &of(None)), Verdict::Pass(_)));
        assert!(matches!(judge_verify(asked(90), &of(Some(0))), Verdict::Pass(_)));
        let verdict = judge_verify(asked(90), &of(Some(1)));
        assert!(matches!(&verdict, Verdict::Fail(why) if why.contains("1 failed that the base passes")));
        let named = |verify: &Verify| verify_findings(verify).iter().any(|id| id.as_str() == "regression");
        assert!(named(&of(Some(1))) && !named(&of(Some(0))) && !named(&of(None)));
        // Where the vault holds, that does not help either.
        let held = VaultScore { passed: 1, failed: 0, inconclusive: 0 };
        let verdict = judge_verify(asked(90), &Verify { vault: Some(held), ..of(Some(1)) });
        assert!(matches!(verdict, Verdict::Fail(_)));
    }

    #[test]
    fn exactly_the_asked_share_passes() {
        let figures = "9 of 10 scenarios passed; at least 90 % asked; 95 % lower bound 12.3 %".to_owned();
        assert_eq!(judge_verify(asked(90), &measured(9, 1, 0)), Verdict::Pass(figures));
        for (passed, failed) in [(89, 11), (8, 1), (0, 1), (u32::MAX - 1, u32::MAX)] {
            let verdict = judge_verify(asked(90), &measured(passed, failed, 0));
            assert!(matches!(verdict, Verdict::Fail(_)), "{passed} and {failed}: {verdict:?}");
        }
        let all = asked(100);
        assert!(matches!(judge_verify(all, &measured(199, 1, 0)), Verdict::Fail(_)));
        assert!(matches!(judge_verify(all, &measured(200, 0, 0)), Verdict::Pass(_)));
    }

    #[test]
    fn what_was_not_measured_is_inconclusive_whatever_else_is_known() {
        for verify in
            [measured(0, 0, 0), measured(99, 0, 1), Verify { critical_passed: false, ..measured(1, 1, 1) }]
        {
            assert!(matches!(judge_verify(asked(90), &verify), Verdict::Inconclusive(_)), "{verify:?}");
        }
    }

    #[test]
    fn every_scenario_of_the_vault_has_to_pass() {
        let with = |verify: Verify, passed, failed, inconclusive| Verify {
            vault: Some(VaultScore { passed, failed, inconclusive }),
            ..verify
        };
        let judge = |verify: &Verify| judge_verify(asked(90), verify);
        let Verdict::Pass(figures) = judge(&with(measured(10, 0, 0), 2, 0, 0)) else { panic!() };
        assert!(figures.ends_with("; 2 of 2 in the vault passed"), "{figures}");
        assert!(matches!(judge(&with(measured(10, 0, 0), 99, 1, 0)), Verdict::Fail(_)));
        assert!(matches!(judge(&with(measured(10, 0, 0), 1, 1, 1)), Verdict::Fail(_)));
        assert!(matches!(judge(&with(measured(10, 0, 0), 1, 0, 1)), Verdict::Inconclusive(_)));
        // It mends nothing.
        assert!(matches!(judge(&with(measured(5, 5, 0), 9, 0, 0)), Verdict::Fail(_)));
        assert!(matches!(judge(&with(measured(9, 0, 1), 9, 0, 0)), Verdict::Inconclusive(_)));
        assert_eq!(verify_findings(&with(measured(10, 0, 0), 1, 1, 0)), ["vault".parse().unwrap()]);
        assert!(verify_findings(&with(measured(10, 0, 0), 1, 0, 1)).is_empty());
    }

    #[test]
    fn what_is_burnt_is_told_and_is_no_evidence() {
        let burnt = |verify: Verify| Verify { burnt: 3, ..verify };
        let Verdict::Pass(figures) = judge_verify(asked(90), &burnt(measured(10, 0, 0))) else { panic!() };
        assert!(figures.starts_with("10 of 10 ") && figures.ends_with("; 3 burnt and not counted"));
        assert!(matches!(judge_verify(asked(0), &burnt(measured(0, 0, 0))), Verdict::Inconclusive(_)));
    }

    #[test]
    fn advice_alone_does_not_hold_up_a_review() {
        let finding = |severity| Finding {
            severity,
            file: "a.rs".to_owned(),
            line: 0,
            requirement: None,
            message: "shorter names".to_owned(),
        };
        let review = |severity| Review {
            summary: String::new(),
            coverage: Vec::new(),
            findings: vec![finding(severity)],
        };
        assert!(matches!(judge_review(&review(Severity::Advice)), Verdict::Pass(_)));
        assert!(matches!(judge_review(&review(Severity::Blocking)), Verdict::Fail(_)));
    }

    fn plan(steps: &[&[&str]]) -> Plan {
        let step = |requirements: &&[&str]| PlanStep {
            title: "step".to_owned(),
            detail: String::new(),
            files: Vec::new(),
            requirements: ids(requirements),
        };
        Plan { summary: String::new(), steps: steps.iter().map(step).collect(), risks: Vec::new() }
    }

    #[test]
    fn a_plan_covers_the_specification_and_nothing_else() {
        let asked = ids(&["R1", "R2", "R3"]);
        assert_eq!(check_plan(&plan(&[&["R1", "R3"], &["R2", "R1"]]), &asked), Ok(()));
        assert_eq!(check_plan(&plan(&[]), &asked), Err("the plan has no steps".to_owned()));
        assert_eq!(check_plan(&plan(&[&["R2"]]), &asked), Err("no step serves R1, R3".to_owned()));
        let unknown = "a step names R9, which the specification does not have".to_owned();
        assert_eq!(check_plan(&plan(&[&["R1", "R2", "R3", "R9"]]), &asked), Err(unknown));
    }

    fn tasks(tasks: &[(&str, &[&str])]) -> Tasks {
        let task = |(id, depends_on): &(&str, &[&str])| Task {
            id: (*id).to_owned(),
            title: String::new(),
            done_when: String::new(),
            requirements: ids(&["R1"]),
            depends_on: depends_on.iter().map(|&id| id.to_owned()).collect(),
        };
        Tasks { tasks: tasks.iter().map(task).collect() }
    }

    #[test]
    fn tasks_are_a_graph_without_cycles() {
        let asked = ids(&["R1"]);
        let diamond = tasks(&[("T4", &["T2", "T3"]), ("T2", &["T1"]), ("T3", &["T1"]), ("T1", &[])]);
        assert_eq!(check_tasks(&diamond, &asked), Ok(()));
        assert_eq!(check_tasks(&tasks(&[]), &asked), Err("there are no tasks".to_owned()));
        let twice = tasks(&[("T1", &[]), ("T1", &[])]);
        assert_eq!(check_tasks(&twice, &asked), Err("there are two tasks with the id T1".to_owned()));
        let nowhere = tasks(&[("T1", &["T0"])]);
        assert_eq!(
            check_tasks(&nowhere, &asked),
            Err("task T1 depends on T0, which does not exist".to_owned())
        );
        for cycle in [tasks(&[("T1", &["T1"])]), tasks(&[("T1", &["T3"]), ("T2", &["T1"]), ("T3", &["T2"])])]
        {
            let error = check_tasks(&cycle, &asked).unwrap_err();
            assert!(error.ends_with("depends on itself, directly or through others"), "{error}");
        }
        let uncovered = check_tasks(&tasks(&[("T1", &[])]), &ids(&["R1", "R2"]));
        assert_eq!(uncovered, Err("no task serves R2".to_owned()));
    }

    #[test]
    fn a_review_has_one_row_for_each_requirement() {
        let row = |id: &&str| CoverageRow {
            requirement: id.parse().unwrap(),
            status: Coverage::Covered,
            evidence: String::new(),
        };
        let review = |rows: &[&str], finding: Option<&str>| Review {
            summary: String::new(),
            coverage: rows.iter().map(row).collect(),
            findings: finding
                .into_iter()
                .map(|id| Finding {
                    severity: Severity::Advice,
                    file: String::new(),
                    line: 0,
                    requirement: Some(id.parse().unwrap()),
                    message: String::new(),
                })
                .collect(),
        };
        let asked = ids(&["R1", "R2"]);
        assert_eq!(check_review(&review(&["R2", "R1"], Some("R1")), &asked), Ok(()));
        for (rows, finding, error) in [
            (&["R1", "R2", "R1"][..], None, "the coverage matrix has two rows for R1"),
            (&["R1"], None, "no row of the coverage matrix serves R2"),
            (
                &["R1", "R2", "R3"],
                None,
                "a row of the coverage matrix names R3, which the specification does not have",
            ),
            (&["R1", "R2"], Some("R7"), "a finding names R7, which the specification does not have"),
        ] {
            assert_eq!(check_review(&review(rows, finding), &asked), Err(error.to_owned()));
        }
    }
}
