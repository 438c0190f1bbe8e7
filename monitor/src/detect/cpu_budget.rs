//! How much of the LSTM a budget of CPU time leaves room for.
//!
//! Every call goes through the cheap part; the LSTM's share is what can be given up. It falls in
//! proportion as the budget is exceeded and rises slowly while there is room (additive increase,
//! multiplicative decrease: Chiu & Jain 1989).

use std::time::Duration;

/// The least share that is left: so little that it costs nothing, and something to begin from
/// again.
pub const LEAST: f64 = 1.0 / 1024.0;

/// By how much the share rises at most in one interval, as a factor.
const RISE: f64 = 1.25;

/// Up to which part of the budget there is room for more.
const ROOM: f64 = 0.9;

/// The strongest cut in one interval.
const CUT: f64 = 0.25;

/// What is left of the share when calls pile up.
const PRESSED: f64 = 0.125;

/// A budget of CPU time and the LSTM's share that keeps to it.
#[derive(Clone, Debug)]
pub struct CpuBudget {
    allowed: f64,
    share: f64,
    before: Option<(Duration, Duration)>,
}

impl CpuBudget {
    /// How often it is to be asked: long against the clock of the scheduler, short against a
    /// person's patience.
    pub const INTERVAL: Duration = Duration::from_millis(500);

    /// A budget of so much of one core (0.25 is a quarter), with the LSTM at its full share.
    #[must_use]
    pub const fn new(allowed: f64) -> Self {
        Self {
            allowed,
            share: 1.0,
            before: None,
        }
    }

    /// The LSTM's share for the next interval, given the CPU time of the whole process so far and
    /// the time that passed.
    pub fn share(&mut self, cpu: Duration, elapsed: Duration) -> f64 {
        let Some((cpu_before, elapsed_before)) = self.before.replace((cpu, elapsed)) else {
            // What it took to start is no part of watching.
            return self.share;
        };
        let passed = elapsed.saturating_sub(elapsed_before).as_secs_f64();
        if passed <= 0.0 {
            return self.share;
        }
        let used = cpu.saturating_sub(cpu_before).as_secs_f64() / passed;
        if used > self.allowed {
            self.share = (self.share * (self.allowed / used).max(CUT)).max(LEAST);
        } else if used < self.allowed * ROOM {
            self.share = (self.share * RISE).min(1.0);
        }
        self.share
    }

    /// The LSTM's share when calls come faster than they are scored, whatever the clock says.
    pub fn press(&mut self) -> f64 {
        self.share = (self.share * PRESSED).max(LEAST);
        self.share
    }

    /// Whether nothing is left to give up but what the user sees.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.share <= LEAST
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CpuBudget, LEAST};

    /// The share in the end and the CPU time used in 60 s, of a monitor whose cheap part takes
    /// `cheap` of a core and whose LSTM would take `lstm`.
    fn run(allowed: f64, cheap: f64, lstm: f64) -> (f64, f64) {
        let mut budget = CpuBudget::new(allowed);
        let (mut cpu, mut share) = (0.0, 1.0);
        for tick in 0..=120 {
            let elapsed = CpuBudget::INTERVAL * tick;
            share = budget.share(Duration::from_secs_f64(cpu), elapsed);
            // More than a core there is not: the rest waits or is refused.
            cpu += (cheap + lstm * share).min(1.0) * CpuBudget::INTERVAL.as_secs_f64();
        }
        (share, cpu / 60.0)
    }

    #[test]
    fn the_budget_is_kept_within_a_fifth_where_the_cheap_part_allows() {
        for (cheap, lstm) in [(0.01, 0.05), (0.02, 0.3), (0.05, 3.0), (0.2, 30.0)] {
            let (share, used) = run(0.25, cheap, lstm);
            assert!(used <= 0.25 * 1.2, "{cheap} {lstm}: {used}");
            if cheap + lstm < 0.25 {
                assert_eq!(share, 1.0);
            }
        }
    }

    #[test]
    fn what_the_cheap_part_takes_stays() {
        let (share, used) = run(0.1, 0.4, 2.0);
        assert_eq!(share, LEAST);
        assert!(used < 0.45, "{used}");
        assert!(CpuBudget::new(0.1).press() < 0.2);
        let mut budget = CpuBudget::new(0.1);
        assert!(!budget.is_exhausted());
        for tick in 0..20 {
            budget.share(CpuBudget::INTERVAL * tick, CpuBudget::INTERVAL * tick);
        }
        assert!(budget.is_exhausted());
    }
}
