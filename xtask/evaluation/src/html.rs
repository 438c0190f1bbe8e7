//! The report: one page that needs nothing beside itself.

mod exhibit;
mod table;
mod text;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts;
use super::exhibit::Exhibit;
use super::json::{Detection, Evaluation, Method, OTHER_CORPUS};
use super::roc::Curve;
use text::{count, interval, percent, plain, three};

/// What the page shows beside the figures of `evaluation.json`.
#[derive(Clone, Debug)]
pub struct Material {
    /// The curve of each method, in the order of `Evaluation::methods`, on all traces.
    pub curves: Vec<Curve>,
    /// Scores of the first method: normal traces.
    pub normal: Vec<f64>,
    /// Scores of the first method: attack traces.
    pub attacks: Vec<f64>,
    /// The score above which 10% of the normal traces lie.
    pub threshold: f64,
    /// Traces to look at.
    pub exhibits: Vec<Exhibit>,
}

/// Writes the page.
///
/// # Errors
///
/// When a chart cannot be drawn.
pub fn page(evaluation: &Evaluation, material: &Material) -> anyhow::Result<String> {
    let title = evaluation.methods.first().map_or_else(
        || "Evaluation".to_owned(),
        |m| plain(&format!("How well {} detects", m.label)),
    );
    let detection = detection(evaluation, material)?;
    let exhibits = material.exhibits.iter().map(exhibit::figure);
    let exhibits = exhibits.collect::<anyhow::Result<Vec<_>>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("html/style.css"))) }
            }
            body {
                main {
                    h1 { (title) }
                    (opening(evaluation))
                    (detection)
                    (foretelling(evaluation))
                    h2 { "Single traces" }
                    p {
                        "The surprise of every call, −ln of the probability that the model gave \
                         it. The dashed line is the trace's mean, which is its score; the calls \
                         that surprised most are named."
                    }
                    @for exhibit in exhibits { (exhibit) }
                    (closing(evaluation))
                }
            }
        }
    };
    Ok(page.into_string() + "\n")
}

fn opening(evaluation: &Evaluation) -> Markup {
    let data = &evaluation.data;
    let view = evaluation.methods.first().and_then(|m| m.views.first());
    html! {
        p.soft {
            "ADFA-LD: fitted \
             on " (count(data.training.traces as u64)) " normal traces, measured on "
            (count(data.validation.traces as u64)) " other normal traces \
                                                    (" (count(data.validation.calls))
            " calls) and \
             on " (count(data.attacks.traces as u64)) " traces of " (data.runs) " attack runs ("
            (count(data.attacks.calls)) " calls). Every trace is scored once, by the monitor's own \
                                         detector; nothing was chosen on attacks."
        }
        @if data.other_corpus { p { strong { (OTHER_CORPUS) } } }
        @if let Some(view) = view { div.tiles { (tiles(view)) } }
    }
}

fn tiles(view: &Detection) -> Markup {
    let tile = |figure: &str, what: &str| html! { div.tile { b { (figure) } span { (what) } } };
    let area = format!(
        "area under the ROC curve; 95% {}",
        interval(view.auc_intervals.by_run, three)
    );
    let points = view.detection.iter();
    let points = points.filter(|p| [0.05, 0.10].contains(&p.false_alarms));
    let points = points.map(|point| {
        let found = format!(
            "of attack traces found at {:.0}% false alarms; 95% {}",
            100.0 * point.false_alarms,
            interval(point.interval, percent)
        );
        tile(&percent(point.rate), &found)
    });
    let cost = format!(
        "false alarms to find 90% of them; 95% {}",
        interval(view.false_alarms_at_90_interval, percent)
    );
    html! {
        (tile(&three(view.auc), &area))
        @for point in points { (point) }
        (tile(&percent(view.false_alarms_at_90), &cost))
    }
}

/// The methods that are drawn: of several seeds the first alone, and no more than have a colour.
fn shown(evaluation: &Evaluation) -> Vec<usize> {
    let seeds = evaluation
        .seeds
        .as_ref()
        .map_or(&[][..], |seeds| &seeds.methods);
    let hidden = seeds.get(1..).unwrap_or_default();
    let methods = evaluation.methods.iter().enumerate();
    methods
        .filter(|(_, method)| !hidden.contains(&method.id))
        .map(|(i, _)| i)
        .take(charts::SERIES)
        .collect()
}

