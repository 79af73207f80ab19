//! Gherkin's own test data and Cucumber's compatibility kit: the trees, the scenarios and the refusals are those of
//! the official parser.
//!
//! The data is in `tests/data`: `gherkin` from cucumber/gherkin, `compatibility-kit` from cucumber/compatibility-kit
//! 30.0.0 with the trees and scenarios of its messages (both MIT, see `LICENSE` there).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use factory_spec::gherkin::{
    Background, Comment, Document, Examples, Feature, Flavour, Header, Pickle, PickleStep, Row, Rule,
    Scenario, Step, StepKind, Tag, parse, pickles,
};
use factory_spec::{Diagnostic, LineColumn, Span, has_errors, parse_scenarios, position};
use serde_json::{Value, json};

/// How many files there are, so that none is passed over in silence.
const GOOD: usize = 55;
const BAD: usize = 12;
const KIT: usize = 50;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".feature") || name.ends_with(".feature.md")
        })
        .collect();
    files.sort();
    files
}

fn flavour(path: &Path) -> Flavour {
    if path.extension().is_some_and(|extension| extension == "md") {
        Flavour::Markdown
    } else {
        Flavour::Classic
    }
}

/// Fails unless the documentation says this. Line ends and blanks do not matter.
fn documented(sentence: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md");
    let docs = fs::read_to_string(docs).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(docs.contains(sentence), "docs/scenarios.md does not say: {sentence}");
}

/// The JSON lines of the file beside `path` with this ending.
fn expected(path: &Path, ending: &str) -> Vec<Value> {
    let path = format!("{}{ending}", path.display());
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Gives nodes their official numbers: each when it is complete.
struct Official<'a> {
    source: &'a str,
    next: usize,
    /// The number of the node that starts there; a row and a step never start at one place.
    ids: HashMap<usize, String>,
}

