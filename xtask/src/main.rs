//! Everything around the monitor: set-up, tests, training, evaluation.

fn main() {}
