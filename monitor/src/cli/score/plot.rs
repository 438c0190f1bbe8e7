//! The surprise along each trace, drawn.

use std::io;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use monitor::run::private_file;
use monitor::trace::error::shown;
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::trace::Judged;

/// Traces that one picture holds, one below the other.
const PANELS: usize = 16;

/// Size of a trace's panel, pixels.
const PANEL: (u32, u32) = (1000, 260);

/// Points that a line may have: more than a panel has columns.
const POINTS: usize = 4000;

type DrawingFault = DrawingAreaErrorKind<io::Error>;

struct Panel {
    title: String,
    /// Place and nats of each call.
    surprise: Vec<(f64, f64)>,
    /// Place and slow score after each call.
    score: Vec<(f64, f64)>,
    threshold: f64,
}

/// The panels of a picture.
#[derive(Default)]
pub struct Plot {
    panels: Vec<Panel>,
    left_out: usize,
}

impl Plot {
    /// Adds a trace, if there is room.
    pub fn add(&mut self, trace: &Judged) {
        if self.panels.len() == PANELS {
            self.left_out += 1;
            return;
        }
        let surprise = trace
            .calls
            .iter()
            .filter_map(|one| Some((one.seq as f64, f64::from(one.surprise?))));
        let score = trace
            .calls
            .iter()
            .filter_map(|one| Some((one.seq as f64, one.score?)));
        self.panels.push(Panel {
            title: trace.name.clone(),
            surprise: thinned(&surprise.collect::<Vec<_>>()),
            score: thinned(&score.collect::<Vec<_>>()),
            threshold: trace.threshold,
        });
    }

    /// Traces for which there was no room.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Writes the picture, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let svg = self.svg().map_err(|error| anyhow!("the plot: {error}"))?;
        private_file::replace_for(path, svg.as_bytes(), 0o644)
            .with_context(|| format!("cannot write to {}", shown(path)))
    }

    fn svg(&self) -> Result<String, DrawingFault> {
        let mut svg = String::new();
        let rows = self.panels.len().max(1);
        let height = PANEL.1 * rows as u32;
        {
            let root = SVGBackend::with_string(&mut svg, (PANEL.0, height)).into_drawing_area();
            root.fill(&WHITE)?;
            for (area, panel) in root.split_evenly((rows, 1)).iter().zip(&self.panels) {
                panel.draw(area)?;
            }
            root.present()?;
        }
        Ok(svg)
    }
}

impl Panel {
    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), DrawingFault> {
        let last = self.surprise.last().map_or(1.0, |&(seq, _)| seq.max(1.0));
        let nats = self.surprise.iter().map(|&(_, nats)| nats);
        let top = nats.fold(self.threshold, f64::max) * 1.05;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(48)
            .build_cartesian_2d(0.0..last, 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc("call")
            .y_desc("surprise, nats")
            .x_label_formatter(&|seq| format!("{seq:.0}"))
            .light_line_style(WHITE)
            .draw()?;
        let grey = RGBColor(150, 170, 200);
        let points = self.surprise.iter().copied();
        chart
            .draw_series(LineSeries::new(points, grey))?
            .label("each call")
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], grey));
        let points = self.score.iter().copied();
        chart
            .draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?
            .label("running mean")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLUE));
        let threshold = [(0.0, self.threshold), (last, self.threshold)];
        chart
            .draw_series(LineSeries::new(threshold, RED))?
            .label("threshold")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], RED));
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;
        Ok(())
    }
}

/// At most [`POINTS`] of `points`: of each group of neighbours the highest, so that no peak is
/// lost.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let group = points.len().div_ceil(POINTS).max(1);
    let highest = |group: &[(f64, f64)]| {
        group
            .iter()
            .copied()
            .max_by(|one, other| one.1.total_cmp(&other.1))
    };
    points.chunks(group).filter_map(highest).collect()
}

#[cfg(test)]
mod tests {
    use super::{POINTS, thinned};

    #[test]
    fn a_long_trace_is_thinned_and_keeps_its_peak() {
        let mut points: Vec<_> = (0..3 * POINTS).map(|seq| (seq as f64, 0.5)).collect();
        points[POINTS].1 = 9.0;
        let thin = thinned(&points);
        assert_eq!(thin.len(), POINTS);
        assert!(thin.contains(&(POINTS as f64, 9.0)));
        assert_eq!(thinned(&points[..2]), points[..2]);
    }
}
