//! Tables of the page.

use maud::{Markup, html};

use super::text::{count, interval, percent, plain, three};
use crate::json::{Evaluation, Method};

/// Rows of cells; the first row of the body may stand out.
fn table(
    class: Option<&str>,
    head: &[Markup],
    rows: &[Vec<Markup>],
    first_stands_out: bool,
) -> Markup {
    html! {
        div.card.scroll {
            table class=[class] {
                thead { tr { @for cell in head { th { (cell) } } } }
                tbody {
                    @for (i, row) in rows.iter().enumerate() {
                        tr.first[i == 0 && first_stands_out] { @for cell in row { (cell) } }
                    }
                }
            }
        }
    }
}

fn heads(names: &[&str]) -> Vec<Markup> {
    names.iter().map(|name| html! { (name) }).collect()
}

fn cell(text: &str) -> Markup {
    html! { td { (text) } }
}

fn with_small(main: &str, small: &str) -> Markup {
    html! { td { (main) small { (small) } } }
}

fn label(evaluation: &Evaluation, id: &str) -> Markup {
    let method = evaluation.methods.iter().find(|m| m.id == id);
    cell(&plain(method.map_or(id, |method| &method.label)))
}

/// Areas and operating points of every method on all traces.
#[must_use]
pub fn detection(evaluation: &Evaluation) -> Markup {
    let Some(first) = evaluation.methods.first() else {
        return Markup::default();
    };
    let whole = |share: f64| format!("{:.0}", 100.0 * share);
    let mut head = heads(&["detector", "AUC"]);
    let points = first.views[0].detection.iter();
    head.extend(points.map(|p| html! { (whole(p.false_alarms)) "%" }));
    head.push(html! { "FAR at 90%" });
    let row = |method: &Method| {
        let view = &method.views[0];
        let mut row = vec![
            with_small(&plain(&method.label), &plain(&method.score)),
            with_small(
                &three(view.auc),
                &interval(view.auc_intervals.by_run, three),
            ),
        ];
        row.extend(
            view.detection
                .iter()
                .map(|p| with_small(&percent(p.rate), &interval(p.interval, whole))),
        );
        row.push(with_small(
            &percent(view.false_alarms_at_90),
            &interval(view.false_alarms_at_90_interval, whole),
        ));
        row
    };
    let rows: Vec<_> = evaluation.methods.iter().map(row).collect();
    table(None, &head, &rows, true)
}

/// Areas on every view.
#[must_use]
pub fn views(evaluation: &Evaluation) -> Markup {
    let mut head = heads(&["detector"]);
    head.extend(evaluation.views.iter().map(|view| {
        html! { (plain(&view.what)) small { (view.normal) " + " (view.attacks) } }
    }));
    let row = |method: &Method| {
        let mut row = vec![cell(&plain(&method.label))];
        row.extend(method.views.iter().map(|view| {
            with_small(
                &three(view.auc),
                &interval(view.auc_intervals.by_run, three),
            )
        }));
        row
    };
    let rows: Vec<_> = evaluation.methods.iter().map(row).collect();
    table(Some("views"), &head, &rows, true)
}

/// Detection by kind of attack; a cell is as dark as much is detected.
#[must_use]
pub fn families(evaluation: &Evaluation) -> Markup {
    let Some(first) = evaluation.methods.first() else {
        return Markup::default();
    };
    let mut head = heads(&["detector"]);
    head.extend(first.families.iter().map(|f| {
        html! { (plain(&f.family)) small { (f.traces) " traces, " (f.runs) " runs" } }
    }));
    let row = |method: &Method| {
        let mut row = vec![cell(&plain(&method.label))];
        row.extend(method.families.iter().map(|f| {
            let shade = format!("background:rgba(var(--heat),{:.2})", 0.55 * f.rate_at_10);
            let title = format!(
                "AUC 95% {}; {} of the runs have a trace above the threshold",
                interval(f.auc_interval, three),
                percent(f.runs_at_10)
            );
            html! {
                td.heat style=(shade) title=(title) {
                    (percent(f.rate_at_10)) small { "AUC " (three(f.auc)) }
                }
            }
        }));
        row
    };
    let rows: Vec<_> = evaluation.methods.iter().map(row).collect();
    table(None, &head, &rows, true)
}

/// Which differences the data can tell.
#[must_use]
pub fn differences(evaluation: &Evaluation) -> Markup {
    let head = heads(&[
        "less",
        "difference of AUC",
        "95% by run",
        "95% by trace",
        "what it says",
    ]);
    let signed = |value: f64| format!("{value:+.3}");
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
                cell(&signed(d.auc)),
                cell(&interval(d.intervals.by_run, signed)),
                cell(&interval(d.intervals.by_trace, signed)),
                cell(says),
            ]
        })
        .collect();
    table(None, &head, &rows, false)
}

/// How well the next call is foretold.
#[must_use]
pub fn next_call(evaluation: &Evaluation) -> Markup {
    let head = heads(&["model", "calls", "nats a call", "perplexity", "accuracy"]);
    let rows: Vec<_> = evaluation
        .next_call
        .iter()
        .map(|n| {
            vec![
                label(evaluation, &n.method),
                cell(&count(n.calls)),
                cell(&three(n.nats)),
                cell(&format!("{:.2}", n.nats.exp())),
                cell(&n.accuracy.map_or("–".to_owned(), percent)),
            ]
        })
        .collect();
    table(None, &head, &rows, true)
}

/// What others published, apart from what was measured.
#[must_use]
pub fn published(evaluation: &Evaluation) -> Markup {
    let rows: Vec<_> = evaluation
        .published
        .iter()
        .map(|p| {
            vec![
                cell(&plain(&p.source)),
                cell(&three(p.auc)),
                html! { td.words { (plain(&p.status)) } },
            ]
        })
        .collect();
    table(None, &heads(&["source", "AUC", "status"]), &rows, false)
}

/// The models that were scored.
#[must_use]
pub fn models(evaluation: &Evaluation) -> Markup {
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
            let sha = plain(&m.sha256);
            let front: String = sha.chars().take(16).collect();
            vec![
                cell(&plain(&m.name)),
                cell(&plain(&m.kind)),
                cell(&count(m.parameters)),
                cell(&m.seed.to_string()),
                html! { td { code title=(sha) { (front) "…" } } },
            ]
        })
        .collect();
    table(None, &head, &rows, false)
}
