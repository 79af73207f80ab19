//! Sending requests and keeping answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::Value;

use super::state::{Failure, failed, infrastructure};
use crate::plan::{self, Body, Request};
use factory_core::feedback::FailureClass;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a body at most, so that a candidate cannot fill the memory.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A client that takes no proxy, follows no redirect, keeps no cookie and makes a connection for each request.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Whoever else has installed one first has installed the same; nothing here uses it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .timeout(TIMEOUT)
        .tls_certs_only([])
        .build()
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In the order received, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The header's value; several of one name joined as RFC 9110 has it.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Makes a request of a template.
pub(crate) fn prepare(
    client: &Client,
    base: &str,
    request: &Request,
    values: &BTreeMap<String, String>,
) -> Result<reqwest::Request, Failure> {
    let path = request.path.fill(values);
    let url = if path.starts_with('/') { format!("{base}{path}") } else { path };
    // A link in a mail that leads elsewhere is not followed.
    if url != base && !url.strip_prefix(base).is_some_and(|rest| rest.starts_with(['/', '?', '#'])) {
        return Err(failed(
            FailureClass::WrongContent,
            format!("`{url}` does not lead to the service at {base}"),
        ));
    }
    let bad = |what: &str| infrastructure(format!("the request cannot be made: {what}"));
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| bad("its method"))?;
    let mut headers = HeaderMap::new();
    let body = match &request.body {
        Body::None => None,
        Body::Json(value) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Some(plan::fill_json(value, values).to_string().into_bytes())
        }
        Body::Text { text, media } => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(media).map_err(|_| bad("its content type"))?);
            Some(text.fill(values).into_bytes())
        }
        Body::Bytes(count) => Some(vec![b'x'; usize::try_from(*count).map_err(|_| bad("its size"))?]),
    };
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("the name of a header"))?;
        let value = HeaderValue::from_bytes(value.fill(values).as_bytes())
            .map_err(|_| bad("the value of a header"))?;
        headers.insert(name, value);
    }
    let mut builder = client.request(method, url).headers(headers);
    if let Some(body) = body {
        builder = builder.body(body);
    }
    builder.build().map_err(|_| bad("its address"))
}

/// Sends a request and reads all of the answer.
pub(crate) async fn send(client: Client, request: reqwest::Request) -> Result<Answer, Failure> {
    let begun = Instant::now();
    let no_answer =
        |error: reqwest::Error| failed(FailureClass::NoAnswer, format!("no answer: {}", chain(&error)));
    let mut response = client.execute(request).await.map_err(no_answer)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(failed(
                FailureClass::WrongContent,
                format!("the body has more than {MAX_BODY} bytes"),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body, took: begun.elapsed() })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
