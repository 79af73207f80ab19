//! Where a door leads, what passes it, and how much.

use std::io;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::route::{self, Route};
use crate::model::endpoint::{self, Endpoint, EndpointError};
use crate::model::http;
use crate::model::secret::Secret;

/// The fewest bytes of a key. A shorter one cannot be told from ordinary text, in which it is searched for.
const KEY_BYTES: usize = 8;

/// A door that is to be opened.
#[derive(Debug, Clone)]
pub struct DoorPlan {
    /// Up to and without what the routes begin with, such as `https://models.example.test/v1`. No credentials in it.
    pub base_url: String,
    /// Added to every request; without one, none is sent.
    pub key: Option<Secret>,
    /// How the key is sent.
    pub key_header: KeyHeader,
    /// What passes. Nothing else does.
    pub routes: Vec<Route>,
    /// How much and how long.
    pub limits: DoorLimits,
}

impl DoorPlan {
    /// A door to an endpoint: its URL, its key as a bearer token, its time for an answer; the routes of
    /// [`Route::openai`] and the usual limits.
    pub fn to(endpoint: &Endpoint) -> Self {
        Self {
            base_url: endpoint.base_url.clone(),
            key: endpoint.api_key.clone(),
            key_header: KeyHeader::Bearer,
            routes: Route::openai(),
            limits: DoorLimits { answer_time: endpoint.timeout, ..DoorLimits::default() },
        }
    }
}

/// How a key is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHeader {
    /// As `Authorization: Bearer KEY`.
    Bearer,
    /// As the value of a header of this name, such as `x-api-key`.
    Named(String),
}

/// How much and how long a door lets through.
#[derive(Debug, Clone, Copy)]
pub struct DoorLimits {
    /// From a connection's beginning to the end of the request head.
    pub head_time: Duration,
    /// From there to the end of the request body.
    pub body_time: Duration,
    /// From sending the request on to the end of the answer.
    pub answer_time: Duration,
    /// The longest request body, in bytes.
    pub body_bytes: usize,
    /// The longest answer, in bytes, without its head.
    pub answer_bytes: u64,
    /// Calls at once. Further ones wait to be accepted.
    pub calls: usize,
}

impl Default for DoorLimits {
    /// Ten seconds for a head, a minute for a body of up to 16 MiB, ten minutes for an answer of up to 64 MiB, eight calls.
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(60),
            answer_time: Duration::from_secs(600),
            body_bytes: 16 * 1024 * 1024,
            answer_bytes: 64 * 1024 * 1024,
            calls: 8,
        }
    }
}

/// Why a door was not opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The endpoint cannot be used.
    #[error("the model door leads nowhere")]
    Endpoint(#[source] EndpointError),
    /// The base URL has a query or a fragment, or a path that readers may understand differently.
    #[error("the base URL of the model door is more than an address and a plain path")]
    Base,
    /// A route is no plain path.
    #[error("the route `{}` of the model door is no plain path", path.escape_debug())]
    Route {
        /// As it was given.
        path: String,
    },
    /// The header for the key has no name that a header may have.
    #[error("the header for the key of the model door cannot have this name")]
    KeyHeader,
    /// The key could not be found in answers without spoiling ordinary text.
    #[error(
        "the key of the model door has fewer than {KEY_BYTES} characters; an endpoint that needs none is given none"
    )]
    ShortKey,
    /// The listener cannot be used.
    #[error("the listener of the model door cannot be used")]
    Listener(#[source] io::Error),
}

/// A plan that was found to work, with the client that carries it out.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) http: reqwest::Client,
    /// Scheme, host and port of the endpoint, and nothing after.
    pub(super) origin: String,
    /// The path that all routes are below: empty, or plain.
    pub(super) base_path: String,
    pub(super) routes: Vec<Route>,
    pub(super) credential: Option<(HeaderName, HeaderValue)>,
    pub(super) key: Option<Secret>,
    pub(super) limits: DoorLimits,
}

impl Way {
    pub(super) fn of(plan: DoorPlan) -> Result<Self, DoorError> {
        let url = endpoint::checked_url(&plan.base_url).map_err(DoorError::Endpoint)?;
        let base_path = url.path().trim_end_matches('/').to_owned();
        if url.query().is_some() || url.fragment().is_some() {
            return Err(DoorError::Base);
        }
        if !base_path.is_empty() && !route::is_plain(&base_path) {
            return Err(DoorError::Base);
        }
        if let Some(bad) = plan.routes.iter().find(|route| !route::is_plain(route.path())) {
            return Err(DoorError::Route { path: bad.path().to_owned() });
        }
        let credential = plan.key.as_ref().map(|key| credential(key, &plan.key_header)).transpose()?;
        let http = http::client(plan.limits.answer_time, endpoint::is_loopback(&url))
            .map_err(|source| DoorError::Endpoint(EndpointError::Client(source)))?;
        Ok(Self {
            http,
            origin: url.origin().ascii_serialization(),
            base_path,
            routes: plan.routes,
            credential,
            key: plan.key,
            limits: plan.limits,
        })
    }

