//! One call through a door.

use std::sync::Arc;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::time;

use super::answer::{self, Answer};
use super::headers;
use super::plan::Way;
use super::scrub::Scrubber;
use super::server::Counts;

/// Performs a request, or says why not.
pub(super) async fn answer(way: &Way, counts: &Arc<Counts>, request: Request<Incoming>) -> Response<Answer> {
    let uri = request.uri();
    // `http://other.example/…`, `other.example:443` and `*` are no paths; hyper tells them apart by these.
    let is_path = uri.scheme().is_none() && uri.authority().is_none();
    let target = if is_path { way.target(request.method(), uri.path(), uri.query()) } else { None };
    let Some(target) = target else {
        counts.refused();
        return answer::own(
            StatusCode::FORBIDDEN,
            "this method and path are not allowed through the model door",
        );
    };
    let (head, body) = request.into_parts();
    let body = match read(way, body).await {
        Ok(body) => body,
        Err((status, message)) => {
            counts.refused();
            return answer::own(status, message);
        }
    };
    counts.called(body.len());
    let sent = way
        .http
        .request(head.method, target)
        .headers(headers::outgoing(&head.headers, way.credential.as_ref()))
        .body(body)
        .send()
        .await;
    match sent {
        Ok(response) => pass_on(way, counts, response),
        Err(error) if error.is_timeout() && !error.is_connect() => {
            answer::own(StatusCode::GATEWAY_TIMEOUT, "the model endpoint took too long")
        }
        Err(error) => {
            tracing::warn!(reason = %error.without_url(), "the model door reached no endpoint");
            answer::own(StatusCode::BAD_GATEWAY, "the model endpoint could not be reached")
        }
    }
}

/// Reads a request's body, up to its bounds.
async fn read(way: &Way, body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    let most = way.limits.body_bytes;
    let too_long = (StatusCode::PAYLOAD_TOO_LARGE, "the request is too long for the model door");
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(too_long);
    }
    match time::timeout(way.limits.body_time, Limited::new(body, most).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long),
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "the request broke off")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the request took too long")),
    }
}

fn pass_on(way: &Way, counts: &Arc<Counts>, response: reqwest::Response) -> Response<Answer> {
    if headers::is_encoded(response.headers()) {
        let message = "the model endpoint answered in an encoding that was not asked for";
        return answer::own(StatusCode::BAD_GATEWAY, message);
    }
    let status = response.status();
    let headers = headers::incoming(response.headers(), way.key.as_ref());
    let mut passed = Response::new(Answer::Endpoint {
        body: response.into(),
        scrubber: Scrubber::new(way.key.clone()),
        room: way.limits.answer_bytes,
        counts: Arc::clone(counts),
        over: false,
    });
    *passed.status_mut() = status;
    *passed.headers_mut() = headers;
    passed
}
