//! One trace, call by call.

use plotters::prelude::*;

use super::drawing::{ATTACK, INK, NORMAL, chart, mesh, svg, text};

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
