//! Asking, keeping, and taking what was kept: with a translator that says what it is told to.

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use tempfile::TempDir;

use super::{Answer, Asked, Judge, NoAnswer, Question, REPAIRS, Translations, Translator, Unreachable};
use crate::catalogue::Catalogue;
use crate::suite::{HoldoutSuite, SuiteError};

const ODD: &str = "# Scenario: It\n\nWhen Ann buys 2 apples\nThen she is thanked\nAnd the status is 201\n";
const BUY: &str = r#"POST /sales is sent with {"count": 2}"#;
const THANKS: &str = r#"the body contains "thank""#;

/// What is said of a sentence: the step that stands for it, or what is unclear.
type Said = (usize, Result<&'static str, &'static str>);

/// Answers from a list, mends as often as it may, and remembers what it was asked.
struct Scripted {
    answers: Mutex<VecDeque<Vec<Said>>>,
    asked: Mutex<Vec<String>>,
    told: Mutex<Vec<String>>,
}

/// What is said to each question, and to each demand to mend it.
fn scripted<const N: usize>(answers: [&[Said]; N]) -> Scripted {
    let answers = Mutex::new(answers.into_iter().map(<[_]>::to_vec).collect());
    Scripted { answers, asked: Mutex::default(), told: Mutex::default() }
}

impl Scripted {
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }
}

#[async_trait]
impl Translator for Scripted {
    async fn translate(&self, question: &Question, judge: &Judge<'_>) -> Result<Vec<Answer>, NoAnswer> {
        assert!(question.instructions.starts_with("You are the evaluator."));
        self.asked.lock().unwrap().push(question.asked.clone());
        for _ in 0..=REPAIRS {
            let Some(answers) = self.answers.lock().unwrap().pop_front() else {
                return Err(NoAnswer::Unreachable("nobody is there".into()));
            };
            let answer = |(sentence, said): Said| Answer {
                sentence,
                steps: said.iter().map(|step| (*step).to_owned()).collect(),
                unclear: said.err().map(str::to_owned),
            };
            let answers: Vec<Answer> = answers.into_iter().map(answer).collect();
            match judge(&answers) {
                Ok(()) => return Ok(answers),
                Err(why) => self.told.lock().unwrap().push(why),
            }
        }
        Err(NoAnswer::Unusable("three times wrong".to_owned()))
    }
}

/// Scenarios in one folder, what is kept in another.
struct World {
    folder: TempDir,
}

impl World {
    fn new(scenario: &str) -> Self {
        let world = World { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.holdouts()).unwrap();
        world.write("it.md", scenario);
        world.write("steps.toml", "about = ['api.txt']\n");
        world.write("api.txt", "POST /sales sells; GET /a looks.");
        world
    }

    fn holdouts(&self) -> PathBuf {
        self.folder.path().join("holdouts")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.holdouts().join(name), text).unwrap();
    }

    fn kept(&self, model: &str) -> Translations {
        Translations::of(&self.folder.path().join("evaluator"), model)
    }

    fn read(&self) -> Catalogue {
        Catalogue::read(&[self.holdouts()]).unwrap()
    }

    /// The only file that is kept.
    fn file(&self) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path().join("evaluator/translations")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// Asks, and keeps for the model `clever`.
    async fn ask(&self, translator: &Scripted) -> (Catalogue, Result<Asked, Unreachable>) {
        let kept = self.kept("clever");
        let mut catalogue = self.read();
        catalogue.recall(&kept);
        let asked = catalogue.translate(translator, "clever", Some(&kept)).await;
        (catalogue, asked)
    }
}

fn problems(catalogue: &Catalogue) -> String {
    let broken = catalogue.entries.iter().filter_map(|entry| entry.compiled.as_ref().err());
    let problems = broken.flat_map(|broken| &broken.problems);
    problems.map(|problem| format!("{}: {}\n", problem.place.line, problem.error.why)).collect()
}

