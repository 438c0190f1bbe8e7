//! The same tests as `live`, by perf tracepoints, which only new kernels need.
#![cfg(feature = "live")]

use monitor::live::attachment::Attachment;

#[path = "../traced/mod.rs"]
mod traced;

#[path = "../live/harness.rs"]
mod harness;

#[path = "../live/heard.rs"]
mod heard;

#[path = "../live/needs_root/mod.rs"]
mod needs_root;

const ATTACHMENT: Option<Attachment> = Some(Attachment::Perf);
