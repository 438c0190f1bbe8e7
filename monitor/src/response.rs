//! What is done about an incident: nothing, unless somebody configured it, and then only said,
//! unless somebody wants it done.
//!
//! [`Responder`](responder::Responder) hears of incidents and asks; [`helper`] is a small process
//! of its own, the only one that may act upon others. It was told at its start what may be done,
//! believes nothing of a request, and undoes what can be undone.

pub mod plan;

pub mod statement;

pub mod request;

pub mod untouchable;

#[cfg(feature = "live")]
mod hands;

#[cfg(feature = "live")]
pub mod helper;

#[cfg(feature = "live")]
pub mod responder;
