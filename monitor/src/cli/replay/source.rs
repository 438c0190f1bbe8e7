//! From a file into the pipeline.

use anyhow::Result;
use monitor::Source as _;
use monitor::pipeline::Feed;
use monitor::report::sink::Origin;
use monitor::run::snapshot::SourceStatus;
use monitor::syscall::event::{Abi, Event, EventKind};
use monitor::trace;
use monitor::trace::input::Input;

use super::remark;

/// Calls, or events, that make up one batch.
const BATCH: usize = 4096;

/// Reads `input` to its end or first error, adding its calls to `received`. A run that ended on
/// the way is no error here: the pipeline says why.
pub fn read(input: Input, abi: Option<Abi>, feed: &Feed, received: &mut u64) -> Result<()> {
    let name = input.name().to_owned();
    let mut source = trace::from_input(input, abi)?;
    if let Some(about) = source.about() {
        log::info!("{name}: {about}");
    }
    let origin = Origin {
        name: Some(name.clone()),
        clock: source.clock(),
    };
    if feed.begin(origin).is_err() {
        return Ok(());
    }
    let mut batch = Vec::new();
    let mut weight = 0;
    let mut outcome: Result<()> = Ok(());
    for event in &mut source {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        };
        weight += calls(&event) + 1;
        *received += calls(&event) as u64;
        batch.push(event);
        if weight >= BATCH {
            weight = 0;
            publish(feed, *received);
            if feed.send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
    }
    publish(feed, *received);
    if feed.send(batch).is_ok() {
        remark(&name, &source.summary().remarks());
    }
    outcome
}

fn calls(event: &Event) -> usize {
    match &event.kind {
        EventKind::Calls(stretch) => stretch.calls.len(),
        _ => 0,
    }
}

fn publish(feed: &Feed, received: u64) {
    feed.publish(SourceStatus {
        received,
        ..SourceStatus::default()
    });
}
