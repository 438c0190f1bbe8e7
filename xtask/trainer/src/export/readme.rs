//! The README of a model folder: what the model is, what it reached, and how to make it again.

use std::fmt::Write;

use monitor::model::manifest::{Kind, Manifest};

use crate::train::checkpoint::Header;
use crate::train::preset::Preset;
use crate::train::recipe::Sampling;

/// The text. Every figure comes from the checkpoint or the manifest.
#[must_use]
pub fn text(manifest: &Manifest, header: &Header, quantisation_nats: Option<f64>) -> String {
    let recipe = &header.recipe;
    let preset = match recipe.preset {
        Preset::Lm => "lm",
        Preset::Notebook => "notebook",
    };
    let what = match manifest.kind {
        Kind::Stateful => {
            "A stateful language model over system calls: the surprise of each call given all \
             calls before it in its thread."
        }
        Kind::Window => {
            "The notebook's model: the distribution of a system call given the 19 before it."
        }
    };
    let mut options = String::new();
    if let Sampling::Windows { all, drop_in, .. } = recipe.sampling {
        options += if all { " --all-windows" } else { "" };
        options += if drop_in > 0 { " --drop-in" } else { "" };
    }
    let held_out = match &recipe.sampling {
        Sampling::Lanes { .. } => {
            format!(
                "{}% of the traces, drawn by the seed",
                recipe.held_out * 100.0
            )
        }
        Sampling::Windows { all, .. } => {
            let windows = if *all {
                "all windows"
            } else {
                "the first 20,000 windows and some"
            };
            format!("the last {}% of {windows}", recipe.held_out * 100.0)
        }
    };
    let best = header
        .history
        .iter()
        .find(|epoch| epoch.epoch == header.best_epoch);
    let best_epoch = best.map_or_else(String::new, |epoch| {
        format!(
            "{} of at most {}; training {:.4} nats, accuracy {:.4}; held out {:.4} nats, accuracy \
             {:.4}",
            epoch.epoch,
            recipe.epochs,
            epoch.loss,
            epoch.accuracy,
            epoch.held_out_loss,
            epoch.held_out_accuracy
        )
    });
    let mut text = format!(
        "# {}\n\n{what}\n\nWritten by `cargo xtask export-onnx`; not edited by hand.\n\n",
        manifest.name
    );
    let rows = [
        ("Parameters", manifest.parameters.to_string()),
        (
            "Corpus",
            format!(
                "{}, training part: {} normal traces, {} calls",
                manifest.corpus.name, manifest.corpus.traces, manifest.corpus.calls
            ),
        ),
        (
            "SHA-256 of these traces",
            format!("`{}`", manifest.corpus.sha256),
        ),
        ("Seed", manifest.seed.to_string()),
        (
            "Trained at revision",
            format!("`{}`", manifest.git_revision),
        ),
        ("Held out to choose the best epoch", held_out),
        ("Best epoch", best_epoch),
        (
            "Surprise of traces not fitted to",
            format!("{:.4} nats a call", manifest.held_out_nats),
        ),
        (
            "Thresholds, slow and fast",
            format!(
                "{:.4} and {:.4} nats a call: {} quantile of the {}",
                manifest.threshold.slow,
                manifest.threshold.fast,
                manifest.threshold.quantile,
                manifest.threshold.source
            ),
        ),
    ];
    text += "| | |\n| --- | --- |\n";
    for (name, value) in rows {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    if let Some(nats) = quantisation_nats {
        let _ = writeln!(text, "| Cost of 8-bit weights | {nats:+.5} nats a call |");
    }
    let _ = write!(
        text,
        "\nSurprise and thresholds are measured on traces of the training part that the weights \
         were not fitted to; some or all of them chose the best epoch.\n\n\
         To make it again:\n\n```sh\n\
         cargo xtask train --preset {preset} --data ADFA-LD --seed {} --epochs {}{options} --out \
         runs/{}\n\
         cargo xtask export-onnx --checkpoint runs/{}/best.safetensors --data ADFA-LD --to \
         models/{}{}\n```\n",
        manifest.seed,
        recipe.epochs,
        manifest.name,
        manifest.name,
        manifest.name,
        if quantisation_nats.is_some() {
            " --int8"
        } else {
            ""
        },
    );
    if let Some(from) = &header.source.from {
        let _ = writeln!(text, "\nTraining went on from `{from}` (`--from`).");
    }
    text
}
