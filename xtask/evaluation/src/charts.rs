//! The report's charts, as SVG that takes its colours from the page.
//!
//! plotters writes colours as attributes. Those used here stand for a role each; the page's
//! style sheet gives the role its colour, one for light and one for dark.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::json::Method;
use super::roc::Point;

/// Text and axes: `#010101` in the style sheet.
const INK: RGBColor = RGBColor(1, 1, 1);
/// Grid: `#020202`.
const GRID: RGBColor = RGBColor(2, 2, 2);
/// Normal traces: `#040404`.
const NORMAL: RGBColor = RGBColor(4, 4, 4);
/// Attacks, and what stands out: `#050505`.
const ATTACK: RGBColor = RGBColor(5, 5, 5);

/// The role of the `i`th curve: `#101000` and on.
fn series(i: usize) -> RGBColor {
    RGBColor(16, 16, (i % SERIES) as u8)
}

/// How many curves have a colour of their own.
pub const SERIES: usize = 8;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError = DrawingAreaErrorKind<std::io::Error>;
type Drawn = Result<(), DrawError>;
type Axes<'a, 'b, X, Y> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<X, Y>>;

/// One curve of a chart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its points, shares of false alarms and of detections.
    pub points: &'a [Point],
}

fn svg(width: u32, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> anyhow::Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(&area).map_err(|error| anyhow::anyhow!("a chart could not be drawn: {error}"))?;
        area.present()
            .map_err(|error| anyhow::anyhow!("a chart could not be drawn: {error}"))?;
    }
    // A page scales it: the size in pixels would hold it fixed.
    let fixed = format!("width=\"{width}\" height=\"{height}\" viewBox");
    Ok(text.replacen(&fixed, "role=\"img\" viewBox", 1))
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

fn mesh<'a, X, Y>(
    chart: &mut Axes<'a, '_, X, Y>,
    x: &str,
    y: &str,
    x_format: &dyn Fn(&f64) -> String,
    y_format: &dyn Fn(&f64) -> String,
) -> Drawn
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .axis_desc_style(text(14))
        .label_style(text(12))
        .axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(x_format)
        .y_label_formatter(y_format)
        .draw()
}

fn chart<'a, 'b, X, Y>(
    area: &'b Area<'a>,
    x: X,
    y: Y,
) -> Result<Axes<'a, 'b, X::CoordDescType, Y::CoordDescType>, DrawError>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
{
    ChartBuilder::on(area)
        .margin(10)
        .margin_right(40)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(x, y)
}

fn percent(share: &f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

/// ROC curves over each other, with the diagonal of chance. The page makes the legend.
///
/// # Errors
///
/// When plotters cannot draw it.
pub fn roc(lines: &[Line<'_>]) -> anyhow::Result<String> {
    svg(560, 520, |area| {
        let mut chart = chart(area, 0.0..1.0, 0.0..1.0)?;
        mesh(
            &mut chart,
            "false alarms",
            "attacks detected",
            &percent,
            &percent,
        )?;
        chart.draw_series(DashedLineSeries::new(
            [(0.0, 0.0), (1.0, 1.0)],
            5,
            5,
            GRID.into(),
        ))?;
        for (i, line) in lines.iter().enumerate().rev() {
            let points = line.points.iter().map(|p| (p.false_alarms, p.detection));
            chart.draw_series(LineSeries::new(points, series(i).stroke_width(2)))?;
        }
        Ok(())
    })
}

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

/// Areas under the curve with their intervals: thick by trace, thin by run.
///
/// # Errors
///
/// When plotters cannot draw it.
pub fn intervals(methods: &[&Method]) -> anyhow::Result<String> {
    const ROW: u32 = 30;
    let ends = || methods.iter().map(|m| m.views[0].auc_intervals.by_run);
    let low = ends()
        .map(|i| i.low)
        .filter(|v| v.is_finite())
        .fold(1.0, f64::min);
    let high = ends()
        .map(|i| i.high)
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    let (low, high) = if low < high {
        (low - 0.01, high + 0.01)
    } else {
        (0.0, 1.0)
    };
    let rows = methods.len() as f64;
    svg(760, ROW * methods.len() as u32 + 60, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(20)
            .x_label_area_size(44)
            .y_label_area_size(250)
            .build_cartesian_2d(low..high, 0.0..rows)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_desc("area under the ROC curve")
            .axis_desc_style(text(14))
            .label_style(text(12))
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .x_labels(8)
            .x_label_formatter(&|auc| format!("{auc:.2}"))
            .draw()?;
        for (i, method) in methods.iter().enumerate() {
            let y = rows - i as f64 - 0.5;
            let view = &method.views[0];
            let colour = series(i);
            for (interval, width) in [
                (view.auc_intervals.by_run, 2),
                (view.auc_intervals.by_trace, 6),
            ] {
                let ends = [(interval.low, y), (interval.high, y)];
                chart.draw_series(LineSeries::new(ends, colour.stroke_width(width)))?;
            }
            chart.draw_series([Circle::new((view.auc, y), 5, INK.filled())])?;
            let place = chart.backend_coord(&(low, y));
            let style = text(13).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Right,
                plotters::style::text_anchor::VPos::Center,
            ));
            // plotters escapes what is markup, and passes control characters on.
            let name = method.label.replace(char::is_control, "\u{fffd}");
            let label = format!("{name} {:.3}", view.auc);
            area.draw(&Text::new(label, (place.0 - 10, place.1), style))?;
        }
        Ok(())
    })
}