fn detection(evaluation: &Evaluation, material: &Material) -> anyhow::Result<Markup> {
    let shown = shown(evaluation);
    let lines: Vec<charts::Line<'_>> = shown
        .iter()
        .map(|&i| charts::Line {
            points: &material.curves[i].points,
        })
        .collect();
    let methods: Vec<&Method> = shown.iter().map(|&i| &evaluation.methods[i]).collect();
    let curves = PreEscaped(charts::roc(&lines)?);
    let areas = PreEscaped(charts::intervals(&methods)?);
    let scores = PreEscaped(charts::histogram(
        &material.normal,
        &material.attacks,
        material.threshold,
        "score of the trace, nats a call",
    )?);
    Ok(html! {
        h2 { "Detectors against each other" }
        figure {
            div.pair {
                (curves)
                ul.legend {
                    @for (i, method) in methods.iter().enumerate() {
                        li {
                            i style=(format!("background:var(--s{i})")) {}
                            (plain(&method.label))
                            span { (three(method.views[0].auc)) }
                        }
                    }
                }
            }
            figcaption {
                "Share of attack traces above a threshold against the share of normal traces above \
                 it, over all thresholds."
            }
        }
        figure {
            (areas)
            figcaption {
                "Areas with 95% intervals \
                 of " (count(evaluation.made_by.replicates as u64)) " bootstrap draws: thick when \
                 attack traces are drawn one by one, thin when whole attack runs are drawn. The traces of one run resemble \
                 each other: where the two differ, believe the thin one."
            }
        }
        p {
            "Attack traces found at a fixed share of false alarms, and the false alarms (FAR) that \
             finding 90% of them costs; small figures are 95% intervals, drawn by run."
        }
        (table::detection(evaluation))
        @if let Some(seeds) = &evaluation.seeds {
            p {
                "Over " (seeds.methods.len()) " seeds the area \
                                               is " (three(seeds.mean)) " ± " (three(seeds.deviation))
                " (standard deviation), \
                 from " (three(seeds.lowest)) " to " (three(seeds.highest)) "."
            }
        }
        h3 { "Is the difference in the data?" }
        p {
            "The first detector's area less that of another, both on the same draws. The intervals \
             say how much the traces weigh, with each model as it is; how much another seed would \
             change is the spread over seeds."
        }
        (table::differences(evaluation))
        h3 { "Without repeated traces" }
        p {
            "ADFA-LD repeats itself, and single traces that stand often move the figures. The area \
             when they are left out:"
        }
        (table::views(evaluation))
        h3 { "By kind of attack" }
        p {
            "Share of traces found at the threshold that 10% of all normal traces exceed, one \
             threshold for all kinds."
        }
        (table::families(evaluation))
        h2 { "How the scores lie" }
        figure {
            (scores)
            figcaption {
                b style="color:var(--normal)" { "Normal \
                                                 traces" } " and " b style="color:var(--attack)" { "attacks" }
                ", each as a share of its own. Right of the dashed line lie 10% of the normal ones."
            }
        }
    })
}

fn foretelling(evaluation: &Evaluation) -> Markup {
    html! {
        h2 { "Foretelling the next call" }
        p {
            "On all validation traces, normal \
             ones; " (count(evaluation.data.validation_in_training as u64)) " of the "
            (count(evaluation.data.validation.traces as u64)) " equal a training trace."
        }
        (table::next_call(evaluation))
        @for mixture in &evaluation.mixtures {
            p {
                "The mixture gives the LSTM a share \
                 of " (format!("{:.2}", mixture.weight)) ", chosen on "
                (mixture.held_out_traces) " training traces held out from both \
                                           (" (count(mixture.held_out_calls))
                " \
                 calls): " (three(mixture.mixed_nats)) " nats a call \
                                                         mixed, " (three(mixture.lstm_nats))
                " by the LSTM alone, " (three(mixture.ngram_nats)) " by the n-gram model alone."
            }
        }
        @if let Some(notebook) = &evaluation.notebook {
            p {
                "As the notebook evaluates, on the \
                 first " (count(notebook.windows as u64)) " windows of validation: loss "
                (format!("{:.4}", notebook.loss)) ", \
                                                   accuracy " (format!("{:.4}", notebook.accuracy))
                "; the notebook printed " (format!("{:.2}", notebook.published_loss)) " and "
                (format!("{:.2}", notebook.published_accuracy)) " on the full set's first windows."
            }
        }
    }
}

fn closing(evaluation: &Evaluation) -> Markup {
    let made_by = &evaluation.made_by;
    html! {
        h2 { "What others published" }
        p { "Not measured here, and not on this part of the data: to be compared with care." }
        (table::published(evaluation))
        h2 { "How this was made" }
        (table::models(evaluation))
        div.card {
            pre { (plain(&made_by.command)) }
            p.soft {
                "git revision " (plain(&made_by.git_revision)) "; data SHA-256 "
                code { (plain(&evaluation.data.sha256)) } "; bootstrap \
                                                           seed " (made_by.bootstrap_seed) ", "
                (made_by.replicates) " draws."
            }
        }
    }
}

#[cfg(test)]
mod tests;
