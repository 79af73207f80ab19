//! Answers of a door: the endpoint's, passed on as they come, and its own, when there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame};
use hyper::{Response, StatusCode};
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use super::scrub::Scrubber;
use super::server::Counts;

/// Why an answer broke off.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrokenOff {
    #[error("the answer is too long")]
    TooLong,
    #[error("the endpoint's answer broke off")]
    Endpoint(#[source] reqwest::Error),
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// What the door itself says; empty when it was said.
    Own(Bytes),
    /// What the endpoint says.
    Endpoint {
        body: reqwest::Body,
        scrubber: Scrubber,
        /// How many bytes may still come.
        room: u64,
        counts: Arc<Counts>,
        over: bool,
    },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Own(text) => {
                let text = std::mem::take(text);
                Poll::Ready((!text.is_empty()).then(|| Ok(Frame::data(text))))
            }
            Self::Endpoint { over: true, .. } => Poll::Ready(None),
            Self::Endpoint { body, scrubber, room, counts, over } => loop {
                let came = ready!(Pin::new(&mut *body).poll_frame(cx));
                let passed = match came {
                    None => {
                        *over = true;
                        scrubber.finish()
                    }
                    Some(Err(source)) => {
                        *over = true;
                        return Poll::Ready(Some(Err(BrokenOff::Endpoint(source.without_url()))));
                    }
                    Some(Ok(frame)) => {
                        // Trailers are not passed on.
                        let Ok(bytes) = frame.into_data() else { continue };
                        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                        counts.received(count);
                        let Some(left) = room.checked_sub(count) else {
                            *over = true;
                            return Poll::Ready(Some(Err(BrokenOff::TooLong)));
                        };
                        *room = left;
                        scrubber.push(&bytes)
                    }
                };
                if !passed.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(passed.into()))));
                }
                if *over {
                    return Poll::Ready(None);
                }
            },
        }
    }
}

/// An answer of the door itself, in the shape that clients of an OpenAI-compatible endpoint read.
pub(super) fn own(status: StatusCode, message: &str) -> Response<Answer> {
    let body = serde_json::json!({ "error": { "message": message, "type": "model_door" } });
    let mut response = Response::new(Answer::Own(body.to_string().into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
