//! The figures as tables.

use super::Report;
use super::adfa::{Measured, Row};
use super::suite::Suites;
use evaluation::bootstrap::Interval;

impl Report {
    /// As the section of a page.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "Measured by `cargo xtask bench cascade` at revision {}; nothing in it is timed.\n",
            self.revision.get(..12).unwrap_or(&self.revision)
        );
        if let Some(suite) = &self.suite {
            text += &suite.markdown();
        }
        if let Some(measured) = &self.adfa_ld {
            text += &measured.markdown();
        }
        text
    }
}

/// A share of a whole.
fn percent(part: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let percent = 100.0 * part as f64 / of as f64;
    match percent {
        0.0 => "0%".to_owned(),
        small if small < 0.1 => format!("{small:.4}%"),
        small if small < 10.0 => format!("{small:.2}%"),
        _ => format!("{percent:.1}%"),
    }
}

impl Suites {
    fn markdown(&self) -> String {
        let Some(whole) = self.rows.first() else {
            return String::new();
        };
        let millions = |calls: u64| format!("{:.1} million calls", calls as f64 / 1e6);
        let mut text = format!(
            "\n**The scenario suite**, {} recordings ({}), judged again by `monitor replay \
             --lstm-share`. Where the LSTM sees all that asks for it, {} of them have exactly the \
             alarms of the live run.\n\n\
             | the LSTM may see, of what asks for it | it saw | of all calls | attacks detected | \
             mimicry detected | median delay, calls | false alarms in {} | in the upgrade, {} |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|\n",
            whole.recordings,
            self.runs.join("; "),
            whole.as_live,
            millions(whole.outside_upgrade.calls),
            millions(whole.inside_upgrade.calls),
        );
        for row in &self.rows {
            let delay = row.median_delay_calls;
            text += &format!(
                "| {}% | {} | {} | {} of {} | {} of {} | {} | {} | {} |\n",
                row.lstm_percent,
                percent(row.answered, row.asked),
                percent(row.answered, row.calls),
                row.detected,
                row.attacks,
                row.mimicry_detected,
                row.mimicry,
                delay.map_or_else(|| "–".to_owned(), |calls| calls.to_string()),
                row.outside_upgrade.alarms,
                row.inside_upgrade.alarms,
            );
        }
        text += "\nAt 0% the running scores are the n-gram's alone; an alarm is confirmed by the \
                 whole model all the same.";
        for row in &self.rows {
            for (names, what) in [(&row.missed, "not detected"), (&row.found, "detected")] {
                if !names.is_empty() {
                    let names = names.join(", ");
                    text += &format!(
                        " At {}%, other than at 100%, {what}: {names}.",
                        row.lstm_percent
                    );
                }
            }
        }
        text + "\n"
    }
}

impl Measured {
    fn markdown(&self) -> String {
        let mut text = format!(
            "\n**ADFA-LD**, {} normal traces of the validation part and {} of attacks, as threads \
             of which 64 live at once and make 32 calls in turn. AUC of the mean surprise of what \
             was seen (95% interval, whole attack runs drawn).\n\n\
             *Model `{}` without a profile: it sees runs of 128 calls. A trace of which it saw \
             nothing counts as the median training trace, {:.3} nats a call.*\n\n\
             | the LSTM may see | it saw | normal traces not seen | attacks not seen | AUC | less \
             than at 100% | AUC of the traces seen |\n\
             |--:|--:|--:|--:|--:|--:|--:|\n",
            self.normal, self.attacks, self.model, self.unseen_as,
        );
        for row in &self.alone {
            text += &format!(
                "| {}% | {} | {} | {} | {} | {} | {:.4} |\n",
                row.lstm_percent,
                percent(row.answered, row.asked),
                row.unseen_normal,
                row.unseen_attacks,
                row.auc(),
                row.less(),
                row.auc_of_seen,
            );
        }
        text += "\n*With a profile learned from the training traces: every call goes through its \
                 n-gram, and the LSTM sees those that this finds unlikely.*\n\n\
                 | the LSTM may see, of what asks for it | it saw | of all calls | AUC | less than \
                 at 100% |\n\
                 |--:|--:|--:|--:|--:|\n";
        for row in &self.profiled {
            text += &format!(
                "| {}% | {} | {} | {} | {} |\n",
                row.lstm_percent,
                percent(row.answered, row.asked),
                percent(row.answered, row.calls),
                row.auc(),
                row.less(),
            );
        }
        text
    }
}

impl Row {
    fn auc(&self) -> String {
        let Interval { low, high } = self.interval;
        format!("{:.4} ({low:.3} to {high:.3})", self.auc)
    }

    fn less(&self) -> String {
        match (self.less, self.less_interval) {
            (Some(less), Some(Interval { low, high })) => {
                format!("{less:.4} ({low:.4} to {high:.4})")
            }
            _ => String::new(),
        }
    }
}
