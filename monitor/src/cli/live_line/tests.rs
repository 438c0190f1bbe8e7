use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressDrawTarget, TermLike};
use monitor::detect::counters::Counters;
use monitor::report::sink::Sink as _;
use monitor::run::snapshot::{Snapshot, SourceStatus};

use super::LiveLine;

fn at(seconds: u64, calls: u64) -> Snapshot {
    Snapshot {
        elapsed: Duration::from_secs(seconds),
        source: SourceStatus {
            lost: vec![("ring full", 7)],
            threads: Some(3),
            ..SourceStatus::default()
        },
        counters: Counters {
            calls,
            answered: calls / 2_000,
            current_mean: Some(0.5),
            alarms: 1,
            ..Counters::default()
        },
        ..Snapshot::default()
    }
}

#[test]
fn the_rate_is_that_since_the_line_before() {
    let mut line = LiveLine::stderr();
    line.line(&at(10, 1_000));
    assert_eq!(
        line.line(&at(12, 5_000)),
        "1 alarm  3 threads  2,000 calls/s  7 lost  surprise 0.50 now, - highest  5,000 calls  0 \
         scored  LSTM saw 0.040%"
    );
}

/// A terminal of one line and so many columns.
#[derive(Clone, Debug)]
struct Screen(u16, Arc<Mutex<String>>);

impl Screen {
    fn add(&self, text: &str) -> io::Result<()> {
        self.1.lock().expect("no panic").push_str(text);
        Ok(())
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.0
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.1.lock().expect("no panic").clear();
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_narrow_terminal_shows_alarms_threads_and_losses_on_one_line() {
    for (columns, shown) in [
        (20, &["1,234 alarms"][..]),
        (40, &["1,234 alarms", "1 thread "]),
        (80, &["1,234 alarms", "1 thread ", "987,654 lost"]),
        (
            200,
            &["1,234 alarms", "1 thread ", "987,654 lost", "scored"],
        ),
    ] {
        let screen = Screen(columns, Arc::default());
        let mut line = LiveLine::stderr();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        line.bar.set_draw_target(target);
        let mut now = at(10, 123_456_789_012);
        now.counters.alarms = 1_234;
        now.source.threads = Some(1);
        now.source.lost = vec![("ring full", 987_654)];
        line.status(&now).expect("drawn");
        let text = screen.1.lock().expect("no panic").clone();
        let text = text.trim_end();
        assert!(text.chars().count() <= usize::from(columns), "{text:?}");
        for part in shown {
            assert!(text.contains(part), "{columns}: no {part:?} in {text:?}");
        }
    }
}