#[tokio::test]
async fn what_is_accepted_is_kept_and_nobody_is_asked_again() {
    let world = World::new(ODD);
    let right = scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]]);
    let (catalogue, asked) = world.ask(&right).await;
    assert_eq!(asked.unwrap(), Asked { scenarios: 1, translated: 1 });
    let compiled = catalogue.entries[0].compiled.as_ref().ok().unwrap();
    let translation = compiled.translation.as_ref().unwrap().reveal();
    assert_eq!(
        (translation.model.as_str(), translation.sentences[&0].as_slice()),
        ("clever", &[BUY.to_owned()][..])
    );
    assert_eq!((catalogue.translated(), catalogue.unknown()), (2, 0));
    let asked = right.asked();
    assert!(asked[0].contains("1. When Ann buys 2 apples   <- no rule can read this"), "{asked:?}");
    assert!(asked[0].contains("3. Then the status is 201\n"), "{asked:?}");
    assert!(asked[0].ends_with("No rule can read: 1, 2."), "{asked:?}");

    let nobody = scripted([]);
    let (again, asked) = world.ask(&nobody).await;
    assert_eq!(asked.unwrap(), Asked::default());
    assert!(again.entries[0].compiled.as_ref().ok().unwrap().plan.reveal() == compiled.plan.reveal());
    // A run takes it, too, and is as before where no model is named.
    HoldoutSuite::load(&world.holdouts(), Some(&world.kept("clever"))).unwrap();
    for kept in [None, Some(world.kept("another"))] {
        let error = HoldoutSuite::load(&world.holdouts(), kept.as_ref()).err().unwrap();
        assert!(matches!(error, SuiteError::Uncompiled { .. }));
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&world.file()), mode(world.file().parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn what_it_depends_on_may_not_change() {
    let world = World::new(ODD);
    world.write("steps.toml", "about = ['api.txt']\n[[step]]\npattern = 'x'\nsteps = []\n");
    let right = scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]]);
    world.ask(&right).await.1.unwrap();
    let asked = right.asked();
    assert!(
        asked[0]
            .starts_with("Notes on the project:\n\nPOST /sales sells; GET /a looks.\n\nThe project's own"),
        "{asked:?}"
    );
    let is_known = || {
        let mut catalogue = world.read();
        catalogue.recall(&world.kept("clever"));
        assert!(!problems(&catalogue).contains("evaluator"), "nothing is damaged");
        catalogue.unknown() == 0
    };
    assert!(is_known());
    for (name, before, after) in [
        ("it.md", "It\n", "Other\n"),
        ("it.md", "thanked", "thanked twice"),
        ("it.md", "And the status is 201", "And the status is 200"),
        ("steps.toml", "'x'", "'y'"),
        ("api.txt", "sells", "buys"),
    ] {
        let text = std::fs::read_to_string(world.holdouts().join(name)).unwrap();
        world.write(name, &text.replace(before, after));
        assert!(!is_known(), "{name}: {before}");
        world.write(name, &text);
        assert!(is_known(), "{name}: {before}");
    }
    // Names of files, tags and what is not said do not matter.
    world.write("it.md", &ODD.replace("\n\nWhen", "\n@slow\n\nWhen"));
    assert!(is_known());
}

#[tokio::test]
async fn a_file_that_is_not_what_was_written_is_named_and_not_used() {
    let world = World::new(ODD);
    world.ask(&scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]])).await.1.unwrap();
    let file = world.file();
    let whole = std::fs::read_to_string(&file).unwrap();
    let other = World::new(&ODD.replace("apples", "pears"));
    other.ask(&scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]])).await.1.unwrap();
    let foreign = std::fs::read_to_string(other.file()).unwrap();
    let known = "has a form that this factory does not know";
    for (text, told) in [
        (whole.replace("thank", "x"), "is damaged"),
        (whole.replace("/sales", "/health"), "is damaged"),
        (whole[..whole.len() / 2].to_owned(), "is damaged"),
        (String::new(), "is damaged"),
        ("[]".to_owned(), "is damaged"),
        (whole.replace("\"version\": 1", "\"version\": 2"), known),
        (whole.replace("\"version\": 1", "\"version\": 0"), known),
        (whole.replace("\"version\": 1", "\"version\": 1, \"more\": 1"), "is damaged"),
        (foreign, "is of another scenario or model"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let nobody = scripted([]);
        let (mut catalogue, asked) = world.ask(&nobody).await;
        catalogue.recall(&world.kept("clever"));
        assert_eq!(asked.unwrap(), Asked::default(), "it is for a person to look at: {text}");
        let shown = problems(&catalogue);
        assert!(shown.contains(told) && shown.contains(file.to_str().unwrap()), "{shown}");
        assert_eq!(shown.matches(told).count(), 2, "once for each sentence: {shown}");
        let kept = world.kept("clever");
        assert!(HoldoutSuite::load(&world.holdouts(), Some(&kept)).is_err(), "{text}");
    }
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
    let (catalogue, _) = world.ask(&scripted([])).await;
    assert!(problems(&catalogue).contains("it is no file of sentences"), "{}", problems(&catalogue));
    // The rest of it is asked anew once it is gone.
    std::fs::remove_file(&file).unwrap();
    let (_, asked) = world.ask(&scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]])).await;
    assert_eq!(asked.unwrap().translated, 1);
}

#[tokio::test]
async fn sentences_that_mean_something_else_by_now_are_asked_anew() {
    let world = World::new(ODD);
    world.ask(&scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]])).await.1.unwrap();
    // As an earlier grammar would have written it: whole, but of another plan.
    let file = world.file();
    let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    text["kept"]["plan"] = serde_json::json!("0".repeat(64));
    let kept: super::keep::Kept = serde_json::from_value(text["kept"].clone()).unwrap();
    text["digest"] = serde_json::json!(kept.digest().as_str());
    std::fs::write(&file, text.to_string()).unwrap();
    let anew = scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]]);
    let (_, asked) = world.ask(&anew).await;
    assert_eq!(asked.unwrap(), Asked { scenarios: 1, translated: 1 });
}

