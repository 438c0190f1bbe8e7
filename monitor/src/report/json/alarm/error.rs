//! Why the line of an alarm is none.

use thiserror::Error;

use crate::report::json::schema::SCHEMA;
use crate::syscall::flight::Flight;

/// Why an alarm cannot be taken back from its line.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AlarmError {
    /// A schema that this monitor does not know.
    #[error("it has schema {0}, and this monitor reads schemas up to {SCHEMA}")]
    Schema(u32),
    /// An ABI of no table.
    #[error("it names the ABI {0:?}, which this monitor does not know")]
    Abi(String),
    /// No call, or more than a flight recorder holds.
    #[error("its flight has {0} calls; 1 to {max} were expected", max = Flight::CALLS)]
    Length(usize),
    /// A new thing without its name or its call.
    #[error("something in it that was never seen before has no name or no call")]
    Incomplete,
    /// More of something than this monitor writes.
    #[error("it has {1} {0}, more than this monitor writes")]
    TooMany(&'static str, usize),
    /// A detail or an outcome that none is written as.
    #[error(
        "it holds {0:?} as what a call touched or how it went, which is none as this monitor \
         writes it"
    )]
    Touch(String),
    /// A name that none is shown as.
    #[error("it holds {0:?} as the name of a thread, which is none as this monitor writes it")]
    Name(String),
    /// A place in a thread that no thread reaches.
    #[error("it places a call {0} calls after the start of its thread, which no thread reaches")]
    Place(u64),
    /// The number and its bits are not the same.
    #[error("its score and its score_bits are not the same number")]
    Bits,
}
