//! Loss and accuracy of a run over its epochs, as SVG.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use support::files::write_whole;

use super::train::run::Epoch;

const SIZE: (u32, u32) = (800, 480);

/// Writes `loss.svg` and `accuracy.svg` into `folder`.
///
/// # Errors
/// They cannot be drawn or written.
pub fn history(folder: &Path, history: &[Epoch]) -> Result<()> {
    let loss: Vec<_> = history
        .iter()
        .map(|e| (e.epoch, e.loss, e.held_out_loss))
        .collect();
    let accuracy: Vec<_> = history
        .iter()
        .map(|e| (e.epoch, e.accuracy, e.held_out_accuracy))
        .collect();
    for (name, title, points) in [
        ("loss", "Surprise, nats a call", loss),
        ("accuracy", "Share of calls predicted right", accuracy),
    ] {
        write_whole(
            &folder.join(format!("{name}.svg")),
            svg(title, &points)?.as_bytes(),
        )?;
    }
    Ok(())
}

/// An epoch, its value in training, and its value on what is held out.
type Point = (u32, f64, f64);

/// Which of a point's values a line shows.
type Value = fn(&Point) -> f64;

fn svg(title: &str, points: &[Point]) -> Result<String> {
    let mut text = String::new();
    draw(
        &SVGBackend::with_string(&mut text, SIZE).into_drawing_area(),
        title,
        points,
    )?;
    Ok(text)
}

fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    points: &[Point],
) -> Result<()> {
    let failed =
        |error: DrawingAreaErrorKind<B::ErrorType>| anyhow!("a plot cannot be drawn: {error}");
    area.fill(&WHITE).map_err(failed)?;
    let last = points.last().map_or(1, |point| point.0).max(2);
    let values = || {
        points
            .iter()
            .flat_map(|point| [point.1, point.2])
            .filter(|value| value.is_finite())
    };
    let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let (low, high) = if low < high { (low, high) } else { (0.0, 1.0) };
    let margin = (high - low) * 0.05;
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .caption(title, ("sans-serif", 20))
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(1u32..last, low - margin..high + margin)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    let lines: [(&str, RGBColor, Value); 2] = [
        ("training", RGBColor(0x1f, 0x77, 0xb4), |point| point.1),
        ("held out", RGBColor(0xd6, 0x27, 0x28), |point| point.2),
    ];
    for (name, colour, value) in lines {
        let series = LineSeries::new(
            points.iter().map(|point| (point.0, value(point))),
            colour.stroke_width(2),
        );
        chart
            .draw_series(series.point_size(3))
            .map_err(failed)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 16))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::history;
    use crate::train::run::Epoch;

    #[test]
    fn plots_of_any_history_are_pictures_with_labels() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let epoch = |epoch| Epoch {
            epoch,
            loss: 3.0 / f64::from(epoch),
            accuracy: 0.5,
            held_out_loss: f64::NAN,
            held_out_accuracy: 0.4,
            rate: 0.1,
            seconds: 1.0,
            calls_per_second: 1.0,
        };
        for epochs in [0, 1, 5] {
            let epochs: Vec<Epoch> = (1..=epochs).map(epoch).collect();
            history(folder.path(), &epochs).expect("it can be drawn");
            let svg = std::fs::read_to_string(folder.path().join("loss.svg")).expect("written");
            assert!(svg.contains("nats a call") && svg.contains("held out"));
            let svg = std::fs::read_to_string(folder.path().join("accuracy.svg")).expect("written");
            assert!(svg.contains("predicted right"));
        }
    }
}
