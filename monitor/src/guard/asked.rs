//! What a client of the control socket asks, read from its request's method and address.
//!
//! Whoever may open the socket may write anything there, so it is read here without regard to any
//! guard.

use super::board::Action;
use super::place::decoded;
use crate::alarm_log::notes::LONGEST_REASON;
use crate::service::key::Key;
use crate::who::redaction::harmless;

/// A request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked {
    /// How the whole stands: `GET /v1/status`.
    Status,
    /// Every service: `GET /v1/services`.
    Services,
    /// One, by its name as text: `GET /v1/services/KEY`.
    Service(String),
    /// Its threads: `GET /v1/services/KEY/threads`.
    Threads(Key),
    /// Something to be done with it: `POST /v1/services/KEY/ACTION`.
    Act(Key, Action),
    /// Incidents, the latest or as they come: `GET /v1/incidents[?follow]`.
    Incidents {
        /// Whether the answer goes on as they come.
        follows: bool,
    },
    /// A change of what is normal.
    Change(Change),
}

/// What is asked of an incident: `POST /v1/incidents/ID/accept?reason=TEXT&try`, or `…/unaccept`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The incident's or alarm's id as it was written.
    pub id: String,
    /// Whether an acceptance is taken back.
    pub undoes: bool,
    /// Whether it is only to be said what would come of it.
    pub is_tried: bool,
    /// Why, in the words of who asks: at most [`LONGEST_REASON`] bytes, without control characters.
    pub reason: Option<String>,
}

/// Why something cannot be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// There is no such place or action.
    Unknown(&'static str),
    /// It is written wrongly.
    Wrong(&'static str),
}

impl Asked {
    /// Reads a request's method and the path and query of its address.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn of(method: &str, path: &str, query: Option<&str>) -> Result<Self, Refused> {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        let asked = match (method, &parts[..]) {
            ("GET", ["v1", "status"]) => Self::Status,
            ("GET", ["v1", "services"]) => Self::Services,
            ("GET", ["v1", "services", key]) => {
                let key = decoded(key).ok_or(Refused::Wrong("the service's name is no text"))?;
                Self::Service(key)
            }
            ("GET", ["v1", "services", key, "threads"]) => Self::Threads(service(key)?),
            ("POST", ["v1", "services", key, action]) => {
                let key = service(key)?;
                let action =
                    Action::of(action).ok_or(Refused::Unknown("there is no such action"))?;
                Self::Act(key, action)
            }
            ("POST", ["v1", "incidents", id, what @ ("accept" | "unaccept")]) => {
                Self::Change(Change::of(id, what, query).map_err(Refused::Wrong)?)
            }
            ("GET", ["v1", "incidents"]) => Self::Incidents {
                follows: query == Some("follow"),
            },
            _ => return Err(Refused::Unknown("there is no such place")),
        };
        Ok(asked)
    }
}

impl Change {
    fn of(id: &str, what: &str, query: Option<&str>) -> Result<Self, &'static str> {
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
}

fn service(part: &str) -> Result<Key, Refused> {
    let key = decoded(part).and_then(|key| key.parse().ok());
    key.ok_or(Refused::Wrong("that is no name of a service"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(what: &str, query: Option<&str>) -> Result<Change, Refused> {
        match Asked::of("POST", &format!("/v1/incidents/01AB%43/{what}"), query)? {
            Asked::Change(change) => Ok(change),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_stands_in_the_address() {
        let asked = change("accept", Some("try&reason=a%20new%20release")).expect("it makes sense");
        assert_eq!(
            (&*asked.id, asked.undoes, asked.is_tried),
            ("01ABC", false, true)
        );
        assert_eq!(asked.reason.as_deref(), Some("a new release"));
        let undone = change("unaccept", None).expect("too");
        assert!(undone.undoes && !undone.is_tried && undone.reason.is_none());
        let long = format!("reason={}", "x".repeat(600));
        for (what, query) in [
            ("accept", "tried"),
            ("accept", "reason="),
            ("accept", "reason=%ff"),
            ("accept", &long),
            ("unaccept", "reason=x"),
        ] {
            assert!(change(what, Some(query)).is_err(), "{query:.40}");
        }
    }

    #[test]
    fn every_place_has_its_method() {
        let unit: Key = "unit:nginx.service".parse().expect("a key");
        let path = "/v1/services/unit:nginx.service";
        assert_eq!(
            Asked::of("POST", &format!("{path}/pause"), None),
            Ok(Asked::Act(unit.clone(), Action::Pause))
        );
        assert_eq!(
            Asked::of("GET", &format!("{path}/threads"), None),
            Ok(Asked::Threads(unit))
        );
        for (method, path) in [
            ("GET", "/v1/services/unit:nginx.service/pause"),
            ("POST", "/v1/services/unit:nginx.service/vanish"),
            ("POST", "/v1/status"),
            ("get", "/v1/status"),
            ("GET", "/v2/status"),
            ("GET", "/"),
        ] {
            assert!(
                matches!(Asked::of(method, path, None), Err(Refused::Unknown(_))),
                "{method} {path}"
            );
        }
        assert_eq!(
            Asked::of("POST", "/v1/services/%2e/pause", None),
            Err(Refused::Wrong("that is no name of a service"))
        );
    }
}
