//! Which requests pass a door.

use reqwest::Method;

/// A method and a path that pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    method: Method,
    path: String,
    below: bool,
}

impl Route {
    /// `GET` of a path, which begins with `/` and is appended to the base URL.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), below: false }
    }

    /// `POST` to a path, which begins with `/` and is appended to the base URL.
    pub fn post(path: impl Into<String>) -> Self {
        Self { method: Method::POST, path: path.into(), below: false }
    }

    /// The same route, and every path below it: `/models` and `/models/a-model`, but not `/models2`.
    #[must_use]
    pub fn and_below(mut self) -> Self {
        self.below = true;
        self
    }

    /// What an OpenAI-compatible client asks for: chat completions, responses, and which models there are.
    pub fn openai() -> Vec<Self> {
        vec![Self::post("/chat/completions"), Self::post("/responses"), Self::get("/models").and_below()]
    }

    /// The path after the base URL.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether a request with this path after the base URL passes. The path is plain, see [`is_plain`].
    pub(super) fn admits(&self, method: &Method, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(self.path.as_str()) else {
            return false;
        };
        *method == self.method && (rest.is_empty() || (self.below && rest.starts_with('/')))
    }
}

/// Whether a path means the same to everybody: `/` and segments of letters, digits and `-._~:@`, none of them empty and
/// none of dots alone. No percent-encoding, so no slash or dot in disguise; no parameters after `;`.
pub(super) fn is_plain(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    segments.split('/').all(|segment| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
        !segment.is_empty() && segment.bytes().all(plain) && segment.bytes().any(|byte| byte != b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_has_one_meaning() {
        for plain in ["/v1", "/v1/chat/completions", "/v1/models/ft:gpt.4-o~1@x", "/.well-known/a..b"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "",
            "/",
            "v1",
            "/v1/",
            "//v1",
            "/v1//x",
            "/./v1",
            "/v1/..",
            "/v1/../admin",
            "/v1/.../x",
            "/v1/%2e%2e/x",
            "/v1%2fx",
            "/v1\\x",
            "/v1;a=b",
            "/v1?x",
            "/v1#x",
            "/v1 x",
            "/v1/é",
            "/v1/\0",
            "/v1/*",
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }

    #[test]
    fn a_route_admits_its_method_and_path() {
        let exact = Route::post("/chat/completions");
        assert!(exact.admits(&Method::POST, "/chat/completions"));
        for (method, path) in [
            (Method::GET, "/chat/completions"),
            (Method::POST, "/chat/completions/x"),
            (Method::POST, "/chat/completionsx"),
            (Method::POST, "/chat"),
            (Method::POST, "/x/chat/completions"),
            (Method::POST, "/Chat/completions"),
        ] {
            assert!(!exact.admits(&method, path), "{method} {path}");
        }
        let below = Route::get("/models").and_below();
        assert!(below.admits(&Method::GET, "/models"));
        assert!(below.admits(&Method::GET, "/models/a/b"));
        assert!(!below.admits(&Method::GET, "/models2"));
    }
}
