//! What the guard says to a request, as a response.

use std::convert::Infallible;
use std::time::Duration;

use crossbeam_channel::Receiver;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::Control;
use crate::guard::Request;

/// How long the guard may take to do what is asked.
const DONE_WITHIN: Duration = Duration::from_secs(5);

pub(super) type Body = BoxBody<Bytes, Infallible>;

/// What the guard answers to a request, or with which status it does not.
pub(super) async fn asked<T: Send + 'static>(
    control: &Control,
    request: Request,
    outcome: Receiver<Result<T, String>>,
) -> Result<T, (StatusCode, String)> {
    let busy = |status, why: &str| Err((status, why.to_owned()));
    if control.requests.try_send(request).is_err() {
        return busy(StatusCode::SERVICE_UNAVAILABLE, "too much is asked at once");
    }
    let waited = tokio::task::spawn_blocking(move || outcome.recv_timeout(DONE_WITHIN)).await;
    match waited {
        Ok(Ok(Ok(done))) => Ok(done),
        Ok(Ok(Err(why))) => Err((StatusCode::CONFLICT, why)),
        _ => busy(
            StatusCode::GATEWAY_TIMEOUT,
            "the guard is too busy to answer",
        ),
    }
}

pub(super) fn told(outcome: Result<String, (StatusCode, String)>) -> Response<Body> {
    match outcome {
        Ok(done) => json(StatusCode::OK, &Done { done }),
        Err((status, why)) => no_such(status, &why),
    }
}

#[derive(Serialize)]
struct Done {
    done: String,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
}

pub(super) fn no_such(status: StatusCode, error: &str) -> Response<Body> {
    json(status, &Refusal { error })
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    with_type(
        status,
        "application/json",
        Full::new(Bytes::from(text)).boxed(),
    )
}

pub(super) fn with_type(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
