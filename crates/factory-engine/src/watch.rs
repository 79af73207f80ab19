//! Tripwires around the model: no request goes out that a tripwire objects to, and what comes back is searched too.
//!
//! A [`WatchedModel`] and the engine share one [`Watch`]. It serves one run at a time, as recordings do: both know calls by
//! stage and attempt.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use factory_core::ids::{Attempt, Digest, RunId, ScenarioKey, StageId};

use crate::port::model::{Answer, CallSite, Completion, Message, ModelClient, ModelError, ModelRequest};
use crate::port::tripwire::{Hit, HitKind, NoTripwire, Tripwire};

/// Where something was found that a role said.
pub const MESSAGE: &str = "message";
/// Where something was found that a role is asked.
const PROMPT: &str = "a prompt";
/// Where something was found that a tool printed.
const OUTPUT: &str = "the output of a tool";

/// A tripwire with what it takes to know what was let go, and what was heard.
pub struct Watch {
    tripwire: Arc<dyn Tripwire>,
    heard: Mutex<HashMap<(StageId, Attempt), BTreeSet<Hit>>>,
    /// Texts that were searched and had nothing in them: a conversation is sent again and again.
    clean: Mutex<HashSet<Digest>>,
    let_go: Mutex<BTreeSet<(HitKind, Option<ScenarioKey>)>>,
}

impl Watch {
    /// A watch with this tripwire.
    pub fn new(tripwire: Arc<dyn Tripwire>) -> Self {
        Self { tripwire, heard: Mutex::default(), clean: Mutex::default(), let_go: Mutex::default() }
    }

    /// A watch that finds nothing.
    pub fn off() -> Self {
        Self::new(Arc::new(NoTripwire))
    }

    /// A try begins. `let_go` is what people have let go on in this run: whoever reads the work has to be shown it.
    pub(crate) fn begin(
        &self,
        run: &RunId,
        public: &str,
        at: (&StageId, Attempt),
        let_go: impl FnOnce(&dyn Tripwire) -> BTreeSet<Hit>,
    ) {
        self.tripwire.begin(run, public);
        let marks = let_go(self.tripwire.as_ref()).into_iter().map(|hit| (hit.kind, hit.scenario));
        *lock(&self.let_go) = marks.collect();
        lock(&self.clean).clear();
        lock(&self.heard).remove(&(at.0.clone(), at.1));
    }

    /// The tripwire.
    pub(crate) fn tripwire(&self) -> &dyn Tripwire {
        self.tripwire.as_ref()
    }

    /// What was found in what a role said while this try was made; forgotten by asking.
    pub(crate) fn heard(&self, stage: &StageId, attempt: Attempt) -> BTreeSet<Hit> {
        lock(&self.heard).remove(&(stage.clone(), attempt)).unwrap_or_default()
    }

    /// Why a request must not be sent. What a role has said itself it knows, and that is found when it is said.
    fn objection(&self, request: &ModelRequest) -> Option<ModelError> {
        let let_go = lock(&self.let_go);
        request.messages.iter().find_map(|message| {
            let (place, text) = match message {
                Message::System { text } | Message::User { text } | Message::Observation { text } => {
                    (PROMPT, text)
                }
                Message::Tool { text, .. } => (OUTPUT, text),
                Message::Assistant(_) => return None,
            };
            let digest = Digest::of(text.as_bytes());
            if lock(&self.clean).contains(&digest) {
                return None;
            }
            let hits = self.tripwire.toward(place, text);
            if hits.is_empty() {
                lock(&self.clean).insert(digest);
            }
            let hit = hits.into_iter().find(|hit| !let_go.contains(&(hit.kind, hit.scenario.clone())))?;
            Some(ModelError::Withheld { found: hit.kind.words(), place: hit.place })
        })
    }

    fn hear(&self, site: &CallSite, answer: &Answer) {
        let Answer { text, tool_calls } = answer;
        let calls = tool_calls.iter().flat_map(|call| [&call.name, &call.arguments]);
        let hits = text.iter().chain(calls).flat_map(|text| self.tripwire.from(MESSAGE, text.as_bytes()));
        let hits: BTreeSet<Hit> = hits.collect();
        if !hits.is_empty() {
            lock(&self.heard).entry((site.stage.clone(), site.attempt)).or_default().extend(hits);
        }
    }
}

/// What was found stays found, whatever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A model that is asked nothing that a tripwire objects to.
pub struct WatchedModel {
    inner: Arc<dyn ModelClient>,
    watch: Arc<Watch>,
}

impl WatchedModel {
    /// Watches over what is sent to this model, and what comes back.
    pub fn new(inner: Arc<dyn ModelClient>, watch: Arc<Watch>) -> Self {
        Self { inner, watch }
    }
}

