//! Sentences that run commands, say where and in which environment, and look at how they ended and what they printed.

use super::context::{Act, Context};
use super::files;
use super::lex;
use super::pattern::{Found, Pattern, Text};
use super::predicate::Said;
use super::subject::Subject;
use crate::plan::{Action, Check, Command, OutputPart, Predicate, Template};

static RUNS: Pattern = Pattern::new(
    r"(?:(?P<actor>(?:the |a )?[\w-]+) )?(?P<well>successfully )?(?P<verb>runs?|executes?|invokes?|calls?|launch(?:es)?|types? (?:the )?command|issues?|running|executing)(?P<well_too> successfully)? (?:the |a )?(?:following )?(?:shell |console )?(?:commands? |programs? |scripts? )?(?P<line>⟦q\d+⟧)(?P<rest>.*)",
);
static IS_RUN: Pattern = Pattern::new(
    r"(?:the )?(?:shell )?(?:command |program |script )?(?P<line>⟦q\d+⟧) is (?P<well>successfully )?(?:run|executed|invoked)(?P<rest>.*)",
);
static PIPES: Pattern = Pattern::new(
    r"(?P<actor>(?:the |a )?[\w-]+) (?:pipes?|feeds?) (?P<input>⟦[qh]\d+⟧) (?:in)?to (?:the command )?(?P<line>⟦q\d+⟧)(?P<rest>)",
);
static IN_FOLDER: Pattern = Pattern::new(
    r"(?:in|from|inside)(?: of)? ~(?:(?:working )?(?:directory|folder) )?(?P<path>⟦q\d+⟧)(?: directory| folder)?(?P<rest>.*)",
);
static INPUT: Pattern = Pattern::new(
    r"(?:(?:with|and|giving|given|using|on) ~(?:following )?(?:standard input|stdin|input)(?: of)?|and (?:I )?(?:types?|enters?|answers?)(?: with)?) (?P<input>⟦[qh]\d+⟧)(?P<rest>.*)",
);
static NO_INPUT: Pattern =
    Pattern::new(r"(?:with|and|giving|given|using|on) ~(?:following )?(?:standard input|stdin|input)");
static VARIABLE_FOR: Pattern = Pattern::new(
    r"with ~(?:environment )?variable {name:word} (?:set to|=|as) (?P<value>⟦[qh]\d+⟧)(?P<rest>.*)",
);
static ENDS_WELL: Pattern = Pattern::new(r"(?:, and )?(?P<how>succeeds|fails)(?P<rest>)");
static ENDS_WITH: Pattern = Pattern::new(
    r"(?P<verb>exits|ends|fails|returns) with ~(?:exit )?(?:code |status )?{code:number}(?P<rest>)",
);
static AM_IN: Pattern = Pattern::new(
    r"(?:(?:I|we|the user) (?:is in|(?:cd|changes?(?: directory)?|switch(?:es)?|moves?|goes|go) (?:in)?to)|~(?:working|current) directory is) (?:~(?:working )?(?:directory|folder) )?(?P<path>⟦q\d+⟧)(?: directory| folder)?",
);
static VARIABLE: Pattern = Pattern::new(
    r"(?:(?:I|we) (?:sets?|has|define|use|export) )?~environment variable (?:named |called )?{name:word} (?:is set to|is|to|with ~value|with|=|set to|as) (?P<value>⟦[qh]\d+⟧|[\w./:-]+)",
);
static NO_VARIABLE: Pattern = Pattern::new(
    r"(?:(?:I|we) (?:unset|remove|delete|clear) ~environment variable (?:named |called )?{name:word}|~environment variable (?:named |called )?{other:word} is (?:missing|unset|removed|not defined))",
);
static VARIABLES: Pattern = Pattern::new(
    r"(?:(?:I|we) (?:sets?|has|define|use) )?~(?:following )?environment variables(?: to| is set| is present| is| is set to)?",
);
static TYPES: Pattern = Pattern::new(
    r"(?:I|we|the user) (?:types?|enters?|answers?|inputs?)(?: with)? (?:~(?:text|line|answer) )?(?P<typed>⟦[qh]\d+⟧)",
);
const COMMAND: &str = r"(?P<it>it)|~(?:last )?(?:command|program|process|script|tool|cli)(?: ⟦q\d+⟧)?";

