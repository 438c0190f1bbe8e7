//! What a person accepts or undoes over the socket.

use crossbeam_channel::bounded;
use hyper::{Response, StatusCode};

use super::Control;
use super::response::{Body, asked, json, no_such};
use crate::alarm_log::stored::Log;
use crate::guard::Request;
use crate::guard::acceptance::{Acceptance, Change};
use crate::guard::asked;
use crate::service::key::Key;
use crate::service::store::Store;

/// The service, the whole id, and what the guard needs to know.
fn change(
    asked: &asked::Change,
    log: &Log,
    store: Option<&Store>,
) -> Result<(Key, String, Change), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    log.check_trusted().map_err(|it| text(&it))?;
    let evidence = log.evidence(&asked.id).map_err(|it| text(&it))?;
    let mut services = evidence.alarms.iter().map(|it| it.alarm.service.as_str());
    let key = services.next().and_then(|it| it.parse::<Key>().ok());
    let key = key.ok_or("it was raised for no service of this guard")?;
    let id = evidence.id.clone();
    if !asked.undoes {
        let flights = evidence.flights().map_err(|it| text(&it))?;
        let reason = asked.reason.clone();
        return Ok((key, id, Change::Accept { flights, reason }));
    }
    let store = store.ok_or("this guard keeps no state")?;
    let now = store.profile(&key).map_err(|it| text(&it))?;
    let all = &now.accepted.acceptances;
    let place = all.iter().position(|it| it.alarm == id);
    let place = place.ok_or_else(|| format!("{key} has not accepted {id}"))?;
    let before = store.before(&key, &id).map_err(|error| {
        format!("the profile of {key} before {id} is not there any more: {error}")
    })?;
    let later = log.later(&all[place + 1..]);
    let later =
        later.map_err(|it| format!("what was accepted later cannot be accepted again: {it}"))?;
    let before = Box::new(before);
    Ok((key, id, Change::Undo { before, later }))
}

/// Does what is asked, and answers what came of it.
pub(super) async fn answer(control: &Control, what: asked::Change) -> Response<Body> {
    let Some(log) = control.log.clone() else {
        return no_such(StatusCode::CONFLICT, "this guard keeps no alarm log");
    };
    let (store, is_tried) = (control.store.clone(), what.is_tried);
    // The log may be long: others are answered meanwhile.
    let read = move || change(&what, &Log::new(log), store.as_ref());
    let (service, id, change) = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(change)) => change,
        Ok(Err(why)) => return no_such(StatusCode::CONFLICT, &why),
        Err(_) => return no_such(StatusCode::INTERNAL_SERVER_ERROR, "reading the log failed"),
    };
    let (reply, outcome) = bounded(1);
    let request = Request::Accept(Box::new(Acceptance {
        service,
        id,
        change,
        is_tried,
        reply,
    }));
    match asked(control, request, outcome).await {
        Ok(accepted) => json(StatusCode::OK, &accepted),
        Err((status, why)) => no_such(status, &why),
    }
}
