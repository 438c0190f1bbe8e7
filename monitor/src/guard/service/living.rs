//! How a service goes on in its life: what is validated, and what is judged by once it was.

use std::time::Duration;

use super::{Service, Shared};
use crate::guard::membership::ServiceId;
use crate::guard::validation::{Done, Job};
use crate::learn::census::Life as ThreadLife;
use crate::learn::{Learner, Made};
use crate::profile::Profile;
use crate::service::life::{Evidence, Order, State};

impl Service {
    /// Lets time go by. Gives what is to be validated.
    pub(crate) fn tick(
        &mut self,
        id: ServiceId,
        now_s: u64,
        passed: Duration,
        shared: &Shared,
        remark: &mut dyn FnMut(String),
    ) -> Option<Job> {
        self.measure(passed);
        if !self.hears() {
            return None;
        }
        let evidence = self.look();
        let before = self.life.state();
        self.life.learned_for(passed, &evidence);
        let order = self.life.step(now_s, &evidence, &self.settings);
        let job = match order {
            Some(Order::Validate) => self.job(id, shared),
            Some(Order::Watch) => {
                match self.ready.take() {
                    Some(profile) => self.watch(*profile, shared),
                    None => self.life.not_validated(now_s),
                }
                None
            }
            None => None,
        };
        self.entered(before, remark);
        job
    }

    /// Calls a second, over about ten ticks.
    fn measure(&mut self, passed: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = (self.calls - self.calls_at_tick) as f64 / passed.as_secs_f64().max(1e-3);
        self.rate += (rate - self.rate) * 0.1;
        self.calls_at_tick = self.calls;
    }

    fn look(&mut self) -> Evidence {
        let learner = self.judging.learner_mut();
        let evidence = learner.map(Learner::evidence).unwrap_or_default();
        if evidence.lost < self.evidence.lost {
            // What was learned ended. What was lost meanwhile stays counted.
            self.lost_before = self.lost() - self.counters().lost.max(self.lost_at_learning);
            self.lost_at_learning = self.counters().lost;
        }
        self.evidence = evidence;
        self.evidence
    }

    /// Says that its state is another than before.
    pub(super) fn entered(&mut self, before: State, remark: &mut dyn FnMut(String)) {
        let now = self.life.state();
        if now != before {
            self.unkept.state = true;
            // A validation that found too little is shown as what is lacking.
            let again = before == State::Validating && now == State::Learning;
            if now != State::Validating && !again {
                remark(format!("{}: {before} → {now}", self.key));
            }
        }
    }

    fn job(&mut self, id: ServiceId, shared: &Shared) -> Option<Job> {
        let learner = self.judging.learner()?;
        let seconds = self.life.learned().as_secs_f64();
        let made = Made::now(&shared.model);
        let (profile, lives) = learner.copy_with_origin(self.key.as_str(), seconds, &made);
        if self.life.state() == State::Changed
            && let Some(old) = self.judging.profile()
        {
            // What the release before did stays normal.
            let mut merged = old.clone();
            if merged.merge(&profile).is_ok() {
                return Some(self.numbered(id, merged, Vec::new()));
            }
        }
        Some(self.numbered(id, profile, lives))
    }

    fn numbered(&mut self, service: ServiceId, profile: Profile, lives: Vec<ThreadLife>) -> Job {
        self.validations += 1;
        self.validating = Some(self.validations);
        Job {
            service,
            number: self.validations,
            profile,
            lives,
            budget: self.settings.budget,
        }
    }

    /// Takes the outcome of a validation.
    pub(crate) fn validated(
        &mut self,
        done: Done,
        now_s: u64,
        shared: &Shared,
        remark: &mut dyn FnMut(String),
    ) {
        if self.validating.take_if(|it| *it == done.number).is_none() {
            return;
        }
        let before = self.life.state();
        match done.result {
            Err(why) => {
                self.life.not_validated(now_s);
                remark(format!(
                    "{}: what was learned could not be validated: {why}",
                    self.key
                ));
            }
            Ok((profile, found)) => {
                let evidence = self.look();
                let order = self.life.validated(now_s, found, &evidence, &self.settings);
                if order == Some(Order::Watch) {
                    self.watch(*profile, shared);
                } else if self.life.state() == State::Settled {
                    self.ready = Some(profile);
                }
            }
        }
        self.entered(before, remark);
    }

    /// It is judged by this profile from here on, and learned no more where nothing is lacking.
    fn watch(&mut self, profile: Profile, shared: &Shared) {
        self.judge_by(profile, shared);
        self.unkept.previous = true;
        if self.life.state() == State::Watching {
            self.judging.learn_by(None);
        }
    }
}
