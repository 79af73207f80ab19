//! Which headers pass a door, in and out.

use reqwest::header::{
    ACCEPT_ENCODING, ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, EXPECT,
    FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};

use super::scrub::Scrubber;
use crate::model::secret::Secret;

/// Headers about one connection (RFC 9110, section 7.6.1, and what was one before it).
const HOP: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Headers of a request that are ours to set, or that nobody in a sandbox can vouch for.
const NOT_SENT: [HeaderName; 9] = [
    AUTHORIZATION,
    COOKIE,
    HOST,
    CONTENT_LENGTH,
    EXPECT,
    ACCEPT_ENCODING,
    FORWARDED,
    VIA,
    HeaderName::from_static("proxy-connection"),
];

/// Headers that carry a key at some endpoint or other, or say where a request came from.
fn is_claim(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || name == "x-real-ip"
        || ["api-key", "apikey", "api_key", "auth-token", "access-token"]
            .iter()
            .any(|word| name.ends_with(word))
}

/// Headers of an answer that stay outside. The length goes because a key that is taken out changes it.
const NOT_GIVEN: [HeaderName; 5] =
    [SET_COOKIE, CONTENT_LENGTH, CONTENT_ENCODING, ALT_SVC, HeaderName::from_static("set-cookie2")];

/// What is sent on of a request's headers, with the credential.
pub(super) fn outgoing(headers: &HeaderMap, credential: Option<&(HeaderName, HeaderValue)>) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut sent: HeaderMap = headers
        .iter()
        .filter(|(name, _)| {
            !HOP.contains(name) && !NOT_SENT.contains(name) && !is_claim(name) && !names(&named, name)
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // What is compressed cannot be searched for the key.
    sent.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some((name, value)) = credential {
        sent.insert(name.clone(), value.clone());
    }
    sent
}

/// What is given back of an answer's headers, without the key.
pub(super) fn incoming(headers: &HeaderMap, key: Option<&Secret>) -> HeaderMap {
    let named = named_by_connection(headers);
    let lower = key.map(|key| key.expose().to_ascii_lowercase());
    headers
        .iter()
        .filter(|(name, _)| !HOP.contains(name) && !NOT_GIVEN.contains(name) && !names(&named, name))
        .filter(|(name, _)| lower.as_ref().is_none_or(|key| !name.as_str().contains(key.as_str())))
        .filter_map(|(name, value)| {
            let value = Scrubber::whole(key, value.as_bytes());
            HeaderValue::from_bytes(&value).ok().map(|value| (name.clone(), value))
        })
        .collect()
}

/// Whether a body is sent in an encoding, so that nothing can be found in it.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The headers that `Connection` names as being about it.
fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

fn names(named: &[String], name: &HeaderName) -> bool {
    named.iter().any(|other| other == name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn listed(headers: &HeaderMap) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn a_request_keeps_what_is_about_itself() {
        let asked = map(&[
            ("accept", "text/event-stream"),
            ("content-type", "application/json"),
            ("anthropic-version", "2023-06-01"),
            ("authorization", "Bearer theirs"),
            ("x-api-key", "theirs"),
            ("api-key", "theirs"),
            ("x-goog-api-key", "theirs"),
            ("cookie", "a=b"),
            ("host", "evil.example"),
            ("forwarded", "for=1"),
            ("x-forwarded-host", "evil.example"),
            ("accept-encoding", "gzip"),
            ("connection", "close, X-Odd"),
            ("x-odd", "1"),
            ("keep-alive", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("content-length", "3"),
            ("transfer-encoding", "chunked"),
        ]);
        let ours = (AUTHORIZATION, HeaderValue::from_static("Bearer ours"));
        assert_eq!(
            listed(&outgoing(&asked, Some(&ours))),
            [
                "accept: text/event-stream",
                "content-type: application/json",
                "anthropic-version: 2023-06-01",
                "accept-encoding: identity",
                "authorization: Bearer ours",
            ]
        );
        assert!(!outgoing(&asked, None).contains_key(AUTHORIZATION));
    }

    #[test]
    fn an_answer_loses_cookies_and_the_key() {
        let said = map(&[
            ("content-type", "text/plain"),
            ("retry-after", "7"),
            ("set-cookie", "a=b"),
            ("content-length", "3"),
            ("connection", "x-odd"),
            ("x-odd", "1"),
            ("x-echo", "it is Sk-Secret, really"),
            ("x-sk-secret", "1"),
        ]);
        assert_eq!(
            listed(&incoming(&said, Some(&Secret::new("Sk-Secret")))),
            ["content-type: text/plain", "retry-after: 7", "x-echo: it is [redacted], really"]
        );
    }
}