impl Official<'_> {
    fn id(&mut self) -> String {
        self.next += 1;
        (self.next - 1).to_string()
    }

    fn node(&mut self, span: &Span) -> String {
        let id = self.id();
        self.ids.insert(span.start, id.clone());
        id
    }

    fn at(&self, span: &Span) -> Value {
        let LineColumn { line, column } = position(self.source, span.start);
        json!({ "line": line, "column": column })
    }

    fn document(&mut self, document: &Document) -> Value {
        let comment = |comment: &Comment| json!({ "location": self.at(&comment.span), "text": comment.text });
        let mut value = json!({ "comments": document.comments.iter().map(comment).collect::<Vec<_>>() });
        if let Some(feature) = &document.feature {
            value["feature"] = self.feature(feature);
        }
        value
    }

    fn header(&mut self, header: &Header) -> Value {
        let tag = |tag: &Tag| json!({ "id": self.node(&tag.span), "location": self.at(&tag.span), "name": tag.name });
        let mut value = json!({
            "tags": header.tags.iter().map(tag).collect::<Vec<_>>(),
            "location": self.at(&header.span),
            "name": header.name,
            "description": header.description,
        });
        if let Some(keyword) = &header.keyword {
            value["keyword"] = json!(keyword);
        }
        value
    }

    fn feature(&mut self, feature: &Feature) -> Value {
        let mut children = self.children(feature.background.as_ref(), &feature.scenarios);
        children.extend(feature.rules.iter().map(|rule| json!({ "rule": self.rule(rule) })));
        let mut value = self.header(&feature.header);
        value["language"] = json!(feature.language);
        value["children"] = json!(children);
        value
    }

    fn rule(&mut self, rule: &Rule) -> Value {
        let children = self.children(rule.background.as_ref(), &rule.scenarios);
        let mut value = self.header(&rule.header);
        value["children"] = json!(children);
        value["id"] = json!(self.node(&rule.header.span));
        value
    }

    fn children(&mut self, background: Option<&Background>, scenarios: &[Scenario]) -> Vec<Value> {
        let mut children: Vec<Value> = background
            .iter()
            .map(|background| json!({ "background": self.background(background) }))
            .collect();
        children.extend(scenarios.iter().map(|scenario| json!({ "scenario": self.scenario(scenario) })));
        children
    }

    fn background(&mut self, background: &Background) -> Value {
        let steps: Vec<Value> = background.steps.iter().map(|step| self.step(step)).collect();
        let mut value = self.header(&background.header);
        value.as_object_mut().unwrap().remove("tags");
        value["steps"] = json!(steps);
        value["id"] = json!(self.node(&background.header.span));
        value
    }

    fn scenario(&mut self, scenario: &Scenario) -> Value {
        let steps: Vec<Value> = scenario.steps.iter().map(|step| self.step(step)).collect();
        let examples: Vec<Value> = scenario.examples.iter().map(|examples| self.examples(examples)).collect();
        let mut value = self.header(&scenario.header);
        value["steps"] = json!(steps);
        value["examples"] = json!(examples);
        value["id"] = json!(self.node(&scenario.header.span));
        value
    }

    fn examples(&mut self, examples: &Examples) -> Value {
        let mut rows = self.rows(&examples.rows).into_iter();
        let head = rows.next();
        let mut value = self.header(&examples.header);
        if let Some(head) = head {
            value["tableHeader"] = head;
        }
        value["tableBody"] = json!(rows.collect::<Vec<_>>());
        value["id"] = json!(self.node(&examples.header.span));
        value
    }

    fn rows(&mut self, rows: &[Row]) -> Vec<Value> {
        rows.iter()
            .map(|row| {
                let cells: Vec<Value> = row
                    .cells
                    .iter()
                    .map(|cell| json!({ "location": self.at(&cell.span), "value": cell.value }))
                    .collect();
                json!({ "id": self.node(&row.span), "location": self.at(&row.span), "cells": cells })
            })
            .collect()
    }

    fn step(&mut self, step: &Step) -> Value {
        let rows = self.rows(&step.table);
        let mut value = json!({
            "id": self.node(&step.span),
            "location": self.at(&step.span),
            "keyword": step.keyword,
            "keywordType": format!("{:?}", step.kind),
            "text": step.text,
        });
        if let Some(first) = step.table.first() {
            value["dataTable"] = json!({ "location": self.at(&first.span), "rows": rows });
        }
        if let Some(doc) = &step.doc_string {
            value["docString"] = json!({
                "location": self.at(&doc.span), "content": doc.content, "delimiter": doc.delimiter,
            });
            if let Some(media) = &doc.media {
                value["docString"]["mediaType"] = json!(media);
            }
        }
        value
    }

    fn pickle(&mut self, pickle: &Pickle<'_>) -> Value {
        let steps: Vec<Value> = pickle.steps.iter().map(|step| self.pickle_step(step, pickle.row)).collect();
        let tags: Vec<Value> = pickle
            .tags
            .iter()
            .map(|tag| json!({ "name": tag.name, "astNodeId": self.ids[&tag.span.start] }))
            .collect();
        let place = pickle.row.map_or(&pickle.scenario.header.span, |row| &row.span);
        let mut nodes = vec![&self.ids[&pickle.scenario.header.span.start]];
        nodes.extend(pickle.row.map(|row| &self.ids[&row.span.start]));
        let mut value = json!({
            "astNodeIds": nodes, "location": self.at(place), "name": pickle.name,
            "language": pickle.language, "steps": steps, "tags": tags,
        });
        value["id"] = json!(self.id());
        value
    }

    fn pickle_step(&mut self, step: &PickleStep<'_>, row: Option<&Row>) -> Value {
        let mut nodes = vec![self.ids[&step.step.span.start].clone()];
        nodes.extend(row.filter(|_| !step.background).map(|row| self.ids[&row.span.start].clone()));
        let kind = match step.kind {
            // The official parser starts an outline with no kind at all.
            StepKind::Conjunction => "Unknown".to_owned(),
            kind => format!("{kind:?}"),
        };
        let mut value = json!({ "astNodeIds": nodes, "id": self.id(), "type": kind, "text": step.text });
        let is_both = !step.table.is_empty() && step.doc_string.is_some();
        let table_first = step.step.doc_string.as_ref().zip(step.step.table.first());
        let table_first = table_first.is_some_and(|(doc, row)| row.span.start < doc.span.start);
        if !step.table.is_empty() {
            let cells = |row: &Vec<std::borrow::Cow<'_, str>>| json!({ "cells": row.iter().map(|cell| json!({ "value": cell })).collect::<Vec<_>>() });
            let rows: Vec<Value> = step.table.iter().map(cells).collect();
            value["argument"]["dataTable"] = json!({ "rows": rows });
            if is_both {
                value["argument"]["dataTable"]["argumentIndex"] = json!(if table_first { 1 } else { 2 });
            }
        }
        if let Some((content, media)) = &step.doc_string {
            value["argument"]["docString"] = json!({ "content": content });
            if let Some(media) = media {
                value["argument"]["docString"]["mediaType"] = json!(media);
            }
            if is_both {
                value["argument"]["docString"]["argumentIndex"] = json!(if table_first { 2 } else { 1 });
            }
        }
        value
    }
}

