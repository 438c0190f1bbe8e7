//! Empty: it lets `monitor` name this package as a build dependency, so that cargo rebuilds the
//! probe when it changes.
#![no_std]