static EXITS: Pattern = Pattern::with_part(
    r"(?:@) (?P<not>does not )?(?P<verb>exits?|ends?|terminates?|finish(?:es)?|returns?|fails?|stops?|quits?) (?:(?:with )?~(?:exit )?(?:code|status|status code|exit status)?(?: of)? ?(?:{number:number}|(?P<quoted>⟦q\d+⟧))|(?P<how>successfully|with success|with ~error|unsuccessfully|with ~(?:non-zero|nonzero) (?:exit )?(?:code|status)))",
    COMMAND,
);
static PASSES: Pattern = Pattern::with_part(
    r"(?:@) (?P<not>does not )?(?P<how>succeeds?|pass|passes|fails?|is successful)(?: with (?:~(?:message|error|error message|output|following|text) )*(?P<text>⟦[qhj]\d+⟧))?",
    COMMAND,
);
static PRINTS: Pattern = Pattern::with_part(
    r"(?:@) (?P<not>does not )?(?:prints?|outputs?|writes?|displays?|shows?|says?|logs?) (?:~(?:following )?(?:text |message |line |error )*(?P<text>⟦[qhj]\d+⟧)|(?P<nothing>nothing))(?: (?:to|on) (?P<where>(?:the )?(?:stdout|stderr|standard output|standard error|error output|output)))?",
    COMMAND,
);
static NO_OUTPUT: Pattern = Pattern::new(
    r"(?:there is )?no (?P<what>output|stdout|stderr)|nothing is (?:printed|written|output|shown)(?: (?:to|on|in) (?P<where>(?:the )?(?:stdout|stderr|standard output|standard error|error output|output)))?",
);

/// A sentence about commands.
pub(crate) fn command(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    run(text, context).or_else(|| surroundings(text, context)).or_else(|| outcome(text, context))
}

fn run(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = RUNS.apply(text).or_else(|| IS_RUN.apply(text)).or_else(|| PIPES.apply(text))?;
    if super::request::is_nobody(found.get("actor")) {
        return None;
    }
    let line = found.template("line", context)?;
    // What is called or issued by its path is a request.
    let may_be_request = found.get("verb").is_some_and(|verb| {
        let verb = verb.to_lowercase();
        verb.starts_with("call") || verb.starts_with("issue") || verb.starts_with("invoke")
    });
    if may_be_request && (line.source().starts_with('/') || line.source().starts_with("http")) {
        return None;
    }
    if line.source().trim().is_empty() {
        return Some(Err("this command is empty".to_owned()));
    }
    let mut command = Command::new(line);
    command.folder = context.shell.folder.clone();
    command.environment = context.shell.environment.clone();
    command.input = found.template("input", context);
    let mut check = None;
    if found.get("well").is_some() || found.get("well_too").is_some() {
        check = Some(Predicate::Equals(0.into()));
    }
    let mut rest = text.piece(found.get("rest")?.trim_start_matches([',', ' ']));
    while !rest.skeleton.is_empty() {
        if let Some(found) = IN_FOLDER.apply(rest) {
            match files::inside(&found.word("path")?) {
                Ok(folder) => command.folder = Some(folder),
                Err(why) => return Some(Err(why)),
            }
            rest = found.piece("rest")?;
        } else if let Some(found) = INPUT.apply(rest) {
            if command.input.is_some() {
                return Some(Err("there are two inputs".to_owned()));
            }
            command.input = Some(input(&found, context)?);
            rest = found.piece("rest")?;
        } else if NO_INPUT.apply(rest).is_some() {
            return Some(Err("the input has to follow, in quotation marks or as a doc string".to_owned()));
        } else if let Some(found) = VARIABLE_FOR.apply(rest) {
            match variable(&found.word("name")?, Some(found.template("value", context)?)) {
                Ok(variable) => set(&mut command.environment, variable),
                Err(why) => return Some(Err(why)),
            }
            rest = found.piece("rest")?;
        } else if let Some(found) = ENDS_WITH.apply(rest) {
            if check.is_some() {
                return None;
            }
            check = Some(Predicate::Equals(code(found.number("code")?)?));
            rest = found.piece("rest")?;
        } else {
            let found = ENDS_WELL.apply(rest)?;
            let fails = found.get("how")?.eq_ignore_ascii_case("fails");
            if check.is_some() {
                return None;
            }
            let zero = serde_json::Value::from(0);
            check = Some(if fails { Predicate::NotEquals(zero) } else { Predicate::Equals(zero) });
            rest = found.piece("rest")?;
        }
    }
    context.shell.unused = false;
    context.command = true;
    context.acted = true;
    context.last = Some(Act::Command);
    context.subject = Some(Subject::Output(OutputPart::Both));
    let mut actions = vec![Action::Run(command)];
    actions.extend(check.map(|predicate| Action::Check(Check::Exit(predicate))));
    Some(Ok(actions))
}

