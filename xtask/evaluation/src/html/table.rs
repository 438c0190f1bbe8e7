//! Tables of the page.

use super::text::{count, escape, interval, percent, three};
use crate::json::{Evaluation, Method};

/// Rows of cells, each cell finished HTML; the first row of the body may stand out.
fn table(head: &[String], rows: &[Vec<String>], first_stands_out: bool) -> String {
    let mut html = String::from("<div class=\"card scroll\"><table><thead><tr>");
    for cell in head {
        html += &format!("<th>{cell}</th>");
    }
    html += "</tr></thead><tbody>";
    for (i, row) in rows.iter().enumerate() {
        html += if i == 0 && first_stands_out {
            "<tr class=\"first\">"
        } else {
            "<tr>"
        };
        for cell in row {
            html += if cell.starts_with("<td") { "" } else { "<td>" };
            html += cell;
            html += "</td>";
        }
        html += "</tr>";
    }
    html + "</tbody></table></div>"
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| escape(name)).collect()
}

fn with_small(main: String, small: &str) -> String {
    format!("{main}<small>{small}</small>")
}

fn label(evaluation: &Evaluation, id: &str) -> String {
    let method = evaluation.methods.iter().find(|m| m.id == id);
    escape(method.map_or(id, |method| &method.label))
}

/// Areas and operating points of every method on all traces.
#[must_use]
pub fn detection(evaluation: &Evaluation) -> String {
    let Some(first) = evaluation.methods.first() else {
        return String::new();
    };
    let mut head = heads(&["detector", "AUC"]);
    head.extend(
        first.views[0]
            .detection
            .iter()
            .map(|p| format!("{:.0}%", 100.0 * p.false_alarms)),
    );
    head.push("FAR at 90%".to_owned());
    let row = |method: &Method| {
        let view = &method.views[0];
        let auc = with_small(three(view.auc), &interval(view.auc_intervals.by_run, three));
        let mut row = vec![
            format!(
                "{}<small>{}</small>",
                escape(&method.label),
                escape(&method.score)
            ),
            auc,
        ];
        row.extend(view.detection.iter().map(|p| {
            let whole = |share: f64| format!("{:.0}", 100.0 * share);
            with_small(percent(p.rate), &interval(p.interval, whole))
        }));
        let far = interval(view.false_alarms_at_90_interval, |s| {
            format!("{:.0}", 100.0 * s)
        });
        row.push(with_small(percent(view.false_alarms_at_90), &far));
        row
    };
    table(
        &head,
        &evaluation.methods.iter().map(row).collect::<Vec<_>>(),
        true,
    )
}

/// Areas on every view.
#[must_use]
pub fn views(evaluation: &Evaluation) -> String {
    let mut head = vec!["detector".to_owned()];
    head.extend(evaluation.views.iter().map(|view| {
        format!(
            "{}<small>{} + {}</small>",
            escape(&view.what),
            view.normal,
            view.attacks
        )
    }));
    let row =
        |method: &Method| {
            let mut row = vec![escape(&method.label)];
            row.extend(method.views.iter().map(|view| {
                with_small(three(view.auc), &interval(view.auc_intervals.by_run, three))
            }));
            row
        };
    table(
        &head,
        &evaluation.methods.iter().map(row).collect::<Vec<_>>(),
        true,
    )
    .replace("<table>", "<table class=\"views\">")
}

/// Detection by kind of attack; a cell is as dark as much is detected.
#[must_use]
pub fn families(evaluation: &Evaluation) -> String {
    let Some(first) = evaluation.methods.first() else {
        return String::new();
    };
    let mut head = vec!["detector".to_owned()];
    head.extend(first.families.iter().map(|f| {
        format!(
            "{}<small>{} traces, {} runs</small>",
            escape(&f.family),
            f.traces,
            f.runs
        )
    }));
    let row = |method: &Method| {
        let mut row = vec![escape(&method.label)];
        row.extend(method.families.iter().map(|f| {
            format!(
                "<td class=\"heat\" style=\"background:rgba(var(--heat),{:.2})\" title=\"AUC 95% \
                 {}; {} of the runs have a trace above the threshold\">{}<small>AUC {}</small>",
                0.55 * f.rate_at_10,
                interval(f.auc_interval, three),
                percent(f.runs_at_10),
                percent(f.rate_at_10),
                three(f.auc)
            )
        }));
        row
    };
    table(
        &head,
        &evaluation.methods.iter().map(row).collect::<Vec<_>>(),
        true,
    )
}

/// Which differences the data can tell.
#[must_use]
pub fn differences(evaluation: &Evaluation) -> String {
    let head = heads(&[
        "less",
        "difference of AUC",
        "95% by run",
        "95% by trace",
        "what it says",
    ]);
    let rows: Vec<_> = evaluation
        .differences
        .iter()
        .map(|d| {
            let says = match (d.inside, d.auc > 0.0) {
                (true, _) => "inside the interval: not told apart",
                (false, true) => "better than it",
                (false, false) => "worse than it",
            };
            vec![
                label(evaluation, &d.less),
                format!("{:+.3}", d.auc),
                interval(d.intervals.by_run, |v| format!("{v:+.3}")),
                interval(d.intervals.by_trace, |v| format!("{v:+.3}")),
                says.to_owned(),
            ]
        })
        .collect();
    table(&head, &rows, false)
}

/// How well the next call is foretold.
#[must_use]
pub fn next_call(evaluation: &Evaluation) -> String {
    let head = heads(&["model", "calls", "nats a call", "perplexity", "accuracy"]);
    let rows: Vec<_> = evaluation
        .next_call
        .iter()
        .map(|n| {
            vec![
                label(evaluation, &n.method),
                count(n.calls),
                three(n.nats),
                format!("{:.2}", n.nats.exp()),
                n.accuracy.map_or("–".to_owned(), percent),
            ]
        })
        .collect();
    table(&head, &rows, true)
}

/// What others published, apart from what was measured.
#[must_use]
pub fn published(evaluation: &Evaluation) -> String {
    let rows: Vec<_> = evaluation
        .published
        .iter()
        .map(|p| {
            let status = format!("<td class=\"words\">{}", escape(&p.status));
            vec![escape(&p.source), three(p.auc), status]
        })
        .collect();
    table(&heads(&["source", "AUC", "status"]), &rows, false)
}

/// The models that were scored.
#[must_use]
pub fn models(evaluation: &Evaluation) -> String {
    let head = heads(&[
        "model",
        "kind",
        "parameters",
        "seed",
        "SHA-256 of model.onnx",
    ]);
    let rows: Vec<_> = evaluation
        .models
        .iter()
        .map(|m| {
            let sha: String = m.sha256.chars().take(16).collect();
            vec![
                escape(&m.name),
                escape(&m.kind),
                count(m.parameters),
                m.seed.to_string(),
                format!(
                    "<code title=\"{}\">{}…</code>",
                    escape(&m.sha256),
                    escape(&sha)
                ),
            ]
        })
        .collect();
    table(&head, &rows, false)
}
