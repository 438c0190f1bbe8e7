//! Areas with their intervals.

use plotters::prelude::*;

use super::drawing::{GRID, INK, series, svg, text};
use crate::json::Method;

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