/// What a command can read. The last line of a doc string ends as all others do.
fn input(found: &Found<'_>, context: &Context<'_>) -> Option<Template> {
    let input = found.template("input", context)?;
    let is_doc = context.doc.is_some_and(|doc| found.get("input") == Some(&lex::marker('q', doc)));
    Some(if is_doc { Template::new(format!("{}\n", input.source())) } else { input })
}

fn code(number: f64) -> Option<serde_json::Value> {
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let whole = (number.fract() == 0.0 && (0.0..=255.0).contains(&number)).then_some(number as i64)?;
    Some(whole.into())
}

fn set(environment: &mut Vec<(String, Option<Template>)>, variable: (String, Option<Template>)) {
    environment.retain(|(name, _)| *name != variable.0);
    environment.push(variable);
}

fn variable(name: &str, value: Option<Template>) -> Result<(String, Option<Template>), String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    if is_name {
        Ok((name.to_owned(), value))
    } else {
        Err(format!("`{name}` cannot be the name of an environment variable"))
    }
}

/// Where and in which environment the commands to come run, and what is typed into the last one.
fn surroundings(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = TYPES.apply(text) {
        let typed = found.template("typed", context)?;
        context.typed.push(typed.source().to_owned());
        return Some(Ok(Vec::new()));
    }
    if context.then {
        return None;
    }
    let mut variables = Vec::new();
    if let Some(found) = AM_IN.apply(text) {
        let path = found.word("path")?;
        let says_folder = ["directory", "folder", " cd "].iter().any(|word| text.skeleton.contains(word));
        if path.starts_with("http") || (path.starts_with('/') && !says_folder) {
            return None;
        }
        return Some(files::inside(&path).map(|folder| {
            context.shell.folder = Some(folder);
            context.shell.unused = true;
            Vec::new()
        }));
    } else if let Some(found) = NO_VARIABLE.apply(text) {
        variables.push(variable(&found.word("name").or_else(|| found.word("other"))?, None));
    } else if let Some(found) = VARIABLE.apply(text) {
        let value = found.template("value", context).or_else(|| found.word("value").map(Template::new));
        variables.push(variable(&found.word("name")?, value));
    } else if VARIABLES.matches(text) {
        for (name, value) in match context.attached.pairs() {
            Ok(pairs) => pairs,
            Err(why) => return Some(Err(why)),
        } {
            variables.push(variable(&name, Some(Template::new(value))));
        }
    } else {
        return None;
    }
    for variable in variables {
        match variable {
            Ok(variable) => set(&mut context.shell.environment, variable),
            Err(why) => return Some(Err(why)),
        }
    }
    context.shell.unused = true;
    Some(Ok(Vec::new()))
}

/// How the last command ended and what it printed.
fn outcome(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let said = ending(text, context).or_else(|| printed(text, context))?;
    Some(match said {
        Ok(_) if !context.command => Err("no command has been run yet".to_owned()),
        other => other,
    })
}

fn ending(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let zero = || serde_json::Value::from(0);
    // `fails with "x"` speaks of what it prints.
    let exits = EXITS.apply(text).filter(|found| {
        found.get("quoted").is_none()
            || found.word("quoted").is_some_and(|text| text.trim().parse::<u8>().is_ok())
    });
    if let Some(found) = exits {
        if found.get("it").is_some() && context.last != Some(Act::Command) {
            return None;
        }
        let verb = found.get("verb")?.to_lowercase();
        let number = found.number("number").or_else(|| found.word("quoted")?.trim().parse().ok());
        let how = found.get("how").map(str::to_lowercase);
        let mut predicate = match (number, how.as_deref()) {
            (Some(number), _) => Predicate::Equals(code(number)?),
            (None, Some("successfully" | "with success")) => Predicate::Equals(zero()),
            (None, Some(_)) => Predicate::NotEquals(zero()),
            (None, None) => return None,
        };
        if verb.starts_with("fail") && (found.get("not").is_some() || number == Some(0.0)) {
            return Some(Err("a command that ends with 0 has not failed".to_owned()));
        }
        if found.get("not").is_some() {
            predicate = match predicate {
                Predicate::Equals(code) => Predicate::NotEquals(code),
                _ => Predicate::Equals(zero()),
            };
        }
        return Some(Ok(vec![Action::Check(Check::Exit(predicate))]));
    }
    let found = PASSES.apply(text)?;
    if found.get("it").is_some() && context.last != Some(Act::Command) {
        return None;
    }
    let not = found.get("not").is_some();
    if not && found.get("text").is_some() {
        return Some(Err(
            "this can mean that it succeeds, or that it fails with another text: say `it succeeds`, or `it fails` and `the output does not contain …`"
                .to_owned(),
        ));
    }
    let fails = found.get("how")?.to_lowercase().starts_with("fail") != not;
    let predicate = if fails { Predicate::NotEquals(zero()) } else { Predicate::Equals(zero()) };
    let mut actions = vec![Action::Check(Check::Exit(predicate))];
    if let Some(text) = found.template("text", context) {
        actions.push(Action::Check(Check::Output(OutputPart::Both, Predicate::Contains(text))));
    }
    context.subject = Some(Subject::Output(OutputPart::Both));
    Some(Ok(actions))
}

