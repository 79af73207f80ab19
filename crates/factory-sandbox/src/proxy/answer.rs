//! What the proxy answers instead of a tunnel: a status and one line that says why.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time;

use super::head::HeadFault;
use super::target::Target;

/// How long a client may take for its answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// How much of what a client still sends is read and thrown away, so that the answer is not lost by a reset.
const DRAINED_BYTES: usize = 64 * 1024;

/// Why there is no tunnel.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The head is no request for a tunnel.
    Malformed(HeadFault),
    /// The head did not come in time.
    Slow,
    /// The target is not on the list.
    NotListed(Target),
    /// The name stands for this machine or a network of ours.
    Local(Target),
    /// There are as many tunnels as there may be.
    Busy,
    /// The target was not reached.
    Unreached(Target),
}

impl Refusal {
    fn status(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "400 Bad Request",
            Self::NotListed(_) | Self::Local(_) => "403 Forbidden",
            Self::Slow => "408 Request Timeout",
            Self::Unreached(_) => "502 Bad Gateway",
            Self::Busy => "503 Service Unavailable",
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Malformed(HeadFault::Target(fault)) => format!("the target is no host:port: {fault}"),
            Self::Malformed(fault) => fault.to_string(),
            Self::Slow => "the request head took too long".to_owned(),
            Self::NotListed(target) => {
                format!("{target} is not allowed here; `[sandbox] allow = [\"{target}\"]` would allow it")
            }
            Self::Local(target) => format!(
                "{target} stands for this machine or a private network; only its address itself in \
                 `allow` of .factory/local.toml would allow it"
            ),
            Self::Busy => "there are as many tunnels as there may be".to_owned(),
            Self::Unreached(target) => format!("{target} could not be reached"),
        }
    }

    fn text(&self) -> String {
        let (status, line) = (self.status(), self.line());
        let length = line.len() + 1;
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{line}\n"
        )
    }

    /// Answers and closes the connection. A client that does not want to hear it is not waited for.
    pub(super) async fn give(&self, mut client: TcpStream) {
        let _ = time::timeout(ANSWER_TIME, async {
            client.write_all(self.text().as_bytes()).await?;
            client.shutdown().await?;
            tokio::io::copy(
                &mut client.take(u64::try_from(DRAINED_BYTES).unwrap_or(u64::MAX)),
                &mut tokio::io::sink(),
            )
            .await
        })
        .await;
    }
}
