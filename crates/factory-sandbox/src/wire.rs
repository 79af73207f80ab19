//! What a launcher and its keeper say to each other: JSON lines over a socket pair.
//!
//! The launcher's end is also the lifeline: nobody else holds it, so its closing means that the launcher is gone.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::task::Poll;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::end::End;
use crate::init::Confinement;

/// Bytes asked for in one read.
const CHUNK: usize = 64 * 1024;

/// From the launcher to the keeper. No `Debug`: a job holds secrets.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// First, and once: start this. The bytes of the command's input follow the line.
    Start(Box<Job>),
    /// Ask a service to end, and kill it after [`Job::grace`].
    Stop,
}

/// A command, as the keeper gets it. Strings are [`OsString`]s because arguments and paths need not be UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Absolute.
    pub(crate) cwd: OsString,
    /// How many bytes of input follow; for 0 the input is `/dev/null`.
    pub(crate) stdin_bytes: usize,
    pub(crate) wall: Duration,
    pub(crate) grace: Duration,
    pub(crate) file_bytes: Option<u64>,
    pub(crate) output: Output,
    /// `None`: the command is not confined.
    pub(crate) confinement: Option<Confinement>,
}

/// Where the command's output goes, in terms of the streams that the launcher gave the keeper.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Output {
    /// Each stream to the keeper's own.
    Separate,
    /// Both to the keeper's standard output.
    Merged,
    /// Both through the keeper, which writes the first `bytes` to its standard output, a log file.
    Log { bytes: u64 },
}

/// From the keeper to the launcher.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Report {
    /// First: this is a keeper, and it is prepared.
    Ready,
    /// Instead: this is a keeper, but it cannot work here.
    Unable(Failure),
    /// The command runs.
    Started,
    /// The command cannot be started.
    Refused(Refusal),
    /// Last: the command ended so, and nothing of it is left.
    Ended(End),
}

/// Why a command was not started.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Refusal {
    ProgramNotFound,
    DirectoryMissing,
    NotStarted(Failure),
    /// A step of the confinement failed, so nothing was started.
    NotConfined {
        step: String,
        failure: Failure,
    },
}

/// An [`io::Error`] on its way between processes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    code: Option<i32>,
    text: String,
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        Self { code: error.raw_os_error(), text: error.to_string() }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        failure.code.map_or_else(|| Self::other(failure.text), Self::from_raw_os_error)
    }
}

/// One end of the socket pair.
#[derive(Debug)]
pub(crate) struct Channel {
    stream: UnixStream,
    /// Received, but not yet taken.
    buffer: Vec<u8>,
}

impl Channel {
    /// Must be called within a tokio runtime.
    pub(crate) fn new(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream: UnixStream::from_std(stream)?, buffer: Vec::new() })
    }

    /// Sends a message, and bytes after it.
    pub(crate) async fn send(&mut self, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line).await?;
        self.stream.write_all(bytes).await
    }

    /// The next message, or `None` if the other end is closed. Nothing is lost if this is dropped.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        loop {
            match self.try_next() {
                Poll::Ready(next) => return next,
                Poll::Pending => self.stream.readable().await?,
            }
        }
    }

    /// The next message if it is here already.
    pub(crate) fn try_next<T: DeserializeOwned>(&mut self) -> Poll<io::Result<Option<T>>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Poll::Ready(serde_json::from_slice(&line).map(Some).map_err(io::Error::from));
            }
            match self.receive() {
                Ok(0) => return Poll::Ready(Ok(None)),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Exactly `count` bytes that follow a message.
    pub(crate) async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            match self.receive() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.stream.readable().await?,
                Err(error) => return Err(error),
            }
        }
        let rest = self.buffer.split_off(count);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    fn receive(&mut self) -> io::Result<usize> {
        self.buffer.reserve(CHUNK);
        self.stream.try_read_buf(&mut self.buffer)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (left, right) = std::os::unix::net::UnixStream::pair().unwrap();
        (Channel::new(left).unwrap(), Channel::new(right).unwrap())
    }

    #[tokio::test]
    async fn messages_and_bytes_keep_their_bounds() {
        let (mut near, mut far) = pair();
        // Larger than the socket's buffer, so that it arrives in pieces; and made of newlines, which must not matter.
        let input = vec![b'\n'; 3_000_000];
        let (sent, received) = tokio::join!(
            async {
                near.send(&Report::Started, &input).await?;
                near.send(&Report::Ended(End::Signalled(64)), b"").await
            },
            async {
                let first: Option<Report> = far.next().await.unwrap();
                assert!(matches!(first, Some(Report::Started)));
                let bytes = far.bytes(input.len()).await.unwrap();
                let last: Option<Report> = far.next().await.unwrap();
                assert!(matches!(last, Some(Report::Ended(End::Signalled(64)))));
                bytes
            }
        );
        sent.unwrap();
        assert!(received == input);
    }

    #[tokio::test]
    async fn a_closed_end_is_no_message() {
        let (near, mut far) = pair();
        assert!(far.try_next::<Report>().is_pending());
        drop(near);
        assert!(far.next::<Report>().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn bytes_cut_short_are_an_error() {
        let (mut near, mut far) = pair();
        near.send(&Report::Started, b"abc").await.unwrap();
        drop(near);
        far.next::<Report>().await.unwrap();
        assert_eq!(far.bytes(4).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_failure_keeps_its_code() {
        let failure = Failure::from(&io::Error::from_raw_os_error(13));
        assert_eq!(io::Error::from(failure).kind(), ErrorKind::PermissionDenied);
    }
}
