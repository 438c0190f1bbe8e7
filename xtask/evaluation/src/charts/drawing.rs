//! What all charts are drawn with: the colours by their roles, the axes, the text.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

/// Text and axes: `#010101` in the style sheet.
pub const INK: RGBColor = RGBColor(1, 1, 1);
/// Grid: `#020202`.
pub const GRID: RGBColor = RGBColor(2, 2, 2);
/// Normal traces: `#040404`.
pub const NORMAL: RGBColor = RGBColor(4, 4, 4);
/// Attacks, and what stands out: `#050505`.
pub const ATTACK: RGBColor = RGBColor(5, 5, 5);

/// The role of the `i`th curve: `#101000` and on.
pub fn series(i: usize) -> RGBColor {
    RGBColor(16, 16, (i % SERIES) as u8)
}

/// How many curves have a colour of their own.
pub const SERIES: usize = 8;

/// Where a chart is drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Why it cannot be.
pub type DrawError = DrawingAreaErrorKind<std::io::Error>;
/// Whether it was.
pub type Drawn = Result<(), DrawError>;
/// A chart with its axes.
pub type Axes<'a, 'b, X, Y> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<X, Y>>;

/// An SVG of this size, which scales with the page.
pub fn svg(
    width: u32,
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> anyhow::Result<String> {
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

/// Text of this size.
pub fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Draws the axes and their grid.
pub fn mesh<'a, X, Y>(
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

/// A chart over these ranges.
pub fn chart<'a, 'b, X, Y>(
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

/// A share as text.
pub fn percent(share: &f64) -> String {
    format!("{:.0}%", 100.0 * share)
}
