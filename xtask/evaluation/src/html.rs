//! The report: one page that needs nothing beside itself.

mod exhibit;
mod table;
mod text;

use super::charts;
use super::exhibit::Exhibit;
use super::json::{Evaluation, Method, OTHER_CORPUS};
use super::roc::Curve;
use text::{count, escape, interval, percent, three};

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
        |m| format!("How well {} detects", m.label),
    );
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{0}</title><style>{1}</style></head>\
         <body><main><h1>{0}</h1>",
        escape(&title),
        include_str!("html/style.css")
    );
    html += &opening(evaluation);
    html += &detection(evaluation, material)?;
    html += &foretelling(evaluation);
    html += "<h2>Single traces</h2><p>The surprise of every call, −ln of the probability that the \
             model gave it. The dashed line is the trace's mean, which is its score; the calls \
             that surprised most are named.</p>";
    for one in &material.exhibits {
        html += &exhibit::figure(one)?;
    }
    html += &closing(evaluation);
    Ok(html + "</main></body></html>\n")
}

fn opening(evaluation: &Evaluation) -> String {
    let data = &evaluation.data;
    let mut html = format!(
        "<p class=\"soft\">ADFA-LD: fitted on {} normal traces, measured on {} other normal traces \
         ({} calls) and on {} traces of {} attack runs ({} calls). Every trace is scored once, by \
         the monitor's own detector; nothing was chosen on attacks.</p>",
        count(data.training.traces as u64),
        count(data.validation.traces as u64),
        count(data.validation.calls),
        count(data.attacks.traces as u64),
        data.runs,
        count(data.attacks.calls)
    );
    html += &warning(evaluation);
    let Some(view) = evaluation.methods.first().and_then(|m| m.views.first()) else {
        return html;
    };
    html += "<div class=\"tiles\">";
    let mut tile = |figure: String, what: String| {
        html += &format!("<div class=\"tile\"><b>{figure}</b><span>{what}</span></div>");
    };
    tile(
        three(view.auc),
        format!(
            "area under the ROC curve; 95% {}",
            interval(view.auc_intervals.by_run, three)
        ),
    );
    for point in view
        .detection
        .iter()
        .filter(|p| [0.05, 0.10].contains(&p.false_alarms))
    {
        tile(
            percent(point.rate),
            format!(
                "of attack traces found at {:.0}% false alarms; 95% {}",
                100.0 * point.false_alarms,
                interval(point.interval, percent)
            ),
        );
    }
    tile(
        percent(view.false_alarms_at_90),
        format!(
            "false alarms to find 90% of them; 95% {}",
            interval(view.false_alarms_at_90_interval, percent)
        ),
    );
    html + "</div>"
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

fn detection(evaluation: &Evaluation, material: &Material) -> anyhow::Result<String> {
    let shown = shown(evaluation);
    let lines: Vec<charts::Line<'_>> = shown
        .iter()
        .map(|&i| charts::Line {
            points: &material.curves[i].points,
        })
        .collect();
    let methods: Vec<&Method> = shown.iter().map(|&i| &evaluation.methods[i]).collect();
    let legend: String = methods
        .iter()
        .enumerate()
        .map(|(i, method)| {
            format!(
                "<li><i style=\"background:var(--s{i})\"></i>{}<span>{}</span></li>",
                escape(&method.label),
                three(method.views[0].auc)
            )
        })
        .collect();
    let mut html = format!(
        "<h2>Detectors against each other</h2><figure><div class=\"pair\">{}<ul \
         class=\"legend\">{legend}</ul></div><figcaption>Share of attack traces above a threshold \
         against the share of normal traces above it, over all thresholds.</figcaption></figure>",
        charts::roc(&lines)?
    );
    html += &format!(
        "<figure>{}<figcaption>Areas with 95% intervals of {} bootstrap draws: thick when attack \
         traces are drawn one by one, thin when whole attack runs are drawn. The traces of one run \
         resemble each other: where the two differ, believe the thin one.</figcaption></figure>",
        charts::intervals(&methods)?,
        count(evaluation.made_by.replicates as u64)
    );
    html += "<p>Attack traces found at a fixed share of false alarms, and the false alarms (FAR) \
             that finding 90% of them costs; small figures are 95% intervals, drawn by run.</p>";
    html += &table::detection(evaluation);
    if let Some(seeds) = &evaluation.seeds {
        html += &format!(
            "<p>Over {} seeds the area is {} ± {} (standard deviation), from {} to {}.</p>",
            seeds.methods.len(),
            three(seeds.mean),
            three(seeds.deviation),
            three(seeds.lowest),
            three(seeds.highest)
        );
    }
    html += "<h3>Is the difference in the data?</h3><p>The first detector's area less that of \
             another, both on the same draws. The \
             intervals say how much the traces weigh, with each model as it is; how much another \
             seed would change is the spread over seeds.</p>";
    html += &table::differences(evaluation);
    html += "<h3>Without repeated traces</h3><p>ADFA-LD repeats itself, and single traces that \
             stand often move the figures. The area when they are left out:</p>";
    html += &table::views(evaluation);
    html += "<h3>By kind of attack</h3><p>Share of traces found at the threshold that 10% of all \
             normal traces exceed, one threshold for all kinds.</p>";
    html += &table::families(evaluation);
    html += &format!(
        "<h2>How the scores lie</h2><figure>{}<figcaption><b style=\"color:var(--normal)\">Normal \
         traces</b> and <b style=\"color:var(--attack)\">attacks</b>, each as a share of its own. \
         Right of the dashed line lie 10% of the normal ones.</figcaption></figure>",
        charts::histogram(
            &material.normal,
            &material.attacks,
            material.threshold,
            "score of the trace, nats a call"
        )?
    );
    Ok(html)
}

fn foretelling(evaluation: &Evaluation) -> String {
    let mut html = String::from("<h2>Foretelling the next call</h2>");
    html += &format!(
        "<p>On all validation traces, normal ones; {} of the {} equal a training trace.</p>",
        count(evaluation.data.validation_in_training as u64),
        count(evaluation.data.validation.traces as u64)
    );
    html += &table::next_call(evaluation);
    for mixture in &evaluation.mixtures {
        html += &format!(
            "<p>The mixture gives the LSTM a share of {:.2}, chosen on {} training traces held out \
             from both ({} calls): {} nats a call mixed, {} by the LSTM alone, {} by the n-gram \
             model alone.</p>",
            mixture.weight,
            mixture.held_out_traces,
            count(mixture.held_out_calls),
            three(mixture.mixed_nats),
            three(mixture.lstm_nats),
            three(mixture.ngram_nats)
        );
    }
    if let Some(notebook) = &evaluation.notebook {
        html += &format!(
            "<p>As the notebook evaluates, on the first {} windows of validation: loss {:.4}, \
             accuracy {:.4}; the notebook printed {:.2} and {:.2} on the full set's first \
             windows.</p>",
            count(notebook.windows as u64),
            notebook.loss,
            notebook.accuracy,
            notebook.published_loss,
            notebook.published_accuracy
        );
    }
    html
}

fn warning(evaluation: &Evaluation) -> String {
    if !evaluation.data.other_corpus {
        return String::new();
    }
    format!("<p><strong>{}</strong></p>", escape(OTHER_CORPUS))
}

fn closing(evaluation: &Evaluation) -> String {
    format!(
        "<h2>What others published</h2><p>Not measured here, and not on this part of the data: to \
         be compared with care.</p>{}<h2>How this was made</h2>{}<div class=\"card\"><pre>{}</pre>\
         <p class=\"soft\">git revision {}; data SHA-256 <code>{}</code>; bootstrap seed {}, {} \
         draws.</p></div>",
        table::published(evaluation),
        table::models(evaluation),
        escape(&evaluation.made_by.command),
        escape(&evaluation.made_by.git_revision),
        escape(&evaluation.data.sha256),
        evaluation.made_by.bootstrap_seed,
        evaluation.made_by.replicates
    )
}

#[cfg(test)]
mod tests;
