//! The command line of the monitor.

fn main() {}