/// The official value without what says only where the file was.
fn without_uri(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("uri");
    value
}

/// The smallest number of a node in there: a file is numbered on from the file before it.
fn first_id(value: &Value) -> Option<usize> {
    match value {
        Value::Array(all) => all.iter().filter_map(first_id).min(),
        Value::Object(fields) => {
            let own = fields.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            fields.values().filter_map(first_id).chain(own).min()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What a good file gives.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    scenarios: usize,
    steps: usize,
}

/// Compares the tree and the scenarios of a good file with the official ones, which are counted.
fn compare(path: &Path) -> Result<Counts, String> {
    let source = fs::read_to_string(path).unwrap();
    let (document, diagnostics) = parse(&source, flavour(path));
    if !diagnostics.is_empty() {
        return Err(format!("{}: {diagnostics:?}", path.display()));
    }
    let differ = |ours: &Value, official: &Value| {
        Err(format!("{}\n  ours     {ours}\n  official {official}", path.display()))
    };
    let expected_tree = without_uri(expected(path, ".ast.ndjson")[0]["gherkinDocument"].clone());
    let next = first_id(&expected_tree).unwrap_or_default();
    let mut official = Official { source: &source, next, ids: HashMap::new() };
    let tree = official.document(&document);
    if tree != expected_tree {
        return differ(&tree, &expected_tree);
    }
    let expected = expected(path, ".pickles.ndjson").into_iter();
    let expected: Value = expected.map(|line| without_uri(line["pickle"].clone())).collect();
    official.next = first_id(&expected).unwrap_or_default();
    let (found, too_many) = pickles(&document);
    assert_eq!(too_many, None);
    let found: Value = found.iter().map(|pickle| official.pickle(pickle)).collect();
    if found != expected {
        return differ(&found, &expected);
    }
    let expected = expected.as_array().unwrap();
    let steps = expected.iter().map(|pickle| pickle["steps"].as_array().unwrap().len()).sum();
    Ok(Counts { scenarios: expected.len(), steps })
}

/// Compares all files, and gives the sum.
fn compare_all(files: &[PathBuf]) -> Counts {
    let mut sum = Counts::default();
    let mut wrong = Vec::new();
    for path in files {
        match compare(path) {
            Ok(counts) => {
                sum.scenarios += counts.scenarios;
                sum.steps += counts.steps;
            }
            Err(difference) => wrong.push(difference),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    sum
}

#[test]
fn good_files_give_the_official_tree_and_scenarios() {
    let files = files("gherkin/good");
    assert_eq!(files.len(), GOOD);
    compare_all(&files);
    documented(&format!("{GOOD} of {GOOD} good files give the official tree and the official scenarios"));
}

#[test]
fn the_compatibility_kit_gives_the_official_tree_and_scenarios() {
    let files = files("compatibility-kit");
    assert_eq!(files.len(), KIT);
    let Counts { scenarios, steps } = compare_all(&files);
    documented(&format!(
        "{KIT} of {KIT} files give the official tree and the official {scenarios} scenarios with {steps} steps"
    ));
}

/// The kit shows what test runs do, so most of its scenarios expect nothing. As holdouts they are refused for that
/// and for nothing else, and all that they say is there.
#[test]
fn the_compatibility_kit_is_refused_only_for_what_it_leaves_out() {
    let mut refused = BTreeMap::new();
    let mut clean = 0;
    for path in files("compatibility-kit") {
        let source = fs::read_to_string(&path).unwrap();
        let (scenarios, diagnostics) = parse_scenarios(&source, &path.to_string_lossy());
        for one in &diagnostics {
            *refused.entry(one.code.as_str()).or_insert(0) += 1;
        }
        clean += usize::from(diagnostics.is_empty());
        let official = expected(&path, ".pickles.ndjson");
        let said = |pickle: &Value| {
            let steps = pickle["pickle"]["steps"].as_array().unwrap().iter();
            steps.map(|step| step["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let official: Vec<_> = official
            .iter()
            .map(|one| (one["pickle"]["name"].as_str().unwrap().to_owned(), said(one)))
            .collect();
        let ours: Vec<_> = scenarios
            .iter()
            .map(|one| (one.name.clone(), one.steps.iter().map(|step| step.text.clone()).collect::<Vec<_>>()))
            .collect();
        assert_eq!(ours, official, "{}", path.display());
    }
    assert_eq!(refused.keys().copied().collect::<Vec<_>>(), ["G002", "G003"], "{refused:?}");
    documented(&format!(
        "As holdouts {clean} of them can be used; the others are refused for scenarios without When or Then, and for nothing else"
    ));
}

/// The places of errors, as the official parser counts them.
fn places(source: &str, diagnostics: &[Diagnostic]) -> Vec<(usize, usize)> {
    let place = |one: &Diagnostic| position(source, one.span.start);
    diagnostics.iter().map(place).map(|place| (place.line, place.column)).collect()
}

#[test]
fn bad_files_are_refused_at_the_official_place() {
    let files = files("gherkin/bad");
    assert_eq!(files.len(), BAD);
    let mut open_ended = Vec::new();
    for path in files {
        let source = fs::read_to_string(&path).unwrap();
        let (_, diagnostics) = parse(&source, flavour(&path));
        assert!(has_errors(&diagnostics), "{}", path.display());
        let locations: Vec<Value> = expected(&path, ".errors.ndjson")
            .into_iter()
            .map(|line| line["parseError"]["source"]["location"].clone())
            .collect();
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        if locations.iter().any(|place| place.get("column").is_none()) {
            // Something is open at the end. The official parser names the end, we name what is open.
            assert_eq!(locations.len(), 1);
            let places = places(&source, &diagnostics);
            open_ended.push((path.file_stem().unwrap().to_string_lossy().into_owned(), places));
            continue;
        }
        let official: Vec<_> =
            locations.iter().map(|place| (number(&place["line"]), number(&place["column"]))).collect();
        assert_eq!(places(&source, &diagnostics), official, "{}", path.display());
        // What is said of scenarios besides does not hide it.
        let (_, all) = parse_scenarios(&source, "a.feature");
        let all = places(&source, &all);
        assert!(official.iter().all(|place| all.contains(place)), "{}: {all:?}", path.display());
    }
    assert_eq!(
        open_ended,
        [
            ("file_ends_with_open_docstring".to_owned(), vec![(4, 5)]),
            ("unexpected_end_of_file".to_owned(), vec![(2, 1)]),
            ("unexpected_eof".to_owned(), vec![(6, 5)]),
        ]
    );
    let exact = BAD - open_ended.len();
    documented(&format!(
        "{BAD} of {BAD} bad files are refused, {exact} of them at exactly the official places"
    ));
    documented(&format!("The other {} leave something open at the end of the file", open_ended.len()));
}
