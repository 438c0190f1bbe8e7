//! What a person accepts or undoes over the socket.

use crossbeam_channel::bounded;
use hyper::{Response, StatusCode};

use super::{Body, Control, asked, decoded, json, no_such};
use crate::alarm_log::notes::LONGEST_REASON;
use crate::alarm_log::stored::Log;
use crate::guard::Request;
use crate::guard::acceptance::{Acceptance, Change};
use crate::service::key::Key;
use crate::service::store::Store;
use crate::who::redaction::harmless;

/// What is asked of an incident: `/v1/incidents/ID/accept?reason=TEXT&try`.
#[derive(Debug)]
pub(super) struct Asked {
    id: String,
    undoes: bool,
    /// Whether it is only to be said what would come of it.
    is_tried: bool,
    reason: Option<String>,
}

impl Asked {
    /// Reads the parts of an address.
    pub fn of(id: &str, what: &str, query: Option<&str>) -> Result<Self, &'static str> {
        let mut asked = Self {
            id: decoded(id).ok_or("the incident's id is no text")?,
            undoes: what == "unaccept",
            is_tried: false,
            reason: None,
        };
        for part in query.unwrap_or_default().split('&') {
            match part.split_once('=').unwrap_or((part, "")) {
                ("", _) => {}
                ("try", "") => asked.is_tried = true,
                ("reason", text) if !asked.undoes => {
                    let text = decoded(text).ok_or("the reason is no text")?;
                    let text = harmless(text.trim());
                    if text.is_empty() || text.len() > LONGEST_REASON {
                        return Err("the reason is empty or too long");
                    }
                    asked.reason = Some(text);
                }
                _ => return Err("that cannot be asked of an incident"),
            }
        }
        Ok(asked)
    }

    /// The service, the whole id, and what the guard needs to know.
    fn change(&self, log: &Log, store: Option<&Store>) -> Result<(Key, String, Change), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        log.check_trusted().map_err(|it| text(&it))?;
        let evidence = log.evidence(&self.id).map_err(|it| text(&it))?;
        let mut services = evidence.alarms.iter().map(|it| it.alarm.service.as_str());
        let key = services.next().and_then(|it| it.parse::<Key>().ok());
        let key = key.ok_or("it was raised for no service of this guard")?;
        let id = evidence.id.clone();
        if !self.undoes {
            let flights = evidence.flights().map_err(|it| text(&it))?;
            let reason = self.reason.clone();
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
        let later = later
            .map_err(|it| format!("what was accepted later cannot be accepted again: {it}"))?;
        let before = Box::new(before);
        Ok((key, id, Change::Undo { before, later }))
    }
}

/// Does what is asked, and answers what came of it.
pub(super) async fn answer(control: &Control, what: Asked) -> Response<Body> {
    let Some(log) = control.log.clone() else {
        return no_such(StatusCode::CONFLICT, "this guard keeps no alarm log");
    };
    let (store, is_tried) = (control.store.clone(), what.is_tried);
    // The log may be long: others are answered meanwhile.
    let read = move || what.change(&Log::new(log), store.as_ref());
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

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn what_is_asked_stands_in_the_address() {
        let asked = Asked::of("01AB%43", "accept", Some("try&reason=a%20new%20release"));
        let asked = asked.expect("it makes sense");
        assert_eq!(
            (&*asked.id, asked.undoes, asked.is_tried),
            ("01ABC", false, true)
        );
        assert_eq!(asked.reason.as_deref(), Some("a new release"));
        let undone = Asked::of("1", "unaccept", None).expect("too");
        assert!(undone.undoes && !undone.is_tried && undone.reason.is_none());
        let long = format!("reason={}", "x".repeat(600));
        for (what, query) in [
            ("accept", "tried"),
            ("accept", "reason="),
            ("accept", "reason=%ff"),
            ("accept", &long),
            ("unaccept", "reason=x"),
        ] {
            assert!(Asked::of("1", what, Some(query)).is_err(), "{query:.40}");
        }
    }
}
