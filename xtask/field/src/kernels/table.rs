//! The table of kernels and checks.

use super::check::{CHECKS, Verdict};
use super::release::Release;

/// How one kernel did.
pub struct Row {
    /// Its release.
    pub release: String,
    /// By which kind of tracepoint the monitor attached.
    pub attachment: String,
    /// Seconds from the emulator's start to its end.
    pub seconds: f64,
    /// One for each check, in their order.
    pub verdicts: Vec<Verdict>,
}

impl Row {
    /// Whether no check failed.
    pub fn is_good(&self) -> bool {
        !self.verdicts.iter().any(|it| matches!(it, Verdict::Bad(_)))
    }

    /// Of a kernel that did not come to its end.
    pub fn unfinished(release: &Release, why: &str) -> Self {
        let rest = CHECKS.iter().skip(1).map(|_| Verdict::Absent);
        Self {
            release: release.0.clone(),
            attachment: "–".into(),
            seconds: 0.0,
            verdicts: std::iter::once(Verdict::Bad(why.to_owned()))
                .chain(rest)
                .collect(),
        }
    }

    /// What failed, a line each.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let verdicts = self.verdicts.iter().zip(&CHECKS);
        verdicts.filter_map(|(verdict, check)| match verdict {
            Verdict::Bad(why) => Some(format!("{}: {why}", check.shows)),
            _ => None,
        })
    }

    // Up to the words that all releases share.
    fn name(&self) -> &str {
        self.release.split("-cloud").next().unwrap_or_default()
    }
}

/// The table in Markdown, with what is to be remarked of single cells below it.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut line = |head: &str, cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<_> = cells.collect();
        text.push_str(&format!("| {head} | {} |\n", cells.join(" | ")));
    };
    line("", &mut rows.iter().map(|row| row.name().to_owned()));
    line("---", &mut rows.iter().map(|_| "---".to_owned()));
    line(
        "attached by",
        &mut rows
            .iter()
            .map(|row| row.attachment.trim_end_matches(" tracepoints").to_owned()),
    );
    let mut remarks = Vec::new();
    for (at, check) in CHECKS.iter().enumerate() {
        let mut cell = |row: &Row| match &row.verdicts[at] {
            Verdict::Good(None) => "yes".to_owned(),
            Verdict::Good(Some(remark)) => {
                remarks.push(format!("Linux {}: {remark}.", row.name()));
                format!("yes ({})", remarks.len())
            }
            Verdict::Bad(_) => "**no**".to_owned(),
            Verdict::Absent => "–".to_owned(),
        };
        line(check.shows, &mut rows.iter().map(&mut cell));
    }
    for (at, remark) in remarks.iter().enumerate() {
        text.push_str(&format!("\n({}) {remark}\n", at + 1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, Row, Verdict, markdown};

    fn row(release: &str, first: Verdict) -> Row {
        let rest = CHECKS.iter().skip(1).map(|_| Verdict::Absent);
        Row {
            release: release.into(),
            attachment: "raw tracepoints".into(),
            seconds: 1.0,
            verdicts: std::iter::once(first).chain(rest).collect(),
        }
    }

    #[test]
    fn a_failure_shows_and_a_remark_has_its_place() {
        let rows = [
            row("5.10.0-32-cloud-amd64", Verdict::Bad("refused".into())),
            row(
                "7.3.4+deb13-cloud-amd64",
                Verdict::Good(Some("seen".into())),
            ),
        ];
        let text = markdown(&rows);
        assert!(
            text.starts_with("|  | 5.10.0-32 | 7.3.4+deb13 |\n"),
            "{text}"
        );
        assert!(text.contains(" | **no** | yes (1) |\n"), "{text}");
        assert!(text.ends_with("\n(1) Linux 7.3.4+deb13: seen.\n"), "{text}");
        assert!(!rows[0].is_good() && rows[1].is_good());
        assert_eq!(rows[0].failures().count(), 1);
    }
}
