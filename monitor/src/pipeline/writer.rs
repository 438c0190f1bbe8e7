//! The stage that tells the outputs.

use crossbeam_channel::Receiver;

use super::reporting::Report;
use crate::report::hub::Hub;
use crate::report::sink::Origin;
use crate::run::snapshot::{OutputStatus, Snapshot, Summary};

/// What the scorer tells the outputs.
pub(super) enum Statement {
    Begin(Box<Origin>),
    Reports(Vec<Report>),
    Status(Box<Snapshot>),
    Summary(Box<Summary>),
}

/// Tells every output until the scorer has ended or nobody listens any more; how each did, and
/// whether the listeners were gone before the end.
pub(super) fn run(mut hub: Hub, statements: &Receiver<Statement>) -> (Vec<OutputStatus>, bool) {
    let mut summary = None;
    for statement in statements {
        match statement {
            Statement::Begin(origin) => hub.origin(*origin),
            Statement::Reports(reports) => {
                for report in reports {
                    match report {
                        Report::Verdict(verdict) => hub.verdict(verdict),
                        Report::Incident(incident) => hub.incident(*incident),
                    }
                }
            }
            Statement::Status(snapshot) => hub.status(*snapshot),
            Statement::Summary(last) => summary = Some(*last),
        }
        if hub.is_closed() {
            break;
        }
    }
    let is_closed = hub.is_closed();
    (hub.finish(summary), is_closed)
}
