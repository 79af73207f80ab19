//! A model behind an OpenAI-compatible endpoint, asked through async-openai.
//!
//! async-openai keeps an HTTP status only if the error body has the shape it expects, and its own retries read that
//! body, too. So a service of ours sits below it: it looks at the status first and carries a refusal out as an error of
//! our own; the retries are here, bounded by time.

use std::time::{Duration, Instant};

use async_openai::Client;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_trait::async_trait;
use factory_core::ids::Usage;
use factory_engine::port::model::{CallSite, Completion, ModelClient, ModelError, ModelRequest};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::endpoint::{Address, Endpoint, EndpointError};
use super::http;
use super::wire;

/// The pause before the second try; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause of our own is longer; the endpoint may ask for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How much of an error body is read.
const ERROR_BYTES: usize = 16 * 1024;
/// How much of it is told.
const TOLD_CHARS: usize = 300;

/// A live model.
pub struct OpenAiModel {
    endpoint: Endpoint,
    client: Client<Address>,
}

impl OpenAiModel {
    /// A client for the endpoint. Nothing is sent yet.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint's description cannot work.
    pub fn new(endpoint: Endpoint) -> Result<Self, EndpointError> {
        let address = Address::of(&endpoint)?;
        let http = http::client(endpoint.timeout, address.is_loopback()).map_err(EndpointError::Client)?;
        let service_http = http.clone();
        let service = tower::service_fn(move |request| send(service_http.clone(), request));
        let client = Client::build(http, address).with_http_service(service);
        Ok(Self { endpoint, client })
    }

    /// Whether the endpoint knows the model, by its list of models: for a check that costs nothing. `None` if the endpoint
    /// answers but keeps no such list.
    ///
    /// # Errors
    /// [`ModelError`] when it cannot be reached or refuses. Nothing is tried again.
    pub async fn knows_model(&self) -> Result<Option<bool>, ModelError> {
        let listed: Result<Value, Failure> = self.client.models().list_byot().await.map_err(Failure::of);
        match listed {
            Ok(list) => Ok(wire::model_ids(&list).map(|ids| ids.contains(&self.endpoint.model.as_str()))),
            Err(Failure::Refused(refusal)) if matches!(refusal.status, 404 | 405) => Ok(None),
            Err(Failure::Garbage(_)) => Ok(None),
            Err(failure) => Err(self.error(failure)),
        }
    }

    async fn ask(&self, body: &Value) -> Result<Completion, Failure> {
        let mut response: wire::Response = self.client.chat().create_byot(body).await.map_err(Failure::of)?;
        let answer = response.answer().map_err(Failure::Garbage)?;
        let usage = match &response.usage {
            Some(tokens) => Usage {
                calls: 1,
                input_tokens: tokens.prompt_tokens,
                output_tokens: tokens.completion_tokens,
                micro_usd: self
                    .endpoint
                    .price
                    .map(|price| price.of(tokens.prompt_tokens, tokens.completion_tokens)),
            },
            None => Usage { calls: 1, ..Usage::default() },
        };
        let model = response.model.unwrap_or_else(|| self.endpoint.model.clone());
        Ok(Completion { answer, model, usage })
    }

    fn error(&self, failure: Failure) -> ModelError {
        let endpoint = self.endpoint.base_url.clone();
        match failure {
            Failure::Refused(refusal) => ModelError::Refused {
                endpoint,
                status: refusal.status,
                message: self.told(&wire::error_text(&refusal.body)),
            },
            Failure::Broken(source) if is_late(&source) => {
                ModelError::Unreachable { endpoint, source: Box::new(Late(self.endpoint.timeout)) }
            }
            Failure::Broken(source) => {
                ModelError::Unreachable { endpoint, source: Box::new(source.without_url()) }
            }
            Failure::Garbage(detail) => ModelError::Garbage { endpoint, detail: self.told(&detail) },
            Failure::Unsendable(source) => ModelError::Unreachable { endpoint, source: Box::new(source) },
        }
    }

    /// A text of the endpoint on one line, cut, and without our key, which some endpoints quote back.
    fn told(&self, text: &str) -> String {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = match &self.endpoint.api_key {
            Some(key) if !key.expose().is_empty() => line.replace(key.expose(), "[key]"),
            _ => line,
        };
        match line.char_indices().nth(TOLD_CHARS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

#[async_trait]
impl ModelClient for OpenAiModel {
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
        let body = wire::request(&self.endpoint.model, request);
        let mut first_failure = None;
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match self.ask(&body).await {
                Ok(completion) => return Ok(completion),
                Err(failure) => failure,
            };
            let since = *first_failure.get_or_insert_with(Instant::now);
            let wait = failure.retry_after().unwrap_or_default().max(pause);
            if !failure.may_pass() || since.elapsed() + wait > self.endpoint.retry_budget {
                return Err(self.error(failure));
            }
            tracing::warn!(
                stage = %site.stage, wait_ms = wait.as_millis(), reason = %failure.reason(),
                "asking the model again"
            );
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The service below async-openai: sends, and answers only what has a status of success.
async fn send(http: reqwest::Client, request: HttpRequestFactory) -> Result<reqwest::Response, OpenAIError> {
    let mut response = http.execute(request.build().await?).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let mut body = Vec::new();
    while body.len() < ERROR_BYTES {
        // The status is what counts; a body that breaks off is told as far as it came.
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend_from_slice(&chunk);
    }
    let refusal = Refusal {
        status: response.status().as_u16(),
        retry_after: retry_after(response.headers()),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    Err(OpenAIError::Boxed(Box::new(refusal)))
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3). A date is not understood; our own pause is used instead.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The endpoint answered with a status that is no success.
#[derive(Debug, thiserror::Error)]
#[error("status {status}")]
struct Refusal {
    status: u16,
    retry_after: Option<Duration>,
    body: String,
}

/// The time for one answer was over.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs_f64())]
struct Late(Duration);

/// Why one try gave no answer.
enum Failure {
    Refused(Refusal),
    Broken(reqwest::Error),
    Garbage(String),
    Unsendable(OpenAIError),
}

impl Failure {
    fn of(error: OpenAIError) -> Self {
        match error {
            OpenAIError::Reqwest(source) => Self::Broken(source),
            OpenAIError::JSONDeserialize(source, content) => {
                Self::Garbage(format!("{source} in `{content}`"))
            }
            OpenAIError::Boxed(source) => match source.downcast::<Refusal>() {
                Ok(refusal) => Self::Refused(*refusal),
                Err(source) => Self::Unsendable(OpenAIError::Boxed(source)),
            },
            other => Self::Unsendable(other),
        }
    }

    /// Whether the same request may be answered a little later.
    fn may_pass(&self) -> bool {
        match self {
            // A spent quota is a 429, too, and no wait of ours brings it back.
            Self::Refused(refusal) => {
                matches!(refusal.status, 408 | 409 | 429 | 500..)
                    && !refusal.body.contains("insufficient_quota")
            }
            Self::Broken(source) => !source.is_builder() && !is_late(source),
            Self::Garbage(_) | Self::Unsendable(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            Self::Broken(_) | Self::Garbage(_) | Self::Unsendable(_) => None,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Broken(_) => "no connection".to_owned(),
            Self::Garbage(_) | Self::Unsendable(_) => "no answer".to_owned(),
        }
    }
}

/// Whether the answer took too long, as opposed to the connection.
fn is_late(error: &reqwest::Error) -> bool {
    error.is_timeout() && !error.is_connect()
}
