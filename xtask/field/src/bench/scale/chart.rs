//! How CPU time and memory grow, as pictures: two panels, both axes logarithmic.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::sweep::{Axis, Point, Sweep};

const SIZE: (u32, u32) = (960, 420);

const NONE: RGBColor = RGBColor(0xd6, 0x27, 0x28);
const OWN: RGBColor = RGBColor(0x1f, 0x77, 0xb4);

/// Which of a point's values a panel shows.
type Value = fn(&Point) -> f64;

/// Which of a sweep's slopes a panel tells.
type Slope = fn(&Sweep) -> String;

/// One picture as SVG: the sweeps along one axis.
///
/// # Errors
/// When plotters cannot draw it.
pub fn svg(axis: Axis, sweeps: &[Sweep]) -> Result<String> {
    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
    draw(&area, axis, sweeps)?;
    drop(area);
    Ok(text)
}

fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    axis: Axis,
    sweeps: &[Sweep],
) -> Result<()> {
    let failed =
        |error: DrawingAreaErrorKind<B::ErrorType>| anyhow!("a plot cannot be drawn: {error}");
    area.fill(&WHITE).map_err(failed)?;
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    let own: Vec<_> = sweeps.iter().filter(|sweep| sweep.axis == axis).collect();
    let (time, memory): (Value, Value) = (
        |point| point.cpu_s.median,
        |point| point.memory_kib as f64 / 1024.0,
    );
    panel(&left, "CPU time, seconds", axis, &own, time, |sweep| {
        format!("slope {}", told(sweep.time_slope))
    })
    .map_err(failed)?;
    panel(
        &right,
        "resident memory, MiB",
        axis,
        &own,
        memory,
        |sweep| match sweep.beyond_slope {
            Some(_) => format!("slope beyond the base {}", told(sweep.beyond_slope)),
            None => "does not grow".to_owned(),
        },
    )
    .map_err(failed)?;
    area.present().map_err(failed)
}

/// A slope in few letters.
pub fn told(slope: Option<f64>) -> String {
    // Rounding leaves no minus at 0.
    slope.map_or("none".to_owned(), |it| {
        format!("{:.2}", (it * 100.0).round() / 100.0 + 0.0)
    })
}

fn panel<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    axis: Axis,
    sweeps: &[&Sweep],
    value: Value,
    slope: Slope,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let points = || sweeps.iter().flat_map(|sweep| &sweep.points);
    // The fewest of a sweep lie on a power of ten, or just below.
    let (from, to) = decades(points().map(|point| point.size as f64 * 1.01));
    let (low, high) = decades(points().map(value));
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .caption(title, ("sans-serif", 18))
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d((from..to).log_scale(), (low..high * 3.0).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(axis.name())
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 15))
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&|number| short(*number))
        .y_label_formatter(&|number| short(*number))
        .draw()?;
    for sweep in sweeps {
        let (name, colour) = if sweep.profile {
            ("its own profile", OWN)
        } else {
            ("no profile", NONE)
        };
        let line = sweep
            .points
            .iter()
            .map(|point| (point.size as f64, value(point)));
        let series = LineSeries::new(line, colour.stroke_width(2)).point_size(3);
        chart
            .draw_series(series)?
            .label(format!("{name}: {}", slope(sweep)))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 14))
        .draw()
}

/// The powers of ten around the values.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let logs = values.filter(|value| *value > 0.0).map(f64::log10);
    let (low, high) = logs.fold((f64::MAX, f64::MIN), |(low, high), log| {
        (low.min(log), high.max(log))
    });
    if low > high {
        return (1.0, 10.0);
    }
    let (low, high) = (low.floor(), (high - 0.01).ceil());
    (10.0_f64.powf(low), 10.0_f64.powf(high.max(low + 1.0)))
}

/// A number as few letters.
fn short(number: f64) -> String {
    match number {
        _ if number >= 1e6 => format!("{}M", number / 1e6),
        _ if number >= 1e3 => format!("{}k", number / 1e3),
        _ => format!("{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{decades, short, svg, told};
    use crate::bench::scale::sweep::Axis;

    #[test]
    fn axes_end_at_powers_of_ten() {
        let near = |(low, high): (f64, f64), to: (f64, f64)| {
            (low / to.0 - 1.0).abs() < 1e-9 && (high / to.1 - 1.0).abs() < 1e-9
        };
        assert!(near(decades([1e5, 1.01e7].into_iter()), (1e5, 1e7)));
        assert!(near(decades([35.0, 284.0].into_iter()), (10.0, 1000.0)));
        assert!(near(decades([35.0].into_iter()), (10.0, 100.0)));
        assert!(near(decades([0.0].into_iter()), (1.0, 10.0)));
    }

    #[test]
    fn numbers_are_told_in_few_letters() {
        assert_eq!(
            (short(1e7), short(1e4), short(0.1)),
            ("10M".into(), "10k".into(), "0.1".into())
        );
        assert_eq!(
            (told(Some(-0.001)), told(None)),
            ("0.00".into(), "none".into())
        );
    }

    #[test]
    fn nothing_measured_is_an_empty_picture() {
        let text = svg(Axis::Calls, &[]).expect("it can be drawn");
        assert!(text.contains("</svg>") && text.contains("resident memory"));
    }
}
