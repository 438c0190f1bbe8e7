//! How scores lie.

use plotters::prelude::*;

use super::drawing::{ATTACK, INK, NORMAL, chart, mesh, percent, svg};

/// How the scores of normal traces and of attacks lie, each as a share of its own class; a line
/// marks `threshold`.
///
/// # Errors
///
/// When plotters cannot draw it.
pub fn histogram(
    normal: &[f64],
    attacks: &[f64],
    threshold: f64,
    unit: &str,
) -> anyhow::Result<String> {
    const BINS: usize = 60;
    let finite = || {
        normal
            .iter()
            .chain(attacks)
            .copied()
            .filter(|s| s.is_finite())
    };
    let low = finite().fold(f64::INFINITY, f64::min).min(threshold);
    let high = finite().fold(f64::NEG_INFINITY, f64::max).max(threshold);
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let width = (high - low) / BINS as f64;
    let shares = |scores: &[f64]| {
        let mut bins = [0.0; BINS];
        for &score in scores.iter().filter(|s| s.is_finite()) {
            bins[(((score - low) / width) as usize).min(BINS - 1)] += 1.0 / scores.len() as f64;
        }
        bins
    };
    let (normal, attacks) = (shares(normal), shares(attacks));
    let top = normal.iter().chain(&attacks).copied().fold(0.01, f64::max) * 1.05;
    svg(760, 300, |area| {
        let mut chart = chart(area, low..high, 0.0..top)?;
        mesh(
            &mut chart,
            unit,
            "share of traces",
            &|s| format!("{s:.2}"),
            &percent,
        )?;
        let drawn = [(normal, NORMAL), (attacks, ATTACK)];
        let has_data = |(bins, _): &([f64; BINS], RGBColor)| bins.iter().any(|&share| share > 0.0);
        for (bins, colour) in drawn.into_iter().filter(has_data) {
            chart.draw_series(bins.iter().enumerate().filter(|(_, s)| **s > 0.0).map(
                |(i, &share)| {
                    let left = low + i as f64 * width;
                    Rectangle::new(
                        [(left, 0.0), (left + width, share)],
                        colour.mix(0.45).filled(),
                    )
                },
            ))?;
            let outline = bins.iter().enumerate().flat_map(|(i, &share)| {
                let left = low + i as f64 * width;
                [(left, share), (left + width, share)]
            });
            chart.draw_series(LineSeries::new(outline, colour.stroke_width(1)))?;
        }
        chart.draw_series(DashedLineSeries::new(
            [(threshold, 0.0), (threshold, top)],
            4,
            4,
            INK.into(),
        ))?;
        Ok(())
    })
}
