//! Where a model is asked, by which name, and for how long.

use std::time::Duration;

use async_openai::config::Config;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::SecretString;

use super::secret::Secret;

/// A model behind an OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Up to and without `/chat/completions`, such as `http://localhost:8080/v1`. No credentials in it.
    pub base_url: String,
    /// Sent as a bearer token; without one no such header is sent.
    pub api_key: Option<Secret>,
    /// The model's name, as the endpoint knows it.
    pub model: String,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long after the first failure of a call another try may start.
    pub retry_budget: Duration,
    /// What tokens cost; without it, usage is unpriced.
    pub price: Option<Price>,
}

impl Endpoint {
    /// An endpoint with the usual bounds: ten minutes for an answer, because some are written by hand, and two minutes
    /// of retries.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            model: model.into(),
            timeout: Duration::from_secs(600),
            retry_budget: Duration::from_secs(120),
            price: None,
        }
    }
}

/// What tokens cost, in millionths of a US dollar for each million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Tokens sent.
    pub input: u64,
    /// Tokens received.
    pub output: u64,
}

impl Price {
    /// The cost of one call in millionths of a US dollar, rounded up so that a sum of small calls is not free.
    pub fn of(self, input_tokens: u64, output_tokens: u64) -> u64 {
        let millionths = u128::from(self.input) * u128::from(input_tokens)
            + u128::from(self.output) * u128::from(output_tokens);
        u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Why an [`Endpoint`] cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Not an `http` or `https` URL.
    #[error("the base URL of the model endpoint is not an http or https URL")]
    Url,
    /// A user name or password in the URL would end up in messages.
    #[error("the base URL of the model endpoint holds credentials")]
    Credentials,
    /// The key cannot be put into a header.
    #[error("the API key of the model endpoint holds characters that no header may hold")]
    Key,
    /// No HTTP client can be made: no root certificates, most often.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

/// An endpoint's address as async-openai wants it. Its own type, because `OpenAIConfig` also reads the environment and
/// sends an empty bearer token where there is no key.
pub(super) struct Address {
    base: String,
    headers: HeaderMap,
    key: SecretString,
}

impl Address {
    pub(super) fn of(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        checked_url(&endpoint.base_url)?;
        let mut headers = HeaderMap::new();
        if let Some(key) = &endpoint.api_key {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| EndpointError::Key)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let key = endpoint.api_key.as_ref().map_or_else(SecretString::default, |key| key.inner().clone());
        Ok(Self { base: endpoint.base_url.trim_end_matches('/').to_owned(), headers, key })
    }

    /// Whether it is this machine itself, which no proxy has to be asked for.
    pub(super) fn is_loopback(&self) -> bool {
        Url::parse(&self.base).is_ok_and(|url| is_loopback(&url))
    }
}

/// An `http` or `https` URL without credentials.
pub(super) fn checked_url(base_url: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(base_url).map_err(|_| EndpointError::Url)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(EndpointError::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials);
    }
    Ok(url)
}

/// Whether a URL leads to this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Config for Address {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(base_url: &str, key: Option<&str>) -> EndpointError {
        let mut endpoint = Endpoint::new(base_url, "m");
        endpoint.api_key = key.map(Secret::new);
        Address::of(&endpoint).err().unwrap()
    }

    #[test]
    fn an_address_that_would_leak_or_cannot_work_is_refused() {
        assert!(matches!(refused("localhost:8080", None), EndpointError::Url));
        assert!(matches!(refused("ftp://models.example.test", None), EndpointError::Url));
        assert!(matches!(refused("http://user:pw@models.example.test/v1", None), EndpointError::Credentials));
        assert!(matches!(refused("http://models.example.test/v1", Some("a\nb")), EndpointError::Key));
    }

    #[test]
    fn the_key_is_not_in_debug() {
        let mut endpoint = Endpoint::new("http://localhost/v1", "m");
        endpoint.api_key = Some(Secret::new("sk-very-secret"));
        let address = Address::of(&endpoint).unwrap();
        assert!(!format!("{endpoint:?} {:?}", address.headers()).contains("very-secret"));
    }

    #[test]
    fn loopback_needs_no_proxy() {
        let loopback = |url| Address::of(&Endpoint::new(url, "m")).unwrap().is_loopback();
        assert!(loopback("http://127.0.0.1:1/v1"));
        assert!(loopback("http://[::1]:1/v1"));
        assert!(loopback("http://localhost/v1"));
        assert!(!loopback("http://models.example.test/v1"));
    }

    #[test]
    fn prices_round_up() {
        let price = Price { input: 2_500_000, output: 10_000_000 };
        assert_eq!(price.of(1_000_000, 100_000), 3_500_000);
        assert_eq!(price.of(1, 0), 3);
        assert_eq!(price.of(0, 0), 0);
    }
}