#[async_trait]
impl ModelClient for WatchedModel {
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
        if let Some(objection) = self.watch.objection(request) {
            return Err(objection);
        }
        let completion = self.inner.complete(site, request).await?;
        self.watch.hear(site, &completion.answer);
        Ok(completion)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use factory_core::ids::Usage;

    use super::*;
    use crate::port::model::ToolCall;

    /// Finds the word `secret`.
    struct Word;

    fn search(place: &str, text: &str) -> Vec<Hit> {
        let hit = Hit { kind: HitKind::Canary, scenario: None, place: place.to_owned() };
        if text.contains("secret") { vec![hit] } else { Vec::new() }
    }

    impl Tripwire for Word {
        fn begin(&self, _run: &RunId, _public: &str) {}

        fn toward(&self, place: &str, text: &str) -> Vec<Hit> {
            search(place, text)
        }

        fn from(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
            search(place, &String::from_utf8_lossy(bytes))
        }
    }

    /// Says the same to everybody, and counts.
    struct Parrot {
        answer: Answer,
        asked: Mutex<u32>,
    }

    #[async_trait]
    impl ModelClient for Parrot {
        async fn complete(&self, _: &CallSite, _: &ModelRequest) -> Result<Completion, ModelError> {
            *lock(&self.asked) += 1;
            let answer = self.answer.clone();
            Ok(Completion { answer, model: "parrot".to_owned(), usage: Usage::default() })
        }
    }

    fn site() -> CallSite {
        CallSite { stage: "build".parse().unwrap(), attempt: Attempt::FIRST, ordinal: 1 }
    }

    fn watched(answer: Answer) -> (WatchedModel, Arc<Parrot>, Arc<Watch>) {
        let parrot = Arc::new(Parrot { answer, asked: Mutex::default() });
        let watch = Arc::new(Watch::new(Arc::new(Word)));
        begin(&watch, BTreeSet::new());
        (WatchedModel::new(Arc::clone(&parrot) as _, Arc::clone(&watch)), parrot, watch)
    }

    fn begin(watch: &Watch, let_go: BTreeSet<Hit>) {
        let run = "greeting-a1b2c3".parse().unwrap();
        watch.begin(&run, "", (&site().stage, site().attempt), |_| let_go);
    }

    fn request(message: Message) -> ModelRequest {
        let standing = Message::System { text: "be kind".to_owned() };
        ModelRequest { messages: vec![standing, message], tools: Vec::new() }
    }

    #[tokio::test]
    async fn what_a_tripwire_objects_to_is_not_sent() {
        let text = || "the secret word".to_owned();
        for (message, place) in [
            (Message::System { text: text() }, "a prompt"),
            (Message::User { text: text() }, "a prompt"),
            (Message::Observation { text: text() }, "a prompt"),
            (Message::Tool { call_id: "1".to_owned(), text: text() }, "the output of a tool"),
        ] {
            let (model, parrot, watch) = watched(Answer::default());
            let error = model.complete(&site(), &request(message.clone())).await.unwrap_err();
            let told =
                "a request was not sent to the model: a canary of the holdouts would have gone out with ";
            assert_eq!(error.to_string(), format!("{told}{place}"));
            assert_eq!(*lock(&parrot.asked), 0);
            // What a person has let go may be read by whoever works on.
            begin(&watch, search("greeting.txt", "secret").into_iter().collect());
            model.complete(&site(), &request(message)).await.unwrap();
            assert_eq!(*lock(&parrot.asked), 1);
        }
    }

    #[tokio::test]
    async fn what_a_role_says_is_heard_and_may_be_said_back_to_it() {
        let call = ToolCall {
            id: "1".to_owned(),
            name: "bash".to_owned(),
            arguments: "{\"command\":\"echo secret\"}".to_owned(),
        };
        let text = Some("I know the secret".to_owned());
        for answer in [Answer { text, tool_calls: Vec::new() }, Answer { text: None, tool_calls: vec![call] }]
        {
            let (model, parrot, watch) = watched(answer.clone());
            model.complete(&site(), &request(Message::Assistant(answer))).await.unwrap();
            assert_eq!(*lock(&parrot.asked), 1);
            assert!(watch.heard(&site().stage, Attempt(2)).is_empty(), "another try said nothing");
            let heard = watch.heard(&site().stage, site().attempt);
            assert_eq!(heard.into_iter().collect::<Vec<_>>(), search(MESSAGE, "secret"));
            assert!(watch.heard(&site().stage, site().attempt).is_empty(), "it is told once");
            // A try that is made once more has said nothing yet.
            model.complete(&site(), &request(Message::User { text: "go on".to_owned() })).await.unwrap();
            begin(&watch, BTreeSet::new());
            assert!(watch.heard(&site().stage, site().attempt).is_empty());
        }
    }
}