/// The surprise of each call of a trace; `marks` are places and names to write at the peaks.
///
/// # Errors
///
/// When plotters cannot draw it.
pub fn along(surprise: &[f32], mean: f64, marks: &[(usize, String)]) -> anyhow::Result<String> {
    let calls = surprise.len().max(1) as f64;
    let peak = surprise.iter().copied().fold(1.0f32, f32::max);
    let top = f64::from(peak) * 1.2;
    svg(1100, 240, |area| {
        let mut chart = chart(area, 0.0..calls, 0.0..top)?;
        mesh(
            &mut chart,
            "call",
            "surprise, nats",
            &|call| format!("{call:.0}"),
            &|nats| format!("{nats:.0}"),
        )?;
        let marked = |i: usize| marks.iter().any(|&(place, _)| place == i);
        let width = (900.0 / calls).clamp(1.0, 6.0) as u32;
        chart.draw_series(surprise.iter().enumerate().map(|(i, &nats)| {
            let x = i as f64 + 0.5;
            let colour = if marked(i) { ATTACK } else { NORMAL };
            PathElement::new([(x, 0.0), (x, f64::from(nats))], colour.stroke_width(width))
        }))?;
        chart.draw_series(DashedLineSeries::new(
            [(0.0, mean), (calls, mean)],
            4,
            4,
            INK.into(),
        ))?;
        for (i, name) in marks {
            let x = *i as f64 + 0.5;
            let place = chart.backend_coord(&(x, f64::from(surprise[*i])));
            let style = text(11).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Bottom,
            ));
            area.draw(&Text::new(name.clone(), (place.0, place.1 - 2), style))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_scales_with_the_page_and_holds_its_points() {
        let points = [(0.0, 0.0), (0.5, 0.75), (1.0, 1.0)].map(|(false_alarms, detection)| Point {
            false_alarms,
            detection,
        });
        let chart = roc(&[Line { points: &points }]).expect("it can be drawn");
        assert!(
            chart.starts_with("<svg role=\"img\" viewBox=\"0 0 560 520\""),
            "{chart:.80}"
        );
        assert!(
            chart.contains("#101000"),
            "the curve has the role of the first series"
        );
    }

    /// Whether a chart is whole and has something drawn in one of the roles of data.
    fn shows(chart: &str, role: RGBColor) -> bool {
        assert!(chart.starts_with("<svg role=\"img\""), "{chart:.80}");
        assert!(chart.trim_end().ends_with("</svg>"), "{chart:.80}");
        assert!(!chart.contains("NaN") && !chart.contains("inf"), "{chart}");
        let RGBColor(red, green, blue) = role;
        chart.contains(&format!("#{red:02X}{green:02X}{blue:02X}"))
    }

    #[test]
    fn charts_of_nothing_are_axes_without_data() {
        let scores = histogram(&[], &[], 0.0, "nats").expect("no scores");
        assert!(!shows(&scores, NORMAL) && scores.contains("nats"));
        let calls = along(&[], 0.0, &[]).expect("no call");
        assert!(!shows(&calls, NORMAL) && !shows(&calls, ATTACK));
        let methods = intervals(&[]).expect("no method");
        assert!(!shows(&methods, series(0)));
    }

    #[test]
    fn a_chart_of_one_value_shows_it() {
        let chart = histogram(&[1.0, f64::NEG_INFINITY], &[1.0], 1.0, "nats").expect("one value");
        assert!(shows(&chart, NORMAL) && shows(&chart, ATTACK));
    }

    #[test]
    fn a_name_cannot_leave_its_chart() {
        let chart = along(&[1.0], 1.0, &[(0, "<script>&\"".to_owned())]).expect("it can be drawn");
        assert!(!chart.contains("<script>"));
    }
}
