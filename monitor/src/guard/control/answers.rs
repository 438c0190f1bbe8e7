//! What is answered to which request.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crossbeam_channel::bounded;
use hyper::body::Incoming;
use hyper::{Request as HttpRequest, Response, StatusCode};

use super::response::{Body, asked, json, no_such, told, with_type};
use super::{Control, accepting};
use crate::guard::Request;
use crate::guard::asked::{Asked, Refused};
use crate::guard::board::Action;
use crate::service::key::Key;

pub(super) async fn answer(
    request: &HttpRequest<Incoming>,
    control: &Control,
    follows: &Arc<AtomicBool>,
) -> Response<Body> {
    let uri = request.uri();
    let asked = match Asked::of(request.method().as_str(), uri.path(), uri.query()) {
        Ok(asked) => asked,
        Err(Refused::Unknown(why)) => return no_such(StatusCode::NOT_FOUND, why),
        Err(Refused::Wrong(why)) => return no_such(StatusCode::BAD_REQUEST, why),
    };
    match asked {
        Asked::Status => {
            let mut status = control.board.lock().clone();
            status.services.iter_mut().for_each(|it| it.lacking.clear());
            json(StatusCode::OK, &status)
        }
        Asked::Services => {
            let services = control.board.lock().services.clone();
            json(StatusCode::OK, &services)
        }
        Asked::Service(key) => {
            let services = control.board.lock().services.clone();
            match services.iter().find(|it| it.service == key) {
                Some(service) => json(StatusCode::OK, service),
                None => no_such(StatusCode::NOT_FOUND, &unknown(&key)),
            }
        }
        Asked::Act(service, action) => act(control, service, action).await,
        Asked::Threads(service) => look(control, service).await,
        Asked::Change(change) => accepting::answer(control, change).await,
        Asked::Incidents { follows: true } => {
            let body = control.followers.body(follows);
            with_type(StatusCode::OK, "application/x-ndjson", body)
        }
        Asked::Incidents { follows: false } => json(StatusCode::OK, &control.followers.latest()),
    }
}

fn unknown(key: &str) -> String {
    format!(
        "there is no service {}: see monitor services",
        key.escape_debug()
    )
}

async fn act(control: &Control, service: Key, action: Action) -> Response<Body> {
    let (reply, outcome) = bounded(1);
    let store = control
        .store
        .as_ref()
        .filter(|_| action == Action::Rollback);
    let previous = store.and_then(|store| store.previous(&service).ok());
    let request = Request::Act {
        service,
        action,
        previous: previous.map(Box::new),
        reply,
    };
    told(asked(control, request, outcome).await)
}

/// The threads of a service.
async fn look(control: &Control, service: Key) -> Response<Body> {
    let (reply, outcome) = bounded(1);
    match asked(control, Request::Look { service, reply }, outcome).await {
        Ok(threads) => json(StatusCode::OK, &threads),
        Err((status, why)) => no_such(status, &why),
    }
}