#[tokio::test]
async fn an_answer_is_mended_twice_and_then_the_sentences_are_named() {
    let world = World::new(ODD);
    let wrong = scripted([
        &[(1, Ok(BUY))],
        &[(1, Ok(BUY)), (2, Ok("the status is not 500"))],
        &[(1, Ok(BUY)), (2, Ok("all is well"))],
        &[(1, Ok(BUY)), (2, Ok(THANKS))],
    ]);
    let (catalogue, asked) = world.ask(&wrong).await;
    assert_eq!(asked.unwrap(), Asked { scenarios: 1, translated: 0 });
    let told = wrong.told();
    assert!(told.contains("say something of each of these sentences, once, and of no other: 1, 2"), "{told}");
    assert!(told.contains("sentence 2: say which status it is instead of which it is not"), "{told}");
    assert!(told.contains("sentence 2: `all is well`: no rule understands it"), "{told}");
    let shown = problems(&catalogue);
    assert!(shown.starts_with("3: no rule understands it; clever was asked, and what it said"), "{shown}");
    assert_eq!(wrong.asked().len(), 1);
    // One that is mended in time is as good as any.
    let mended = scripted([&[(3, Ok(BUY))], &[(1, Ok(BUY)), (1, Ok(BUY))], &[(1, Ok(BUY)), (2, Ok(THANKS))]]);
    assert_eq!(world.ask(&mended).await.1.unwrap().translated, 1);
}

#[tokio::test]
async fn what_it_does_not_know_it_says() {
    let world = World::new(ODD);
    let honest = scripted([&[(1, Ok(BUY)), (2, Err("how thanks are shown"))]]);
    let (catalogue, asked) = world.ask(&honest).await;
    assert_eq!(asked.unwrap().translated, 0);
    let shown = problems(&catalogue);
    assert!(
        shown.contains("4: no rule understands it; clever cannot say it in other words: how thanks"),
        "{shown}"
    );
    let odd = scripted([&[(1, Ok(BUY)), (2, Err(" "))], &[(1, Ok(BUY)), (2, Err("how"))]]);
    world.ask(&odd).await.1.unwrap();
    assert!(odd.told().contains("sentence 2: say what is unclear"), "{}", odd.told());
}

#[tokio::test]
async fn what_becomes_readable_can_show_what_is_not() {
    // Without a request there is no answer that a list could be in.
    let world =
        World::new("# Scenario: It\n\nWhen Ann looks\nThen the field \"list\" is as long as it was\n");
    let step = "the field \"list\" has 0 elements";
    let rounds = scripted([&[(1, Ok("GET /a is sent"))], &[(2, Ok(step))]]);
    let (catalogue, asked) = world.ask(&rounds).await;
    assert_eq!(asked.unwrap().translated, 1, "{}{}", problems(&catalogue), rounds.told());
    assert!(rounds.asked()[1].contains("   in other words: GET /a is sent\n2. Then"), "{:?}", rounds.asked());
}

#[tokio::test]
async fn what_else_is_wrong_is_told_and_no_words_mend_it() {
    let world = World::new(&ODD.replace("the status is 201", "the status is 1xx, 2xx, 3xx, 4xx or 5xx"));
    let answers: &[_] = &[(1, Ok(BUY)), (2, Ok(THANKS))];
    let right = scripted([answers, answers, answers]);
    let (catalogue, _) = world.ask(&right).await;
    assert!(right.told().contains("sentence 3: this cannot fail"), "{}", right.told());
    assert_eq!(catalogue.unknown(), 1);
}

#[tokio::test]
async fn nobody_who_can_be_asked_ends_it_and_nothing_is_lost() {
    let world = World::new(&format!("{ODD}\n{}", ODD.replace("It", "Other")));
    let (catalogue, asked) = world.ask(&scripted([&[(1, Ok(BUY)), (2, Ok(THANKS))]])).await;
    assert!(matches!(asked, Err(Unreachable::Translator(_))));
    assert_eq!((catalogue.unknown(), catalogue.translated()), (1, 2));
    world.file();
}

/// The most that stands in front of every question, in tokens of o200k: it is paid for with each.
const MOST_TOKENS: usize = 1500;

#[tokio::test]
async fn what_a_translator_is_told_is_short() {
    let scripted = scripted([]);
    World::new(ODD).ask(&scripted).await.1.unwrap_err();
    let told = include_str!("../../prompts/translate.md");
    let (told, asked) = {
        let bpe = tiktoken_rs::o200k_base().unwrap();
        (bpe.encode_ordinary(told).len(), bpe.encode_ordinary(&scripted.asked()[0]).len())
    };
    println!("instructions {told}, the shortest question {asked}");
    assert!(told <= MOST_TOKENS, "{told}");
}
