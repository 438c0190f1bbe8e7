//! Keeps the process to its budget of CPU time: reads the clocks for [`CpuBudget`].

use std::time::{Duration, Instant};

use crate::detect::cpu_budget::CpuBudget;
use crate::run::usage::cpu_time;

/// How much rarer statements about the run become when nothing else is left to give up.
const SLOWER: u32 = 4;

/// How long a smaller share takes to empty the queue by some rounds.
const RELIEF: Duration = Duration::from_millis(50);

/// The budget is asked sooner while it does not know the load yet, for so long.
const FINDING: Duration = Duration::from_secs(1);

/// How soon then.
const SOON: Duration = Duration::from_millis(50);

/// A budget, and when it is asked next.
pub(super) struct Allowance {
    pub allowed: f64,
    budget: CpuBudget,
    begun: Instant,
    next: Instant,
    pressed: Instant,
}

impl Allowance {
    /// So much of one core.
    pub(super) fn new(allowed: f64) -> Self {
        let begun = Instant::now();
        Self {
            allowed,
            budget: CpuBudget::new(allowed),
            begun,
            next: begun,
            pressed: begun,
        }
    }

    /// The model's share from now on, if it is time to say.
    pub(super) fn share(&mut self, now: Instant) -> Option<f64> {
        if now < self.next {
            return None;
        }
        let passed = now - self.begun;
        self.next = now
            + if passed < FINDING {
                SOON
            } else {
                CpuBudget::INTERVAL
            };
        Some(self.budget.share(cpu_time(), passed))
    }

    /// The model's share from now on, as calls come faster than they are taken: before one is
    /// refused, the model gives way. `None` so soon after the last time that it cannot have helped
    /// yet.
    pub(super) fn press(&mut self, now: Instant) -> Option<f64> {
        if now < self.pressed {
            return None;
        }
        self.pressed = now + RELIEF;
        Some(self.budget.press())
    }

    /// Whether the model has nothing left to give up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget.is_exhausted()
    }

    /// By which factor statements about the run come more rarely.
    pub(super) fn slower(&self) -> u32 {
        if self.is_exhausted() { SLOWER } else { 1 }
    }
}
