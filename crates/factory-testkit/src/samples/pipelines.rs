//! Pipelines that have what the shipped ones have not, or not together. They are read like any other file, so that none
//! of them says what a pipeline may not say.

use factory_core::pipeline::model::Pipeline;
use factory_core::pipeline::read;

/// Everything up to a patch, with somebody asked about the plan.
const UP_TO_BUILD: &str = r#"
[[stage]]
id = "spec"
makes = "spec"
role = "none"

[[stage]]
id = "plan"
makes = "plan"
role = "planner"
needs = ["spec"]
exit_gate = "human"
attempts = 2

[[stage]]
id = "tasks"
makes = "tasks"
role = "planner"
needs = ["spec", "plan"]
attempts = 2
"#;

/// Review and verification side by side, then the merge.
const SIDE_BY_SIDE: &str = r#"
[[stage]]
id = "build"
makes = "build"
role = "implementer"
needs = ["spec", "plan", "tasks"]
attempts = 3

[[stage]]
id = "review"
makes = "review"
role = "reviewer"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2

[[stage]]
id = "verify"
makes = "verify"
role = "evaluator"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build", "review", "verify"]
entry_gate = "human"
"#;

/// Who may decide, how many, and until when.
const STRICT: &str = r#"
schema = 1
name = "strict"
entry = { feature = "spec", bug = "spec", hotfix = "build" }

[authority.maintainers]
people = ["ada", "bob", "cleo"]
keys = ["SHA256:maintainer"]

[authority.release]
people = ["dora"]
keys = ["SHA256:release"]

[[gate]]
at = "plan:exit"
authority = "maintainers"
approvals = 2
timeout = "48h"

[[gate]]
at = "merge:entry"
authority = "maintainers"
approvals = 2
not_requester = true
timeout = "24h"

[[gate]]
at = "verify:escalation"
authority = "release"
timeout = "12h"
"#;

/// Stages that are left out, gates that are waived, two of nearly everything.
const WIDE: &str = r#"
schema = 1
name = "wide"
entry = { feature = "spec", bug = "recon", remediation = "plan", hotfix = "build" }

[policy]
plateau = { window = 2, min_gain_percent = 5 }

[[stage]]
id = "spec"
makes = "spec"
role = "none"

[[stage]]
id = "design"
makes = "design"
role = "planner"
needs = ["spec"]
exit_gate = "human"
attempts = 2
when = [{ stage = "spec", field = "requirements", at_least = 2 }]

[[stage]]
id = "recon"
makes = "recon"
role = "planner"
needs = ["spec"]
attempts = 2

[[stage]]
id = "tests"
makes = "tests"
role = "planner"
needs = ["spec", "design"]
attempts = 2

[[stage]]
id = "plan"
makes = "plan"
role = "planner"
needs = ["spec", "design", "recon"]
exit_gate = "human"
attempts = 2

[[stage]]
id = "tasks"
makes = "tasks"
role = "planner"
needs = ["spec", "plan"]
attempts = 2
when = [{ stage = "plan", field = "steps", at_least = 2 }]

[[stage]]
id = "build"
makes = "build"
role = "implementer"
needs = ["spec", "tests", "plan", "tasks"]
attempts = 4

[[stage]]
id = "review"
makes = "review"
role = "reviewer"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2

[[stage]]
id = "audit"
makes = "review"
role = "reviewer"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2
when = [{ stage = "build", field = "risk", at_least = "medium" }]

[[stage]]
id = "verify"
makes = "verify"
role = "evaluator"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build", "review", "audit", "verify"]
entry_gate = "human"

[[gate]]
at = "plan:exit"
when = [{ stage = "plan", field = "steps", at_least = 2 }]

[[gate]]
at = "merge:entry"
when = [
    { stage = "build", field = "risk", at_least = "medium" },
    { stage = "verify", field = "pass_percent", at_most = 99 },
]
"#;

/// What may be spent: by the run, and by the build alone.
const CAPPED: &str = r#"
schema = 1
name = "capped"
entry = { feature = "spec" }

[policy]
budget_tokens = 60
"#;

/// What waits, and what comes after the merge.
const PATIENT: &str = r#"
schema = 1
name = "patient"
entry = { feature = "spec" }

[policy]
plateau = { window = 3, min_gain_percent = 10 }

[[stage]]
id = "build"
makes = "build"
role = "implementer"
needs = ["spec", "plan", "tasks"]
attempts = 5

[[stage]]
id = "verify"
makes = "verify"
role = "evaluator"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
attempts = 2

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build", "verify"]
entry_gate = "human"
soak = "24h"
attempts = 2

[[stage]]
id = "lessons"
makes = "lessons"
role = "reviewer"
zone = "advisory"
needs = ["spec", "build", "merge"]
entry_gate = "human"
exit_gate = "human"
soak = "1h"
attempts = 2
"#;

fn checked(text: &str) -> Pipeline {
    read::read(text).expect("the pipelines of tests are in order")
}

/// Two people of a group approve plan and merge, and whoever asked for the run is not one of the latter. Gates are shut
/// after two days, a day, and half a day. A hotfix begins at the build.
pub fn strict() -> Pipeline {
    checked(&format!("{STRICT}{UP_TO_BUILD}{SIDE_BY_SIDE}"))
}

/// Design, reconnaissance, tests, and three judges side by side. `design`, `tasks` and `audit` are left out where little
/// is at stake; the gates after `plan` and before `merge` are waived there. Two verdicts without progress are a plateau.
pub fn wide() -> Pipeline {
    checked(WIDE)
}

/// A run may use 60 tokens, its build 30 of them.
pub fn capped() -> Pipeline {
    let build = SIDE_BY_SIDE.replacen("attempts = 3", "attempts = 3\nbudget_tokens = 30", 1);
    checked(&format!("{CAPPED}{UP_TO_BUILD}{build}"))
}

/// The merge waits a day. Lessons are drawn from it an hour later, if somebody wants them. Three verdicts with little
/// progress are a plateau.
pub fn patient() -> Pipeline {
    checked(&format!("{PATIENT}{UP_TO_BUILD}"))
}
