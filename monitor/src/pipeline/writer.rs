//! The stage that writes.

use std::io;

use crossbeam_channel::Receiver;

use crate::detect::verdict::Verdict;
use crate::report::sink::{Origin, Sink};
use crate::run::snapshot::{Snapshot, Summary};

/// What the scorer tells the sink.
pub(super) enum Statement {
    Begin(Box<Origin>),
    Verdicts(Vec<Verdict>),
    Status(Box<Snapshot>),
    Summary(Box<Summary>),
}

/// Writes until the scorer has ended or writing fails.
pub(super) fn run(mut sink: Box<dyn Sink>, statements: &Receiver<Statement>) -> io::Result<()> {
    for statement in statements {
        match statement {
            Statement::Begin(origin) => sink.origin(&origin),
            Statement::Verdicts(verdicts) => {
                verdicts.iter().try_for_each(|one| sink.verdict(one))?;
            }
            Statement::Status(snapshot) => sink.status(&snapshot)?,
            Statement::Summary(summary) => sink.summary(&summary)?,
        }
    }
    Ok(())
}
