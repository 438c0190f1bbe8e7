//! The real probe on real processes.
#![cfg(feature = "live")]

use monitor::live::attachment::Attachment;

#[path = "../traced/mod.rs"]
mod traced;

mod harness;

mod heard;

mod needs_root;

// As users get it on this kernel.
const ATTACHMENT: Option<Attachment> = None;
