//! What more calls, more threads and more processes cost.

use anyhow::Result;
use serde::Serialize;

use super::{Case, Found, Options, apart, slope, stretches};
use support::spread::Spread;

/// Growth of the memory below this is the allocator's, KiB: it says nothing of a slope.
const SEEN_KIB: u64 = 64;

/// What grows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Calls, of 100 threads of one process.
    Calls,
    /// Threads of one process, each with as many calls.
    Threads,
    /// Processes, of 10,000 threads in all, each with as many calls.
    Processes,
}

/// One kind of growth, judged in one way.
#[derive(Clone, Debug, Serialize)]
pub struct Sweep {
    /// What grows.
    pub axis: Axis,
    /// Whether a profile judges.
    pub profile: bool,
    /// From the fewest to the most.
    pub points: Vec<Point>,
    /// How CPU time grows: see [`slope::of`].
    pub time_slope: Option<f64>,
    /// How resident memory grows, the base included.
    pub memory_slope: Option<f64>,
    /// How what it takes beyond the base grows; `None` when nothing was seen to.
    pub beyond_slope: Option<f64>,
}

/// One size.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    /// How many calls, threads or processes.
    pub size: u64,
    /// Calls made.
    pub calls: u64,
    /// CPU seconds for all calls, over the rounds.
    pub cpu_s: Spread,
    /// Resident memory before, KiB.
    pub base_kib: u64,
    /// Resident memory behind, KiB; the highest of the rounds.
    pub memory_kib: u64,
}

impl Axis {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Calls, Self::Threads, Self::Processes];

    /// In a table and in the name of a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Threads => "threads",
            Self::Processes => "processes",
        }
    }

    fn cases(self, profile: bool) -> Vec<Case> {
        let case = |threads, processes, stretches| Case {
            profile,
            threads,
            processes,
            stretches,
            short_lived: false,
        };
        let each = stretches(profile);
        match self {
            // 100,000 to ten million.
            Self::Calls => [31, 100, 312, 1000, 3125]
                .map(|stretches| case(100, 1, stretches))
                .to_vec(),
            Self::Threads => [100, 316, 1000, 3162, 10_000, 31_623, 100_000]
                .map(|threads| case(threads, 1, each))
                .to_vec(),
            Self::Processes => [1, 10, 100, 1000, 10_000]
                .map(|processes| case(10_000, processes, each))
                .to_vec(),
        }
    }

    fn size(self, found: &Found) -> u64 {
        match self {
            Self::Calls => found.calls,
            Self::Threads => found.case.threads,
            Self::Processes => found.case.processes,
        }
    }
}

/// Measures all sizes once a round, in turn.
///
/// # Errors
/// A measurement fails.
pub fn measure(options: &Options) -> Result<Vec<Sweep>> {
    let kinds = Axis::ALL.map(|axis| [(axis, false), (axis, true)]);
    let kinds = kinds.as_flattened();
    let mut found: Vec<Vec<Vec<Found>>> = kinds.iter().map(|_| Vec::new()).collect();
    for round in 1..=options.rounds {
        for (&(axis, profile), rounds) in kinds.iter().zip(&mut found) {
            eprintln!(
                "round {round} of {}: more {}, {}",
                options.rounds,
                axis.name(),
                if profile {
                    "with a profile"
                } else {
                    "without a profile"
                }
            );
            let cases = axis.cases(profile);
            let row = cases.iter().map(|case| apart(case, options));
            rounds.push(row.collect::<Result<_>>()?);
        }
    }
    let all = kinds.iter().zip(found);
    Ok(all
        .filter(|(_, rounds)| !rounds.is_empty())
        .map(|(&(axis, profile), rounds)| Sweep::of(axis, profile, &rounds))
        .collect())
}

impl Sweep {
    fn of(axis: Axis, profile: bool, rounds: &[Vec<Found>]) -> Self {
        let sizes = rounds.first().map_or(0, Vec::len);
        let points: Vec<_> = (0..sizes)
            .map(|place| {
                let here: Vec<_> = rounds.iter().filter_map(|round| round.get(place)).collect();
                let times: Vec<_> = here.iter().map(|found| found.cpu_s).collect();
                let highest = |kib: fn(&Found) -> u64| here.iter().map(|it| kib(it)).max();
                Point {
                    size: here.first().map_or(0, |found| axis.size(found)),
                    calls: here.first().map_or(0, |found| found.calls),
                    cpu_s: Spread::of(&times),
                    base_kib: highest(|found| found.before_kib).unwrap_or(0),
                    memory_kib: highest(Found::last_kib).unwrap_or(0),
                }
            })
            .collect();
        let slope = |cost: fn(&Point) -> f64| {
            let points: Vec<_> = points
                .iter()
                .map(|point| (point.size as f64, cost(point)))
                .collect();
            slope::of(&points)
        };
        Self {
            axis,
            profile,
            time_slope: slope(|point| point.cpu_s.median),
            memory_slope: slope(|point| point.memory_kib as f64),
            beyond_slope: slope(Point::seen_kib),
            points,
        }
    }
}

impl Point {
    /// What was taken beyond the base, KiB; 0 for too little.
    fn seen_kib(&self) -> f64 {
        let beyond = self.memory_kib.saturating_sub(self.base_kib);
        if beyond < SEEN_KIB {
            0.0
        } else {
            beyond as f64
        }
    }

    /// Nanoseconds of CPU time a call.
    pub fn ns_a_call(&self) -> f64 {
        self.cpu_s.median * 1e9 / self.calls.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Case, Found, Sweep};

    #[test]
    fn slopes_are_those_of_the_median_round() {
        let found = |threads: u64, cpu_s: f64| Found {
            case: Case {
                profile: true,
                threads,
                processes: 1,
                stretches: 1,
                short_lived: false,
            },
            before_kib: 1000,
            after_kib: vec![1000 + 2 * threads],
            calls: threads * 32,
            cpu_s,
            evicted: 0,
            judged: true,
        };
        let round = |factor: f64| vec![found(100, factor), found(10_000, factor * 100.0)];
        let sweep = Sweep::of(Axis::Threads, true, &[round(2.0), round(1.0), round(50.0)]);
        assert_eq!(sweep.points[1].cpu_s.median, 200.0);
        let near = |slope: Option<f64>, to: f64| slope.is_some_and(|it| (it - to).abs() < 1e-9);
        assert!(near(sweep.time_slope, 1.0) && near(sweep.beyond_slope, 1.0));
        assert!(sweep.memory_slope.is_some_and(|slope| slope < 0.7));
    }

    #[test]
    fn every_axis_grows() {
        for axis in Axis::ALL {
            let cases = axis.cases(true);
            let size = |case: &Case| case.threads * case.processes * case.stretches;
            assert!(cases.windows(2).all(|pair| size(&pair[0]) < size(&pair[1])));
        }
    }
}