fn printed(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let empty = || Predicate::Is(crate::plan::Kind::Empty);
    let (part, predicate) = if let Some(found) = NO_OUTPUT.apply(text) {
        (part(found.get("where").or_else(|| found.get("what"))), empty())
    } else {
        let found = PRINTS.apply(text)?;
        if found.get("it").is_some() && context.last != Some(Act::Command) {
            return None;
        }
        let not = found.get("not").is_some();
        let predicate = match (found.get("nothing").is_some(), not) {
            (true, false) => empty(),
            (true, true) => Predicate::IsNot(crate::plan::Kind::Empty),
            (false, false) => Predicate::Contains(found.template("text", context)?),
            (false, true) => Predicate::ContainsNot(found.template("text", context)?),
        };
        (part(found.get("where")), predicate)
    };
    context.subject = Some(Subject::Output(part));
    Some(Ok(vec![Action::Check(Check::Output(part, predicate))]))
}

/// Which output the words mean.
pub(crate) fn part(which: Option<&str>) -> OutputPart {
    match which.map(str::to_lowercase).as_deref().map(|which| which.trim_start_matches("the ")) {
        Some("stdout" | "standard output") => OutputPart::Stdout,
        Some("stderr" | "standard error" | "error output") => OutputPart::Stderr,
        Some(_) | None => OutputPart::Both,
    }
}

#[cfg(test)]
mod tests {
    use factory_spec::parse_scenarios;

    use super::*;
    use crate::grammar::{Phrases, compile};

    /// The actions of a scenario of these sentences, or the reasons why it is none.
    fn plan(steps: &str) -> Result<Vec<Action>, String> {
        let (scenarios, findings) = parse_scenarios(&format!("# Scenario: It\n\n{steps}\n"), "it.md");
        assert!(!factory_spec::has_errors(&findings), "{findings:?}");
        compile(&scenarios[0], &Phrases::default())
            .map(|plan| plan.steps.into_iter().map(|step| step.action).collect())
            .map_err(|errors| errors.into_iter().map(|error| error.why).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn commands_get_standard_input() {
        let fed = |command: &str, input: &str| {
            let input = Some(Template::new(input));
            Action::Run(Command { input, ..Command::new(Template::new(command)) })
        };
        let expected = fed("todo import", "a\nb");
        for sentence in [
            "When I run `todo import` with the input \"a\\nb\"",
            "When the command `todo import` is run with standard input \"a\\nb\"",
        ] {
            let actions = plan(&format!("{sentence}\nThen the exit code is 0")).unwrap();
            assert_eq!(actions[0], expected, "{sentence}");
        }
        let doc = "When I run `todo import` with this input:\n\"\"\"\na\nb\n\"\"\"\nThen the exit code is 0";
        assert_eq!(plan(doc).unwrap()[0], fed("todo import", "a\nb\n"));
        assert!(
            plan("When I run `x` with the input\nThen the exit code is 0")
                .unwrap_err()
                .contains("has to follow")
        );
    }

    #[test]
    fn what_was_said_of_the_shell_holds_for_a_command_with_input_too() {
        let said = "Given the environment variable LANG is set to \"C\"\nAnd I am in the directory \"deep\"\nWhen I run \
                    `todo import` with the input \"a\"\nThen the exit code is 0";
        let expected = Command {
            folder: Some(Template::new("deep")),
            environment: vec![("LANG".to_owned(), Some(Template::new("C")))],
            input: Some(Template::new("a")),
            ..Command::new(Template::new("todo import"))
        };
        assert!(plan(said).unwrap().contains(&Action::Run(expected)));
    }
}
