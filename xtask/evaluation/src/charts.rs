//! The report's charts, as SVG that takes its colours from the page.
//!
//! plotters writes colours as attributes. Those used here stand for a role each; the page's
//! style sheet gives the role its colour, one for light and one for dark.

mod along;

mod drawing;

mod histogram;

mod intervals;

mod roc;

pub use along::along;
pub use drawing::SERIES;
pub use histogram::histogram;
pub use intervals::intervals;
pub use roc::{Line, roc};

#[cfg(test)]
mod tests {
    use plotters::style::RGBColor;

    use super::drawing::{ATTACK, NORMAL, series};
    use super::*;
    use crate::roc::Point;

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
