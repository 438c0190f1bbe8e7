//! ROC curves.

use plotters::prelude::*;

use super::drawing::{GRID, chart, mesh, percent, series, svg};
use crate::roc::Point;

/// One curve of a chart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its points, shares of false alarms and of detections.
    pub points: &'a [Point],
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
