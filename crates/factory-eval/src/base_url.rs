//! The address of a service that somebody else has started.

use std::net::IpAddr;
use std::str::FromStr;

use tokio::net::TcpStream;
use url::{Host, Url};

/// `http://HOST[:PORT][/PATH]`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    port: u16,
}

/// Why an address cannot be that of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is none.
    #[error("`{0}` is no address of a service, such as http://127.0.0.1:8000")]
    Malformed(String),
    /// It is not HTTP without TLS.
    #[error("`{0}` is not http: requests are sent without TLS only")]
    Scheme(String),
    /// There is more in it than where the service is.
    #[error("`{0}` has a user, a query or a fragment, and an address of a service has none")]
    TooMuch(String),
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::Malformed(text.to_owned()))?;
        if url.scheme() != "http" {
            // `localhost:8000` parses, with `localhost` as its scheme.
            return Err(match url.has_host() {
                true => BaseUrlError::Scheme(text.to_owned()),
                false => BaseUrlError::Malformed(text.to_owned()),
            });
        }
        let is_bare = url.username().is_empty() && url.password().is_none();
        if !is_bare || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::TooMuch(text.to_owned()));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => IpAddr::from(address).to_string(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).to_string(),
            None => return Err(BaseUrlError::Malformed(text.to_owned())),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(BaseUrl { text: url.as_str().trim_end_matches('/').to_owned(), host, port })
    }
}

impl BaseUrl {
    /// The address as requests have it, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection to the service.
    ///
    /// # Errors
    /// What the system says.
    pub async fn dial(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_services() {
        let read = |text: &str| text.parse::<BaseUrl>().map(|base| (base.text, base.host, base.port));
        let is = |text: &str, host: &str, port| Ok((text.to_owned(), host.to_owned(), port));
        assert_eq!(read("http://127.0.0.1:8000/"), is("http://127.0.0.1:8000", "127.0.0.1", 8000));
        assert_eq!(read("http://shop.test"), is("http://shop.test", "shop.test", 80));
        assert_eq!(read("http://[::1]:9/api/"), is("http://[::1]:9/api", "::1", 9));
        assert!(matches!(read("https://shop.test"), Err(BaseUrlError::Scheme(_))));
        for malformed in ["localhost:8000", "", "shop", "http://"] {
            assert!(matches!(read(malformed), Err(BaseUrlError::Malformed(_))), "{malformed}");
        }
        for more in ["http://a:b@shop.test", "http://shop.test/?x=1", "http://shop.test/#x"] {
            assert!(matches!(read(more), Err(BaseUrlError::TooMuch(_))), "{more}");
        }
    }
}
