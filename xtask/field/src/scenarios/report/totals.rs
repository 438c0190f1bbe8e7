//! What follows from the figures of one or several services.

use monitor::profile::budget::poisson;
use serde::Serialize;

use super::share::Share;
use super::{Attacked, ByDetector, Detector, Service};

/// False alarms, and in how much they were raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Alarms {
    /// How many.
    pub alarms: u64,
    /// Calls watched.
    pub calls: u64,
    /// Time watched.
    pub seconds: f64,
    /// Per million calls; `None` without calls.
    pub per_million: Option<f64>,
    /// The upper end of its exact 95% interval (Poisson, Garwood 1936).
    pub per_million_at_most: Option<f64>,
    /// Per hour; `None` without time.
    pub per_hour: Option<f64>,
    /// The upper end of its exact 95% interval.
    pub per_hour_at_most: Option<f64>,
}

impl Alarms {
    /// So many alarms in so many calls and seconds.
    #[must_use]
    pub fn new(alarms: u64, calls: u64, seconds: f64) -> Self {
        let million = calls as f64 / 1e6;
        let hours = seconds / 3600.0;
        let rate = |alarms: f64, of: f64| (of > 0.0).then(|| alarms / of);
        let most = poisson::interval(alarms).1;
        Self {
            alarms,
            calls,
            seconds,
            per_million: rate(alarms as f64, million),
            per_million_at_most: rate(most, million),
            per_hour: rate(alarms as f64, hours),
            per_hour_at_most: rate(most, hours),
        }
    }
}

/// One detector's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// Attacks that were made, mimicry apart.
    pub attacks: usize,
    /// Those of them that were detected.
    pub detected: usize,
    /// Of the attacks that leave a trace in calls, mimicry apart, those that were detected.
    pub traced: Share,
    /// Of these, the same of the attacks that stand out by what their calls touch.
    pub touching: Share,
    /// Of these, the same of the others.
    pub calling: Share,
    /// Mimicry attempts that were made.
    pub mimicry: usize,
    /// Those of them that were detected.
    pub mimicry_detected: usize,
    /// The median delay of those detected, mimicry apart, in calls of the attack's process tree.
    pub median_delay_calls: Option<f64>,
    /// The same in milliseconds.
    pub median_delay_ms: Option<f64>,
    /// The longest delay of those detected, mimicry apart, milliseconds.
    pub longest_delay_ms: Option<f64>,
    /// False alarms on the version that was learned.
    pub outside_upgrade: Alarms,
    /// False alarms on another version or build.
    pub inside_upgrade: Alarms,
    /// False incidents of the monitor on the version that was learned; `None` for the rules, and
    /// for reports from before 2026-11-26.
    pub incidents_outside_upgrade: Option<Alarms>,
    /// The same on another version or build.
    pub incidents_inside_upgrade: Option<Alarms>,
    /// Messages to a person for an attack that the monitor detected, mimicry apart: the median.
    pub median_messages: Option<f64>,
    /// The most for one attack.
    pub most_messages: Option<u64>,
}

impl Totals {
    /// The figures of all three detectors over services.
    #[must_use]
    pub fn by_detector(services: &[Service]) -> ByDetector<Self> {
        ByDetector::of(|detector| Self::new(services, detector))
    }

    fn new(services: &[Service], detector: Detector) -> Self {
        let found = |mimicry| -> Vec<_> {
            let all = services.iter().flat_map(|service| &service.attacks);
            let of_kind = all.filter(|attacked| attacked.mimicry == mimicry);
            let by = |attacked: &Attacked| *attacked.by.get(detector);
            of_kind.map(by).collect()
        };
        let (attacks, mimicry) = (found(false), found(true));
        let detected: Vec<_> = attacks.iter().flatten().collect();
        let alarms = |upgrade| {
            let all = services.iter().flat_map(|service| &service.benign);
            let mut sum = (0, 0, 0.0);
            for benign in all.filter(|benign| benign.upgrade == upgrade) {
                sum.0 += benign.false_alarms.get(detector);
                sum.1 += benign.calls;
                sum.2 += benign.seconds;
            }
            Alarms::new(sum.0, sum.1, sum.2)
        };
        let traced = |kind: &dyn Fn(&Attacked) -> bool| {
            let all = services.iter().flat_map(|service| &service.attacks);
            let (mut count, mut of) = (0, 0);
            for attacked in all.filter(|it| !it.mimicry && it.traceless.is_none() && kind(it)) {
                count += usize::from(attacked.by.get(detector).is_some());
                of += 1;
            }
            Share::new(count, of)
        };
        let incidents = |upgrade| {
            let all = services.iter().flat_map(|service| &service.benign);
            let mut sum = (0, 0, 0.0);
            for benign in all.filter(|benign| benign.upgrade == upgrade) {
                sum.0 += benign.incidents.as_ref()?.len() as u64;
                sum.1 += benign.calls;
                sum.2 += benign.seconds;
            }
            (detector == Detector::Monitor).then(|| Alarms::new(sum.0, sum.1, sum.2))
        };
        let messages = || {
            let all = services.iter().flat_map(|service| &service.attacks);
            let detected = all.filter(|it| !it.mimicry && it.by.get(detector).is_some());
            let of_monitor = detected.filter(|_| detector == Detector::Monitor);
            of_monitor.filter_map(|it| it.messages)
        };
        Self {
            attacks: attacks.len(),
            detected: detected.len(),
            traced: traced(&|_| true),
            touching: traced(&|it| it.attack.touches()),
            calling: traced(&|it| !it.attack.touches()),
            mimicry: mimicry.len(),
            mimicry_detected: mimicry.iter().flatten().count(),
            median_delay_calls: median(detected.iter().map(|it| it.delay_calls as f64)),
            median_delay_ms: median(detected.iter().map(|it| it.delay_ms)),
            longest_delay_ms: detected.iter().map(|it| it.delay_ms).reduce(f64::max),
            outside_upgrade: alarms(false),
            inside_upgrade: alarms(true),
            incidents_outside_upgrade: incidents(false),
            incidents_inside_upgrade: incidents(true),
            median_messages: median(messages().map(|count| count as f64)),
            most_messages: messages().max(),
        }
    }
}

/// The middle value; between the two middle ones, their mean.
#[must_use]
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::{Alarms, median};

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median([5.0, 1.0, 3.0].into_iter()), Some(3.0));
        assert_eq!(median([5.0, 1.0, 3.0, 4.0].into_iter()), Some(3.5));
        assert_eq!(median([].into_iter()), None);
    }

    #[test]
    fn no_alarm_in_two_million_calls_is_no_rate_of_zero() {
        let none = Alarms::new(0, 2_000_000, 1800.0);
        assert_eq!((none.per_million, none.per_hour), (Some(0.0), Some(0.0)));
        let [million, hour] = [none.per_million_at_most, none.per_hour_at_most]
            .map(|most| most.expect("there were calls and time"));
        // Of none seen, the upper limit is 3.689 (Garwood 1936).
        assert!((million - 3.689 / 2.0).abs() < 1e-3, "{million}");
        assert!((hour - 3.689 * 2.0).abs() < 1e-3, "{hour}");
        let nothing = Alarms::new(0, 0, 0.0);
        assert_eq!(
            (nothing.per_million, nothing.per_hour_at_most),
            (None, None)
        );
    }
}
