//! What the library logs, with its time.

use std::sync::{Mutex, Once};
use std::time::Instant;

use log::{LevelFilter, Log, Metadata, Record};

struct Heard(Mutex<Vec<(Instant, String)>>);

static HEARD: Heard = Heard(Mutex::new(Vec::new()));

impl Log for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (Instant::now(), record.args().to_string());
        self.0.lock().expect("no test panics here").push(line);
    }

    fn flush(&self) {}
}

/// Keeps all that is warned of from now on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&HEARD).expect("the only logger");
        log::set_max_level(LevelFilter::Warn);
    });
}

/// When a warning with these words was first given since then.
pub fn first_since(begun: Instant, words: &str) -> Option<Instant> {
    let heard = HEARD.0.lock().expect("no test panics here");
    let mut matching = heard.iter().filter(|(_, line)| line.contains(words));
    matching.find(|(at, _)| *at >= begun).map(|(at, _)| *at)
}
