//! The history of a run as CSV and JSON.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::run::Epoch;
use support::files::write_whole;

/// Writes `history.csv` and `history.json` into `folder`.
///
/// # Errors
/// They cannot be written.
pub fn write(folder: &Path, history: &[Epoch]) -> Result<()> {
    write_whole(&folder.join("history.csv"), csv(history).as_bytes())?;
    write_whole(
        &folder.join("history.json"),
        &serde_json::to_vec_pretty(history)?,
    )
}

fn csv(history: &[Epoch]) -> String {
    let mut csv = String::from(
        "epoch,loss,accuracy,held_out_loss,held_out_accuracy,rate,seconds,calls_per_second\n",
    );
    for e in history {
        let _ = writeln!(
            csv,
            "{},{:.6},{:.6},{:.6},{:.6},{:.8},{:.3},{:.0}",
            e.epoch,
            e.loss,
            e.accuracy,
            e.held_out_loss,
            e.held_out_accuracy,
            e.rate,
            e.seconds,
            e.calls_per_second
        );
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::{Epoch, csv};

    #[test]
    fn one_line_an_epoch_below_the_names() {
        let epoch = Epoch {
            epoch: 1,
            loss: 2.5,
            accuracy: 0.25,
            held_out_loss: 2.0,
            held_out_accuracy: 0.5,
            rate: 1e-3,
            seconds: 2.0,
            calls_per_second: 1000.0,
        };
        let csv = csv(&[epoch]);
        let mut lines = csv.lines();
        let names = lines.next().expect("names").split(',').count();
        assert_eq!(
            lines.next(),
            Some("1,2.500000,0.250000,2.000000,0.500000,0.00100000,2.000,1000")
        );
        assert_eq!(names, 8);
    }
}
