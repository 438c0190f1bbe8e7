//! Asked against seen, as SVG.

use anyhow::{Result, anyhow};
use monitor::profile::budget::poisson;
use plotters::prelude::*;

use super::BUDGETS;
use super::page::per_hour;
use super::service::Judged;

/// Both axes, incidents an hour.
const RANGE: std::ops::Range<f64> = 0.01..100.0;

/// The chart: the rates with their 95% intervals, the line on which they should be, and a factor of
/// three around it.
///
/// # Errors
/// When plotters cannot draw it.
pub fn svg(judged: &[Judged]) -> Result<String> {
    let mut text = String::new();
    draw(&mut text, judged).map_err(|error| anyhow!("the chart could not be drawn: {error}"))?;
    Ok(text)
}

fn draw(text: &mut String, judged: &[Judged]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(text, (560, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(RANGE.log_scale(), RANGE.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("false incidents asked for, an hour")
        .y_desc("seen, an hour")
        .light_line_style(TRANSPARENT)
        .draw()?;
    for factor in [1.0 / 3.0, 1.0, 3.0] {
        let ends = [RANGE.start, RANGE.end].map(|asked| (asked, asked * factor));
        let colour = if factor == 1.0 {
            BLACK.mix(0.6)
        } else {
            BLACK.mix(0.2)
        };
        chart.draw_series(LineSeries::new(ends, colour))?;
    }
    let hours: f64 = judged.iter().map(|it| it.hours).sum();
    for (place, budget) in BUDGETS.iter().enumerate() {
        let seen: u64 = judged.iter().map(|it| it.budgets[place].incidents).sum();
        let (low, high) = poisson::interval(seen);
        let asked = per_hour(budget);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let rate = (seen as f64 / hours).max(RANGE.start);
        let low = (low / hours).max(RANGE.start);
        chart.draw_series(LineSeries::new(
            [(asked, low), (asked, high / hours)],
            BLUE.stroke_width(2),
        ))?;
        chart.draw_series([Circle::new((asked, rate), 5, BLUE.filled())])?;
        let label = ("sans-serif", 13).into_font();
        chart.draw_series([Text::new(
            format!(" {budget}: {seen}"),
            (asked, rate),
            label,
        )])?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::service::OfBudget;
    use super::{Judged, svg};

    #[test]
    fn every_budget_has_its_point() {
        let judged = Judged {
            name: "web".into(),
            hours: 10.0,
            calls: 1,
            budgets: [50, 20, 9, 0]
                .map(|incidents| OfBudget {
                    incidents,
                    ..OfBudget::default()
                })
                .into(),
        };
        let svg = svg(&[judged]).expect("drawn");
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains("1/day: 0"));
    }
}
