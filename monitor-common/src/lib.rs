//! The wire between the probe in the kernel and the monitor in user space.
//!
//! Both sides compile this crate, so a record written by one cannot be read differently by the
//! other. It knows no system call by name and takes no decision.
#![no_std]

pub mod abi;
pub mod loss;
pub mod names;
pub mod record;
pub mod target;
pub mod touch;
