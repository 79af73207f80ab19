//! The HTTP client that models are asked with.

use std::sync::Once;
use std::time::Duration;

use reqwest::redirect::Policy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that gives each answer so much time and goes where it is told: it follows no redirects, because a redirected
/// POST would be repeated as a GET and a key could go along; and for this machine itself it asks no proxy.
pub(super) fn client(timeout: Duration, loopback: bool) -> reqwest::Result<reqwest::Client> {
    install_tls();
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .redirect(Policy::none());
    if loopback {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// reqwest without a built-in provider takes the process's default, and there must be one.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody else's choice is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
