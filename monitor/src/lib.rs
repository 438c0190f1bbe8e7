//! How surprising are a Linux service's system calls, call by call?
//!
//! The modules stand in the order in which data passes through them: a source yields [`syscall`]
//! events, [`detect`] scores them per thread and gives verdicts, [`report`] shows these. The
//! [`pipeline`] runs the three apart from each other.

#[cfg(feature = "live")]
pub mod live;

pub mod trace;

pub mod syscall;

pub mod who;

pub mod detail;

pub mod model;

pub mod profile;

pub mod detect;

pub mod learn;

pub mod run;

pub mod incident;

pub mod service;

pub mod config;

pub mod report;

pub mod pipeline;

pub mod alarm_log;

pub mod guard;

pub mod response;

#[cfg(feature = "live")]
pub mod top;
