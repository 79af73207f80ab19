//! From a patch to its class, with a reason for each thing that was seen.

use std::collections::BTreeMap;

use super::model::{Area, ExtraRule, Reason, Risk, RiskClass, RiskRules};
use super::pattern::{self, Pattern};
use super::table::{By, Rule, When};
use super::tables::{Hit, Tables};
use super::unusual;
use crate::artifact::{Change, FileChange, Patch};

/// From this many files on a patch is not low. A renamed file counts as two, since a patch has it twice.
pub const MANY_FILES: usize = 5;
/// From this many deleted files on a patch is not low.
pub const MANY_DELETED: usize = 3;
/// From this many deleted files on a patch is high.
pub const MASS_DELETED: usize = 20;

/// The longest path that rules are tried on, in bytes. A longer one is unusual, which is enough.
const LONGEST_LOOKED_AT: usize = 4096;

/// The risk class of a patch, with the reasons. A renamed file is judged by both its paths. The order of the changes does
/// not matter; the work grows with the length of all paths together.
pub fn classify(patch: &Patch, rules: &RiskRules) -> Risk {
    let tables = Tables::new();
    let extra: Vec<Extra<'_>> = rules.extra.iter().map(Extra::new).collect();
    let mut reasons = of_the_whole(patch);
    for change in &patch.changes {
        of_one(change, &tables, &extra, &mut reasons);
    }
    Risk::of(reasons)
}

fn of_the_whole(patch: &Patch) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let files = patch.changes.len();
    if files >= MANY_FILES {
        let why = format!("{files} files change; fewer than {MANY_FILES} would be a small change");
        reasons.push(Reason { path: None, area: Area::Size, class: RiskClass::Medium, why });
    }
    let deleted = patch.changes.iter().filter(|change| change.change == Change::Deleted).count();
    if deleted >= MANY_DELETED {
        let class = if deleted >= MASS_DELETED { RiskClass::High } else { RiskClass::Medium };
        reasons.push(Reason {
            path: None,
            area: Area::Deletion,
            class,
            why: format!("{deleted} files go away"),
        });
    }
    reasons
}

/// What speaks for a class; put into words only when it counts.
enum Cause<'a> {
    Rule(Hit),
    /// The rule holds, but in a file that is only documentation.
    Prose(Hit),
    Extra(&'a Pattern),
    Said(String),
}

impl Cause<'_> {
    fn words(self) -> String {
        match self {
            Cause::Rule(hit) => format!("`{}`: {}", shown(hit), hit.rule.why),
            Cause::Prose(hit) => {
                format!("`{}`: {}; not counted, since it is documentation", shown(hit), hit.rule.why)
            }
            Cause::Extra(pattern) => format!("`{pattern}`: a rule of the project"),
            Cause::Said(why) => why,
        }
    }
}

fn shown(hit: Hit) -> String {
    hit.entry.replace('+', " ")
}

/// The strongest cause in each area. Of equal ones the first is kept.
#[derive(Default)]
struct Causes<'a>(BTreeMap<Area, (RiskClass, Cause<'a>)>);

impl<'a> Causes<'a> {
    fn add(&mut self, area: Area, class: RiskClass, cause: Cause<'a>) {
        match self.0.get(&area) {
            Some((there, _)) if *there >= class => {}
            Some(_) | None => {
                self.0.insert(area, (class, cause));
            }
        }
    }
}

fn of_one(change: &FileChange, tables: &Tables, extra: &[Extra<'_>], reasons: &mut Vec<Reason>) {
    let path = change.path.as_str();
    let mut causes = Causes::default();
    if let Some(problem) = unusual::problem(path) {
        causes.add(Area::Unusual, RiskClass::High, Cause::Said(problem));
    }
    if path.len() <= LONGEST_LOOKED_AT {
        let parts: Vec<String> = path.split('/').map(str::to_lowercase).collect();
        let prose = is_documentation(&parts);
        for hit in tables.hits(path, &parts) {
            let rule = hit.rule;
            if !is_about(rule.when, &change.change) {
                continue;
            }
            if prose && may_be_prose(rule) {
                causes.add(rule.area, RiskClass::Low, Cause::Prose(hit));
            } else {
                causes.add(rule.area, rule.class, Cause::Rule(hit));
            }
        }
        for extra in extra.iter().filter(|extra| extra.holds(&parts)) {
            causes.add(extra.rule.area, extra.rule.area.class(), Cause::Extra(&extra.rule.pattern));
        }
    }
    if let Some(why) = becomes_executable(&change.change) {
        causes.add(Area::Executable, RiskClass::Medium, Cause::Said(why.to_owned()));
    }
    reasons.extend(causes.0.into_iter().map(|(area, (class, cause))| Reason {
        path: Some(path.to_owned()),
        area,
        class,
        why: cause.words(),
    }));
}

fn is_about(when: When, change: &Change) -> bool {
    match (when, change) {
        (When::Always, Change::Written { .. } | Change::Deleted)
        | (When::Written, Change::Written { .. })
        | (When::Deleted, Change::Deleted) => true,
        (When::New, Change::Written { existed, .. }) => !existed,
        (When::Written | When::New, Change::Deleted) | (When::Deleted, Change::Written { .. }) => false,
    }
}

/// A patch does not say whether a file could be run before, so one that was there counts as well.
fn becomes_executable(change: &Change) -> Option<&'static str> {
    match change {
        Change::Written { executable: true, existed: false, .. } => Some("a new file that can be run"),
        Change::Written { executable: true, existed: true, .. } => {
            Some("it can be run; whether it could before is not known")
        }
        Change::Written { executable: false, .. } | Change::Deleted => None,
    }
}

/// Plain prose below a directory for documentation. A format that can hold code, such as MDX, is not that.
fn is_documentation(parts: &[String]) -> bool {
    let Some((name, directories)) = parts.split_last() else { return false };
    let prose = [".md", ".rst", ".txt", ".adoc"].iter().any(|ending| name.ends_with(ending));
    prose && directories.iter().any(|part| matches!(part.as_str(), "docs" | "doc" | "documentation"))
}

/// Whether a rule is only about what a file deals with, and not about what reads it. Words in a path are; that agents,
/// git or a package manager read a file holds in documentation too.
fn may_be_prose(rule: &Rule) -> bool {
    match rule.by {
        By::Word => true,
        By::Below | By::Name => false,
    }
}

/// A project's rule, cut into parts.
struct Extra<'a> {
    rule: &'a ExtraRule,
    parts: Vec<String>,
    from_top: bool,
}

impl<'a> Extra<'a> {
    fn new(rule: &'a ExtraRule) -> Self {
        let (parts, from_top) = rule.pattern.parts();
        Self { rule, parts, from_top }
    }

    fn holds(&self, path: &[String]) -> bool {
        if self.from_top {
            self.parts.len() <= path.len()
                && self.parts.iter().zip(path).all(|(glob, part)| pattern::matches(glob, part))
        } else {
            self.parts.iter().any(|glob| path.iter().any(|part| pattern::matches(glob, part)))
        }
    }
}
