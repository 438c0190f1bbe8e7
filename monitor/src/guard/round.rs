//! What time and others bring, once a second: lives go on, requests are answered, what changed is
//! kept and shown.

use std::time::{Duration, Instant};

use super::requests::LOOKS;
use super::service::Service;
use super::{Guard, share};
use crate::run::clock::unix_s;

/// How often lives go on and the board is written.
const TICK: Duration = Duration::from_secs(1);

/// What a crash may cost of what was learned.
const SAVED_WITHIN: Duration = Duration::from_secs(30);

impl Guard {
    /// What time and others bring: requests, validations, releases, saves.
    pub(super) fn round(&mut self) {
        let passed = self.ticked.elapsed();
        if passed < TICK {
            return;
        }
        self.ticked = Instant::now();
        let now_s = unix_s();
        let mut remarks = Vec::new();
        let mut remark = |it| remarks.push(it);
        while let Some(done) = self.validation.done() {
            if let Some(service) = self.services.get_mut(done.service as usize) {
                service.validated(done, now_s, &self.shared, &mut remark);
            }
        }
        while let Some((id, release)) = self.lookups.release() {
            if let Some(service) = self.services.get_mut(id as usize) {
                service.released(release, now_s, &mut remark);
            }
        }
        for (id, service) in (0..).zip(&mut self.services) {
            if let Some((pid, identity, release)) = service.release_to_read(now_s) {
                self.lookups.ask_release(id, identity, pid, release);
            }
            let job = service.tick(id, now_s, passed, &self.shared, &mut remark);
            self.waiting.extend(job);
        }
        while let Some(job) = self.waiting.pop() {
            if let Err(job) = self.validation.offer(job) {
                self.waiting.push(*job);
                break;
            }
        }
        let mut looks = LOOKS;
        while let Ok(request) = self.requests.try_recv() {
            self.answer(request, now_s, &mut looks);
        }
        for remark in remarks {
            self.remark_of(remark);
        }
        self.remind();
        self.share_model();
        self.keep();
        self.show();
    }

    /// Tells what judges or learns anew how far each thread was seen, so that nothing before is
    /// taken for lost.
    fn remind(&mut self) {
        for (id, service) in (0..).zip(&mut self.services) {
            if std::mem::take(&mut service.forgot_threads) {
                for (thread, seq) in self.whereabouts.of(id) {
                    service.join(thread, seq, false);
                }
            }
            if std::mem::take(&mut service.forgot_touches) {
                self.claims.tell_touches_again();
            }
        }
    }

    /// Shares what the model may do fairly: who asks little gets all of it.
    pub(super) fn share_model(&mut self) {
        let asked: Vec<u64> = self.services.iter_mut().map(Service::newly_asked).collect();
        let shares = share::fair(&asked, self.model_share);
        for (service, share) in self.services.iter_mut().zip(shares) {
            service.limit_model(share);
        }
    }

    /// Keeps some services' states, so that each is kept every half minute.
    fn keep(&mut self) {
        let count = self.services.len();
        if count == 0 {
            return;
        }
        let share = self.saved.elapsed().as_secs_f64() / SAVED_WITHIN.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "at most all of them"
        )]
        let due = ((share * count as f64).ceil() as usize).min(count);
        self.saved = Instant::now();
        for _ in 0..due {
            self.next_saved = (self.next_saved + 1) % count;
            if !self.keep_one(self.next_saved) {
                break;
            }
        }
    }

    /// Keeps the state of a service, if it changed. Whether there was room for it.
    pub(super) fn keep_one(&mut self, place: usize) -> bool {
        let service = &mut self.services[place];
        let Some(save) = service.save() else {
            return true;
        };
        let kept = self.keeper.save(save);
        kept.map_err(|save| service.unsaved(*save)).is_ok()
    }

    pub(super) fn show(&self) {
        let services: Vec<_> = self.services.iter().map(Service::status).collect();
        let mut board = self.board.lock();
        board.uptime_s = self.begun.elapsed().as_secs_f64();
        board.show(services);
        board.left_out = self.left_out;
        board.unwatched_calls = self.unwatched;
        board.model_share = self.model_share;
        board.saves_failed = self.keeper.failed();
    }
}
