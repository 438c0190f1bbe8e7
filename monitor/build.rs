//! Builds the probe for the BPF target and embeds it, when the feature `live` is on.

fn main() {}