    /// Where a request goes; `None` if it does not pass. `path` is as the client wrote it, without the query.
    pub(super) fn target(&self, method: &reqwest::Method, path: &str, query: Option<&str>) -> Option<Url> {
        if !route::is_plain(path) {
            return None;
        }
        let below = path.strip_prefix(self.base_path.as_str())?;
        if !self.routes.iter().any(|route| route.admits(method, below)) {
            return None;
        }
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let url = Url::parse(&format!("{}{path}{query}", self.origin)).ok()?;
        // A plain path has no other reading; if the URL's own reader finds one all the same, nothing is sent.
        (url.path() == path && url.origin().ascii_serialization() == self.origin).then_some(url)
    }
}

fn credential(key: &Secret, header: &KeyHeader) -> Result<(HeaderName, HeaderValue), DoorError> {
    if key.expose().len() < KEY_BYTES {
        return Err(DoorError::ShortKey);
    }
    let (name, text) = match header {
        KeyHeader::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
        KeyHeader::Named(name) => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| DoorError::KeyHeader)?;
            (name, key.expose().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| DoorError::Endpoint(EndpointError::Key))?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;

    fn plan(base_url: &str) -> DoorPlan {
        DoorPlan::to(&Endpoint::new(base_url, "m"))
    }

    #[test]
    fn a_plan_that_cannot_work_is_refused() {
        let refused = |plan| Way::of(plan).unwrap_err();
        assert!(matches!(refused(plan("ftp://a.example/v1")), DoorError::Endpoint(EndpointError::Url)));
        let credentials = refused(plan("https://u:p@a.example/v1"));
        assert!(matches!(credentials, DoorError::Endpoint(EndpointError::Credentials)));
        for base in [
            "https://a.example/v1?x=y",
            "https://a.example/v1#x",
            "https://a.example/a%2fb",
            "https://a.example//v1",
        ] {
            assert!(matches!(refused(plan(base)), DoorError::Base), "{base}");
        }
        let with_routes = DoorPlan { routes: vec![Route::get("/a/../b")], ..plan("https://a.example/v1") };
        assert!(matches!(refused(with_routes), DoorError::Route { .. }));
        let keyed = |key: &str, key_header| DoorPlan {
            key: Some(Secret::new(key)),
            key_header,
            ..plan("https://a.example/v1")
        };
        assert!(matches!(refused(keyed("short", KeyHeader::Bearer)), DoorError::ShortKey));
        let broken = refused(keyed("long enough\n", KeyHeader::Bearer));
        assert!(matches!(broken, DoorError::Endpoint(EndpointError::Key)));
        let unnamed = refused(keyed("long enough", KeyHeader::Named("a b".to_owned())));
        assert!(matches!(unnamed, DoorError::KeyHeader));
    }

    #[test]
    fn the_key_is_in_no_debug() {
        let mut plan = plan("https://a.example/v1");
        plan.key = Some(Secret::new("sk-very-secret"));
        let told = format!("{plan:?}");
        assert!(!format!("{told} {:?}", Way::of(plan).unwrap()).contains("very-secret"));
    }

    #[test]
    fn a_request_goes_to_the_endpoint_or_nowhere() {
        for (base, prefix) in [
            ("https://a.example/v1", "/v1"),
            ("https://a.example/", ""),
            ("http://a.example:81/x/y/", "/x/y"),
        ] {
            let way = Way::of(plan(base)).unwrap();
            let at = |path: &str| way.target(&Method::POST, path, Some("a=b&c=%2e")).map(String::from);
            let path = format!("{prefix}/chat/completions");
            assert_eq!(at(&path), Some(format!("{}{path}?a=b&c=%2e", way.origin)));
            for other in ["/chat", "/../admin", "/chat/completions/", "//chat/completions"] {
                assert_eq!(at(&format!("{prefix}{other}")), None, "{other}");
            }
        }
        let way = Way::of(plan("https://a.example/v1")).unwrap();
        assert_eq!(way.target(&Method::POST, "/chat/completions", None), None, "without the base path");
        assert_eq!(way.target(&Method::POST, "/v1x/chat/completions", None), None);
    }
}
