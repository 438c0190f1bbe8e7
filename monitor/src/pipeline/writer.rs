//! The stage that tells the outputs.

use crossbeam_channel::Receiver;

use crate::detect::verdict::Verdict;
use crate::report::hub::Hub;
use crate::report::sink::Origin;
use crate::run::snapshot::{OutputStatus, Snapshot, Summary};

/// What the scorer tells the outputs.
pub(super) enum Statement {
    Begin(Box<Origin>),
    Verdicts(Vec<Verdict>),
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
            Statement::Verdicts(verdicts) => {
                verdicts.into_iter().for_each(|one| hub.verdict(one));
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
